/* The LAN adapter from inside: one struct, each step of a frame's way in a file of its own.
 *
 *     up:   receive.c (signal, frame check sequence)  mac_filter.c  frame_ring.c  interrupt.c  driver.c
 *     down: driver.c  transmit.c (transmit ring, padding, frame check sequence, signal)
 *     link.c: signs of life, link up and down */
#ifndef BARO_ADAPTER_ADAPTER_H
#define BARO_ADAPTER_ADAPTER_H

#include "baro/adapter.h"
#include "baro/fcs.h"
#include "baro/signal.h"
#include "adapter/frame_ring.h"

/* The interrupt line and what coalesces it. */
struct interrupt {
    uint32_t frames;              /* raise when so many wait */
    struct baro_duration delay;   /* or when the first has waited so long */
    bool raised, masked;
    uint32_t waiting;             /* frames since the line was last taken or unmasked */
    struct baro_instant first_at; /* when the first of them came */
};

struct baro_adapter {
    struct baro_memory memory;
    struct baro_medium medium;
    struct baro_instant now;
    struct baro_trace_sink trace;
    uint32_t trace_host;
    uint32_t frame_limit;  /* octets of the longest frame without FCS, a VLAN tag included */

    /* MAC filter */
    struct baro_mac mac;
    struct baro_mac groups[BARO_MAC_GROUP_LIMIT];
    unsigned group_count;
    bool promiscuous;

    /* receiving */
    struct frame_ring receive_ring;
    struct interrupt interrupt;
    uint64_t frames_arrived;  /* the number of the frame that arrived last */
    uint8_t *frame;           /* where a signal is decoded to, or scattered parts are gathered */
    uint32_t frame_size;

    /* sending */
    struct frame_ring transmit_ring;
    uint64_t frames_taken;         /* the number of the frame that tx_burst took last */
    struct baro_instant line_free; /* when the transmitter may start again */

    /* signal and link */
    bool link_up;
    struct baro_signal_transmitter transmitter;
    struct baro_signal_receiver receiver;
    const struct baro_line_properties *line; /* NULL on a fast medium */
    int16_t *samples;
    struct baro_instant link_sign_at;  /* when the line is owed the next sign of life */

    struct baro_adapter_counts counts;
};

/* ---- trace.c ---- */

/* Tells an event whose arguments are numbers, in the order of the list. */
void adapter_tell(const struct baro_adapter *adapter, enum baro_trace_kind kind, unsigned count,
                  const uint64_t *numbers);
void adapter_tell_mac_filter(const struct baro_adapter *adapter, uint64_t frame, struct baro_mac destination,
                             enum baro_trace_filter why);
/* Counts a drop and tells it. */
void adapter_drop(struct baro_adapter *adapter, enum baro_drop_reason reason);

/* Off, the trace costs this branch. */
#define ADAPTER_TELL(adapter, kind, ...)                                                            \
    ((adapter)->trace.event                                                                         \
         ? adapter_tell((adapter), BARO_TRACE_##kind,                                               \
                        (unsigned)(sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t)),         \
                        (const uint64_t[]){ __VA_ARGS__ })                                          \
         : (void)0)

/* The medium's line code as SIGNAL_* events give it. */
enum baro_trace_code adapter_trace_code(const struct baro_adapter *adapter);

/* ---- receive.c ---- */

/* A transmission has come in (struct baro_station). */
void adapter_arrive(void *context, const struct baro_transmission *transmission);
/* Would the longest frame find room in the receive ring (struct baro_station)? */
bool adapter_room(void *context);

/* ---- mac_filter.c ---- */

enum baro_trace_filter mac_filter_decide(const struct baro_adapter *adapter, struct baro_mac destination);
int mac_filter_set(struct baro_adapter *adapter, const struct baro_mac *groups, unsigned count, bool promiscuous);

/* ---- interrupt.c ---- */

/* A frame was put into the receive ring. */
void interrupt_frame(struct baro_adapter *adapter);
/* Raises the line if the coalescing time is over. */
void interrupt_advance(struct baro_adapter *adapter);
bool interrupt_deadline(const struct baro_adapter *adapter, struct baro_instant *deadline);
/* The processor takes the interrupt: the line is masked and lowered. */
void interrupt_take(struct baro_adapter *adapter);
/* Unmasks it. Frames in the ring count as having come now. */
void interrupt_unmask(struct baro_adapter *adapter);

/* ---- transmit.c ---- */

/* Takes a frame; false when the transmit ring is full. */
bool transmit_take(struct baro_adapter *adapter, const struct baro_tx_frame *frame);
/* Sends what waits, as far as the line is free by now. */
void transmit_advance(struct baro_adapter *adapter);
bool transmit_deadline(const struct baro_adapter *adapter, struct baro_instant *deadline);

/* ---- link.c ---- */

/* Believes the link to be up or down from now on. */
void link_set(struct baro_adapter *adapter, bool up);
/* The medium says so (struct baro_station). */
void link_told(void *context, bool up, struct baro_instant now);
/* Signs of life out, and the loss of them in. Faithful media only. */
void link_advance(struct baro_adapter *adapter);
bool link_deadline(const struct baro_adapter *adapter, struct baro_instant *deadline);
/* Something was sent until `end`: the next sign of life is owed an interval later. */
void link_sent(struct baro_adapter *adapter, struct baro_instant end);

#endif
