/* The way down through the adapter: transmit ring (4), padding and frame check sequence (2),
 * signal (1).
 *
 * The transmitter sends one frame at a time; on a faithful medium the line is then busy for the
 * frame's time and the interpacket gap, and what comes meanwhile waits in the ring. On a fast
 * medium without FCS a frame that need not wait goes to the medium in the pieces in which it
 * came, without a copy. A large medium may answer "not now": then the ring holds the frame and
 * every advance of time tries again. */
#include "adapter/adapter.h"

#include <errno.h>
#include <string.h>

static const uint8_t padding[BARO_FRAME_MINIMUM];

static uint32_t frame_length(const struct baro_tx_frame *frame)
{
    size_t length = 0;
    for (unsigned i = 0; i < frame->parts; i++)
        length += frame->part[i].length;
    return length > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)length;
}

static void sent(struct baro_adapter *adapter, uint32_t octets)
{
    adapter->counts.frames_out++;
    adapter->counts.signals_out++;
    adapter->counts.octets_out += octets;
}

/* Puts the frame into the ring, padded; room for its FCS is kept behind it. */
static bool into_ring(struct baro_adapter *adapter, const struct baro_tx_frame *frame, uint32_t length)
{
    struct frame_ring *ring = &adapter->transmit_ring;
    uint32_t padded = length < BARO_FRAME_MINIMUM ? BARO_FRAME_MINIMUM : length;
    struct frame_slot *slot = frame_ring_put(ring, padded + BARO_FCS_OCTETS);
    if (!slot)
        return false;
    uint8_t *to = slot->data;
    for (unsigned i = 0; i < frame->parts; i++) {
        if (frame->part[i].length)
            memcpy(to, frame->part[i].data, frame->part[i].length);
        to += frame->part[i].length;
    }
    memset(to, 0, padded - length + BARO_FCS_OCTETS);
    slot->length = padded;
    slot->gso_size = frame->gso_size;
    slot->checksum_undone = frame->checksum_start != 0;
    slot->at = adapter->now;
    slot->number = ++adapter->frames_taken;
    ADAPTER_TELL(adapter, TX_RING, slot->number, (ring->next - 1) % ring->size, frame_ring_used(ring), ring->size);
    return true;
}

/* Hands the frame to the medium in its pieces; false when the medium has no room now. */
static bool fast_out(struct baro_adapter *adapter, const struct baro_tx_frame *frame, uint32_t length)
{
    const struct frame_ring *ring = &adapter->transmit_ring;
    struct baro_transmission transmission = { .start = adapter->now,
                                              .gso_size = frame->gso_size,
                                              .checksum_undone = frame->checksum_start != 0 };
    for (unsigned i = 0; i < frame->parts; i++)
        transmission.part[transmission.parts++] = frame->part[i];
    uint32_t octets = length;
    if (length < BARO_FRAME_MINIMUM) {
        octets = BARO_FRAME_MINIMUM;
        transmission.part[transmission.parts++] = (struct baro_bytes){ padding, octets - length };
    }
    if (adapter->medium.transmit(adapter->medium.context, &transmission) != 0) {
        adapter->counts.paused++;
        return false;
    }
    uint64_t number = ++adapter->frames_taken;
    ADAPTER_TELL(adapter, TX_RING, number, ring->next % ring->size, 1, ring->size);
    sent(adapter, octets);
    return true;
}

bool transmit_take(struct baro_adapter *adapter, const struct baro_tx_frame *frame)
{
    uint32_t length = frame_length(frame);
    if (!adapter->link_up || length > adapter->frame_limit) {
        adapter->frames_taken++;
        adapter_drop(adapter, adapter->link_up ? BARO_DROP_FRAME_GIANT : BARO_DROP_LINK_DOWN);
        return true;
    }
    bool direct = !adapter->medium.fcs && frame_ring_used(&adapter->transmit_ring) == 0;
    if (direct && fast_out(adapter, frame, length))
        return true;
    if (into_ring(adapter, frame, length)) {
        if (!direct)
            transmit_advance(adapter);
        return true;
    }
    adapter_drop(adapter, BARO_DROP_TX_RING_FULL);
    return false;
}

/* Step 2 on the way down. */
static void append_fcs(struct baro_adapter *adapter, struct frame_slot *slot)
{
    uint32_t fcs = baro_fcs(slot->data, slot->length);
    for (unsigned i = 0; i < BARO_FCS_OCTETS; i++)
        slot->data[slot->length + i] = (uint8_t)(fcs >> 8 * i);
    slot->length += BARO_FCS_OCTETS;
    ADAPTER_TELL(adapter, FCS_OUT, slot->number, fcs);
}

/* Step 1 on the way down: bits, into the signal. */
static void signal_out(struct baro_adapter *adapter, const struct frame_slot *slot,
                       struct baro_transmission *transmission)
{
    transmission->sample_count = baro_signal_send_frame(&adapter->transmitter, slot->data, slot->length,
                                                        adapter->samples, BARO_SIGNAL_BURST_LIMIT);
    transmission->samples = adapter->samples;
    transmission->duration = baro_line_frame_time(adapter->transmitter.code, slot->length);
    ADAPTER_TELL(adapter, SIGNAL_OUT, slot->number, adapter_trace_code(adapter), transmission->sample_count,
                 slot->length);
}

/* Sends the ring's oldest frame; false when the medium has no room now. */
static bool send_oldest(struct baro_adapter *adapter)
{
    struct frame_ring *ring = &adapter->transmit_ring;
    struct frame_slot *slot = frame_ring_slot(ring, ring->first);
    struct baro_transmission transmission = { .start = slot->at,
                                              .gso_size = slot->gso_size,
                                              .checksum_undone = slot->checksum_undone,
                                              .parts = 1,
                                              .fcs = adapter->medium.fcs };
    if (transmission.start.ns < adapter->line_free.ns)
        transmission.start = adapter->line_free;
    if (adapter->medium.fcs)
        append_fcs(adapter, slot);
    transmission.part[0] = (struct baro_bytes){ slot->data, slot->length };
    if (adapter->line)
        signal_out(adapter, slot, &transmission);
    else
        transmission.start = adapter->now;
    if (adapter->medium.transmit(adapter->medium.context, &transmission) != 0) {
        adapter->counts.paused++;
        return false;
    }
    if (adapter->line) {
        struct baro_instant end = { transmission.start.ns + transmission.duration.ns };
        adapter->line_free.ns = end.ns + adapter->line->gap_ns;
        link_sent(adapter, end);
    }
    sent(adapter, slot->length);
    frame_ring_drop(ring, 1);
    return true;
}

void transmit_advance(struct baro_adapter *adapter)
{
    while (frame_ring_used(&adapter->transmit_ring) > 0 && adapter->line_free.ns <= adapter->now.ns)
        if (!send_oldest(adapter))
            return;
}

/* A paused frame has no deadline: whoever empties the other end advances this one. */
bool transmit_deadline(const struct baro_adapter *adapter, struct baro_instant *deadline)
{
    if (frame_ring_used(&adapter->transmit_ring) == 0 || !adapter->line)
        return false;
    *deadline = adapter->line_free;
    return true;
}
