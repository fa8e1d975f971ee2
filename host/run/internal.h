/* internal.h: what the files of host/run share.
 *
 * A *program* is one filter with one listener. A *socket* is one descriptor's worth of a program: A is the
 * program's end of the pair (only it holds it), B ours. A *call* is one trapped system call; it is answered,
 * passed on to the kernel, or held as a *waiter* until something happens. */
#ifndef BARO_HOST_RUN_INTERNAL_H
#define BARO_HOST_RUN_INTERNAL_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/types.h>
#include <time.h>

#include "baro/run.h"
#include "baro/socket.h"

struct program;
struct host;

#define OPTION_KEPT 16 /* octets of an option's value, TCP_CONGESTION's name is the longest */

/* One trapped call. */
struct call {
    struct program *program;
    uint64_t id; /* the notification's */
    pid_t tid;   /* the calling thread */
    int number;  /* of the system call */
    uint64_t argument[6];
};

enum waiting { WAIT_ACCEPT, WAIT_CONNECT, WAIT_RECV, WAIT_SEND };

/* A call held back. In the run's list, oldest first. */
struct waiter {
    struct waiter *next, *previous;
    struct call call;
    struct socket *socket;
    enum waiting kind;
    int64_t deadline_ns; /* of SO_RCVTIMEO or SO_SNDTIMEO; 0: none */
    int deadline_errno;  /* the answer then */
    int strikes;         /* looks at which a signal was pending */
};

enum socket_state {
    SOCKET_NEW,
    SOCKET_LISTENING,
    SOCKET_CONNECTING,
    SOCKET_CONNECTED,
    SOCKET_OVER /* no connection any more, B closed; the descriptor may be there still */
};

/* A connection taken from the stack that no accept has taken yet. */
struct arrival {
    int fd;
    struct baro_endpoint peer;
};
/* A queued byte in A costs the kernel some 770, and its buffer holds 278: the stack's own queue holds the
 * rest. */
#define ARRIVALS 200

/* A datagram on its way to the program: its bytes are in A, or in spill. */
struct datagram {
    struct baro_endpoint peer, local;
    uint32_t length;
    int error; /* not a datagram, but this errno for the next receive */
    bool nothing; /* it was that, and another call had the errno */
    int interface;
    struct timespec when; /* it came, where the program asked */
    uint8_t ttl, tos;
};

/* An option as the program set it: read again where the stack has no notion of it, and set again on a new descriptor of
 * the stack. `value` is its first number. */
struct kept_option {
    int level, name, value;
    unsigned length;
    char bytes[OPTION_KEPT];
};

/* Which message headers a datagram socket asked for (IP_PKTINFO and so on). */
enum ancillary {
    ANCILLARY_PACKET = 1,
    ANCILLARY_TTL = 2,
    ANCILLARY_TOS = 4,
    ANCILLARY_TIME = 8,    /* SO_TIMESTAMP: microseconds */
    ANCILLARY_TIME_NS = 16, /* SO_TIMESTAMPNS */
    ANCILLARY_PACKET_V6 = 32, /* IPV6_RECVPKTINFO */
    ANCILLARY_HOP_LIMIT = 64,
    ANCILLARY_TRAFFIC_CLASS = 128
};

struct socket {
    struct host *host;
    struct socket *next_by_inode;
    struct socket *next_doubtful;
    bool doubtful;  /* in the run's list of those whose B cannot tell that the descriptor is gone */
    uint64_t inode; /* of A */
    int fd;         /* the stack's descriptor, -1: none */
    int family;     /* AF_INET or AF_INET6 */
    int type;       /* SOCK_STREAM or SOCK_DGRAM */
    bool ping;      /* a datagram socket of ICMP echo */
    int b;          /* our end, -1: closed */
    struct baro_watch *watch;
    enum socket_state state;
    int error;      /* for SO_ERROR */
    pid_t last_tid; /* who called last, with which descriptor */
    int last_descriptor;
    int waiting;                /* waiters */
    struct baro_endpoint bound; /* by the program's bind, family NONE: not bound */
    struct baro_endpoint local; /* when it is over: its last name */
    /* connecting */
    size_t filler;      /* bytes in B that are ours */
    bool told;          /* a connect returned 0 or an error for this dialogue */
    bool was_connected; /* it is over after a connection, not after a failed dialogue */
    /* stream */
    bool shut_read, shut_write; /* the program's shutdown */
    bool fin_sent;              /* the program's end of stream went to the stack */
    bool fin_given;             /* the stack's end of stream went to the program */
    bool discard;               /* the program reads no more: what comes is thrown away */
    bool closed;                /* no descriptor is left */
    bool reset;                 /* closed with bytes unread */
    uint8_t *spill; /* bytes for the program that B did not take; a datagram socket's one datagram */
    size_t spill_at, spill_length;
    uint8_t *unsent; /* bytes of the program that the stack did not take */
    size_t unsent_at, unsent_length;
    /* listening */
    struct arrival *arrival; /* a ring of ARRIVALS */
    unsigned arrival_first, arrivals;
    int backlog;
    /* datagrams */
    struct datagram *datagram; /* a ring of datagram_room */
    unsigned datagram_first, datagrams, datagram_room;
    bool connected;     /* has a peer */
    unsigned ancillary; /* enum ancillary */
    int wire, device;   /* interfaces of the stack, 0: none; IPV6_PKTINFO's and SO_BINDTODEVICE's */
    struct baro_address source; /* IPV6_PKTINFO's */
    /* options */
    struct kept_option *option;
    unsigned options, option_room;
    int recv_low_water; /* SO_RCVLOWAT, 0: not set */
    bool patient;       /* SO_RCVTIMEO or SO_SNDTIMEO of A may have been set */
};

