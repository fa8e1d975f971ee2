/* Time and order.
 *
 * The network acts at instants. At one instant it goes round until nothing is due any more: transits that
 * arrive now, in the order they were armed; then hosts in the order they were created (their adapter
 * advanced, the stack polled if it has reason to be); then switches. Then time goes on to the earliest
 * deadline of all. Nobody is told an instant before everything earlier has happened, so what a stack sees does not
 * depend on how long the work took: in virtual time a run is a function of its seed.
 *
 * The real clock. With `ahead` = real time minus the network's, everything with deadline <= real - ahead is
 * due. If a call to follow cannot handle all of it in its share of processor time, 2 ms, the oldest thing left has
 * the instant t < real - ahead. The clock then waits for t, and the difference is added to `ahead`: next
 * time the target is t plus the real time spent since. Without that, a wire that takes ten times its time
 * to compute would find ten times more to do in each call, and every stack's timer would run out between two
 * frames that a real wire had delivered a millisecond apart. The share bounds how long the
 * caller's other descriptors wait.
 *
 * Frames that wait in somebody else's device hold the clock back nowhere: they have no instant, they are taken when
 * they are looked for, once in each call of follow, which then says that there may be more.
 *
 * A socket call happens at the time of its stack's last poll. So every call that moves the clock ends by polling
 * those stacks that have nothing due: they learn the time, and a timer armed by the next socket call does not
 * begin in the past. Who sleeps calls follow first and makes his socket calls then. */
#include "network_internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Real time that one call of follow may take; it always handles one instant. */
#define SHARE_NS 2000000

static void *default_take(void *context, size_t bytes)
{
    (void)context;
    /* calloc gives untouched zero pages for large slabs; the block's own start stands before the slab */
    unsigned char *block = calloc(1, bytes + 64 + sizeof(void *));
    if (!block)
        return NULL;
    uintptr_t start = (uintptr_t)(block + sizeof(void *));
    unsigned char *slab = block + sizeof(void *) + (64 - start % 64) % 64;
    memcpy(slab - sizeof(void *), &block, sizeof(void *));
    return slab;
}

static void default_give_back(void *context, void *slab, size_t bytes)
{
    void *block;
    (void)context;
    (void)bytes;
    memcpy(&block, (unsigned char *)slab - sizeof(void *), sizeof(void *));
    free(block);
}

