/* base/trace.h: telling the trace sink, if there is one.
 *
 * TRACE(core, KIND, TRACE_N(1), TRACE_E(endpoint)) costs one predictable branch when the trace is off; its arguments
 * are evaluated only when it is on. Their order is the list's order in baro/trace.h. */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include "base/likely.h"

#include "baro/trace.h"

struct trace {
    struct baro_trace_sink sink;
    uint32_t host;
    bool group_wanted; /* PACKET_OUT goes before the next event */
};

#define TRACE_N(value) ((struct baro_trace_value){ .as.number = (uint64_t)(value) })
#define TRACE_D(value) ((struct baro_trace_value){ .as.signed_number = (int64_t)(value) })
#define TRACE_T(duration) ((struct baro_trace_value){ .as.signed_number = (duration).ns })
#define TRACE_A(value) ((struct baro_trace_value){ .as.endpoint.address = (value) })
#define TRACE_E(value) ((struct baro_trace_value){ .as.endpoint = (value) })
#define TRACE_M(value) ((struct baro_trace_value){ .as.mac = (value) })

#define TRACE_ON(core) UNLIKELY((core)->trace.sink.event != NULL)

#define TRACE_BYTES(core, trace_kind, trace_bytes, ...)                                               \
    do {                                                                                              \
        if (TRACE_ON(core)) {                                                                         \
            const struct baro_trace_value trace_values[] = { __VA_ARGS__ };                           \
            trace_emit(&(core)->trace, (core)->now, BARO_TRACE_##trace_kind, (trace_bytes), trace_values, \
                       sizeof trace_values / sizeof trace_values[0]);                                 \
        }                                                                                             \
    } while (0)

#define TRACE(core, kind, ...) TRACE_BYTES(core, kind, ((struct baro_bytes){ NULL, 0 }), __VA_ARGS__)

/* An event without arguments. */
#define TRACE_PLAIN(core, kind)                                                                       \
    do {                                                                                              \
        if (TRACE_ON(core))                                                                           \
            trace_emit(&(core)->trace, (core)->now, BARO_TRACE_##kind, (struct baro_bytes){ NULL, 0 }, NULL, 0); \
    } while (0)

/* An outgoing packet's group: opened by PACKET_OUT just before its first event, so that asking a transport
 * that has nothing to send tells nothing; closed by FRAME_END if it was opened. */
#define TRACE_GROUP_BEGIN(core)                                                                       \
    do {                                                                                              \
        if (TRACE_ON(core))                                                                           \
            (core)->trace.group_wanted = true;                                                        \
    } while (0)

#define TRACE_GROUP_END(core)                                                                         \
    do {                                                                                              \
        if (TRACE_ON(core) && !(core)->trace.group_wanted)                                            \
            TRACE_PLAIN(core, FRAME_END);                                                             \
        (core)->trace.group_wanted = false;                                                           \
    } while (0)

void trace_emit(struct trace *trace, struct baro_instant now, enum baro_trace_kind kind,
                struct baro_bytes bytes, const struct baro_trace_value *values, size_t count);

#endif
