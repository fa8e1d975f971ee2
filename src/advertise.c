/* src/advertise.c: see advertise.h. The constants are those of RFC 4861 §10. */
#include "stack.h"

#include <errno.h>

#include "base/time.h"
#include "codec/ipv6.h"

enum {
    EARLY_COUNT = 3,           /* MAX_INITIAL_RTR_ADVERTISEMENTS */
    EARLY_INTERVAL_MS = 16000, /* MAX_INITIAL_RTR_ADVERT_INTERVAL */
    FINAL_COUNT = 3,           /* MAX_FINAL_RTR_ADVERTISEMENTS */
    BETWEEN_MS = 3000,         /* MIN_DELAY_BETWEEN_RAS */
    ANSWER_MOST_MS = 500,      /* MAX_RA_DELAY_TIME */
    INTERVAL_S = 600,          /* MaxRtrAdvInterval, §6.2.1 */
    INTERVAL_LEAST_S = 4,
    INTERVAL_MOST_S = 1800,
    SHORT_INTERVAL_S = 9,      /* below it MinRtrAdvInterval is 0.75 times the maximum, from it on 0.33 times */
    REACHABLE_MOST_MS = 3600000,
    PREFIXES = sizeof((struct baro_advertise_config *)0)->prefix / sizeof(struct baro_advertised_prefix),
    SERVERS = sizeof((struct baro_advertise_config *)0)->dns_server / sizeof(struct baro_address)
};

static const struct baro_address nobody = { .family = BARO_FAMILY_NONE };

static struct baro_address all_routers(void)
{
    return baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 2);
}

/* ---- time ---- */

static uint32_t interval_max_s(const struct baro_advertise_config *config)
{
    return config->interval_max_s == 0 ? (uint32_t)INTERVAL_S : config->interval_max_s;
}

static struct baro_duration draw_interval(struct baro_stack *stack, const struct advertise_interface *at)
{
    uint32_t most = interval_max_s(&at->config) * 1000;
    uint32_t least = most < SHORT_INTERVAL_S * 1000 ? most / 4 * 3 : most / 100 * 33;
    uint32_t ms;

    if (least < BETWEEN_MS)
        least = BETWEEN_MS;
    ms = least + random_below(&stack->core.random, most - least + 1);
    if (at->early != 0 && ms > EARLY_INTERVAL_MS)
        ms = EARLY_INTERVAL_MS;
    return duration_ms(ms);
}

/* The next one `delay` from now; or from the moment on at which the last one is long enough ago. */
static struct baro_instant not_before(const struct baro_stack *stack, const struct advertise_interface *at,
                                      struct baro_duration delay)
{
    struct baro_instant from = stack->core.now, free_at = instant_add(at->sent_at, duration_ms(BETWEEN_MS));

    if (at->ever_sent && instant_before(from, free_at))
        from = free_at;
    return instant_add(from, delay);
}

static struct baro_duration answer_delay(struct baro_stack *stack)
{
    return duration_ms(random_below(&stack->core.random, ANSWER_MOST_MS + 1));
}

static struct baro_address link_local(const struct baro_stack *stack, int interface)
{
    const struct ip_interface *at = &stack->table.interface[interface];

    for (unsigned i = 0; i < at->owns; i++) {
        if (at->own[i].usable && address_is_link_local(at->own[i].address))
            return at->own[i].address;
    }
    return nobody;
}

static void arm(struct baro_stack *stack, struct advertise_interface *at, struct baro_instant when)
{
    wheel_cancel(&stack->core.wheel, &at->timer);
    wheel_arm(&stack->core.wheel, &at->timer, when);
}

/* ---- sending ---- */

static void send(struct baro_stack *stack, struct advertise_interface *at, struct baro_address source)
{
    struct intent *intent = intent_add(&stack->core.intents, INTENT_ND);

    if (intent == NULL) {
        core_drop(&stack->core, BARO_DROP_INTENT_QUEUE_FULL);
        return;
    }
    intent->as.nd = (struct intent_nd){ .type = ICMPV6_ROUTER_ADVERTISEMENT, .interface = at->number,
                                        .source = source,
                                        .destination = address_in_zone(baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1),
                                                                       at->number) };
}

static uint16_t lifetime_of(const struct baro_stack *stack, const struct advertise_interface *at)
{
    return at->state == ADVERTISE_ON && stack_is_router(stack) ? at->config.lifetime_s : 0;
}

