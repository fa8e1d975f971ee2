/* Wires: two ends, two directions, and what comes out of them.
 *
 * A wire to which nothing happens (fast, no delay, no fault) hands a frame to the other end within the
 * sender's call, without a copy. On every other wire a transmission is a transit in the network's order of
 * time. Signs of life go past all faults but the pulled plug: they stand for an idle line, not for frames.
 *
 * When the second end of a faithful wire is taken, both are played the signs of life of a moment ago: a wire
 * is plugged in before a network begins, and nobody wants to wait for it. */
#include "network_internal.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* Signs of life before the network began: enough for either code's link (IEEE 802.3 §14.2.1.7 wants up to ten). */
#define SIGNS_BEFORE 16
#define DELAY_LIMIT_NS INT64_C(60000000000)

static bool faithful(const struct baro_wire *wire)
{
    return wire->config.kind != BARO_MEDIUM_FAST;
}

static enum baro_line_code line_code(const struct baro_wire *wire)
{
    return wire->config.kind == BARO_MEDIUM_10BASE_T ? BARO_LINE_10BASE_T : BARO_LINE_100BASE_TX;
}

static bool config_usable(const struct baro_wire_config *config)
{
    uint32_t mtu_limit = config->kind == BARO_MEDIUM_FAST
                             ? 65535
                             : BARO_SIGNAL_FRAME_LIMIT - BARO_FRAME_HEADER - BARO_FRAME_VLAN_TAG - BARO_FCS_OCTETS;
    return config->kind <= BARO_MEDIUM_100BASE_TX && (config->mtu == 0 || config->mtu >= 68) &&
           config->mtu <= mtu_limit && config->loss_ppm <= 1000000 && config->burst_frames <= 1000 &&
           config->reorder_ppm <= 1000000 && config->duplicate_ppm <= 1000000 && config->corrupt_ppm <= 1000000 &&
           (config->blackhole == 0 || (config->blackhole >= 68 && config->blackhole <= 65535)) &&
           config->delay.ns >= 0 && config->delay.ns <= DELAY_LIMIT_NS && config->jitter.ns >= 0 &&
           config->jitter.ns <= DELAY_LIMIT_NS && config->noise_mv <= 8000 && config->clock_ppm >= -1000 &&
           config->clock_ppm <= 1000 && config->edge_jitter_ps <= 1000;
}

static bool loses_nothing(const struct baro_wire_config *config)
{
    return config->kind == BARO_MEDIUM_FAST && config->loss_ppm == 0 && config->reorder_ppm == 0 &&
           config->duplicate_ppm == 0 && config->corrupt_ppm == 0 && config->rate == 0 && config->blackhole == 0;
}

static void direction_init(struct wire_direction *direction, struct baro_wire *wire, unsigned from, uint64_t seed)
{
    direction->wire = wire;
    direction->from = from;
    direction->random = draw_derive(seed, DRAW_WIRE, from);
    direction->last_arrival = direction->rate_free = wire->network->now;
    if (!faithful(wire))
        return;
    struct draw channel = draw_derive(seed, DRAW_CHANNEL, from);
    struct draw repeater = draw_derive(seed, DRAW_REPEATER, from);
    baro_signal_channel_init(&direction->channel, line_code(wire), draw_next(&channel));
    direction->channel.noise_mv = wire->config.noise_mv;
    direction->channel.jitter_ps = wire->config.edge_jitter_ps;
    direction->channel.offset_ppm = from == 0 ? wire->config.clock_ppm : -wire->config.clock_ppm;
    baro_signal_transmitter_init(&direction->repeater, line_code(wire), (uint32_t)draw_next(&repeater));
}

struct baro_wire *baro_wire_create(struct baro_network *network, const struct baro_wire_config *config)
{
    if (!config_usable(config))
        return NULL;
    struct baro_wire *wire = calloc(1, sizeof *wire);
    if (!wire)
        return NULL;
    wire->network = network;
    wire->config = *config;
    if (wire->config.mtu == 0)
        wire->config.mtu = 1500;
    wire->up = true;
    wire->large = loses_nothing(config) && !config->no_large;
    wire->fast = loses_nothing(config) && config->delay.ns == 0 && config->jitter.ns == 0;
    struct draw derived = draw_derive(network->seed, DRAW_WIRE, network->wire_count);
    uint64_t seed = config->seed ? config->seed : draw_next(&derived);
    direction_init(&wire->direction[0], wire, 0, seed);
    direction_init(&wire->direction[1], wire, 1, seed);
    if (faithful(wire)) {
        wire->sent = malloc(BARO_SIGNAL_BURST_LIMIT * sizeof(int16_t));
        wire->heard = malloc((BARO_SIGNAL_BURST_LIMIT + BARO_SIGNAL_CHANNEL_SLACK) * sizeof(int16_t));
        if (!wire->sent || !wire->heard) {
            wire_free(wire);
            return NULL;
        }
    }
    network->wire_count++;
    wire->next = network->wires;
    network->wires = wire;
    return wire;
}

void wire_free(struct baro_wire *wire)
{
    faults_release(&wire->direction[0]);
    faults_release(&wire->direction[1]);
    free(wire->sent);
    free(wire->heard);
    free(wire);
}

static int wire_transmit(void *context, const struct baro_transmission *transmission)
{
    struct wire_direction *direction = context;
    struct baro_wire *wire = direction->wire;
    const struct baro_station *to = &wire->station[1 - direction->from];
    if (!wire->up || !to->arrive) {
        direction->counts.offered += !transmission->link_sign;
        direction->counts.link_down += !transmission->link_sign;
        return 0;
    }
    direction->paused = wire->large && to->room && !to->room(to->context);
    if (direction->paused)
        return -EAGAIN;
    direction->counts.offered += !transmission->link_sign;
    if (!wire->fast) {
        faults_send(direction, transmission);
        return 0;
    }
    direction->counts.delivered++;
    for (unsigned i = 0; i < transmission->parts; i++)
        direction->counts.octets += transmission->part[i].length;
    to->arrive(to->context, transmission);
    return 0;
}

