/* baro/adapter.h: the LAN adapter, steps 1 to 4 of a frame's way, and its driver, step 5.
 *
 * Receiving: the signal is decoded (1), runts, giants and a wrong frame check sequence are
 * dropped (2), the MAC address is looked at (3), the frame is put into a slot of the receive
 * ring and the interrupt line is raised, at once or coalesced by count and time (4). The driver
 * takes bursts out of the ring (5): on the interrupt it masks the line, polls while there are
 * frames, and unmasks when the ring is empty. Sending is the same way back: transmit ring,
 * padding, FCS, signal.
 *
 * Pure: memory from struct baro_memory at creation only, time as an argument. The adapter acts
 * in baro_adapter_advance() and in what the medium and the driver call; its clock is the latest
 * instant it was told. One thread an adapter.
 *
 * Frames have numbers: received ones count arrivals on the line from 1 (dropped ones too) and
 * appear as baro_rx_frame.arrival_id; sent ones count from 1 what tx_burst took, so a stack that
 * counts its frames to a device knows the number. The trace events of BARO_TRACE_ADAPTER carry
 * them as `frame`; MAC_FILTER's `why` is enum baro_trace_filter. */
#ifndef BARO_ADAPTER_H
#define BARO_ADAPTER_H

#include "baro/device.h"
#include "baro/drop_reasons.h"
#include "baro/medium.h"
#include "baro/trace.h"
#include "baro/types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct baro_adapter;

struct baro_adapter_config {
    struct baro_memory memory;               /* required */
    struct baro_mac mac;                     /* its own address, unicast */
    struct baro_medium medium;               /* the line it is plugged into, copied */
    struct baro_instant now;                 /* the moment of creation */
    uint32_t receive_slots;                  /* frames in the receive ring, 1 to 65536; 0: 256 */
    uint32_t transmit_slots;                 /* frames in the transmit ring, 1 to 65536; 0: 256 */
    uint32_t interrupt_frames;               /* coalescing by count: raise when so many wait; 0: 1 */
    struct baro_duration interrupt_delay;    /* coalescing by time: raise when the first has waited so long;
                                                0 with interrupt_frames above 1: 100 us */
    struct baro_trace_sink trace;            /* event NULL: no trace */
    uint32_t trace_host;                     /* `host` of its trace events */
};

/* Group addresses the filter holds, at most; set_filter with more is -ENOSPC. */
#define BARO_MAC_GROUP_LIMIT 64

/* An adapter whose link is down, or NULL: no memory, or a configuration outside its ranges. */
struct baro_adapter *baro_adapter_create(const struct baro_adapter_config *config);
void baro_adapter_free(struct baro_adapter *adapter);

/* Its end of the line, for the medium to call. */
struct baro_station baro_adapter_station(struct baro_adapter *adapter);

/* Replaces the trace sink; event NULL turns the trace off. */
void baro_adapter_set_trace(struct baro_adapter *adapter, struct baro_trace_sink trace, uint32_t host);

/* Lets time pass until `now`: sends what waits in the transmit ring as the line becomes free, raises
 * the interrupt whose coalescing time is over. `now` never goes back. */
void baro_adapter_advance(struct baro_adapter *adapter, struct baro_instant now);

/* When baro_adapter_advance next has something to do by itself. False: never. A moment in the past: now. */
bool baro_adapter_next_deadline(const struct baro_adapter *adapter, struct baro_instant *deadline);

/* The interrupt line, as the processor sees it: raised and not masked. */
bool baro_adapter_interrupt_pending(const struct baro_adapter *adapter);

/* Counters, one X-macro list: X(name, "what it counts"). */
#define BARO_ADAPTER_COUNTERS(X)                                                           \
    X(signals_in, "transmissions that arrived")                                            \
    X(signals_out, "transmissions sent")                                                   \
    X(frames_in, "frames put into the receive ring")                                       \
    X(frames_out, "frames sent")                                                           \
    X(octets_in, "octets of those, from the MAC header to the FCS where there is one")     \
    X(octets_out, "octets of those, likewise")                                             \
    X(interrupts, "times the interrupt was taken")                                         \
    X(coalesced, "frames that came in without raising the interrupt themselves")           \
    X(bursts, "bursts the driver took, interrupt or polling")                              \
    X(polls, "bursts it took polling, with the interrupt masked")                          \
    X(paused, "times a large medium said: not now")                                        \
    X(link_changes, "times the link went up or down")

struct baro_adapter_counts {
#define BARO_ADAPTER_COUNTER_FIELD(name, text) uint64_t name;
    BARO_ADAPTER_COUNTERS(BARO_ADAPTER_COUNTER_FIELD)
#undef BARO_ADAPTER_COUNTER_FIELD
    uint64_t drops[BARO_DROP_COUNT]; /* by enum baro_drop_reason */
};

/* The counters as they are now. */
void baro_adapter_statistics(const struct baro_adapter *adapter, struct baro_adapter_counts *counts);

/* The driver: an adapter seen as a device. Knows nothing of IP. */
struct baro_driver {
    struct baro_device device; /* give this to baro_stack_add_interface */
    struct baro_adapter *adapter;
    bool polling;              /* the interrupt is masked, the ring is being emptied */
    unsigned borrowed;         /* frames of the last rx_burst, still in the ring */
};

/* Makes `driver` the adapter's driver and unmasks the interrupt. It borrows the adapter and stays where it
 * is for as long as the device is used. */
void baro_driver_init(struct baro_driver *driver, struct baro_adapter *adapter);

/* Its device has frames for rx_burst: the interrupt is pending, or the driver is polling. */
bool baro_driver_ready(const struct baro_driver *driver);

#ifdef __cplusplus
}
#endif
#endif
