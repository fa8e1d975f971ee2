/* src/advertised.c: see advertised.h.
 *
 * An address that was autoconfigured says nothing about its neighbours (RFC 5942 §4), so it enters the table with 128
 * bits of prefix. */
#include "stack.h"

#include <errno.h>

#include "base/time.h"
#include "codec/ipv6.h"

enum {
    ASK_FIRST_S = 4,    /* RFC 7559 §2: IRT; RFC 4861 §10: RTR_SOLICITATION_INTERVAL */
    ASK_MOST_S = 3600,  /* RFC 7559 §2: MRT */
    ASK_DELAY_MS = 1000, /* RFC 4861 §10: MAX_RTR_SOLICITATION_DELAY */
    HOP_LIMIT_LEAST = 8, /* what is said below reaches nobody: not believed */
    REACHABLE_LEAST_MS = 1000,
    REACHABLE_MOST_MS = 3600000, /* RFC 4861 §6.2.1 */
    RETRANSMIT_LEAST_MS = 100,   /* no flood of questions, and not the end of all questions either */
    RETRANSMIT_MOST_MS = 60000
};

static const struct baro_instant for_ever = { INT64_MAX };
static const struct baro_address nobody = { .family = BARO_FAMILY_NONE };

/* ---- time ---- */

static void sooner(struct baro_instant *a, struct baro_instant b)
{
    if (instant_before(b, *a))
        *a = b;
}

static void arm(struct baro_stack *stack)
{
    struct advertised *advertised = &stack->advertised;
    struct baro_instant next = for_ever, other;

    if (routers_next_deadline(&advertised->routers, &other))
        sooner(&next, other);
    if (autoconf_next_deadline(&advertised->autoconf, &other))
        sooner(&next, other);
    for (int i = 1; i < stack->interfaces; i++) {
        const struct advertised_interface *at = &advertised->interface[i];

        if (at->asking)
            sooner(&next, at->ask_at);
        for (unsigned j = 0; j < ND_SERVERS; j++) {
            if (at->server[j].address.family != BARO_FAMILY_NONE)
                sooner(&next, at->server[j].until);
        }
    }
    wheel_cancel(&stack->core.wheel, &advertised->timer);
    if (next.ns != for_ever.ns)
        wheel_arm(&stack->core.wheel, &advertised->timer, next);
}

/* ---- addresses ---- */

static bool probes(const struct baro_stack *stack, int interface)
{
    return stack->claims.transmits[interface] != 0;
}

static void change(struct baro_stack *stack, const struct autoconf_change *told)
{
    int result;

    switch (told->kind) {
    case AUTOCONF_ADD:
        result = baro_stack_add_address(stack, told->interface, told->address, 128, probes(stack, told->interface));
        if (result == 0 && told->temporary)
            ip_address_temporary(&stack->table, told->interface, told->address);
        if (result == 0 && !probes(stack, told->interface)) /* otherwise once it has been */
            discovery_announce(stack, told->interface, told->address);
        else if (result == -EEXIST) /* ours already, by hand: what it is then is not a router's business */
            autoconf_duplicate(&stack->advertised.autoconf, told->interface, told->address);
        break;
    case AUTOCONF_DEPRECATE:
    case AUTOCONF_PREFER:
        ip_address_deprecated(&stack->table, told->interface, told->address, told->kind == AUTOCONF_DEPRECATE);
        break;
    case AUTOCONF_REMOVE:
        baro_stack_remove_address(stack, told->interface, told->address);
        break;
    }
}

/* A router neither asks nor listens (RFC 4861 §6.2.2, §6.3). */
static bool listens(const struct baro_stack *stack, int interface)
{
    return stack->advertised.interface[interface].accepts && !stack->table.forwarding &&
           !advertise_runs(stack, interface);
}

static bool has_router(const struct baro_stack *stack, int interface)
{
    for (unsigned i = 0; i < ROUTER_LIMIT; i++) {
        const struct router *router = &stack->advertised.routers.router[i];

        if (router->is_default && router->interface == interface)
            return true;
    }
    return false;
}

/* Who has lost the last one asks again, after a random time: others have lost it too (§6.3.7, RFC 7559 §2). */
static void ask_again(struct baro_stack *stack)
{
    for (int i = 1; i < stack->interfaces; i++) {
        struct advertised_interface *at = &stack->advertised.interface[i];
        bool has = has_router(stack, i);

        if (at->had_router && !has && !at->asking && listens(stack, i)) {
            at->asking = true;
            at->interval = duration_ms(0);
            at->ask_at = instant_add(stack->core.now,
                                     duration_ms(random_below(&stack->core.random, ASK_DELAY_MS + 1)));
        }
        at->had_router = has;
    }
}

