/* What the adapter tells of its decisions, and the counting of its drops. Reached only when a
 * sink is there: ADAPTER_TELL is the one branch that a silent trace costs. */
#include "adapter/adapter.h"

#include <assert.h>

static struct baro_trace_event event_of(const struct baro_adapter *adapter, enum baro_trace_kind kind)
{
    struct baro_trace_event event = { .kind = kind, .at = adapter->now, .host = adapter->trace_host };
    return event;
}

void adapter_tell(const struct baro_adapter *adapter, enum baro_trace_kind kind, unsigned count,
                  const uint64_t *numbers)
{
    assert(count <= BARO_TRACE_ARGUMENTS);
    struct baro_trace_event event = event_of(adapter, kind);
    event.count = count;
    for (unsigned i = 0; i < count; i++)
        event.value[i].as.number = numbers[i];
    adapter->trace.event(adapter->trace.context, &event);
}

void adapter_tell_mac_filter(const struct baro_adapter *adapter, uint64_t frame, struct baro_mac destination,
                             enum baro_trace_filter why)
{
    if (!adapter->trace.event)
        return;
    struct baro_trace_event event = event_of(adapter, BARO_TRACE_MAC_FILTER);
    event.count = 5;
    event.value[0].as.number = frame;
    event.value[1].as.mac = destination;
    event.value[2].as.mac = adapter->mac;
    event.value[3].as.number = why != BARO_TRACE_FILTER_NOT_MINE;
    event.value[4].as.number = why;
    adapter->trace.event(adapter->trace.context, &event);
}

void adapter_drop(struct baro_adapter *adapter, enum baro_drop_reason reason)
{
    adapter->counts.drops[reason]++;
    ADAPTER_TELL(adapter, DROP, reason);
}

enum baro_trace_code adapter_trace_code(const struct baro_adapter *adapter)
{
    return adapter->medium.kind == BARO_MEDIUM_10BASE_T ? BARO_TRACE_CODE_10BASE_T : BARO_TRACE_CODE_100BASE_TX;
}