void advertise_timer(struct baro_stack *stack, struct wheel_timer *timer)
{
    struct advertise_interface *at = (struct advertise_interface *)(void *)timer;
    struct baro_address source = link_local(stack, at->number);

    if (source.family == BARO_FAMILY_NONE) {
        if (at->state == ADVERTISE_CEASING)
            at->state = ADVERTISE_OFF;
        return; /* advertise_usable() begins again */
    }
    send(stack, at, source);
    at->asked = false;
    at->ever_sent = true;
    at->sent_at = stack->core.now;
    if (at->early != 0)
        at->early--;
    if (at->state == ADVERTISE_ON)
        arm(stack, at, instant_add(stack->core.now, draw_interval(stack, at)));
    else if (at->early != 0)
        arm(stack, at, instant_add(stack->core.now, duration_ms(BETWEEN_MS)));
    else
        at->state = ADVERTISE_OFF;
    TRACE(&stack->core, ROUTER_SAID, TRACE_N(at->number), TRACE_N(lifetime_of(stack, at)), TRACE_N(at->config.prefixes),
          TRACE_N(at->config.dns_servers),
          TRACE_D(wheel_is_armed(&at->timer) ? instant_since(at->timer.deadline, stack->core.now).ns : 0));
}

static enum nd_preference preference_of(enum baro_router_preference preference)
{
    return preference == BARO_ROUTER_HIGH  ? ND_PREFERENCE_HIGH
           : preference == BARO_ROUTER_LOW ? ND_PREFERENCE_LOW
                                           : ND_PREFERENCE_MEDIUM;
}

void advertise_compose(const struct baro_stack *stack, int interface, struct nd_message *message)
{
    const struct advertise_interface *at = &stack->advertise.interface[interface];
    const struct baro_advertise_config *config = &at->config;
    bool lives = at->state == ADVERTISE_ON;

    *message = (struct nd_message){ .type = ICMPV6_ROUTER_ADVERTISEMENT, .managed = config->managed,
                                    .other = config->other, .preference = preference_of(config->preference),
                                    .hop_limit = config->hop_limit,
                                    .lifetime_s = lifetime_of(stack, at),
                                    .reachable_ms = config->reachable_ms, .retransmit_ms = config->retransmit_ms,
                                    .has_mtu = config->mtu != 0, .mtu = config->mtu,
                                    .prefixes = config->prefixes, .servers = config->dns_servers };
    for (unsigned i = 0; i < config->prefixes; i++) {
        const struct baro_advertised_prefix *prefix = &config->prefix[i];

        message->prefix[i] = (struct nd_prefix){ prefix->prefix, (uint8_t)prefix->prefix_length, prefix->on_link,
                                                 prefix->autonomous, prefix->valid_s, prefix->preferred_s };
    }
    /* RFC 8106 §5.1: three intervals; who says goodbye takes the name servers along that it spoke of. */
    for (unsigned i = 0; i < config->dns_servers; i++)
        message->server[i] = (struct nd_server){ config->dns_server[i], lives ? 3 * interval_max_s(config) : 0 };
}

/* ---- hearing ---- */

bool advertise_runs(const struct baro_stack *stack, int interface)
{
    return stack->advertise.interface[interface].state == ADVERTISE_ON;
}

enum baro_drop_reason advertise_solicited(struct baro_stack *stack, int interface, struct baro_address from,
                                          const struct nd_message *message)
{
    struct advertise_interface *at = &stack->advertise.interface[interface];
    struct baro_instant when;

    if (at->state != ADVERTISE_ON)
        return BARO_DROP_ND_NOT_ADVERTISING;
    if (message->has_source_mac) /* not from ::, nd_read() has seen to that */
        neighbour_learn(&stack->neighbours, interface, from, message->source_mac, true, false);
    if (at->asked)
        return BARO_DROP_NONE; /* §6.2.6: one answer for all; the delay is the first one's */
    at->asked = true;
    when = not_before(stack, at, answer_delay(stack));
    if (wheel_is_armed(&at->timer) && instant_before(when, at->timer.deadline))
        arm(stack, at, when);
    if (wheel_is_armed(&at->timer))
        TRACE(&stack->core, ROUTER_ASKED, TRACE_A(from),
              TRACE_D(instant_since(at->timer.deadline, stack->core.now).ns));
    return BARO_DROP_NONE;
}

static void differs(struct baro_stack *stack, struct baro_address from, enum baro_trace_difference what, bool does)
{
    if (does)
        TRACE(&stack->core, ROUTER_DIFFERS, TRACE_A(from), TRACE_N(what));
}

