/* Servers that lie to a DHCPv6 client: answers to nobody's question, grants that cannot be, refusals, endless ones. Each row
 * is one way to lie; the client has then the address it should have, or none, and goes on asking. Virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "baro/socket.h"
#include "base/bytes.h"
#include "sim/dhcp6_world.h"

/* A server that answers everything, and then changes its answer by `lie`. */
struct liar {
    struct world w;
    int socket;
    void (*lie)(struct baro_dhcp6_message *reply, const struct baro_dhcp6_message *asked);
    unsigned asked[14]; /* by message type */
    uint32_t noise;     /* not 0: bits of each answer are flipped, by a sequence that begins here */
};

static struct liar liar;

static void answer(struct baro_stack *stack, const struct baro_dhcp6_message *asked, const struct baro_endpoint *peer)
{
    struct baro_dhcp6_message reply = { .type = asked->type == BARO_DHCP6_SOLICIT ? BARO_DHCP6_ADVERTISE : BARO_DHCP6_REPLY,
                                        .transaction = asked->transaction, .client_id = asked->client_id, .ias = 1 };
    uint8_t octets[BARO_DHCP6_MESSAGE_OCTETS];
    ptrdiff_t length;

    reply.server_id = baro_dhcp6_duid_of_uuid((const uint8_t[16]){ OTHER });
    reply.ia[0] = (struct baro_dhcp6_ia){ .iaid = 77, .renew_s = 500, .rebind_s = 800, .addresses = 1 };
    reply.ia[0].address[0] = (struct baro_dhcp6_ia_address){ of(0x300), 1000, 1000, 0 };
    liar.lie(&reply, asked);
    length = baro_dhcp6_build(&reply, (struct baro_buffer){ octets, sizeof octets });
    for (int i = 0; liar.noise != 0 && i < 3 && length > 0; i++) {
        liar.noise = liar.noise * 1664525 + 1013904223;
        octets[(liar.noise >> 8) % (uint32_t)length] ^= (uint8_t)(1 << (liar.noise >> 5 & 7));
    }
    if (length > 0)
        (void)baro_sendto(stack, liar.socket, octets, (size_t)length, 0, peer);
}

static void lie_about_it(void)
{
    struct baro_stack *stack = baro_host_stack(liar.w.hosts.host[OTHER]);
    uint8_t octets[BARO_DHCP6_MESSAGE_OCTETS];
    struct baro_dhcp6_message asked;
    struct baro_endpoint peer;
    ptrdiff_t length;

    while ((length = baro_recvfrom(stack, liar.socket, octets, sizeof octets, 0, &peer)) >= 0) {
        assert_int_equal(baro_dhcp6_parse(&asked, (struct baro_bytes){ octets, (size_t)length }), 0);
        liar.asked[asked.type]++;
        answer(stack, &asked, &peer);
    }
}

static void live_s(int64_t seconds)
{
    wait_s(&liar.w, seconds);
}

static void begin(void (*lie)(struct baro_dhcp6_message *, const struct baro_dhcp6_message *), bool rapid, bool inform)
{
    const struct baro_endpoint any = { baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0), { BARO_DHCP6_SERVER_PORT } };
    struct baro_group group = { baro_ipv6(0xff02, 0, 0, 0, 0, 0, 1, 2), 1 };
    struct baro_dhcp6_client_config config;
    struct baro_stack *stack;

    memset(&liar, 0, sizeof liar);
    build(&liar.w, "fast", 5);
    liar.lie = lie;
    liar.w.other = lie_about_it;
    stack = baro_host_stack(liar.w.hosts.host[OTHER]);
    group.group.zone = 1;
    liar.socket = baro_socket(stack, BARO_FAMILY_IPV6, BARO_DATAGRAM);
    assert_int_equal(baro_bind(stack, liar.socket, &any), 0);
    assert_int_equal(baro_setsockopt(stack, liar.socket, BARO_IP_ADD_GROUP, &group, sizeof group), 0);
    config = client_config(&liar.w, 3);
    config.rapid_commit = rapid;
    config.information_only = inform;
    start_client(&liar.w, &config);
}

/* ---- the lies ---- */

typedef struct baro_dhcp6_message message;

static void none(message *reply, const message *asked)
{
    (void)reply;
    (void)asked;
}

static void another_transaction(message *reply, const message *asked)
{
    reply->transaction = asked->transaction ^ 1;
}

static void no_server(message *reply, const message *asked)
{
    (void)asked;
    reply->server_id.length = 0;
}