struct host {
    struct baro_run *run;
    struct baro_run_host config;
    struct socket **by_fd; /* index: the stack's descriptor */
    size_t by_fd_room;
    bool touched; /* something was asked of the stack since it was last flushed */
    uint32_t changes; /* of the stack's addresses, when the programs' namespaces had them */
};

struct program {
    struct baro_run *run;
    struct program *next;
    struct host *host;
    int number;
    int control;  /* to its namespace's init, -1: ended */
    int init;     /* pidfd of init */
    int listener; /* -1: nobody is left under the filter */
    pid_t process;
    struct baro_watch *control_watch, *listener_watch;
    bool killable, sync_wake_up;
    bool calling; /* its listener was ready */
    int wait_status;
    struct baro_run_host shown; /* its namespace's mirror of the stack's interfaces */
};

#define SOCKET_BUCKETS 1024

struct baro_run {
    struct baro_run_config config;
    sigset_t signal_mask; /* at creation: the programs' */
    struct sock_fprog filter;
    struct seccomp_notif *notification; /* of the kernel's sizes */
    struct seccomp_notif_resp *response;
    size_t notification_size, response_size;
    struct host **host;
    int hosts;
    struct program *programs;
    int programs_made;
    struct socket *bucket[SOCKET_BUCKETS];
    struct socket *doubtful;
    int diagnosis; /* netlink socket that tells whether an inode lives; -1: none */
    struct waiter *first_waiter, *last_waiter;
    int64_t next_look_ns;    /* at signals of held calls */
    int64_t next_collect_ns; /* of sockets that are over */
    uint8_t *buffer;         /* BUFFER bytes for moving data */
    uint64_t sockets, held, calls, passed;
    uint64_t said[8]; /* bits: lines said already */
    struct refused_option {
        int level, name;
        bool set;
    } *refused; /* and these, of options that are not there */
    unsigned refusals, refused_room;
};

#define BUFFER 65536

#define MIRRORED (16 + 1) /* the highest index of a mirror: a stack has no more interfaces */

/* The kernel's index of what mirrors the stack's interface (interface.c), and back; 0 stays "any". */
static inline int interface_index(int number)
{
    return number + 1;
}

static inline int interface_number(int index)
{
    return index > 1 ? index - 1 : 0;
}

