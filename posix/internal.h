/* posix/internal.h: what the files of this library share.
 *
 * The shape of every call: posix_enter() takes the mutex and lets time pass; the core's call; posix_leave() sends
 * what was decided, wakes whom it concerns, lets the mutex go and turns the result into -1 and errno. A call that
 * has to wait does so in posix_wait(), which lets the mutex go while it sleeps. */
#ifndef POSIX_INTERNAL_H
#define POSIX_INTERNAL_H

#include <netinet/in.h>
#include <pthread.h>

#include "baro/posix.h"
#include "baro/socket.h"

enum { POSIX_INTERFACES = 16 }; /* a stack has no more, and numbers them from 1 */

/* One thread that waits, in posix_wait or poll. */
struct posix_waiter {
    pthread_cond_t condition;
    bool woken;
};

/* A waiter in the list of a descriptor it waits for. */
struct posix_wait_node {
    struct posix_waiter *waiter;
    struct posix_wait_node *next, *previous;
    int fd;
    bool listed;
    bool closed; /* the descriptor was closed meanwhile: the number may be another socket's by now */
};

/* What the library itself knows of a descriptor. */
struct posix_file {
    struct posix_wait_node *waiting;
    bool open, nonblocking, is_stream, is_ping, is_ipv6;
    bool tell_packet_info, tell_ttl, tell_tos;                     /* by control data of IPPROTO_IP */
    bool tell_packet_info_v6, tell_hop_limit, tell_traffic_class;  /* of IPPROTO_IPV6 */
    bool dont_fragment;                 /* IPV6_DONTFRAG */
    uint8_t discover, discover_v6;      /* IP_MTU_DISCOVER, IPV6_MTU_DISCOVER: IP_PMTUDISC_WANT and so on */
    struct baro_address sticky_source;  /* IPV6_PKTINFO; family NONE: none */
    int sticky_interface;
    struct in_addr group_source;        /* IP_MULTICAST_IF, as it was said */
    struct baro_duration recv_timeout, send_timeout; /* 0: for ever */
    size_t recv_low_water;              /* SO_RCVLOWAT of a stream, 0 or 1: any octet is enough */
};

struct posix_option_name {
    int level, name;
};
enum { POSIX_UNKNOWN_OPTIONS = 64 }; /* remembered: more are not told of */

/* A device whose frames are read from and written to a descriptor (line.c). */
struct posix_line;
struct posix_line *posix_line_create(int fd, struct baro_mac mac, uint32_t mtu);
void posix_line_free(struct posix_line *line);
/* Frames wait for the descriptor to be writable. */
bool posix_line_is_waiting(const struct posix_line *line);
const struct baro_device *posix_line_device(struct posix_line *line);

struct baro_posix_stack {
    pthread_mutex_t mutex;
    struct baro_stack *core;
    struct posix_file *file;     /* by descriptor */
    int files;
    unsigned inside;             /* threads in calls */
    bool ending;
    pthread_cond_t empty;        /* inside became 0 */
    pthread_t thread;
    int wake_descriptor;         /* an eventfd: the thread has to look again */
    struct baro_instant sleeping_until;
    bool sleeping;
    struct posix_line *line;
    const struct baro_device *device;
    int device_descriptor;
    struct baro_duration device_tick;
    struct posix_option_name unknown_option[POSIX_UNKNOWN_OPTIONS]; /* that somebody asked for */
    unsigned unknown_options;
    void (*on_unknown_option)(void *context, int level, int name);
    void *unknown_context;
};

struct baro_instant posix_now(void);

/* Takes the mutex. False: the stack is ending (errno is EBADF). */
bool posix_enter(struct baro_posix_stack *stack);
/* Sends, wakes, lets the mutex go. A result below 0 is -errno: it becomes -1. */
ssize_t posix_leave(struct baro_posix_stack *stack, ssize_t result);

/* When a call that may take `timeout` (0: for ever) has to give up. */
struct baro_instant posix_deadline(struct baro_duration timeout);
/* Lets the mutex go until something happens to `fd`. 0, -EBADF (closed meanwhile), -EAGAIN (the deadline). */
int posix_wait(struct baro_posix_stack *stack, int fd, struct baro_instant deadline);

void posix_waiter_init(struct posix_waiter *waiter);
void posix_waiter_release(struct posix_waiter *waiter);
void posix_node_add(struct baro_posix_stack *stack, struct posix_wait_node *node, struct posix_waiter *waiter, int fd);
void posix_node_remove(struct baro_posix_stack *stack, struct posix_wait_node *node);
/* Sends what was decided, then sleeps until woken. False: the deadline has passed. */
bool posix_sleep(struct baro_posix_stack *stack, struct posix_waiter *waiter, struct baro_instant deadline);

/* The library's own record of an open descriptor; NULL: there is none. */
struct posix_file *posix_file(struct baro_posix_stack *stack, int fd);
/* Begins a record for a descriptor that the core just gave out. -ENOMEM. */
int posix_file_open(struct baro_posix_stack *stack, int fd, enum baro_socket_type type, bool is_ipv6,
                    bool nonblocking);
/* Ends it and wakes all who wait for it. */
void posix_file_close(struct baro_posix_stack *stack, int fd);

/* options_ip.c: an option of IPPROTO_IP or IPPROTO_IPV6 of an open descriptor. 0 or -errno. */
int posix_ip_get(struct baro_posix_stack *stack, int fd, int level, int name, void *value, socklen_t *length);
int posix_ip_set(struct baro_posix_stack *stack, int fd, int level, int name, const void *value, socklen_t length);
/* options_group.c: those of them about multicast groups. 0, -errno, or 1: it is none. */
int posix_group_set(struct baro_posix_stack *stack, int fd, int level, int name, const void *value, socklen_t length);
int posix_group_get(struct baro_posix_stack *stack, int fd, int level, int name, void *value, socklen_t *length);

/* control.c: what the control data of a message to be sent say, told->peer being there already; of an open descriptor.
 * 0 or -EINVAL. */
int posix_control_read(struct baro_posix_stack *stack, int fd, const struct msghdr *message,
                       struct baro_message *told);
/* Writes the control data of a received message that its descriptor asks for. */
void posix_control_write(const struct posix_file *file, const struct baro_message *told, struct msghdr *message);
/* Writes told->report as the control data of MSG_ERRQUEUE. */
void posix_control_write_error(const struct baro_message *told, struct msghdr *message);
/* The address (family NONE: none) and the interface of struct in6_pktinfo. */
void posix_packet_info_read(const struct in6_pktinfo *info, struct baro_address *source, int *interface);

/* 0, -EINVAL, -EAFNOSUPPORT. AF_UNSPEC gives family NONE. */
int posix_address_read(struct baro_endpoint *endpoint, const struct sockaddr *address, socklen_t length);
/* Writes as much as fits; *length becomes the whole length. NULLs are allowed. */
void posix_address_write(const struct baro_endpoint *endpoint, struct sockaddr *address, socklen_t *length);

#endif
