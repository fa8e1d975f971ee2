/* tcp_info.c: Linux's struct tcp_info from what the stack tells of a connection.
 *
 * Fields that the stack has no notion of stay 0. Linux counts its windows in segments, we in bytes: converted
 * with the send MSS. */
#include <errno.h>
#include <linux/tcp.h>
#include <string.h>

#include "run/internal.h"

/* Linux's numbers of RFC 9293's states, from net/tcp_states.h, which is no public header. */
static uint8_t state_number(enum baro_tcp_state state)
{
    static const uint8_t number[BARO_TCP_STATE_COUNT] = {
        [BARO_TCP_ESTABLISHED] = 1, [BARO_TCP_SYN_SENT] = 2,   [BARO_TCP_SYN_RECEIVED] = 3,
        [BARO_TCP_FIN_WAIT_1] = 4,  [BARO_TCP_FIN_WAIT_2] = 5, [BARO_TCP_TIME_WAIT] = 6,
        [BARO_TCP_CLOSED] = 7,      [BARO_TCP_CLOSE_WAIT] = 8, [BARO_TCP_LAST_ACK] = 9,
        [BARO_TCP_LISTEN] = 10,     [BARO_TCP_CLOSING] = 11,
    };
    return (unsigned)state < BARO_TCP_STATE_COUNT ? number[state] : 7;
}

static uint32_t microseconds(struct baro_duration duration)
{
    return (uint32_t)(duration.ns / 1000);
}

int tcp_info_fill(struct socket *s, void *room, size_t length)
{
    struct tcp_info info = { .tcpi_state = 7 };
    struct baro_tcp_info known = { 0 };
    size_t known_length = sizeof known;
    if (s->fd >= 0) {
        int result = baro_getsockopt(s->host->config.stack, s->fd, BARO_TCP_INFO, &known, &known_length);
        if (result < 0)
            return result;
        uint32_t mss = known.snd_mss ? known.snd_mss : 536;
        info.tcpi_state = state_number(known.state);
        info.tcpi_retransmits =
            (uint8_t)(known.consecutive_timeouts > 255 ? 255 : known.consecutive_timeouts);
        info.tcpi_probes = (uint8_t)(known.probes > 255 ? 255 : known.probes);
        if (known.timestamps)
            info.tcpi_options |= TCPI_OPT_TIMESTAMPS;
        if (known.snd_scale || known.rcv_scale)
            info.tcpi_options |= TCPI_OPT_WSCALE;
        info.tcpi_snd_wscale = known.snd_scale & 0xfu;
        info.tcpi_rcv_wscale = known.rcv_scale & 0xfu;
        info.tcpi_rto = microseconds(known.rto);
        info.tcpi_snd_mss = known.snd_mss;
        info.tcpi_rcv_mss = known.rcv_mss;
        info.tcpi_unacked = (known.flight + mss - 1) / mss;
        info.tcpi_pmtu = known.path_mtu;
        info.tcpi_advmss = known.rcv_mss;
        info.tcpi_rtt = microseconds(known.srtt);
        info.tcpi_rttvar = microseconds(known.rttvar);
        info.tcpi_min_rtt = microseconds(known.min_rtt);
        info.tcpi_snd_ssthresh = known.ssthresh / mss;
        info.tcpi_snd_cwnd = known.cwnd / mss;
        info.tcpi_rcv_space = known.rcv_wnd;
        info.tcpi_total_retrans = (uint32_t)known.retransmits;
        info.tcpi_bytes_acked = known.bytes_acked;
        info.tcpi_bytes_received = known.bytes_received;
        info.tcpi_segs_in = (uint32_t)known.segments_in;
        info.tcpi_segs_out = (uint32_t)known.segments_out;
        info.tcpi_notsent_bytes = known.unsent;
        info.tcpi_snd_wnd = known.snd_wnd;
    }
    size_t count = length < sizeof info ? length : sizeof info;
    memcpy(room, &info, count);
    return (int)count;
}
