/* What a wire does to frames: black hole, loss, corruption, rate and queue with marks, delay and jitter, reordering,
 * duplication, in this order. Every direction draws from its own seeded generator.
 *
 *   black hole  swallows frames whose IP packet is larger than `blackhole` octets, as a path does whose router drops
 *               them and whose ICMP errors are filtered away.
 *   loss        each frame by itself, or in bursts after Gilbert's model: a direction is losing or it is not, and what
 *               it is changes with a frame. It stops losing with one part in `burst_frames`, and begins as often as
 *               makes the given share of all frames vanish.
 *   corruption  flips one to three bits anywhere in the frame, FCS included. CRC-32 finds all such errors in
 *               frames up to 11,454 octets, so the receiver's FCS check always catches it. corrupt=ip flips one
 *               bit above the MAC header and makes the FCS fit: only the checksums of IP, ICMP, UDP and TCP see it.
 *   rate        a frame leaves when those before it have left, at `rate` bits a second; a frame that
 *               finds the queue full is dropped. A frame always fits into an empty queue.
 *   marks       a frame that finds `ecn_packets` frames or more in the queue is marked as having met congestion, if its
 *               packet says that its sender understands (RFC 3168). All others stay as they are.
 *   jitter      never reorders: who would arrive before the one before arrives with it.
 *   reordering  one frame at a time is held back until one to three later ones have arrived. Where none come
 *               it arrives 10 ms late.
 *
 * A faithful wire keeps the samples of up to 64 frames on the way. Of more, and of corrupted ones, it keeps
 * the octets and makes the signal anew at the far end, as a repeater does: a wire with so much on it is
 * longer than any cable. */
#include "network_internal.h"

#include <stdlib.h>
#include <string.h>

#define HOLD_NS 10000000
#define SAMPLES_KEPT 64
#define QUEUE_DEFAULT (256u * 1024)

static uint32_t octets_of(const struct baro_transmission *transmission)
{
    size_t octets = 0;
    for (unsigned i = 0; i < transmission->parts; i++)
        octets += transmission->part[i].length;
    return (uint32_t)octets;
}

static struct transit *transit_of(struct wire_direction *direction, const struct baro_transmission *transmission)
{
    uint32_t octets = octets_of(transmission);
    struct transit *transit = malloc(sizeof *transit + octets);
    if (!transit)
        return NULL;
    *transit = (struct transit){ .direction = direction, .transmission = *transmission };
    uint8_t *to = transit->storage;
    for (unsigned i = 0; i < transmission->parts; i++) {
        if (transmission->part[i].length)
            memcpy(to, transmission->part[i].data, transmission->part[i].length);
        to += transmission->part[i].length;
    }
    transit->transmission.part[0] = (struct baro_bytes){ transit->storage, octets };
    transit->transmission.parts = octets ? 1 : 0;
    if (transmission->samples && (transmission->link_sign || direction->samples_kept < SAMPLES_KEPT)) {
        transit->samples = malloc(transmission->sample_count * sizeof(int16_t));
        if (transit->samples) {
            memcpy(transit->samples, transmission->samples, transmission->sample_count * sizeof(int16_t));
            direction->samples_kept++;
        }
    }
    transit->transmission.samples = transit->samples;
    return transit;
}

static void make_fcs(uint8_t *frame, uint32_t octets)
{
    uint32_t fcs = baro_fcs(frame, octets - BARO_FCS_OCTETS);
    for (unsigned i = 0; i < BARO_FCS_OCTETS; i++)
        frame[octets - BARO_FCS_OCTETS + i] = (uint8_t)(fcs >> 8 * i);
}

static void flip_below_fcs(struct draw *random, uint8_t *frame, uint32_t octets)
{
    uint64_t bit[3];
    uint64_t count = 1 + draw_below(random, 3);
    for (unsigned i = 0; i < count; i++) {
        bit[i] = draw_below(random, (uint64_t)octets * 8);
        for (unsigned j = 0; j < i; j++)
            if (bit[i] == bit[j]) { /* flipped twice would be whole again: the next one, and compare anew */
                bit[i] = (bit[i] + 1) % ((uint64_t)octets * 8);
                j = (unsigned)-1;
            }
    }
    for (unsigned i = 0; i < count; i++)
        frame[bit[i] / 8] ^= (uint8_t)(1u << bit[i] % 8);
}

