/* drill/calls.h: what the files that make calls share. A call_ function makes the call on the stack and
 * returns its result, or -errno; an impossible argument ends the run with run_fail. */
#ifndef DRILL_CALLS_H
#define DRILL_CALLS_H

#include "run.h"

/* The descriptor that argument 0 names; NULL after a run_fail. */
struct descriptor *drill_call_descriptor(struct run *run, const struct call_line *call);

/* Is `peer`, as the sockets show it, what the script says it must be? False after a run_fail. */
bool drill_call_check_peer(struct run *run, const struct value *value, const struct baro_endpoint *peer);

/* options.c */
ptrdiff_t drill_call_getsockopt(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_setsockopt(struct run *run, const struct call_line *call);

/* What sysctl lines said about every socket, on a new one. False after a run_fail. */
bool drill_call_defaults(struct run *run, int live, enum baro_socket_type type);

/* transfer.c: octets */
ptrdiff_t drill_call_read(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_write(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_recvfrom(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_sendto(struct run *run, const struct call_line *call);

/* An end of a connection as the script's sockets show it, and as its packets have it: with ipv4-mapped-ipv6 that makes a
 * difference. */
struct baro_endpoint drill_call_shown(const struct run *run, struct baro_endpoint wire);
struct baro_endpoint drill_call_wire(struct baro_endpoint shown);

/* The address a sockaddr argument names, as sockets show it; `...` gives `otherwise`. False after a run_fail. */
bool drill_call_endpoint(struct run *run, const struct value *value, struct baro_endpoint otherwise,
                         struct baro_endpoint *endpoint);

#endif