static int64_t default_clock_ns(void *context)
{
    struct timespec now;
    (void)context;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

struct baro_network *baro_network_create(const struct baro_network_config *config)
{
    struct baro_network *network = calloc(1, sizeof *network);
    if (!network)
        return NULL;
    network->memory = config->memory;
    if (!network->memory.take)
        network->memory = (struct baro_memory){ NULL, default_take, default_give_back };
    network->seed = config->seed;
    network->now = config->now;
    network->clock_ns = default_clock_ns;
    network->hosts_end = &network->hosts;
    network->switches_end = &network->switches;
    return network;
}

void baro_network_free(struct baro_network *network)
{
    if (!network)
        return;
    transit_heap_release(&network->transits);
    for (struct baro_host *host = network->hosts, *next; host; host = next) {
        next = host->next;
        host_free(host);
    }
    for (struct baro_switch *bridge = network->switches, *next; bridge; bridge = next) {
        next = switch_next(bridge);
        switch_free(bridge);
    }
    for (struct baro_wire *wire = network->wires, *next; wire; wire = next) {
        next = wire->next;
        wire_free(wire);
    }
    free(network);
}

struct baro_mac network_next_mac(struct baro_network *network)
{
    struct draw random = draw_derive(network->seed, DRAW_MAC, 0);
    uint64_t drawn = draw_next(&random);
    uint64_t index = ++network->adapter_count;
    /* 02: unicast, locally administered (IEEE 802 §8.4); the count keeps two apart */
    struct baro_mac mac = { { 0x02, (uint8_t)drawn, (uint8_t)(drawn >> 8), (uint8_t)(drawn >> 16),
                              (uint8_t)(index >> 8), (uint8_t)index } };
    return mac;
}

struct baro_instant baro_network_now(const struct baro_network *network)
{
    return network->now;
}

static bool due(const struct baro_network *network)
{
    if (network->transits.count > 0 && network->transits.items[0]->at.ns <= network->now.ns)
        return true;
    for (const struct baro_host *host = network->hosts; host; host = host->next)
        if (host_due(host))
            return true;
    for (const struct baro_switch *bridge = network->switches; bridge; bridge = switch_next(bridge))
        if (switch_due(bridge))
            return true;
    for (const struct baro_wire *wire = network->wires; wire; wire = wire->next)
        if (wire_due(wire))
            return true;
    return false;
}

static void round_once(struct baro_network *network)
{
    while (network->transits.count > 0 && network->transits.items[0]->at.ns <= network->now.ns)
        wire_deliver(transit_pop(&network->transits));
    for (struct baro_host *host = network->hosts; host; host = host->next) {
        host_advance(host);
        if (host_due(host))
            host_poll(host);
    }
    for (struct baro_switch *bridge = network->switches; bridge; bridge = switch_next(bridge))
        switch_round(bridge);
}

/* Devices may have frames. */
static void look(struct baro_network *network)
{
    for (struct baro_host *host = network->hosts; host; host = host->next)
        host_look(host);
    for (struct baro_switch *bridge = network->switches; bridge; bridge = switch_next(bridge))
        switch_look(bridge);
}

/* Socket calls were made, devices may have frames. */
static void take_notice(struct baro_network *network)
{
    for (struct baro_host *host = network->hosts; host; host = host->next)
        baro_stack_flush(host->stack);
    look(network);
}

/* Sets the clock and tells the stacks. A host with something due at this instant gets its turn in the next round,
 * behind the transits that arrive, as it would without this. */
static void set_clock(struct baro_network *network, struct baro_instant now)
{
    network->now = now;
    for (struct baro_host *host = network->hosts; host; host = host->next) {
        if (host_due(host))
            continue;
        host_advance(host);
        host_poll(host);
    }
}

/* Time goes on to an instant at which something is due. */
static void go_to(struct baro_network *network, struct baro_instant instant)
{
    if (instant.ns > network->now.ns)
        network->now = instant;
}

bool baro_network_step(struct baro_network *network)
{
    take_notice(network);
    bool any = false;
    do {
        network->more = false;
        for (; due(network); any = true)
            round_once(network);
        look(network);
    } while (network->more);
    return any;
}

bool baro_network_next_deadline(const struct baro_network *network, struct baro_instant *deadline)
{
    bool any = false;
    struct baro_instant at;
    if (due(network)) {
        *deadline = network->now;
        return true;
    }
    if (network->transits.count > 0) {
        *deadline = network->transits.items[0]->at;
        any = true;
    }
    for (const struct baro_host *host = network->hosts; host; host = host->next)
        if (host_deadline(host, &at) && (!any || at.ns < deadline->ns)) {
            *deadline = at;
            any = true;
        }
    for (const struct baro_switch *bridge = network->switches; bridge; bridge = switch_next(bridge))
        if (switch_deadline(bridge, &at) && (!any || at.ns < deadline->ns)) {
            *deadline = at;
            any = true;
        }
    return any;
}

bool baro_network_run_until(struct baro_network *network, struct baro_instant limit, bool (*done)(void *context),
                            void *context)
{
    struct baro_instant at;
    take_notice(network);
    while (baro_network_next_deadline(network, &at) && at.ns <= limit.ns) {
        go_to(network, at);
        round_once(network);
        if (done && done(context)) {
            set_clock(network, network->now);
            return true;
        }
    }
    if (limit.ns > network->now.ns)
        set_clock(network, limit);
    return done && done(context);
}

void baro_network_advance(struct baro_network *network, struct baro_instant now)
{
    baro_network_run_until(network, now, NULL, NULL);
    set_clock(network, network->now);
    baro_network_step(network);
}

/* Handles what is due until `target`, in the order of time, as long as there is processor time, but always one instant;
 * true: something is left. */
static bool catch_up(struct baro_network *network, struct baro_instant target, int64_t until_ns)
{
    struct baro_instant at;
    while (baro_network_next_deadline(network, &at) && at.ns <= target.ns) {
        go_to(network, at);
        round_once(network);
        if (network->clock_ns(network->clock_context) >= until_ns)
            break;
    }
    return baro_network_next_deadline(network, &at) && at.ns <= target.ns;
}

bool baro_network_follow(struct baro_network *network, struct baro_instant real)
{
    if (!network->tied) {
        network->tied = true;
        network->real_ahead_ns = real.ns - network->now.ns;
    }
    struct baro_instant target = { real.ns - network->real_ahead_ns }, at;
    if (target.ns < network->now.ns)
        target = network->now;
    int64_t until_ns = network->clock_ns(network->clock_context) + SHARE_NS;
    network->more = false;
    if (!catch_up(network, target, until_ns)) /* what devices have came just now, not before we slept */
        go_to(network, target);
    look(network);
    bool left = catch_up(network, target, until_ns) && baro_network_next_deadline(network, &at);
    if (left) { /* not handled in time: the clock waits for the oldest of it */
        if (at.ns < network->now.ns)
            at = network->now;
        network->lag.ns += target.ns - at.ns;
        network->real_ahead_ns += target.ns - at.ns;
        target = network->now;
    }
    set_clock(network, target);
    return left || network->more || due(network);
}

bool baro_network_wakeup(const struct baro_network *network, struct baro_instant *real)
{
    if (!baro_network_next_deadline(network, real))
        return false;
    real->ns += network->real_ahead_ns;
    return true;
}

struct baro_duration baro_network_lag(const struct baro_network *network)
{
    return network->lag;
}
