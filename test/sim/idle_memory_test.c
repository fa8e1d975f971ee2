/* What an idle connection takes, one end, all slabs counted: memory comes from a counting allocator, so the figures are
 * exact and the same on every machine. Connections come a thousand at a time and go to rest; the first thousand's
 * memory, which is that of connections awake, does not count. Behind each thousand it is looked at, so at 1,000, at
 * 10,000, and while the demux or anything else grows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/time.h"
#include "support/two_ends.h"

enum { FIRST_PORT = 7000, A_PORT = 20000, BATCH = 1000 };

static bool ipv6, keepalive;

static struct baro_address address(unsigned end)
{
    return cable_address(ipv6, end);
}

static void connect_one(struct baro_endpoint to, int listening)
{
    int fd = baro_socket(side[0].stack, to.address.family, BARO_STREAM);

    if (keepalive) {
        const int on = 1;

        assert_int_equal(baro_setsockopt(side[0].stack, fd, BARO_SO_KEEPALIVE, &on, sizeof on), 0);
    }
    assert_int_equal(baro_connect(side[0].stack, fd, &to), -EINPROGRESS);
    settle();
    assert_true(baro_accept(side[1].stack, listening, NULL) > 0);
}

/* The client's end holds what it held after the first batch, and at most so many octets for each connection since. */
static void check(unsigned count, uint64_t first, uint64_t most, uint64_t *worst)
{
    struct baro_statistics statistics;
    uint64_t each;

    baro_stack_statistics(side[0].stack, &statistics);
    assert_int_equal(statistics.tcp_resting, count);
    each = (side[0].memory.bytes - first + count - BATCH - 1) / (count - BATCH);
    assert_in_range(each, 60, most);
    *worst = each > *worst ? each : *worst;
    if (count == 2 * BATCH || count == 11 * BATCH || count == 101 * BATCH)
        print_message("of %u more, IPv%d: %llu octets\n", count - BATCH, ipv6 ? 6 : 4, (unsigned long long)each);
}

/* At every thousand on the way there, so at each growth of whatever grows. */
static void at_most(unsigned count, bool over_ipv6, bool with_keepalive, uint64_t most)
{
    uint64_t first = 0, worst = 0;
    int listening = -1;

    ipv6 = over_ipv6;
    keepalive = with_keepalive;
    now.ns = NS_PER_S;
    create(0, ipv6);
    create(1, ipv6);
    for (unsigned i = 0; i < count; i++) {
        const struct baro_endpoint to = { address(1), { (uint16_t)(FIRST_PORT + i / A_PORT) } };

        if (i % A_PORT == 0) {
            listening = baro_socket(side[1].stack, to.address.family, BARO_STREAM);
            assert_int_equal(baro_bind(side[1].stack, listening, &to), 0);
            assert_int_equal(baro_listen(side[1].stack, listening, 9), 0);
        }
        connect_one(to, listening);
        if (i % BATCH != BATCH - 1)
            continue;
        for (unsigned s = 0; s < 12; s++) {
            now.ns += NS_PER_S;
            settle();
        }
        if (first == 0)
            first = side[0].memory.bytes;
        else
            check(i + 1, first, most, &worst);
    }
    print_message("at worst %llu\n", (unsigned long long)worst);
    for (unsigned end = 0; end < 2; end++)
        cable_end(side[end].stack, &side[end].device, &side[end].memory);
}

static void a_hundred_thousand_over_ipv4(void **state)
{
    (void)state;
    at_most(101000, false, false, 120);
}

static void a_hundred_thousand_over_ipv6(void **state)
{
    (void)state;
    at_most(101000, true, false, 144);
}

/* Each stands in the calendar, too (calendar.h): that it has keepalive, the links, and when. */
static void with_keepalive(void **state)
{
    (void)state;
    at_most(11000, false, true, 128);
    at_most(11000, true, true, 160);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_thousand_over_ipv4),
        cmocka_unit_test(a_hundred_thousand_over_ipv6),
        cmocka_unit_test(with_keepalive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
