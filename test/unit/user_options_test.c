/* Options: what was set is kept, what may not be is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "support/one_stack.h"
#include "user/user.h"

static void options_keep_what_was_set(void **state)
{
    static const struct { enum baro_option option; int value; bool tcp, udp; } line[] = {
        { BARO_SO_REUSE_ADDRESS, 1, true, true },  { BARO_SO_REUSE_PORT, 1, true, true },
        { BARO_SO_BROADCAST, 1, true, true },      { BARO_SO_KEEPALIVE, 1, true, true },
        { BARO_SO_SEND_BUFFER, 30000, true, true }, { BARO_SO_RECV_BUFFER, 40000, true, true },
        { BARO_SO_OOB_INLINE, 1, true, true },     { BARO_SO_TRANSPARENT, 1, true, true },
        { BARO_SO_HOLD_SYN, 1, true, false },      { BARO_IP_TTL, 17, true, true },
        { BARO_IP_TOS, 16, true, true },           { BARO_IP_DONT_FRAGMENT, 1, false, true },
        { BARO_IP_MULTICAST_TTL, 9, false, true }, { BARO_IP_MULTICAST_LOOP, 0, false, true },
        { BARO_TCP_NODELAY, 1, true, false },      { BARO_TCP_CORK, 1, true, false },
        { BARO_TCP_QUICKACK, 0, true, false },     { BARO_TCP_MAXSEG, 536, true, false },
        { BARO_TCP_KEEPALIVE_COUNT, 3, true, false }, { BARO_TCP_SYN_RETRIES, 4, true, false },
        { BARO_TCP_DEFER_ACCEPT, 9, true, false }, { BARO_TCP_WINDOW_CLAMP, 5000, true, false },
        { BARO_TCP_NOTSENT_LOW_WATER, 16384, true, false }, { BARO_SO_RECV_LOW_WATER, 300, true, true },
        { BARO_IP_RECV_ERROR, 1, true, true },
    };
    int tcp = stream(), udp = datagram();

    (void)state;
    for (size_t i = 0; i < sizeof line / sizeof line[0]; i++) {
        assert_int_equal(set_int(tcp, line[i].option, line[i].value), line[i].tcp ? 0 : -ENOPROTOOPT);
        assert_int_equal(get_int(tcp, line[i].option), line[i].tcp ? line[i].value : -ENOPROTOOPT);
        assert_int_equal(set_int(udp, line[i].option, line[i].value), line[i].udp ? 0 : -ENOPROTOOPT);
        assert_int_equal(get_int(udp, line[i].option), line[i].udp ? line[i].value : -ENOPROTOOPT);
    }
    assert_int_equal(get_int(tcp, BARO_SO_TYPE), BARO_STREAM);
    assert_int_equal(get_int(udp, BARO_SO_TYPE), BARO_DATAGRAM);
}

static void options_refuse(void **state)
{
    static const struct { enum baro_option option; int value; } bad[] = {
        { BARO_IP_TTL, 0 }, { BARO_IP_TTL, 256 }, { BARO_IP_TOS, -1 }, { BARO_IP_TOS, 256 },
        { BARO_TCP_MAXSEG, 10 }, { BARO_TCP_MAXSEG, 70000 }, { BARO_TCP_KEEPALIVE_COUNT, 0 },
        { BARO_TCP_KEEPALIVE_COUNT, 128 }, { BARO_TCP_SYN_RETRIES, 128 }, { BARO_TCP_SYN_RETRIES, -1 },
        { BARO_TCP_WINDOW_CLAMP, -1 },
    };
    static const enum baro_option read_only[] = { BARO_SO_ERROR, BARO_SO_TYPE, BARO_SO_ACCEPTING, BARO_IP_MTU };
    struct baro_tcp_info info;
    int fd = stream(), udp = datagram(), value = 0;
    size_t length = 2;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(set_int(fd, bad[i].option, bad[i].value), -EINVAL);
    for (size_t i = 0; i < sizeof read_only / sizeof read_only[0]; i++)
        assert_int_equal(set_int(fd, read_only[i], 1), -ENOPROTOOPT);
    assert_int_equal(set_int(udp, BARO_IP_MULTICAST_TTL, 256), -EINVAL);
    assert_int_equal(set_int(fd, BARO_OPTION_COUNT, 1), -ENOPROTOOPT);
    assert_int_equal(baro_getsockopt(stack, fd, BARO_IP_TTL, &value, &length), -EINVAL);
    assert_int_equal(baro_setsockopt(stack, fd, BARO_IP_TTL, &value, 8), -EINVAL);
    assert_int_equal(baro_setsockopt(stack, fd, BARO_TCP_INFO, &info, sizeof info), -ENOPROTOOPT);
    length = sizeof info;
    assert_int_equal(baro_getsockopt(stack, udp, BARO_TCP_INFO, &info, &length), -ENOPROTOOPT);
    /* These are brought into their range, not refused. */
    assert_int_equal(set_int(fd, BARO_SO_RECV_LOW_WATER, -5), 0);
    assert_int_equal(get_int(fd, BARO_SO_RECV_LOW_WATER), 1);
    assert_int_equal(set_int(fd, BARO_SO_RECV_LOW_WATER, INT32_MAX), 0);
    assert_int_equal(get_int(fd, BARO_SO_RECV_LOW_WATER), get_int(fd, BARO_SO_RECV_BUFFER) / 2);
    assert_int_equal(set_int(fd, BARO_TCP_WINDOW_CLAMP, 1), 0);
    assert_int_equal(get_int(fd, BARO_TCP_WINDOW_CLAMP), 1152);
    assert_int_equal(set_int(fd, BARO_TCP_DEFER_ACCEPT, -1), 0);
    assert_int_equal(get_int(fd, BARO_TCP_DEFER_ACCEPT), 0);
    assert_int_equal(get_int(fd, BARO_TCP_MAXSEG), 536);
    assert_int_equal(set_int(fd, BARO_TCP_MAXSEG, 1000), 0);
    assert_int_equal(get_int(fd, BARO_TCP_MAXSEG), 1000);
    assert_int_equal(set_int(fd, BARO_TCP_MAXSEG, 0), 0);
    assert_int_equal(get_int(fd, BARO_TCP_MAXSEG), 536);
    /* The two bits of ECN are TCP's own. */
    assert_int_equal(set_int(fd, BARO_IP_TOS, 0x2b), 0);
    assert_int_equal(get_int(fd, BARO_IP_TOS), 0x28);
    assert_int_equal(set_int(udp, BARO_IP_TOS, 0x2b), 0);
    assert_int_equal(get_int(udp, BARO_IP_TOS), 0x2b);
    assert_int_equal(set_int(fd, BARO_SO_RECV_BUFFER, 1), 0);
    assert_int_equal(get_int(fd, BARO_SO_RECV_BUFFER), 2048);
    assert_int_equal(set_int(fd, BARO_SO_RECV_BUFFER, INT32_MAX), 0);
    assert_in_range(get_int(fd, BARO_SO_RECV_BUFFER), 1 << 20, 64 << 20);
}

