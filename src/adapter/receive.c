/* The way up through the adapter: signal (1), frame check sequence (2), MAC address (3), and
 * into a slot of the receive ring with an interrupt (4). The driver goes on from there.
 *
 * A frame that fails a step goes no further, is counted by its reason and told; its number is
 * used up all the same. What arrives is borrowed from the medium: the one copy is that into the
 * ring (a signal is decoded into the adapter's own buffer first). */
#include "adapter/adapter.h"

#include <string.h>

/* A frame on its way, in the pieces in which it came; `length` octets in all. */
struct arrival {
    uint64_t number;
    const struct baro_bytes *part;
    unsigned parts;
    uint32_t length;
    bool fcs;
    const struct baro_transmission *transmission;
};

/* Copies the first `length` octets of the frame. */
static void gather(const struct arrival *arrival, uint8_t *to, uint32_t length)
{
    for (unsigned i = 0; i < arrival->parts && length > 0; i++) {
        uint32_t piece = (uint32_t)arrival->part[i].length;
        if (piece > length)
            piece = length;
        if (piece)
            memcpy(to, arrival->part[i].data, piece);
        to += piece;
        length -= piece;
    }
}

/* Step 4: the receive ring. */
static void into_ring(struct baro_adapter *adapter, const struct arrival *arrival)
{
    struct frame_ring *ring = &adapter->receive_ring;
    struct frame_slot *slot = frame_ring_put(ring, arrival->length);
    if (!slot) {
        ADAPTER_TELL(adapter, RX_RING, arrival->number, ring->next % ring->size, frame_ring_used(ring), ring->size);
        adapter_drop(adapter, BARO_DROP_RX_RING_FULL);
        return;
    }
    gather(arrival, slot->data, arrival->length);
    slot->gso_size = arrival->transmission->gso_size;
    slot->checksum_undone = arrival->transmission->checksum_undone;
    slot->number = arrival->number;
    slot->at = adapter->now;
    ADAPTER_TELL(adapter, RX_RING, arrival->number, (ring->next - 1) % ring->size, frame_ring_used(ring),
                 ring->size);
    adapter->counts.frames_in++;
    adapter->counts.octets_in += arrival->length + (arrival->fcs ? BARO_FCS_OCTETS : 0);
    interrupt_frame(adapter);
}

/* Step 3: the MAC address. */
static void filtered(struct baro_adapter *adapter, const struct arrival *arrival)
{
    struct baro_mac destination;
    gather(arrival, destination.octet, sizeof destination.octet);
    enum baro_trace_filter why = mac_filter_decide(adapter, destination);
    adapter_tell_mac_filter(adapter, arrival->number, destination, why);
    if (why == BARO_TRACE_FILTER_NOT_MINE)
        adapter_drop(adapter, BARO_DROP_MAC_NOT_MINE);
    else
        into_ring(adapter, arrival);
}

/* Step 2: length and frame check sequence. The FCS is removed here. */
static void checked(struct baro_adapter *adapter, struct arrival *arrival)
{
    uint32_t trailer = arrival->fcs ? BARO_FCS_OCTETS : 0;
    if (arrival->length < BARO_FRAME_MINIMUM + trailer) {
        adapter_drop(adapter, BARO_DROP_FRAME_RUNT);
        return;
    }
    if (arrival->length > adapter->frame_limit + trailer) {
        adapter_drop(adapter, BARO_DROP_FRAME_GIANT);
        return;
    }
    arrival->length -= trailer;
    struct baro_bytes whole = arrival->part[0];
    if (arrival->fcs) {
        if (arrival->parts > 1) {
            gather(arrival, adapter->frame, arrival->length + trailer);
            whole = (struct baro_bytes){ adapter->frame, arrival->length + trailer };
            arrival->part = &whole;
            arrival->parts = 1;
        }
        const uint8_t *octet = whole.data + arrival->length;
        uint32_t received = (uint32_t)octet[0] | (uint32_t)octet[1] << 8 | (uint32_t)octet[2] << 16 |
                            (uint32_t)octet[3] << 24;
        uint32_t computed = baro_fcs(whole.data, arrival->length);
        ADAPTER_TELL(adapter, FCS_IN, arrival->number, received, computed);
        if (received != computed) {
            adapter_drop(adapter, BARO_DROP_FCS_WRONG);
            return;
        }
    }
    filtered(adapter, arrival);
}

/* Step 1: the signal, into bits. */
static void signal_in(struct baro_adapter *adapter, const struct baro_transmission *transmission,
                      struct baro_instant end)
{
    uint32_t limit = adapter->frame_limit + BARO_FCS_OCTETS;
    struct baro_signal_result result = baro_signal_receive(&adapter->receiver, end, transmission->samples,
                                                           transmission->sample_count, adapter->frame, limit);
    link_set(adapter, baro_signal_link_up(&adapter->receiver, adapter->now));
    if (result.event == BARO_SIGNAL_LINK)
        return;
    adapter->counts.signals_in++;
    uint64_t number = ++adapter->frames_arrived;
    enum baro_trace_code code = adapter_trace_code(adapter);
    if (result.event == BARO_SIGNAL_LOST) {
        ADAPTER_TELL(adapter, SIGNAL_LOST, number, code, result.reason, result.position);
        adapter_drop(adapter, result.reason);
        return;
    }
    ADAPTER_TELL(adapter, SIGNAL_IN, number, code, transmission->sample_count, result.length,
                 (uint64_t)(int64_t)result.offset_ppm);
    struct baro_bytes frame = { adapter->frame, result.length };
    struct arrival arrival = { number, &frame, 1, result.length, true, transmission };
    checked(adapter, &arrival);
}

void adapter_arrive(void *context, const struct baro_transmission *transmission)
{
    struct baro_adapter *adapter = context;
    struct baro_instant end = { transmission->start.ns + transmission->duration.ns };
    if (end.ns > adapter->now.ns)
        adapter->now = end;
    if (transmission->samples) {
        signal_in(adapter, transmission, end);
        return;
    }
    adapter->counts.signals_in++;
    struct arrival arrival = { ++adapter->frames_arrived, transmission->part, transmission->parts, 0,
                               transmission->fcs, transmission };
    if (!adapter->link_up) {
        adapter_drop(adapter, BARO_DROP_LINK_DOWN);
        return;
    }
    for (unsigned i = 0; i < transmission->parts; i++)
        arrival.length += (uint32_t)transmission->part[i].length;
    checked(adapter, &arrival);
}

bool adapter_room(void *context)
{
    const struct baro_adapter *adapter = context;
    return frame_ring_fits(&adapter->receive_ring, adapter->frame_limit);
}