/* Makes the table what ip/router and ip/autoconf say. */
static void settle(struct baro_stack *stack)
{
    struct advertised *advertised = &stack->advertised;
    struct autoconf_change told;

    while (autoconf_next(&advertised->autoconf, &told))
        change(stack, &told);
    if (advertised->changes != advertised->routers.changes) {
        advertised->changes = advertised->routers.changes;
        advertised_put_routes(stack);
        ask_again(stack);
    }
    arm(stack);
}

static void claim_link_local(struct baro_stack *stack, int interface)
{
    struct advertised_interface *at = &stack->advertised.interface[interface];
    const struct baro_address prefix = baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 0);

    at->link_local = nobody;
    if (at->attempts == AUTOCONF_ATTEMPTS)
        return;
    at->link_local = autoconf_stable(&stack->advertised.autoconf, interface, prefix, at->attempts);
    if (baro_stack_add_address(stack, interface, at->link_local, 64, probes(stack, interface)) != 0)
        at->link_local = nobody;
}

/* ---- routers ---- */

/* A tenth more or less, so that many hosts do not stay in step (RFC 7559 §2). */
static struct baro_duration about(struct core *core, int64_t ms)
{
    return duration_ms(ms * 9 / 10 + random_below(&core->random, (uint32_t)(ms / 5) + 1));
}

static void ask(struct baro_stack *stack, int interface)
{
    struct advertised_interface *at = &stack->advertised.interface[interface];
    struct intent *intent = intent_add(&stack->core.intents, INTENT_ND);
    int64_t ms = at->interval.ns == 0 ? ASK_FIRST_S * 1000 : at->interval.ns / NS_PER_MS * 2;

    if (intent == NULL)
        core_drop(&stack->core, BARO_DROP_INTENT_QUEUE_FULL);
    else
        intent->as.nd = (struct intent_nd){ .type = ICMPV6_ROUTER_SOLICITATION, .interface = interface,
                                            .source = at->link_local,
                                            .destination = address_in_zone(baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 2),
                                                                           interface) };
    at->interval = about(&stack->core, ms > ASK_MOST_S * 1000 ? ASK_MOST_S * 1000 : ms);
    at->ask_at = instant_add(stack->core.now, at->interval);
    TRACE(&stack->core, ROUTER_QUESTION, TRACE_N(interface), TRACE_D(at->interval.ns));
}

static void learn_servers(struct baro_stack *stack, struct advertised_interface *at, const struct nd_message *message)
{
    for (unsigned i = 0; i < message->servers; i++) {
        const struct nd_server *told = &message->server[i];
        struct advertised_server *place = NULL;

        for (unsigned j = 0; j < ND_SERVERS; j++) {
            if (address_equal(at->server[j].address, told->address)) {
                place = &at->server[j];
                break;
            }
            if (at->server[j].address.family == BARO_FAMILY_NONE && place == NULL)
                place = &at->server[j];
        }
        if (place == NULL)
            continue; /* the first ones win */
        place->address = told->lifetime_s == 0 ? nobody : told->address;
        place->until = told->lifetime_s == ND_INFINITE ? for_ever
                                                       : instant_add(stack->core.now, duration_s(told->lifetime_s));
    }
}

static uint32_t within(uint32_t value, uint32_t least, uint32_t most)
{
    return value < least ? least : value > most ? most : value;
}

/* §6.3.4: what is not zero is taken over, within bounds: who says it is not known to be in his senses. */
static void learn_parameters(struct baro_stack *stack, int interface, const struct nd_message *message)
{
    struct neighbour_times *times = &stack->neighbours.times[interface];
    struct interface *link = &stack->interface[interface];

    if (message->hop_limit >= HOP_LIMIT_LEAST && link->hop_limit_v6 != message->hop_limit) {
        link->hop_limit_v6 = message->hop_limit;
        stack->table.changes++; /* ways keep it */
    }
    if (message->reachable_ms != 0)
        times->base_reachable_ms = within(message->reachable_ms, REACHABLE_LEAST_MS, REACHABLE_MOST_MS);
    if (message->retransmit_ms != 0) {
        times->retransmit_ms = within(message->retransmit_ms, RETRANSMIT_LEAST_MS, RETRANSMIT_MOST_MS);
        stack->claims.listen_ms[interface] = times->retransmit_ms;
    }
    if (message->has_mtu && message->mtu >= IPV6_LEAST_MTU && message->mtu <= link->mtu &&
        link->mtu_v6 != message->mtu) {
        link->mtu_v6 = message->mtu;
        stack->table.changes++;
    }
}