/* --- run.c */
void run_say(struct baro_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Says a line once for each `key` (0 to 511). */
void run_say_once(struct baro_run *run, unsigned key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int64_t run_now_ns(void);

/* --- notify.c */
void notify_ready(void *program, uint32_t events);
bool notify_init(struct baro_run *run);
/* Takes and handles one call of each program whose listener was ready; true if there was any. */
bool notify_take(struct baro_run *run);
bool call_is_valid(const struct call *call);
/* Each answers a call; false when the caller is gone (undo what was done for it). */
bool call_answer(const struct call *call, int64_t value);
bool call_error(const struct call *call, int error);
bool call_pass(const struct call *call);
/* Gives `descriptor` to the caller as the call's value; at `place` if not negative. 0 or -errno, -ENOENT:
 * gone. */
int call_give(const struct call *call, int descriptor, unsigned flags, int place);
/* Puts `descriptor` in the place of the caller's descriptor `place`, without ending the call. */
bool call_replace(const struct call *call, int descriptor, int place, unsigned flags);

/* --- memory.c: the caller's memory and descriptors */
/* 0, or -EFAULT, or -ENOENT when the caller is gone. */
int call_read(const struct call *call, uint64_t address, void *data, size_t length);
int call_write(const struct call *call, uint64_t address, const void *data, size_t length);
/* The inode of the caller's descriptor if it is a socket, 0 if not. */
uint64_t call_inode(const struct call *call, int descriptor);
/* Whether the caller's descriptor number is unused. */
bool call_place_free(const struct call *call, int place);
/* A copy of the socket's A, taken by this thread's descriptor; -errno. Close it at once. */
int take_end(pid_t tid, int descriptor, uint64_t inode);
/* Reads a socket address for a call on `s`; -EINVAL, -EAFNOSUPPORT, -ENODEV, -EFAULT, -ENOENT. AF_UNSPEC gives family
 * NONE. */
int call_read_address(const struct call *call, const struct socket *s, uint64_t address, uint64_t length,
                      struct baro_endpoint *endpoint);
/* What a program sees of an endpoint of a socket of `family`; its length. */
size_t endpoint_to_sockaddr(const struct baro_endpoint *endpoint, int family, struct sockaddr_in6 *name);
/* Whether the address means nothing without its interface, and has none. */
bool address_lacks_interface(const struct baro_address *address);
/* Writes one as accept, getsockname and so on do, if `address` is not 0. */
int call_write_address(const struct call *call, const struct socket *s, uint64_t address, uint64_t length_address,
                       const struct baro_endpoint *endpoint);

/* --- table.c: sockets */
struct socket *socket_find(struct baro_run *run, uint64_t inode);
/* A socket with its pair; A goes to *a for a moment. `fd` becomes the socket's. NULL with errno. */
struct socket *socket_create(struct host *host, int family, int type, int fd, int *a);
void socket_free(struct socket *socket);
/* Sets another descriptor of the stack, -1 for none; the old one is not closed. */
bool socket_set_fd(struct socket *socket, int fd);
void socket_close_b(struct socket *socket);
/* Marks it over: B and the stack's descriptor are closed, the entry stays until the program's end is closed.
 */
void socket_over(struct socket *socket);
/* A new pair for the socket in place of a closed one; A to *a. 0 or -errno. */
int socket_renew(struct socket *socket, int *a);
/* The descriptor may go without B telling: looks for it from now on. */
void socket_doubt(struct socket *socket);
void table_free(struct baro_run *run);

/* --- collect.c */
void collect_init(struct baro_run *run);
/* Frees the doubtful sockets whose descriptors are gone. */
void collect(struct baro_run *run, int64_t now_ns);
int64_t collect_next(const struct baro_run *run);
/* Whether the kernel knows that no descriptor of A is left. */
bool collect_is_gone(const struct socket *socket);

/* Makes A unwritable: bytes of ours, which B then holds. */
void socket_fill(struct socket *socket, int a);

/* --- waiters (waiter.c) */
struct waiter *waiter_add(const struct call *call, struct socket *socket, enum waiting kind);
void waiter_remove(struct baro_run *run, struct waiter *waiter);
struct waiter *waiter_first(struct socket *socket, enum waiting kind);
/* Answers all waiters of a socket of one kind with an error. */
void waiters_fail(struct socket *socket, enum waiting kind, int error);
/* Signals and deadlines; the next moment to come back, 0: none. */
void waiters_look(struct baro_run *run, int64_t now_ns);
int64_t waiters_next(const struct baro_run *run);

/* --- calls.c: what a call or an event is about */
void call_dispatch(const struct call *call);
void socket_ready(struct socket *s, unsigned events); /* the stack says so */
void b_ready(void *socket, uint32_t events);          /* the kernel says so */
/* How the caller's descriptor was set up: O_NONBLOCK and a time-out of `option` (SO_RCVTIMEO or SO_SNDTIMEO).
 */
struct patience {
    bool nonblocking;
    int64_t deadline_ns; /* 0: none */
};
struct patience patience_of(int a, int option);

/* --- connect.c */
void call_connect(const struct call *call, struct socket *s);
void connect_ready(struct socket *s, unsigned events);

/* --- listener.c */
void call_listen(const struct call *call, struct socket *s);
void call_accept(const struct call *call, struct socket *s);
void listener_ready(struct socket *s);
/* Refuses all that has arrived and wakes all who wait; `error` is their answer. */
void listener_end(struct socket *s, int error);

/* --- options.c */
void call_setsockopt(const struct call *call, struct socket *s);
void call_getsockopt(const struct call *call, struct socket *s);
/* Sets what the program had set on a new descriptor of the stack. */
void options_repeat(struct socket *s);
/* An option of the socket's descriptor in the stack. */
int option_to_stack(struct socket *s, int option, const void *value, size_t length);
/* options_group.c: an option about multicast groups. 0 or -errno; 1: it is none. */
int option_group(struct socket *s, int level, int name, const char *bytes, size_t length);
/* The stack's number of the interface that IPV6_MULTICAST_IF names, 0: none. */
int option_multicast_interface(const struct socket *s);
/* options_ip.c: setsockopt of IP_MULTICAST_IF, and what IP_MTU_DISCOVER (`way`) and IPV6_DONTFRAG make of a datagram
 * socket. 0 or -errno. */
int option_set_group_interface(struct socket *s, const void *bytes, size_t length);
int option_set_discovery(struct socket *s, int way, bool whole);
/* options_keep.c: as the program set it; NULL: it did not. */
const struct kept_option *option_find_kept(const struct socket *s, int level, int name);
void option_keep(struct socket *s, int level, int name, int value, const void *bytes, size_t length);
/* What the listener's program set, its connection has, too; `a` and `listener_a` are their As, the latter may be -1. */
void options_inherit(struct socket *s, const struct socket *listener, int a, int listener_a);
/* SO_RCVLOWAT and TCP_NOTSENT_LOWAT as far as they are A's. */
void option_low_waters(struct socket *s, int a);
/* Is less there for the program than it wants to be woken for? */
bool option_wants_more(const struct socket *s);
/* -error, and a line to the person, once for each option. */
int option_refuse(struct socket *s, bool set, int level, int name, int error);
/* What an option was set to, or `otherwise`. */
int option_kept(const struct socket *s, int level, int name, int otherwise);
/* options_wire.c: IPV6_PKTINFO, SO_BINDTODEVICE (read: octets with the name's end, 0: none); and what of them counts
 * for a message, which may say otherwise for itself. */
int option_set_packet_information(struct socket *s, const void *bytes, size_t length);
int option_set_device(struct socket *s, const char *bytes, size_t length);
int option_get_device(const struct socket *s, char *bytes);
void option_apply_wire(const struct socket *s, struct baro_message *message);
/* The socket's pending errno, cleared. */
int option_take_error(struct socket *s);

/* --- stream.c */
void stream_start(struct socket *s);
void stream_ready(struct socket *s, unsigned events);
void stream_b_ready(struct socket *s, uint32_t events);
void stream_sendto(const struct call *call, struct socket *s);
bool stream_retry_send(struct waiter *waiter);

/* --- datagram.c */
struct received {
    struct datagram from; /* as it came */
    size_t length;        /* bytes in the run's buffer */
};
/* The next datagram into the run's buffer: 0, -EAGAIN, or its error. */
int datagram_take(const struct call *call, struct socket *s, bool peek, struct received *received,
                  struct patience *patience);
/* The program was told of an error in another way: it is not the next receive's any more, unless there is another. */
void datagram_forgive(const struct call *call, struct socket *s);
/* -errno of an error that waits, which the call that comes first has; 0: none. */
int datagram_pending(const struct call *call, struct socket *s);
/* Sends the run's buffer to told->peer (family NONE: the connected one) as `told` says; bytes or -errno. */
ptrdiff_t datagram_send(struct socket *s, size_t length, const struct baro_message *told);
/* More than this no datagram holds. */
size_t datagram_limit(const struct socket *s);
void datagram_ready(struct socket *s, unsigned events);
void datagram_b_ready(struct socket *s, uint32_t events);
void call_sendto(const struct call *call, struct socket *s);
void call_recvfrom(const struct call *call, struct socket *s);
/* Tries a held receive again; false: would still wait. Also for message.c's. */
bool datagram_retry(struct waiter *waiter);

/* --- message.c */
void call_sendmsg(const struct call *call, struct socket *s);
/* false: would wait, *patience says how long. */
bool message_receive(const struct call *call, struct socket *s, struct patience *patience);
void call_recvmsg(const struct call *call, struct socket *s);

/* --- mirror.c */
/* What programs of the host see of their interfaces now. */
void mirror_now(const struct host *host, struct baro_run_host *shown);
/* Tells the host's programs of addresses that came or went. */
void mirror_follow(struct host *host);

/* --- spawn.c */
void program_release(struct program *program);

#endif
