/* One trace to several sinks. */
#include "baro/explain.h"

#include <assert.h>

static void fanout_event(void *context, const struct baro_trace_event *event)
{
    const struct baro_fanout *fanout = context;
    for (unsigned i = 0; i < fanout->count; i++)
        fanout->sink[i].event(fanout->sink[i].context, event);
}

struct baro_trace_sink baro_fanout_sink(struct baro_fanout *fanout)
{
    assert(fanout->count <= BARO_FANOUT_LIMIT);
    struct baro_trace_sink sink = { fanout, fanout_event };
    return sink;
}