static void advertisement(struct baro_stack *stack, int interface, struct baro_address from,
                          const struct nd_message *message)
{
    struct advertised_interface *at = &stack->advertised.interface[interface];

    at->managed = message->managed;
    at->other = message->other;
    if (message->lifetime_s != 0)
        at->asking = false; /* RFC 7559 §2.1: one that can be a default router */
    learn_parameters(stack, interface, message);
    if (message->has_source_mac)
        neighbour_learn(&stack->neighbours, interface, from, message->source_mac, true, false);
    learn_servers(stack, at, message);
    routers_advertised(&stack->advertised.routers, interface, from, message);
    autoconf_advertised(&stack->advertised.autoconf, interface, message);
    settle(stack);
}

enum baro_drop_reason advertised_in(struct baro_stack *stack, int interface, struct baro_address from,
                                    const struct nd_message *message)
{
    if (advertise_runs(stack, interface) && message->type == ICMPV6_ROUTER_ADVERTISEMENT)
        advertise_compare(stack, interface, from, message);
    if (!listens(stack, interface))
        return BARO_DROP_ND_NOT_LISTENING;
    if (message->type == ICMPV6_ROUTER_ADVERTISEMENT) {
        TRACE(&stack->core, ROUTER_HEARD, TRACE_A(from), TRACE_N(message->lifetime_s),
              TRACE_N(nd_preference_rank(message->preference) + 1), TRACE_N(message->prefixes),
              TRACE_N(message->routes), TRACE_N(message->servers));
        advertisement(stack, interface, from, message);
        return BARO_DROP_NONE;
    }
    if (!routers_redirected(&stack->advertised.routers, interface, from, message))
        return BARO_DROP_ND_NOT_LISTENING; /* §8.1: who says so is not the router in use */
    TRACE(&stack->core, REDIRECTED, TRACE_A(message->destination), TRACE_A(message->target), TRACE_A(from));
    if (message->has_target_mac)
        neighbour_learn(&stack->neighbours, interface, message->target, message->target_mac, true, false);
    settle(stack);
    return BARO_DROP_NONE;
}

void advertised_lost(struct baro_stack *stack, int interface, struct baro_address address)
{
    struct advertised_interface *at = &stack->advertised.interface[interface];

    if (!at->enabled)
        return;
    if (address_equal(at->link_local, address)) {
        at->attempts++;
        claim_link_local(stack, interface);
        return;
    }
    autoconf_duplicate(&stack->advertised.autoconf, interface, address);
    settle(stack);
}

void advertised_usable(struct baro_stack *stack, int interface, struct baro_address address)
{
    struct advertised_interface *at = &stack->advertised.interface[interface];

    if (!listens(stack, interface) || !address_equal(at->link_local, address))
        return;
    at->asking = true; /* the probe was delayed at random: this is not (RFC 4861 §6.3.7) */
    ask(stack, interface);
    arm(stack);
}

void advertised_host(struct baro_stack *stack, struct baro_address address)
{
    if (!stack->advertised.begun)
        return;
    router_is_host(&stack->advertised.routers, address);
    settle(stack);
}

static void heard_of(struct baro_stack *stack, const struct router *router, bool answers)
{
    if (answers == router->unreachable)
        TRACE(&stack->core, ROUTER_REACHABLE, TRACE_A(router->address), TRACE_N(answers));
    router_reachable(&stack->advertised.routers, router->address, answers);
}

void advertised_review(struct baro_stack *stack)
{
    struct neighbours *neighbours = &stack->neighbours;
    struct routers *routers = &stack->advertised.routers;

    stack->advertised.verdicts = neighbours->verdicts;
    if (!stack->advertised.begun)
        return;
    for (unsigned i = 0; i < ROUTER_LIMIT; i++) {
        struct router *router = &routers->router[i];
        unsigned failures = router->address.family == BARO_FAMILY_NONE
                                ? 0
                                : neighbour_failures(neighbours, router->interface, router->address);

        if (failures != router->failures)
            heard_of(stack, router, failures == 0);
        router->failures = failures;
    }
    for (unsigned i = 0; i < ROUTER_REDIRECT_LIMIT; i++) {
        const struct router_redirect *redirect = &routers->redirect[i];

        if (redirect->interface != 0 && neighbour_failures(neighbours, redirect->interface, redirect->next_hop) != 0)
            router_redirect_failed(routers, redirect->next_hop);
    }
    settle(stack);
}

void advertised_timer(struct baro_stack *stack)
{
    struct advertised *advertised = &stack->advertised;
    struct baro_instant now = stack->core.now;

    for (int i = 1; i < stack->interfaces; i++) {
        struct advertised_interface *at = &advertised->interface[i];

        at->asking = at->asking && listens(stack, i);
        if (at->asking && instant_reached(now, at->ask_at))
            ask(stack, i);
        for (unsigned j = 0; j < ND_SERVERS; j++) {
            if (instant_reached(now, at->server[j].until))
                at->server[j].address = nobody;
        }
    }
    routers_run(&advertised->routers);
    autoconf_run(&advertised->autoconf);
    settle(stack);
}

