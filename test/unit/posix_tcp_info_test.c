/* Linux' struct tcp_info made of what the stack tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <linux/tcp.h>

#include "baro/posix.h"
#include "baro/socket.h"

static void linux_structure(void **state)
{
    const struct baro_tcp_info info = {
        .state = BARO_TCP_CLOSE_WAIT, .ca_state = BARO_CA_RECOVERY, .snd_mss = 1000, .advmss = 1460, .rcv_mss = 900,
        .path_mtu = 1500, .cwnd = 10000, .ssthresh = 5999, .flight = 4001, .sacked = 1000, .lost = 2000,
        .retransmitted = 1000, .duplicate_threshold = 3, .snd_scale = 7, .rcv_scale = 9, .scaled = true,
        .sack_permitted = true, .srtt = { 12345678 }, .rto = { 200000000 }, .last_data_recv = { 5999999 },
        .consecutive_timeouts = 300, .bytes_delivered = 12001, .snd_wnd = 77, .rcv_wnd = 88, .timeouts = 70000,
    };
    uint8_t room[512];
    struct tcp_info told;
    uint32_t behind;
    size_t length = baro_posix_tcp_info(&info, room, sizeof room);

    (void)state;
    memcpy(&told, room, sizeof told);
    assert_int_equal(length, 248); /* a kernel of 2024's */
    assert_int_equal(told.tcpi_state, 8);
    assert_int_equal(told.tcpi_ca_state, 3);
    assert_int_equal(told.tcpi_options, TCPI_OPT_SACK | TCPI_OPT_WSCALE);
    assert_int_equal(told.tcpi_retransmits, 255);
    assert_int_equal(told.tcpi_snd_wscale, 7);
    assert_int_equal(told.tcpi_rcv_wscale, 9);
    assert_int_equal(told.tcpi_unacked, 5);
    assert_int_equal(told.tcpi_sacked, 1);
    assert_int_equal(told.tcpi_lost, 2);
    assert_int_equal(told.tcpi_snd_cwnd, 10);
    assert_int_equal(told.tcpi_snd_ssthresh, 5);
    assert_int_equal(told.tcpi_rtt, 12345);
    assert_int_equal(told.tcpi_last_data_recv, 5);
    assert_int_equal(told.tcpi_delivered, 13);
    assert_int_equal(told.tcpi_snd_wnd, 77);
    /* Not measured, as the manual pages say. */
    assert_int_equal(told.tcpi_delivery_rate, 0);
    assert_int_equal(told.tcpi_delivery_rate_app_limited, 0);
    assert_int_equal(told.tcpi_busy_time, 0);
    assert_int_equal(told.tcpi_rwnd_limited, 0);
    assert_int_equal(told.tcpi_sndbuf_limited, 0);
    memcpy(&behind, room + 232, sizeof behind);
    assert_int_equal(behind, 88);
    memcpy(&behind, room + 240, sizeof behind);
    assert_int_equal(behind, 65535); /* total_rto, and no recoveries */
    /* An older program has less room: it gets the beginning. */
    memset(room, 0xee, sizeof room);
    assert_int_equal(baro_posix_tcp_info(&info, room, 9), 9);
    assert_int_equal(room[9], 0xee);
    assert_int_equal(room[0], 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linux_structure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
