/* A gateway's stack, which takes IPv6 packets for any host as its own: what it must not take all the same, and what the
 * sender is told. fd00::1 and fe80::1 are its own; a datagram socket of it takes whatever comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "baro/socket.h"
#include "hostile/router6.h"

static int everything; /* the socket */

static struct baro_address outside(void)
{
    return baro_ipv6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7);
}

static int begin(void **state)
{
    const struct baro_endpoint any = { baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0), { 0 } };
    struct baro_stack *stack;
    const int one = 1;

    (void)state;
    victim_init(&router.victim, true);
    stack = router.victim.stack;
    assert_int_equal(baro_stack_add_address(stack, 1, net(0, 1), 64, false), 0);
    assert_int_equal(baro_stack_add_address(stack, 1, local(1), 64, false), 0);
    assert_int_equal(baro_stack_set_neighbour(stack, 1, net(0, 2), near_mac), 0);
    assert_int_equal(baro_stack_set_neighbour(stack, 1, local(2), near_mac), 0);
    everything = baro_socket(stack, BARO_FAMILY_IPV6, BARO_DATAGRAM);
    assert_int_equal(baro_setsockopt(stack, everything, BARO_SO_TRANSPARENT, &one, sizeof one), 0);
    assert_int_equal(baro_bind(stack, everything, &any), 0);
    victim_wait(&router.victim, 5000);
    victim_forget(&router.victim);
    return 0;
}

static int end(void **state)
{
    (void)state;
    victim_release(&router.victim);
    return 0;
}

/* Was a datagram for that address taken? One at most. */
static bool taken(struct baro_address *for_whom)
{
    uint8_t octets[2000];
    struct baro_buffer piece = { octets, sizeof octets };
    struct baro_message message = { .buffer = &piece, .buffers = 1 };
    ptrdiff_t result = baro_recvmsg(router.victim.stack, everything, &message, 0);

    *for_whom = message.local.address;
    assert_true(result >= 0 || result == -EAGAIN);
    return result >= 0;
}

static void is_taken(const struct sample *sample)
{
    struct baro_address for_whom, zoneless;

    datagram(sample, 100);
    victim_feed(&router.victim, router.frame, router.length, BARO_DROP_IP_NOT_FOR_ME);
    assert_true(taken(&for_whom));
    zoneless = for_whom;
    zoneless.zone = 0;
    assert_memory_equal(&zoneless, &sample->destination, sizeof zoneless);
    assert_null(icmp(NOTHING));
}

/* Dropped for that reason, and the sender is told by an error of this type (NOTHING: none). */
static void is_refused(const struct sample *sample, enum baro_drop_reason reason, uint8_t type, uint8_t code)
{
    const struct device_frame *error;
    struct baro_address for_whom;

    datagram(sample, 100);
    assert_int_equal(victim_feed(&router.victim, router.frame, router.length, reason), 1);
    assert_false(taken(&for_whom));
    error = icmp(type);
    if (type == NOTHING) {
        assert_null(error);
        return;
    }
    assert_non_null(error);
    assert_int_equal(error->data[DATA_AT + 1], code);
    assert_memory_equal(error->data + DATA_AT + 8, router.frame + IP_AT, router.length - IP_AT);
    assert_memory_equal(error->data + 38, router.frame + 22, 16); /* to the sender */
    assert_null(icmp(NOTHING));
    victim_wait(&router.victim, 1000); /* the rate of errors */
}

static struct sample sample_to(struct baro_address destination)
{
    struct sample sample = across();

    sample.destination = destination;
    return sample;
}

static void any_host_of_another_network_is_taken(void **state)
{
    struct sample sample = sample_to(outside());

    (void)state;
    is_taken(&sample);
    sample.destination = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 0x77); /* on the guest's own link, but sent here */
    is_taken(&sample);
    sample.hop_limit = 2;
    is_taken(&sample);
    sample = sample_to(net(0, 1));
    sample.hop_limit = 1; /* its own: goes no further */
    is_taken(&sample);
    sample = sample_to(local(1));
    sample.source = local(2);
    is_taken(&sample);
}

static void what_no_router_would_pass_on(void **state)
{
    struct sample sample = sample_to(outside());

    (void)state;
    for (sample.hop_limit = 0; sample.hop_limit <= 1; sample.hop_limit++)
        is_refused(&sample, BARO_DROP_IP_TTL_EXPIRED, ICMPV6_TIME_EXCEEDED, ICMPV6_HOP_LIMIT_EXCEEDED);
    sample.hop_limit = 64;
    sample.source = local(2);
    is_refused(&sample, BARO_DROP_IP_NOT_FORWARDED, ICMPV6_UNREACHABLE, ICMPV6_BEYOND_SCOPE);
    sample = sample_to(local(0x77)); /* another host of the link */
    is_refused(&sample, BARO_DROP_IP_NOT_FOR_ME, NOTHING, 0);
    sample = sample_to(outside());
    sample.group_frame = true;
    is_refused(&sample, BARO_DROP_IP_UNICAST_IN_BROADCAST, NOTHING, 0);
}

