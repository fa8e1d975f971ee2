/* base/core.c: see core.h. */
#include "base/core.h"

enum baro_drop_reason core_drop(struct core *core, enum baro_drop_reason reason)
{
    core->counters.drops[reason]++;
    TRACE(core, DROP, TRACE_N(reason));
    return reason;
}