static void options_of_other_types(void **state)
{
    struct baro_linger linger = { 1, { 4000001 } }, told;
    struct baro_duration span = { 10000000000 }, back;
    struct baro_tcp_info info;
    uint64_t rate = 5000000000;
    size_t length = sizeof told;
    int fd = stream(), listening = listener(80), client, server;
    uint8_t octets[sizeof told];

    (void)state;
    assert_int_equal(baro_setsockopt(stack, fd, BARO_SO_LINGER, &linger, sizeof linger), 0);
    memset(&told, 0xa5, sizeof told);
    assert_int_equal(baro_getsockopt(stack, fd, BARO_SO_LINGER, &told, &length), 0);
    assert_int_equal(told.time.ns, 5000000); /* whole milliseconds, up */
    memcpy(octets, &told, sizeof octets);
    for (size_t i = sizeof told.on; i < offsetof(struct baro_linger, time); i++)
        assert_int_equal(octets[i], 0); /* and nothing from the stack's own memory between the fields */
    linger.time.ns = -1;
    assert_int_equal(baro_setsockopt(stack, fd, BARO_SO_LINGER, &linger, sizeof linger), -EINVAL);
    for (int option = BARO_TCP_KEEPALIVE_IDLE; option <= BARO_TCP_USER_TIMEOUT; option++) {
        if (option == BARO_TCP_KEEPALIVE_COUNT)
            continue;
        length = sizeof back;
        assert_int_equal(baro_setsockopt(stack, fd, (enum baro_option)option, &span, sizeof span), 0);
        assert_int_equal(baro_getsockopt(stack, fd, (enum baro_option)option, &back, &length), 0);
        assert_int_equal(back.ns, span.ns);
    }
    assert_int_equal(baro_getsockopt(stack, fd, BARO_TCP_ORPHAN_TIME, &back, &length), 0);
    assert_int_equal(back.ns, 60000000000);
    assert_int_equal(baro_setsockopt(stack, fd, BARO_TCP_ORPHAN_TIME, &span, sizeof span), 0);
    assert_int_equal(baro_getsockopt(stack, fd, BARO_TCP_ORPHAN_TIME, &back, &length), 0);
    assert_int_equal(back.ns, span.ns);
    assert_int_equal(baro_setsockopt(stack, fd, BARO_SO_MAX_PACING_RATE, &rate, sizeof rate), 0);
    rate = 0;
    length = sizeof rate;
    assert_int_equal(baro_getsockopt(stack, fd, BARO_SO_MAX_PACING_RATE, &rate, &length), 0);
    assert_int_equal(rate, 5000000000);
    span.ns = 0;
    assert_int_equal(baro_setsockopt(stack, fd, BARO_TCP_KEEPALIVE_IDLE, &span, sizeof span), -EINVAL);
    length = sizeof info;
    assert_int_equal(baro_getsockopt(stack, fd, BARO_TCP_INFO, &info, &length), 0);
    assert_int_equal(info.state, BARO_TCP_CLOSED);
    assert_int_equal(baro_getsockopt(stack, listening, BARO_TCP_INFO, &info, &length), 0);
    assert_int_equal(info.state, BARO_TCP_LISTEN);
    connected(listening, 80, &client, &server);
    assert_int_equal(baro_getsockopt(stack, client, BARO_TCP_INFO, &info, &length), 0);
    assert_int_equal(info.state, BARO_TCP_ESTABLISHED);
}