static void no_client(message *reply, const message *asked)
{
    (void)asked;
    reply->client_id.length = 0;
}

static void another_client(message *reply, const message *asked)
{
    (void)asked;
    reply->client_id.octet[9] ^= 1;
}

static void another_iaid(message *reply, const message *asked)
{
    (void)asked;
    reply->ia[0].iaid++;
}

static void a_group(message *reply, const message *asked)
{
    (void)asked;
    reply->ia[0].address[0].address = baro_ipv6(0xff05, 0, 0, 0, 0, 0, 0, 5);
}

static void a_link_local_one(message *reply, const message *asked)
{
    (void)asked;
    reply->ia[0].address[0].address = baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 5);
}

static void loopback(message *reply, const message *asked)
{
    (void)asked;
    reply->ia[0].address[0].address = baro_ipv6(0, 0, 0, 0, 0, 0, 0, 1);
}

static void a_mapped_one(message *reply, const message *asked)
{
    (void)asked;
    reply->ia[0].address[0].address = baro_ipv6(0, 0, 0, 0, 0, 0xffff, 0x0a00, 1);
}

static void preferred_beyond_valid(message *reply, const message *asked)
{
    (void)asked;
    reply->ia[0].address[0].preferred_s = 1001;
}

static void valid_for_nine_seconds(message *reply, const message *asked)
{
    (void)asked;
    reply->ia[0].address[0].preferred_s = reply->ia[0].address[0].valid_s = 9;
}

static void renewal_behind_rebinding(message *reply, const message *asked)
{
    (void)asked;
    if (reply->type == BARO_DHCP6_REPLY)
        reply->ia[0].renew_s = 801;
}

static void a_status_of_the_address(message *reply, const message *asked)
{
    (void)asked;
    reply->ia[0].address[0].status = 1;
}

static void committed_unasked(message *reply, const message *asked)
{
    (void)asked;
    reply->type = BARO_DHCP6_REPLY;
    reply->rapid_commit = true;
}

static void committed_without_saying_so(message *reply, const message *asked)
{
    (void)asked;
    reply->type = BARO_DHCP6_REPLY;
}

static void always_an_offer(message *reply, const message *asked)
{
    (void)asked;
    reply->type = BARO_DHCP6_ADVERTISE;
}

static void another_server_replies(message *reply, const message *asked)
{
    if (asked->type != BARO_DHCP6_SOLICIT)
        reply->server_id.octet[2] ^= 1;
}

static void refuse(message *reply, const message *asked)
{
    if (asked->type == BARO_DHCP6_REQUEST)
        reply->ia[0] = (struct baro_dhcp6_ia){ .iaid = 77, .status = BARO_DHCP6_NO_ADDRESSES };
}

static void fail_always(message *reply, const message *asked)
{
    reply->has_status = asked->type != BARO_DHCP6_SOLICIT;
    reply->status = BARO_DHCP6_UNSPECIFIED_FAILURE;
}

static void use_multicast(message *reply, const message *asked)
{
    reply->has_status = asked->type == BARO_DHCP6_REQUEST;
    reply->status = BARO_DHCP6_USE_MULTICAST;
}

static void no_binding(message *reply, const message *asked)
{
    if (asked->type == BARO_DHCP6_REQUEST)
        reply->ia[0].status = BARO_DHCP6_NO_BINDING;
}

static void reconfigure(message *reply, const message *asked)
{
    (void)asked;
    reply->type = BARO_DHCP6_RECONFIGURE;
}

struct row {
    const char *name;
    void (*lie)(message *reply, const message *asked);
    bool rapid, takes; /* the client asks for two messages; it has the address in the end */
};

static const struct row rows[] = {
    { "none", none, false, true },
    { "none", none, true, true },
    { "another transaction", another_transaction, false, false },
    { "no server", no_server, false, false },
    { "no client", no_client, false, false },
    { "another client", another_client, false, false },
    { "another association", another_iaid, false, false },
    { "a group", a_group, false, false },
    { "link-local", a_link_local_one, false, false },
    { "loopback", loopback, false, false },
    { "mapped", a_mapped_one, false, false },
    { "preferred beyond valid", preferred_beyond_valid, false, false },
    { "nine seconds", valid_for_nine_seconds, false, false },
    { "T1 behind T2", renewal_behind_rebinding, false, false },
    { "status of the address", a_status_of_the_address, false, false },
    { "committed unasked", committed_unasked, false, false },
    { "committed", committed_unasked, true, true },
    { "committed without saying so", committed_without_saying_so, true, false },
    { "always an offer", always_an_offer, false, false },
    { "another server", another_server_replies, false, false },
    { "refusal", refuse, false, false },
    { "failure", fail_always, false, false },
    { "use multicast", use_multicast, false, false },
    { "no binding", no_binding, false, false },
    { "reconfigure", reconfigure, false, false },
};