static void what_is_no_host(void **state)
{
    static const struct {
        uint16_t head, five, six, seven;
        enum baro_drop_reason reason;
    } rows[] = {
        { 0, 0, 0, 0, BARO_DROP_IP_MARTIAN_DESTINATION },           /* :: */
        { 0, 0, 0, 1, BARO_DROP_IP_MARTIAN_DESTINATION },           /* ::1 */
        { 0, 0xffff, 0x7f00, 1, BARO_DROP_IP_MARTIAN_DESTINATION }, /* ::ffff:127.0.0.1 */
        { 0, 0xffff, 0x0a00, 1, BARO_DROP_IP_MARTIAN_DESTINATION },
        { 0xff02, 0, 0, 0x101, BARO_DROP_IP_NOT_FOR_ME },
        { 0xff05, 0, 0, 0x101, BARO_DROP_IP_NOT_FOR_ME },
        { 0xff0e, 0, 0, 0x101, BARO_DROP_IP_NOT_FOR_ME },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample sample =
            sample_to(baro_ipv6(rows[i].head, 0, 0, 0, 0, rows[i].five, rows[i].six, rows[i].seven));

        is_refused(&sample, rows[i].reason, NOTHING, 0);
    }
}

static void nobody_who_could_have_sent_it(void **state)
{
    const struct baro_address sources[] = { baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0), baro_ipv6(0, 0, 0, 0, 0, 0, 0, 1),
                                            baro_ipv6(0, 0, 0, 0, 0, 0xffff, 0x0a00, 2), net(0, 1), local(1),
                                            baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1) };
    struct sample sample = sample_to(outside());

    (void)state;
    for (unsigned i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        sample.source = sources[i];
        is_refused(&sample, BARO_DROP_IP_MARTIAN_SOURCE, NOTHING, 0);
    }
}

static void solicit(struct baro_address target)
{
    struct sample sample = { .source = net(0, 2), .destination = target, .next = 58, .hop_limit = 255 };
    uint8_t message[32] = { ICMPV6_NEIGHBOUR_SOLICITATION, [24] = 1, 1, 2, 0, 0, 0, 0, 2 };

    write_ipv6(message + 8, target);
    write_be16(message + 2, sum_of(&sample, 58, message, sizeof message));
    build(&sample, message, sizeof message);
}

/* To stand in for a host beyond the link is not to have its address on the link. */
static void no_solicitation_for_another_is_answered(void **state)
{
    (void)state;
    solicit(outside());
    assert_int_equal(victim_feed(&router.victim, router.frame, router.length, BARO_DROP_ND_NOT_FOR_ME), 1);
    assert_int_equal(victim_forget(&router.victim), 0);
}

/* Without the flag a guest would strike it off its list of routers (RFC 4861 §7.2.5). */
static void a_gateway_says_that_it_is_a_router(void **state)
{
    const struct device_frame *answer;

    (void)state;
    solicit(local(1));
    victim_feed(&router.victim, router.frame, router.length, BARO_DROP_ND_NOT_FOR_ME);
    answer = frame_device_take(&router.victim.device);
    assert_non_null(answer);
    assert_int_equal(answer->data[DATA_AT], ICMPV6_NEIGHBOUR_ADVERTISEMENT);
    assert_int_equal(answer->data[DATA_AT + 4] & 0xc0, 0xc0); /* router, solicited */
}

/* RFC 4443 §2.4 (e.1), behind an extension header too. */
static void no_error_about_an_error(void **state)
{
    static const uint8_t chain[8] = { 58, 0, 1, 4 }, error[48] = { ICMPV6_TIME_EXCEEDED };
    struct sample sample = sample_to(outside());

    (void)state;
    sample.hop_limit = 1;
    sample.next = 58;
    build(&sample, error, sizeof error);
    assert_int_equal(victim_feed(&router.victim, router.frame, router.length, BARO_DROP_IP_TTL_EXPIRED), 1);
    sample.next = 60;
    sample.chain = chain;
    sample.chain_length = sizeof chain;
    build(&sample, error, sizeof error);
    assert_int_equal(victim_feed(&router.victim, router.frame, router.length, BARO_DROP_IP_TTL_EXPIRED), 1);
    assert_int_equal(victim_forget(&router.victim), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_host_of_another_network_is_taken, begin, end),
        cmocka_unit_test_setup_teardown(what_no_router_would_pass_on, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_host, begin, end),
        cmocka_unit_test_setup_teardown(nobody_who_could_have_sent_it, begin, end),
        cmocka_unit_test_setup_teardown(no_solicitation_for_another_is_answered, begin, end),
        cmocka_unit_test_setup_teardown(a_gateway_says_that_it_is_a_router, begin, end),
        cmocka_unit_test_setup_teardown(no_error_about_an_error, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
