/* base/trace.c: filling in one event and handing it over. */
#include "base/trace.h"

#include <assert.h>

void trace_emit(struct trace *trace, struct baro_instant now, enum baro_trace_kind kind,
                struct baro_bytes bytes, const struct baro_trace_value *values, size_t count)
{
    struct baro_trace_event event = { .kind = kind, .at = now, .host = trace->host, .bytes = bytes };

    assert(count <= BARO_TRACE_ARGUMENTS);
    if (trace->group_wanted) {
        trace->group_wanted = false;
        if (kind != BARO_TRACE_PACKET_OUT) /* a transport that knows of it opens the group itself */
            trace_emit(trace, now, BARO_TRACE_PACKET_OUT, (struct baro_bytes){ NULL, 0 }, NULL, 0);
    }
    event.count = (unsigned)count;
    for (size_t i = 0; i < count; i++)
        event.value[i] = values[i];
    trace->sink.event(trace->sink.context, &event);
}