static void each_lie_is_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];

        begin(row->lie, row->rapid, false);
        live_s(300);
        if (has(&liar.w, of(0x300)) != row->takes)
            fail_msg("%s: the client has %s address", row->name, row->takes ? "no" : "an");
        if (!row->takes) {
            struct baro_address_status own[8];

            assert_int_equal(liar.w.told, 0);
            assert_int_equal(baro_stack_addresses(baro_host_stack(liar.w.hosts.host[CLIENT]), 1, own, 8), 1);
            assert_true(liar.asked[BARO_DHCP6_SOLICIT] > 1 || liar.asked[BARO_DHCP6_REQUEST] > 5);
        }
        /* it does not ask without end, whatever it hears */
        assert_true(liar.asked[BARO_DHCP6_SOLICIT] <= 40 && liar.asked[BARO_DHCP6_REQUEST] <= 60);
        baro_stack_check_invariants(baro_host_stack(liar.w.hosts.host[CLIENT]));
        pull_down(&liar.w);
    }
}

/* Answers with flipped bits: whatever the client makes of them, it is an address that can be, and no more than one. */
static void flipped_bits(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 40; seed++) {
        struct baro_address_status own[8];
        int count;

        begin(none, seed % 2 == 0, false);
        liar.noise = seed;
        live_s(3000);
        count = baro_stack_addresses(baro_host_stack(liar.w.hosts.host[CLIENT]), 1, own, 8);
        assert_in_range(count, 1, 2);
        for (int i = 0; i < count; i++)
            assert_true(own[i].address.octet[0] < 0xfe || own[i].address.zone == 1);
        baro_stack_check_invariants(baro_host_stack(liar.w.hosts.host[CLIENT]));
        pull_down(&liar.w);
    }
}

static void short_times(message *reply, const message *asked)
{
    (void)asked;
    reply->ia[0].renew_s = 1;
    reply->ia[0].rebind_s = 2;
}

static void times_beyond_the_lease(message *reply, const message *asked)
{
    (void)asked;
    reply->ia[0].renew_s = 5000;
    reply->ia[0].rebind_s = UINT32_MAX;
}

static void no_times(message *reply, const message *asked)
{
    (void)asked;
    reply->ia[0].renew_s = reply->ia[0].rebind_s = 0;
}

/* T1 and T2 that make no sense, and none: half and four fifths of the lifetime. */
static void times_that_make_no_sense(void **state)
{
    void (*const lies[])(message *, const message *) = { short_times, times_beyond_the_lease, no_times };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        begin(lies[i], false, false);
        live_s(490);
        assert_int_equal(liar.asked[BARO_DHCP6_RENEW], 0);
        live_s(20);
        assert_int_equal(liar.asked[BARO_DHCP6_RENEW], 1);
        assert_true(is_bound(&liar.w) && liar.w.told == 2);
        pull_down(&liar.w);
    }
}

static void for_ever(message *reply, const message *asked)
{
    (void)asked;
    reply->ia[0].renew_s = reply->ia[0].rebind_s = UINT32_MAX;
    reply->ia[0].address[0].preferred_s = reply->ia[0].address[0].valid_s = UINT32_MAX;
}

static void a_lease_for_ever_is_not_renewed(void **state)
{
    struct baro_instant deadline;

    (void)state;
    begin(for_ever, false, false);
    live_s(1000000);
    assert_true(has(&liar.w, of(0x300)) && liar.asked[BARO_DHCP6_RENEW] == 0);
    assert_false(baro_dhcp6_client_next_deadline(liar.w.client, &deadline));
    pull_down(&liar.w);
}

static void preferred_for_a_while(message *reply, const message *asked)
{
    reply->ia[0].address[0].preferred_s = 100;
    reply->ia[0].renew_s = 500;
    reply->ia[0].rebind_s = 800;
    if (asked->type == BARO_DHCP6_RENEW)
        reply->ia[0].address[0].preferred_s = 1000;
}