/* Its octets are not those of its signal any more. */
static void forget_samples(struct wire_direction *direction, struct transit *transit)
{
    if (transit->samples)
        direction->samples_kept--;
    free(transit->samples);
    transit->samples = NULL;
    transit->transmission.samples = NULL;
}

static void corrupt(struct wire_direction *direction, struct transit *transit)
{
    uint8_t *frame = transit->storage;
    uint32_t octets = octets_of(&transit->transmission);
    uint32_t trailer = transit->transmission.fcs ? BARO_FCS_OCTETS : 0;
    if (octets <= BARO_FRAME_HEADER + trailer)
        return;
    if (direction->wire->config.corrupt_ip) {
        uint64_t bits = (uint64_t)(octets - trailer - BARO_FRAME_HEADER) * 8;
        uint64_t bit = draw_below(&direction->random, bits);
        frame[BARO_FRAME_HEADER + bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (trailer)
            make_fcs(frame, octets);
    } else {
        flip_below_fcs(&direction->random, frame, octets);
    }
    forget_samples(direction, transit);
    direction->counts.corrupted++;
}

static void mark(struct wire_direction *direction, struct transit *transit)
{
    uint32_t octets = octets_of(&transit->transmission), trailer = transit->transmission.fcs ? BARO_FCS_OCTETS : 0;
    if (octets < trailer || !mark_congestion(transit->storage, octets - trailer))
        return;
    if (trailer)
        make_fcs(transit->storage, octets);
    forget_samples(direction, transit);
    direction->counts.marked++;
}

/* ---- loss ---- */

static bool vanishes(struct wire_direction *direction)
{
    const struct baro_wire_config *config = &direction->wire->config;
    if (config->burst_frames < 2 || config->loss_ppm == 0 || config->loss_ppm >= 1000000)
        return draw_hits(&direction->random, config->loss_ppm);
    /* in a million frames are loss_ppm / burst_frames bursts, each begun behind one of the frames that arrive */
    if (direction->losing)
        direction->losing = !draw_share(&direction->random, 1, config->burst_frames);
    else
        direction->losing = draw_share(&direction->random, config->loss_ppm,
                                       (uint64_t)config->burst_frames * (1000000 - config->loss_ppm));
    return direction->losing;
}

/* ---- rate and queue ---- */

static void departures_forget(struct departures *queue, struct baro_instant now)
{
    while (queue->count > 0 && queue->items[queue->first].at.ns <= now.ns) {
        queue->octets -= queue->items[queue->first].octets;
        queue->first = (queue->first + 1) % queue->capacity;
        queue->count--;
    }
}

static bool departures_add(struct departures *queue, struct departure departure)
{
    if (queue->count == queue->capacity) {
        size_t capacity = queue->capacity ? 2 * queue->capacity : 64;
        struct departure *items = malloc(capacity * sizeof *items);
        if (!items)
            return false;
        for (size_t i = 0; i < queue->count; i++)
            items[i] = queue->items[(queue->first + i) % queue->capacity];
        free(queue->items);
        queue->items = items;
        queue->first = 0;
        queue->capacity = capacity;
    }
    queue->items[(queue->first + queue->count++) % queue->capacity] = departure;
    queue->octets += departure.octets;
    return true;
}

/* Do so many frames wait that one which comes now is to be marked? */
static bool is_crowded(struct wire_direction *direction, struct baro_instant now)
{
    uint32_t limit = direction->wire->config.ecn_packets;
    departures_forget(&direction->queue, now);
    return limit != 0 && direction->queue.count >= limit;
}

/* When the frame's last bit leaves the queue; false: the queue is full. */
static bool through_queue(struct wire_direction *direction, uint32_t octets, struct baro_instant *at)
{
    const struct baro_wire_config *config = &direction->wire->config;
    struct departures *queue = &direction->queue;
    if (config->rate == 0)
        return true;
    departures_forget(queue, *at);
    uint64_t limit = config->queue_bytes;
    if (limit == 0 && config->queue_packets == 0)
        limit = QUEUE_DEFAULT;
    if (queue->count > 0 && ((limit && queue->octets + octets > limit) ||
                             (config->queue_packets && queue->count >= config->queue_packets)))
        return false;
    if (direction->rate_free.ns < at->ns)
        direction->rate_free = *at;
    direction->rate_free.ns += (int64_t)(octets * UINT64_C(8000000000) / config->rate);
    direction->counts.queue_octet_us += octets * (uint64_t)(direction->rate_free.ns - at->ns) / 1000;
    *at = direction->rate_free;
    struct departure departure = { *at, octets };
    return departures_add(queue, departure);
}

/* ---- on the way ---- */

static void arm(struct wire_direction *direction, struct transit *transit, struct baro_instant at)
{
    transit->at = at;
    if (!transit_push(&direction->wire->network->transits, transit))
        transit_free(transit); /* no memory: a wire may lose frames */
}

/* A frame goes past the one that is held back; the last overtaker lets it go. */
static void overtake(struct wire_direction *direction, struct baro_instant at)
{
    if (!direction->held)
        return;
    direction->overtaken++;
    if (--direction->overtakers > 0)
        return;
    direction->counts.reordered++;
    transit_move(&direction->wire->network->transits, direction->held, at);
    direction->held = NULL;
}

static struct baro_instant arrival_of(struct wire_direction *direction, struct baro_instant at)
{
    const struct baro_wire_config *config = &direction->wire->config;
    at.ns += config->delay.ns;
    if (config->jitter.ns > 0)
        at.ns += (int64_t)draw_below(&direction->random, (uint64_t)config->jitter.ns + 1);
    if (at.ns < direction->last_arrival.ns)
        at = direction->last_arrival;
    direction->last_arrival = at;
    return at;
}

static void send_sign(struct wire_direction *direction, const struct baro_transmission *transmission)
{
    struct transit *transit = transit_of(direction, transmission);
    struct baro_instant at = { transmission->start.ns + transmission->duration.ns +
                               direction->wire->config.delay.ns };
    if (at.ns < direction->last_arrival.ns)
        at = direction->last_arrival;
    if (transit)
        arm(direction, transit, at);
}

static bool too_large(const struct baro_wire_config *config, const struct baro_transmission *transmission)
{
    uint32_t others = BARO_FRAME_HEADER + (transmission->fcs ? BARO_FCS_OCTETS : 0);
    return config->blackhole != 0 && octets_of(transmission) > config->blackhole + others;
}

void faults_send(struct wire_direction *direction, const struct baro_transmission *transmission)
{
    const struct baro_wire_config *config = &direction->wire->config;
    struct draw *random = &direction->random;
    if (transmission->link_sign) {
        send_sign(direction, transmission);
        return;
    }
    if (too_large(config, transmission)) {
        direction->counts.swallowed++;
        return;
    }
    if (vanishes(direction)) {
        direction->counts.lost++;
        return;
    }
    struct baro_instant at = { transmission->start.ns + transmission->duration.ns };
    bool crowded = is_crowded(direction, at);
    if (!through_queue(direction, octets_of(transmission), &at)) {
        direction->counts.queue_full++;
        return;
    }
    at = arrival_of(direction, at);
    struct transit *transit = transit_of(direction, transmission);
    struct transit *copy = draw_hits(random, config->duplicate_ppm) ? transit_of(direction, transmission) : NULL;
    if (transit && crowded)
        mark(direction, transit);
    if (copy && crowded)
        mark(direction, copy);
    if (transit && draw_hits(random, config->corrupt_ppm))
        corrupt(direction, transit);
    bool hold = draw_hits(random, config->reorder_ppm) && !direction->held;
    if (transit && hold) {
        direction->held = transit;
        direction->overtakers = 1 + (unsigned)draw_below(random, 3);
        direction->overtaken = 0;
        arm(direction, transit, (struct baro_instant){ at.ns + HOLD_NS });
    } else if (transit) {
        arm(direction, transit, at);
        overtake(direction, at);
    }
    if (copy) {
        direction->counts.duplicated++;
        arm(direction, copy, at);
    }
}

void faults_release(struct wire_direction *direction)
{
    free(direction->queue.items);
}