/* What a listener was told its connections have, also when it was told after it began to listen. */
static void connections_inherit(void **state)
{
    struct baro_duration span = { 7000000000 }, back = { 0 };
    struct baro_linger linger = { 1, { 3000000000 } }, told = { 0 };
    int listening, client, server;
    size_t length = sizeof back;

    (void)state;
    listening = listener(80);
    assert_int_equal(set_int(listening, BARO_TCP_NODELAY, 1), 0);
    assert_int_equal(set_int(listening, BARO_TCP_WINDOW_CLAMP, 4000), 0);
    assert_int_equal(set_int(listening, BARO_TCP_NOTSENT_LOW_WATER, 9000), 0);
    assert_int_equal(set_int(listening, BARO_IP_TOS, 0x10), 0);
    assert_int_equal(baro_setsockopt(stack, listening, BARO_TCP_USER_TIMEOUT, &span, sizeof span), 0);
    assert_int_equal(baro_setsockopt(stack, listening, BARO_TCP_ORPHAN_TIME, &span, sizeof span), 0);
    assert_int_equal(baro_setsockopt(stack, listening, BARO_SO_LINGER, &linger, sizeof linger), 0);
    connected(listening, 80, &client, &server);
    assert_int_equal(get_int(server, BARO_TCP_NODELAY), 1);
    assert_int_equal(get_int(server, BARO_TCP_WINDOW_CLAMP), 4000);
    assert_int_equal(get_int(server, BARO_TCP_NOTSENT_LOW_WATER), 9000);
    assert_int_equal(get_int(server, BARO_IP_TOS), 0x10);
    assert_int_equal(get_int(client, BARO_TCP_NODELAY), 0);
    assert_int_equal(baro_getsockopt(stack, server, BARO_TCP_ORPHAN_TIME, &back, &length), 0);
    assert_int_equal(back.ns, span.ns);
    length = sizeof told;
    assert_int_equal(baro_getsockopt(stack, server, BARO_SO_LINGER, &told, &length), 0);
    assert_true(told.on == 1 && told.time.ns == linger.time.ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE_STACK_TEST(options_keep_what_was_set),
        ONE_STACK_TEST(options_refuse),
        ONE_STACK_TEST(options_of_other_types),
        ONE_STACK_TEST(connections_inherit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
