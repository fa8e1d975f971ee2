/* user/user_private.h: what the files of user/ share: the socket and the table of descriptors.
 *
 * The table is a directory of pages of 256 sockets, taken as needed. A bit a socket says "open", a bit a page says
 * "full", so the lowest free number is found by looking at a few words however many are open. Sockets never move. */
#ifndef USER_USER_PRIVATE_H
#define USER_USER_PRIVATE_H

#include "base/bytes.h"
#include "base/pool.h"
#include "transport/capture.h"
#include "transport/tcp/tcp.h"
#include "transport/udp/udp.h"
#include "user/user.h"

enum user_phase {
    USER_FRESH,      /* knows nobody, or is bound; a datagram socket without a peer */
    USER_LISTENING,
    USER_CONNECTING, /* connect has not yet told how it ended */
    USER_CONNECTED
};

struct user_socket {
    int fd;
    uint8_t type;                /* enum baro_socket_type; 0: the place is free */
    uint8_t phase;               /* enum user_phase */
    uint8_t family;              /* enum baro_family, of `socket` */
    bool ipv6_only;
    bool bound;                  /* `local` holds: by bind, or chosen for it */
    bool bound_to_group;         /* to an address that nobody can send from */
    bool shut_read, shut_write;  /* datagram sockets; TCP knows its own */
    bool in_ready, in_ports;
    struct handle handle;        /* TCP connection, listener (USER_LISTENING) or UDP socket */
    struct baro_endpoint local;  /* as bound; see binding_fits in base/bytes.h */
    struct tcp_settings tcp;     /* both kept, so that options need not ask for the type */
    struct udp_settings udp;
    struct capture_settings capture;
    struct udp_group *groups;     /* as udp.groups says */
    struct user_socket *ready_next, *ready_previous;
    struct user_socket *port_next, *port_previous; /* streams that are bound and not yet TCP's */
};

enum { USER_PAGE_SOCKETS = 256, USER_PAGE_WORDS = USER_PAGE_SOCKETS / 64, USER_PORT_CHAINS = 256 };

struct user_page {
    uint64_t open[USER_PAGE_WORDS];
    struct user_socket socket[USER_PAGE_SOCKETS];
};

struct user {
    struct core *core;
    struct tcp *tcp;
    struct udp *udp, *pings;
    struct captures *captures;
    uint32_t limit, open;        /* sockets at most, and now */
    uint8_t congestion;          /* enum baro_congestion of sockets that choose none */
    uint32_t pages;              /* places in the directory */
    struct user_page **page;     /* NULL where not taken yet */
    uint64_t *full;              /* a bit a page */
    struct pool groups;
    struct user_socket *ready_first, *ready_last;
    struct user_socket *ports[USER_PORT_CHAINS]; /* by port number modulo their count: the programs are ours */
};

bool user_table_init(struct user *user);
void user_table_release(struct user *user);
/* The lowest free descriptor's socket, zeroed but for its number. NULL with *error -EMFILE or -ENOBUFS. */
struct user_socket *user_table_take(struct user *user, int *error);
void user_table_give_back(struct user *user, struct user_socket *socket);
/* NULL: no such descriptor. */
struct user_socket *user_find(const struct user *user, int fd);

/* May it be bound and connected, has it a peer? Packet sockets only look. */
static inline bool user_has_ends(const struct user_socket *socket)
{
    return socket->type != BARO_PACKET;
}

/* Datagram sockets and ping sockets differ in whom they belong to. */
static inline struct udp *user_udp(const struct user *user, const struct user_socket *socket)
{
    return socket->type == BARO_PING ? user->pings : user->udp;
}

/* What the socket is bound to when it is bound to any address: an IPv6 socket takes both families unless it is told
 * not to, or speaks ICMPv6. */
static inline struct baro_address user_any(const struct user_socket *socket)
{
    struct baro_address any = { .family = socket->family };

    if (socket->family == BARO_FAMILY_IPV6 && !socket->ipv6_only && socket->type != BARO_PING)
        any.family = BARO_FAMILY_NONE;
    return any;
}

/* An endpoint as the socket's program sees it: IPv4 mapped on an IPv6 socket, "any" in the socket's family. */
void user_show(const struct user_socket *socket, struct baro_endpoint *endpoint);

/* Stands in the queue of readiness from now on, if it does not yet. */
void user_mark(struct user *user, struct user_socket *socket);
void user_unmark(struct user *user, struct user_socket *socket);

/* Binds a socket that is not, to a chosen port of `address`; `remote` is whom it is for, or family NONE. */
int user_autobind(struct user *user, struct user_socket *socket, struct baro_address address,
                  const struct baro_endpoint *remote);
/* Takes a stream out of the list of those that hold a port without TCP knowing it. */
void user_port_release(struct user *user, struct user_socket *socket);
void user_port_hold(struct user *user, struct user_socket *socket);

/* Tells the trace what a call wrote into the socket's control information. */
void user_trace_control(struct user *user, const struct user_socket *socket, struct baro_endpoint local_before,
                        struct baro_endpoint local_after, struct baro_endpoint remote_before,
                        struct baro_endpoint remote_after);

/* Hands changed settings to TCP or UDP. */
void user_settings_apply(struct user *user, struct user_socket *socket);

/* ---- options_tcp.c: what only streams have ---- */

bool user_is_tcp_option(enum baro_option option);
/* 0, -EINVAL, or -ENOPROTOOPT: it is no number kept there. */
int user_get_tcp_number(const struct tcp_settings *settings, enum baro_option option, int *number);
int user_set_tcp_number(struct tcp_settings *settings, enum baro_option option, int number);
bool user_is_tcp_time(enum baro_option option);
struct baro_duration user_get_tcp_time(struct tcp_settings *settings, enum baro_option option);
int user_set_tcp_time(struct tcp_settings *settings, enum baro_option option, struct baro_duration span);
struct baro_linger user_get_linger(const struct tcp_settings *settings);
int user_set_linger(struct tcp_settings *settings, struct baro_linger linger);

#endif