bool wire_due(const struct baro_wire *wire)
{
    for (unsigned from = 0; from < 2; from++) {
        const struct baro_station *to = &wire->station[1 - from];
        if (wire->direction[from].paused && to->room && to->room(to->context))
            return true;
    }
    return false;
}

struct baro_medium wire_medium(struct baro_wire *wire, unsigned end)
{
    const struct baro_wire_config *config = &wire->config;
    struct baro_medium medium = { .context = &wire->direction[end],
                                  .kind = config->kind,
                                  .mtu = config->mtu,
                                  .fcs = faithful(wire) || (config->corrupt_ppm && !config->corrupt_ip),
                                  .large = wire->large,
                                  .transmit = wire_transmit };
    return medium;
}

int wire_free_end(const struct baro_wire *wire)
{
    for (int end = 0; end < 2; end++)
        if (!wire->station[end].arrive)
            return end;
    return -EBUSY;
}

/* What is heard at the far end of the samples sent. */
static void hear(struct wire_direction *direction, struct baro_transmission *transmission)
{
    const struct baro_signal_channel *channel = &direction->channel;
    if (channel->noise_mv == 0 && channel->jitter_ps == 0 && channel->offset_ppm == 0)
        return;
    transmission->sample_count = baro_signal_channel_apply(
        &direction->channel, transmission->samples, transmission->sample_count, direction->wire->heard,
        BARO_SIGNAL_BURST_LIMIT + BARO_SIGNAL_CHANNEL_SLACK);
    transmission->samples = direction->wire->heard;
}

/* Those that are still on a long wire arrive by and by. */
static void play_signs(struct baro_wire *wire, unsigned from)
{
    struct wire_direction *direction = &wire->direction[from];
    const struct baro_line_properties *line = baro_line_properties(line_code(wire));
    const struct baro_station *to = &wire->station[1 - from];
    int64_t on_the_way = wire->config.delay.ns / BARO_SIGNAL_LINK_INTERVAL_NS;
    for (int64_t i = 1 - SIGNS_BEFORE; i <= on_the_way; i++) {
        uint32_t count = baro_signal_send_link(&direction->repeater, wire->sent, BARO_SIGNAL_LINK_SAMPLES);
        struct baro_transmission transmission = { .samples = wire->sent, .sample_count = count, .link_sign = true };
        transmission.duration.ns = (int64_t)count * line->sample_period_ps / 1000;
        transmission.start.ns = wire->network->now.ns + i * BARO_SIGNAL_LINK_INTERVAL_NS - transmission.duration.ns;
        if (i <= 0) {
            to->arrive(to->context, &transmission);
            continue;
        }
        transmission.start.ns -= wire->config.delay.ns;
        faults_send(direction, &transmission);
    }
}

static void tell_link(struct baro_wire *wire, bool up)
{
    for (unsigned end = 0; end < 2; end++)
        if (!faithful(wire) && wire->station[end].link)
            wire->station[end].link(wire->station[end].context, up, wire->network->now);
}

void wire_attach(struct baro_wire *wire, unsigned end, struct baro_station station)
{
    if (!station.arrive && wire->station[end].arrive)
        tell_link(wire, false); /* it leaves again */
    wire->station[end] = station;
    if (!wire->up || wire_free_end(wire) >= 0)
        return;
    tell_link(wire, true);
    if (faithful(wire)) {
        play_signs(wire, 0);
        play_signs(wire, 1);
    }
}

void baro_wire_set_link(struct baro_wire *wire, bool up)
{
    if (up == wire->up)
        return;
    wire->up = up;
    if (wire_free_end(wire) < 0)
        tell_link(wire, up);
}

void baro_wire_set_blackhole(struct baro_wire *wire, uint32_t octets)
{
    assert(!wire->large);
    wire->config.blackhole = octets;
    wire->fast = false;
}

void wire_deliver(struct transit *transit)
{
    struct wire_direction *direction = transit->direction;
    struct baro_wire *wire = direction->wire;
    struct baro_transmission transmission = transit->transmission;
    const struct baro_station *to = &wire->station[1 - direction->from];
    if (direction->held == transit) { /* overtaken by fewer than were wanted: its time is over */
        direction->counts.reordered += direction->overtaken > 0;
        direction->held = NULL;
    }
    if (!wire->up || !to->arrive) {
        direction->counts.link_down += !transmission.link_sign;
        transit_free(transit);
        return;
    }
    transmission.start.ns = transit->at.ns - transmission.duration.ns;
    if (!transmission.link_sign) {
        direction->counts.delivered++;
        direction->counts.octets += transmission.part[0].length;
    }
    if (faithful(wire)) {
        if (!transmission.samples) {
            transmission.sample_count =
                baro_signal_send_frame(&direction->repeater, transmission.part[0].data,
                                       (uint32_t)transmission.part[0].length, wire->sent, BARO_SIGNAL_BURST_LIMIT);
            transmission.samples = wire->sent;
        }
        transmission.parts = 0;
        hear(direction, &transmission);
    }
    to->arrive(to->context, &transmission);
    transit_free(transit);
}

void baro_wire_statistics(const struct baro_wire *wire, unsigned from_end, struct baro_wire_counts *counts)
{
    *counts = wire->direction[from_end & 1].counts;
}
