/* The LAN adapter as a whole: made, freed, and its time.
 *
 * An adapter takes its memory once, at creation: the receive ring, the transmit ring, and on a
 * faithful medium one buffer of samples. Rings are as many slots as asked for, each with room
 * for the medium's longest frame; on a large medium, where that is 64 KiB, the octets of a ring
 * are those of 64 longest frames, whatever the slots. */
#include "adapter/adapter.h"

#include <assert.h>
#include <string.h>

#define SLOTS_DEFAULT 256u
#define SLOTS_LIMIT 65536u
#define LARGE_FRAME 65550u          /* a 65,535-octet IP packet behind its MAC header, rounded up */
#define LARGE_FRAMES 64u
#define DELAY_DEFAULT_NS 100000

static bool instant_before(struct baro_instant a, struct baro_instant b)
{
    return a.ns < b.ns;
}

static bool config_usable(const struct baro_adapter_config *config)
{
    const struct baro_medium *medium = &config->medium;
    if (!config->memory.take || !config->memory.give_back || !medium->transmit || config->mac.octet[0] & 1)
        return false;
    if (medium->kind > BARO_MEDIUM_100BASE_TX || medium->mtu < 68 || medium->mtu > 65535)
        return false;
    bool faithful = medium->kind != BARO_MEDIUM_FAST;
    uint32_t longest = medium->mtu + BARO_FRAME_HEADER + BARO_FRAME_VLAN_TAG + BARO_FCS_OCTETS;
    if (faithful && (!medium->fcs || longest > BARO_SIGNAL_FRAME_LIMIT))
        return false;
    if (medium->large && (faithful || medium->fcs))
        return false;
    return config->receive_slots <= SLOTS_LIMIT && config->transmit_slots <= SLOTS_LIMIT &&
           config->interrupt_delay.ns >= 0;
}

static uint32_t ring_octets(const struct baro_adapter *adapter, uint32_t slots)
{
    uint32_t frame = adapter->frame_limit + BARO_FCS_OCTETS;
    frame = (frame + FRAME_RING_ALIGNMENT - 1) & ~(FRAME_RING_ALIGNMENT - 1);
    if (adapter->medium.large || slots > UINT32_MAX / 2 / frame)
        return LARGE_FRAMES * (LARGE_FRAME + FRAME_RING_ALIGNMENT);
    return (slots + 1) * frame; /* one more: the rest at the end that a longest frame does not fit into */
}

static bool take_memory(struct baro_adapter *adapter, uint32_t receive_slots, uint32_t transmit_slots)
{
    const struct baro_memory *memory = &adapter->memory;
    if (!frame_ring_init(&adapter->receive_ring, memory, receive_slots, ring_octets(adapter, receive_slots)) ||
        !frame_ring_init(&adapter->transmit_ring, memory, transmit_slots, ring_octets(adapter, transmit_slots)))
        return false;
    adapter->frame_size = adapter->frame_limit + BARO_FCS_OCTETS;
    if (adapter->line && adapter->frame_size < BARO_SIGNAL_FRAME_LIMIT)
        adapter->frame_size = BARO_SIGNAL_FRAME_LIMIT;
    adapter->frame = memory->take(memory->context, adapter->frame_size);
    if (adapter->line)
        adapter->samples = memory->take(memory->context, BARO_SIGNAL_BURST_LIMIT * sizeof(int16_t));
    return adapter->frame && (adapter->samples || !adapter->line);
}

static void line_init(struct baro_adapter *adapter)
{
    enum baro_line_code code =
        adapter->medium.kind == BARO_MEDIUM_10BASE_T ? BARO_LINE_10BASE_T : BARO_LINE_100BASE_TX;
    uint32_t seed = 0; /* any will do, two adapters had better differ */
    for (unsigned i = 0; i < 6; i++)
        seed = seed * 31 + adapter->mac.octet[i];
    adapter->line = baro_line_properties(code);
    baro_signal_transmitter_init(&adapter->transmitter, code, seed);
    baro_signal_receiver_init(&adapter->receiver, code);
}

struct baro_adapter *baro_adapter_create(const struct baro_adapter_config *config)
{
    if (!config_usable(config))
        return NULL;
    struct baro_adapter *adapter = config->memory.take(config->memory.context, sizeof *adapter);
    if (!adapter)
        return NULL;
    adapter->memory = config->memory;
    adapter->medium = config->medium;
    adapter->mac = config->mac;
    adapter->now = adapter->line_free = adapter->link_sign_at = config->now;
    adapter->trace = config->trace;
    adapter->trace_host = config->trace_host;
    adapter->frame_limit = config->medium.large
                               ? LARGE_FRAME
                               : config->medium.mtu + BARO_FRAME_HEADER + BARO_FRAME_VLAN_TAG;
    if (adapter->frame_limit < BARO_FRAME_MINIMUM)
        adapter->frame_limit = BARO_FRAME_MINIMUM;
    adapter->interrupt.frames = config->interrupt_frames ? config->interrupt_frames : 1;
    adapter->interrupt.delay = config->interrupt_delay;
    if (adapter->interrupt.frames > 1 && config->interrupt_delay.ns == 0)
        adapter->interrupt.delay.ns = DELAY_DEFAULT_NS;
    adapter->interrupt.masked = true; /* until there is a driver */
    if (adapter->medium.kind != BARO_MEDIUM_FAST)
        line_init(adapter);
    if (take_memory(adapter, config->receive_slots ? config->receive_slots : SLOTS_DEFAULT,
                    config->transmit_slots ? config->transmit_slots : SLOTS_DEFAULT))
        return adapter;
    baro_adapter_free(adapter);
    return NULL;
}

void baro_adapter_free(struct baro_adapter *adapter)
{
    if (!adapter)
        return;
    struct baro_memory memory = adapter->memory;
    frame_ring_release(&adapter->receive_ring, &memory);
    frame_ring_release(&adapter->transmit_ring, &memory);
    if (adapter->frame)
        memory.give_back(memory.context, adapter->frame, adapter->frame_size);
    if (adapter->samples)
        memory.give_back(memory.context, adapter->samples, BARO_SIGNAL_BURST_LIMIT * sizeof(int16_t));
    memory.give_back(memory.context, adapter, sizeof *adapter);
}

struct baro_station baro_adapter_station(struct baro_adapter *adapter)
{
    struct baro_station station = { adapter, adapter_arrive, adapter_room, link_told };
    return station;
}

void baro_adapter_set_trace(struct baro_adapter *adapter, struct baro_trace_sink trace, uint32_t host)
{
    adapter->trace = trace;
    adapter->trace_host = host;
}

void baro_adapter_advance(struct baro_adapter *adapter, struct baro_instant now)
{
    if (instant_before(adapter->now, now))
        adapter->now = now;
    interrupt_advance(adapter);
    transmit_advance(adapter);
    link_advance(adapter);
}

bool baro_adapter_next_deadline(const struct baro_adapter *adapter, struct baro_instant *deadline)
{
    bool (*const parts[])(const struct baro_adapter *, struct baro_instant *) = {
        interrupt_deadline, transmit_deadline, link_deadline
    };
    bool any = false;
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct baro_instant at;
        if (parts[i](adapter, &at) && (!any || instant_before(at, *deadline))) {
            *deadline = at;
            any = true;
        }
    }
    return any;
}

void baro_adapter_statistics(const struct baro_adapter *adapter, struct baro_adapter_counts *counts)
{
    *counts = adapter->counts;
}