void advertised_release(struct baro_stack *stack)
{
    wheel_cancel(&stack->core.wheel, &stack->advertised.timer);
}

/* ---- calls ---- */

int baro_stack_enable_ipv6(struct baro_stack *stack, int interface, const struct baro_ipv6_config *config)
{
    static const uint8_t none[16] = { 0 };
    struct advertised *advertised = &stack->advertised;
    struct advertised_interface *at;
    uint8_t secret[16];

    if (interface < 1 || interface >= stack->interfaces)
        return -ENODEV;
    if (stack->interface[interface].mtu < IPV6_LEAST_MTU)
        return -EINVAL;
    at = &advertised->interface[interface];
    if (at->enabled)
        return -EEXIST;
    if (!advertised->begun) {
        memcpy(secret, config->secret, sizeof secret);
        for (unsigned i = 0; memcmp(config->secret, none, sizeof none) == 0 && i < sizeof secret; i += 4)
            write_be32(secret + i, (uint32_t)random_u64(&stack->core.random));
        advertised->begun = true;
        advertised->timer.kind = TIMER_ADVERTISED;
        routers_init(&advertised->routers, &stack->core);
        autoconf_init(&advertised->autoconf, &stack->core, secret);
    }
    *at = (struct advertised_interface){ .enabled = true, .accepts = config->accept_advertisements };
    stack->claims.transmits[interface] = (uint8_t)(config->probes == 0 ? 1 : config->probes < 0 ? 0 : config->probes);
    autoconf_enable(&advertised->autoconf, interface, stack->interface[interface].device->mac,
                    config->temporary_addresses);
    claim_link_local(stack, interface);
    return at->link_local.family == BARO_FAMILY_NONE ? -ENOSPC : 0;
}

static void lives(const struct baro_stack *stack, int interface, struct baro_address_status *status)
{
    const struct autoconf_interface *at = &stack->advertised.autoconf.interface[interface];

    status->preferred_until = status->valid_until = for_ever;
    for (unsigned i = 0; i < AUTOCONF_ADDRESSES; i++) {
        if (!address_equal(at->address[i].address, status->address))
            continue;
        status->preferred_until = at->address[i].preferred_until;
        status->valid_until = at->address[i].valid_until;
    }
}

int baro_stack_deprecate_address(struct baro_stack *stack, int interface, struct baro_address address, bool deprecated)
{
    if (interface < 1 || interface >= stack->interfaces)
        return -ENODEV;
    address = address_in_zone(address, interface);
    if (baro_stack_address_state(stack, interface, address) == BARO_ADDRESS_NONE)
        return -EADDRNOTAVAIL;
    ip_address_deprecated(&stack->table, interface, address, deprecated);
    return 0;
}

int baro_stack_addresses(const struct baro_stack *stack, int interface, struct baro_address_status *status,
                         unsigned room)
{
    const struct ip_interface *at = &stack->table.interface[interface < 0 ? 0 : interface % IP_INTERFACES];
    unsigned count;

    if (interface < 1 || interface >= stack->interfaces)
        return -ENODEV;
    for (count = 0; count < at->owns && count < room; count++) {
        const struct ip_own *own = &at->own[count];

        status[count] = (struct baro_address_status){ .address = own->address, .prefix_length = own->prefix_length,
                                                      .tentative = !own->usable, .deprecated = own->deprecated,
                                                      .temporary = own->temporary };
        lives(stack, interface, &status[count]);
    }
    return (int)count;
}

uint32_t baro_stack_changes(const struct baro_stack *stack)
{
    return stack->table.changes;
}

int baro_stack_router_status(const struct baro_stack *stack, int interface, struct baro_router_status *status)
{
    const struct advertised_interface *at;
    unsigned count = 0;

    if (interface < 1 || interface >= stack->interfaces)
        return -ENODEV;
    at = &stack->advertised.interface[interface];
    *status = (struct baro_router_status){ .managed = at->managed, .other = at->other };
    for (unsigned i = 0; i < ROUTER_LIMIT; i++) {
        const struct router *router = &stack->advertised.routers.router[i];

        status->routers += router->is_default && router->interface == interface;
    }
    for (unsigned i = 0; i < ND_SERVERS; i++) {
        if (at->server[i].address.family != BARO_FAMILY_NONE)
            status->dns_server[count++] = at->server[i].address;
    }
    status->dns_servers = count;
    return 0;
}
