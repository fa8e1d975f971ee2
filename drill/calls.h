/* drill/calls.h: what the files that make calls share. A call_ function makes the call on the stack and
 * returns its result, or -errno; an impossible argument ends the run with run_fail. */
#ifndef DRILL_CALLS_H
#define DRILL_CALLS_H

#include "run.h"

/* The socket that argument 0 names; NULL: -EBADF is the call's result, or a run_fail says why not. */
struct descriptor *drill_call_descriptor(struct run *run, const struct call_line *call);
/* The same for whatever argument 0 names; NULL: nothing. */
struct descriptor *drill_call_any(struct run *run, const struct call_line *call);
/* The same for any argument. */
struct descriptor *drill_call_at(struct run *run, const struct call_line *call, size_t argument);
bool drill_call_is_socket(const struct descriptor *descriptor);
/* The number of a new descriptor, as the script expects it; 0: an error was expected; -errno after a run_fail. */
ptrdiff_t drill_call_number(struct run *run, const struct call_line *call);

/* Is `peer`, as the sockets show it, what the script says it must be? False after a run_fail. */
bool drill_call_check_peer(struct run *run, const struct value *value, const struct baro_endpoint *peer);

/* options.c */
ptrdiff_t drill_call_getsockopt(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_setsockopt(struct run *run, const struct call_line *call);

/* What sysctl lines said about every socket, on a new one. False after a run_fail. */
bool drill_call_defaults(struct run *run, int live, enum baro_socket_type type, enum drill_moment moment);

/* call_sockets.c */
ptrdiff_t drill_call_socket(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_bind(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_listen(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_accept(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_connect(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_shutdown(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_close(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_fcntl(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_ioctl(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_getsockname(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_getpeername(struct run *run, const struct call_line *call);

/* call_events.c */
ptrdiff_t drill_call_poll(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_epoll_create(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_epoll_ctl(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_epoll_wait(struct run *run, const struct call_line *call);
/* The stack says that something about this descriptor of its own changed: an edge. */
void drill_call_changed(struct run *run, int live);
/* No epoll tells of this descriptor any more. */
void drill_call_forget(struct run *run, long long fd);

/* transfer.c: octets */

enum { PIECES_LIMIT = 16 };

struct piece {
    const struct value *contents;
    size_t length;
};

/* What a call reads or writes. */
struct transfer {
    struct piece piece[PIECES_LIMIT];
    size_t pieces, total;
    unsigned flags; /* the core's */
    bool wait_all;
    bool fault; /* NULL for octets */
};

ptrdiff_t drill_call_read(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_write(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_recvfrom(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_sendto(struct run *run, const struct call_line *call);
/* False after a run_fail. */
bool drill_call_flags(struct run *run, const struct value *value, struct transfer *transfer);
bool drill_call_vector(struct run *run, const struct value *vector, struct transfer *transfer);
/* What is written there: the whole, from the call's first octet. */
void drill_call_fill(struct run *run, const struct transfer *transfer, const struct descriptor *descriptor,
                     uint8_t *octets);
/* What was read, against the script's words or the pattern. False after a run_fail. */
bool drill_call_check_octets(struct run *run, const struct transfer *transfer, const struct descriptor *descriptor,
                             const uint8_t *octets, size_t count);
/* Counts what the stack took; the call's result, or -EAGAIN while it goes on. */
ptrdiff_t drill_call_sent(struct run *run, struct descriptor *descriptor, const struct transfer *transfer,
                          const struct baro_endpoint *peer, ptrdiff_t result);

/* call_pipes.c */
ptrdiff_t drill_call_pipe(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_open(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_splice(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_sendfile(struct run *run, const struct call_line *call);
/* read, write and close of what is neither a socket nor an epoll. */
ptrdiff_t drill_call_read_end(struct run *run, const struct call_line *call, const struct descriptor *descriptor);
ptrdiff_t drill_call_write_end(struct run *run, const struct call_line *call, const struct descriptor *descriptor);
void drill_call_close_end(struct run *run, struct descriptor *descriptor);

/* call_messages.c */
ptrdiff_t drill_call_recvmsg(struct run *run, const struct call_line *call);
ptrdiff_t drill_call_sendmsg(struct run *run, const struct call_line *call);

/* An end of a connection as the script's sockets show it, and as its packets have it: with ipv4-mapped-ipv6 that makes
 * a difference. */
struct baro_endpoint drill_call_shown(const struct run *run, struct baro_endpoint wire);
struct baro_endpoint drill_call_wire(struct baro_endpoint shown);

/* The address a sockaddr argument names, as sockets show it; `...` gives `otherwise`. False after a run_fail. */
bool drill_call_endpoint(struct run *run, const struct value *value, struct baro_endpoint otherwise,
                         struct baro_endpoint *endpoint);

#endif