void advertise_compare(struct baro_stack *stack, int interface, struct baro_address from,
                       const struct nd_message *message)
{
    struct nd_message ours;
    bool lifetimes = false;

    advertise_compose(stack, interface, &ours);
    for (unsigned i = 0; i < ours.prefixes; i++) {
        for (unsigned j = 0; j < message->prefixes; j++) {
            const struct nd_prefix *one = &ours.prefix[i], *other = &message->prefix[j];

            lifetimes |= one->length == other->length && address_equal(one->prefix, other->prefix) &&
                         (one->valid_s != other->valid_s || one->preferred_s != other->preferred_s);
        }
    }
    differs(stack, from, BARO_TRACE_DIFFERS_HOP_LIMIT,
            ours.hop_limit != 0 && message->hop_limit != 0 && ours.hop_limit != message->hop_limit);
    differs(stack, from, BARO_TRACE_DIFFERS_FLAGS, ours.managed != message->managed || ours.other != message->other);
    differs(stack, from, BARO_TRACE_DIFFERS_REACHABLE,
            ours.reachable_ms != 0 && message->reachable_ms != 0 && ours.reachable_ms != message->reachable_ms);
    differs(stack, from, BARO_TRACE_DIFFERS_RETRANSMIT,
            ours.retransmit_ms != 0 && message->retransmit_ms != 0 && ours.retransmit_ms != message->retransmit_ms);
    differs(stack, from, BARO_TRACE_DIFFERS_MTU, ours.has_mtu && message->has_mtu && ours.mtu != message->mtu);
    differs(stack, from, BARO_TRACE_DIFFERS_LIFETIMES, lifetimes);
}

void advertise_usable(struct baro_stack *stack, int interface)
{
    struct advertise_interface *at = &stack->advertise.interface[interface];

    if (at->state == ADVERTISE_ON && !wheel_is_armed(&at->timer) &&
        link_local(stack, interface).family != BARO_FAMILY_NONE)
        arm(stack, at, not_before(stack, at, answer_delay(stack)));
}

void advertise_release(struct baro_stack *stack)
{
    for (unsigned i = 0; i < IP_INTERFACES; i++)
        wheel_cancel(&stack->core.wheel, &stack->advertise.interface[i].timer);
}

/* ---- calls ---- */

static bool prefix_is_right(const struct baro_advertised_prefix *prefix)
{
    struct baro_address address = prefix->prefix;

    if (address.family != BARO_FAMILY_IPV6 || prefix->prefix_length > 128 || prefix->preferred_s > prefix->valid_s ||
        address_is_multicast(address) || address_is_link_local(address))
        return false;
    for (unsigned bit = prefix->prefix_length; bit < 128; bit++) {
        if ((address.octet[bit / 8] & 0x80 >> bit % 8) != 0)
            return false;
    }
    return true;
}

static bool config_is_right(const struct baro_advertise_config *config, uint32_t mtu)
{
    uint32_t interval_s = interval_max_s(config);

    if (interval_s < INTERVAL_LEAST_S || interval_s > INTERVAL_MOST_S ||
        (config->lifetime_s != 0 && config->lifetime_s < interval_s) || config->reachable_ms > REACHABLE_MOST_MS ||
        (config->mtu != 0 && (config->mtu < IPV6_LEAST_MTU || config->mtu > mtu)) || mtu < IPV6_LEAST_MTU ||
        config->prefixes > PREFIXES || config->dns_servers > SERVERS)
        return false;
    for (unsigned i = 0; i < config->prefixes; i++) {
        if (!prefix_is_right(&config->prefix[i]))
            return false;
    }
    for (unsigned i = 0; i < config->dns_servers; i++) {
        struct baro_address server = config->dns_server[i];

        if (server.family != BARO_FAMILY_IPV6 || address_is_multicast(server) || address_is_unspecified(server) ||
            address_is_loopback(server))
            return false;
    }
    return true;
}

/* §6.2.5. */
static int cease(struct baro_stack *stack, struct advertise_interface *at)
{
    if (at->state == ADVERTISE_ON) {
        (void)baro_stack_leave_group(stack, at->number, all_routers());
        if (!at->ever_sent) { /* nobody has heard of it */
            wheel_cancel(&stack->core.wheel, &at->timer);
            at->state = ADVERTISE_OFF;
            return 0;
        }
        at->state = ADVERTISE_CEASING;
        at->early = FINAL_COUNT;
        arm(stack, at, not_before(stack, at, duration_ms(0)));
    }
    return at->state == ADVERTISE_OFF ? 0 : (int)at->early;
}

int baro_stack_advertise(struct baro_stack *stack, int interface, const struct baro_advertise_config *config)
{
    struct advertise_interface *at;
    int result;

    if (interface < 1 || interface >= stack->interfaces)
        return -ENODEV;
    at = &stack->advertise.interface[interface];
    if (config == NULL)
        return cease(stack, at);
    if (!config_is_right(config, stack->interface[interface].mtu))
        return -EINVAL;
    if (!stack_is_router(stack))
        return -EPERM;
    if (at->state != ADVERTISE_ON) {
        result = baro_stack_join_group(stack, interface, all_routers());
        if (result != 0)
            return result;
        wheel_cancel(&stack->core.wheel, &at->timer);
        at->timer.kind = TIMER_ADVERTISE;
        at->number = interface;
        at->asked = false;
        at->state = ADVERTISE_ON;
    }
    at->config = *config;
    at->early = EARLY_COUNT; /* §6.2.4: other contents are told as soon as a beginning */
    if (!at->asked && link_local(stack, interface).family != BARO_FAMILY_NONE)
        arm(stack, at, not_before(stack, at, answer_delay(stack)));
    return 0;
}