static bool is_deprecated(void)
{
    struct baro_address_status own[8];
    int count = baro_stack_addresses(baro_host_stack(liar.w.hosts.host[CLIENT]), 1, own, 8);

    for (int i = 0; i < count; i++) {
        if (address_equal(own[i].address, of(0x300)))
            return own[i].deprecated;
    }
    fail();
    return false;
}

static void other_addresses_are_preferred_when_its_time_is_over(void **state)
{
    (void)state;
    begin(preferred_for_a_while, false, false);
    live_s(95);
    assert_false(is_deprecated());
    live_s(10);
    assert_true(is_deprecated() && has(&liar.w, of(0x300)));
    live_s(405); /* renewed, and told otherwise */
    assert_false(is_deprecated());
    pull_down(&liar.w);
}

static void another_address_on_renewal(message *reply, const message *asked)
{
    if (asked->type != BARO_DHCP6_RENEW)
        return;
    reply->ia[0].addresses = 2;
    reply->ia[0].address[0] = (struct baro_dhcp6_ia_address){ of(0x300), 0, 0, 0 };
    reply->ia[0].address[1] = (struct baro_dhcp6_ia_address){ of(0x301), 1000, 1000, 0 };
}

static void nothing_on_renewal(message *reply, const message *asked)
{
    if (asked->type == BARO_DHCP6_RENEW)
        reply->ias = 0;
    if (asked->type == BARO_DHCP6_REBIND)
        reply->ia[0].status = BARO_DHCP6_NO_ADDRESSES;
}

static void what_a_renewal_may_bring(void **state)
{
    (void)state;
    begin(another_address_on_renewal, false, false);
    live_s(510);
    assert_true(has(&liar.w, of(0x301)) && state_of_address(&liar.w, of(0x300)) == BARO_ADDRESS_NONE);
    assert_true(liar.w.told == 2 && liar.w.lost == 1);
    pull_down(&liar.w);
    begin(nothing_on_renewal, false, false);
    live_s(990);
    assert_true(has(&liar.w, of(0x300)) && liar.w.told == 1); /* it is ours to the end */
    assert_true(liar.asked[BARO_DHCP6_RENEW] > 3 && liar.asked[BARO_DHCP6_REBIND] > 2);
    live_s(20);
    assert_int_equal(liar.w.lost, 1);
    pull_down(&liar.w);
}

static void ask_every_minute(message *reply, const message *asked)
{
    (void)asked;
    reply->ias = 0;
    reply->sol_max_rt_s = reply->inf_max_rt_s = 60;
}

/* §18.2.9: obeyed even of an offer that offers nothing. */
static void servers_say_how_often_to_ask(void **state)
{
    (void)state;
    begin(ask_every_minute, false, false);
    live_s(4000);
    assert_true(liar.asked[BARO_DHCP6_SOLICIT] > 60);
    pull_down(&liar.w);
    begin(another_iaid, false, false); /* without: up to an hour */
    live_s(4000);
    assert_in_range(liar.asked[BARO_DHCP6_SOLICIT], 11, 13);
    pull_down(&liar.w);
}

static void never_again(message *reply, const message *asked)
{
    (void)asked;
    reply->has_refresh = true;
    reply->refresh_s = UINT32_MAX;
}

static void information_that_lies(void **state)
{
    void (*const lies[])(message *, const message *) = { another_transaction, no_server, no_client, another_client,
                                                         always_an_offer };
    struct baro_instant deadline;

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        begin(lies[i], false, true);
        live_s(300);
        assert_int_equal(state_of(&liar.w), BARO_DHCP6_CLIENT_INFORMING);
        assert_true(liar.w.told == 0 && liar.asked[BARO_DHCP6_INFORMATION_REQUEST] > 5);
        pull_down(&liar.w);
    }
    begin(never_again, false, true);
    live_s(1000000);
    assert_true(liar.asked[BARO_DHCP6_INFORMATION_REQUEST] == 1 && liar.w.told == 1);
    assert_false(baro_dhcp6_client_next_deadline(liar.w.client, &deadline));
    assert_int_equal(baro_dhcp6_client_lease(liar.w.client)->address.family, BARO_FAMILY_NONE);
    pull_down(&liar.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_lie_is_seen),
        cmocka_unit_test(flipped_bits),
        cmocka_unit_test(times_that_make_no_sense),
        cmocka_unit_test(a_lease_for_ever_is_not_renewed),
        cmocka_unit_test(other_addresses_are_preferred_when_its_time_is_over),
        cmocka_unit_test(what_a_renewal_may_bring),
        cmocka_unit_test(servers_say_how_often_to_ask),
        cmocka_unit_test(information_that_lies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
