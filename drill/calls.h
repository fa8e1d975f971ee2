/* drill/calls.h: what the files that make calls share. A call_ function makes the call on the stack and
 * returns its result, or -errno; an impossible argument ends the run with run_fail. */
#ifndef DRILL_CALLS_H
#define DRILL_CALLS_H

#include "run.h"

/* The descriptor that argument 0 names; NULL after a run_fail. */
struct descriptor *drill_call_descriptor(struct run *run, const struct call_line *call);

/* options.c */
ptrdiff_t drill_call_getsockopt(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_setsockopt(struct run *run, const struct call_line *call);

/* transfer.c: octets */
ptrdiff_t drill_call_read(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_write(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_recvfrom(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_sendto(struct run *run, const struct call_line *call);

/* The address a sockaddr argument names; `...` gives `otherwise`. False after a run_fail. */
bool drill_call_endpoint(struct run *run, const struct value *value, struct baro_endpoint otherwise,
                         struct baro_endpoint *endpoint);

#endif
