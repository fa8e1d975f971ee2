/* user/user_private.h: what the files of user/ share (and calls.c, for the expected call): the socket and the table of
 * descriptors.
 *
 * The table is a directory of pages of 256 sockets, taken as needed. A bit a socket says "open", a bit a page says
 * "full", so the lowest free number is found by looking at a few words however many are open. Sockets never move.
 *
 * A program may have millions of them, nearly all connected streams. Of such a one TCP knows everything, its settings
 * too, so the socket is a few words; what all others need besides stands apart, in struct user_details. */
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

/* What a socket keeps besides, unless it is a stream whose connection TCP has. */
struct user_details {
    bool bound;                  /* `local` holds: by bind, or chosen for it */
    bool bound_to_group;         /* to an address that nobody can send from */
    bool shut_read, shut_write;  /* datagram sockets; TCP knows its own */
    bool in_ports;
    struct baro_endpoint local;  /* as bound; see binding_fits in base/bytes.h */
    struct tcp_settings tcp;     /* both kept, so that options need not ask for the type */
    struct udp_settings udp;
    struct capture_settings capture;
    struct udp_group *groups;    /* as udp.groups says */
    struct user_details *port_next, *port_previous; /* streams that are bound and not yet TCP's */
};

enum user_socket_flag {
    USER_IPV6_ONLY = 1u << 0,
    USER_MARKED = 1u << 1,       /* something may have changed about it: it is told when its turn comes */
    USER_IN_READY = 1u << 2,     /* stands in the queue of readiness, marked or not */
    USER_WAITS = 1u << 3         /* it is told when the budget has a promise again: ready.c */
};

struct user_socket {
    struct handle handle;        /* TCP connection, listener (USER_LISTENING) or UDP socket */
    int fd;
    int ready_next;              /* the next one's descriptor, 0: none */
    uint32_t details;            /* their number and one, 0: TCP knows everything about it */
    uint8_t type;                /* enum baro_socket_type; 0: the place is free */
    uint8_t phase;               /* enum user_phase */
    uint8_t family;              /* enum baro_family, of `socket` */
    uint8_t flags;               /* enum user_socket_flag */
};
_Static_assert(sizeof(struct user_socket) <= 24, "a connected stream's share in the table of descriptors has grown");

enum { USER_PAGE_SOCKETS = 256, USER_PAGE_WORDS = USER_PAGE_SOCKETS / 64, USER_PORT_CHAINS = 256, USER_TOLD = 64 };

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
    int spot_fd;                 /* the descriptor that a call asked for last, 0: none; and where it stands for good */
    struct user_socket *spot;
    uint64_t *full;              /* a bit a page */
    uint32_t full_words;         /* so many words of these have no zero */
    struct pool groups, details;
    int ready_first;             /* the queue of readiness, by descriptor; 0: it is empty */
    struct user_socket *ready_last;
    struct user_socket *told[USER_TOLD]; /* the row of streams in its place: ready.c */
    uint32_t told_first, told_end; /* who of them is next, and behind the last */
    bool somebody_waits;         /* for a promise of the budget, perhaps */
    uint32_t waits_from;         /* behind the place of who was told last */
    uint64_t *waits;             /* a bit a page: somebody on it, perhaps */
    struct user_details *ports[USER_PORT_CHAINS]; /* by port number modulo their count: the programs are ours */
};

bool user_table_init(struct user *user);
void user_table_release(struct user *user);
/* The lowest free descriptor's socket, zeroed but for its number. NULL with *error -EMFILE or -ENOBUFS. */
struct user_socket *user_table_take(struct user *user, int *error);
void user_table_give_back(struct user *user, struct user_socket *socket);
/* Where a descriptor's socket stands if there is one, without looking at it; NULL: nowhere. */
static inline struct user_socket *user_spot(const struct user *user, int fd)
{
    uint32_t number = (uint32_t)fd - USER_DESCRIPTOR_FIRST; /* of what is below it, beyond the last page */
    struct user_page *page;

    if (number / USER_PAGE_SOCKETS >= user->pages)
        return NULL;
    page = user->page[number / USER_PAGE_SOCKETS];
    return page == NULL ? NULL : &page->socket[number % USER_PAGE_SOCKETS];
}

/* NULL: no such descriptor. */
static inline struct user_socket *user_find(const struct user *user, int fd)
{
    struct user_socket *socket = user_spot(user, fd);

    return socket != NULL && socket->type != 0 ? socket : NULL;
}

/* The connection of a stream socket that has one, as user_send and user_recv find it; NONE: it is anything else. */
static inline struct handle user_stream_at(const struct user_socket *socket)
{
    if (UNLIKELY(socket == NULL || socket->type != BARO_STREAM || socket->phase < USER_CONNECTING))
        return HANDLE_NONE;
    return socket->handle;
}

static inline struct handle user_stream(const struct user *user, int fd)
{
    return user_stream_at(user_spot(user, fd));
}

/* The same for a call, of which the next one is mostly for the same descriptor. Places last, so it is enough to
 * remember where. */
static inline struct handle user_stream_called(struct user *user, int fd)
{
    if (fd != user->spot_fd) {
        user->spot = user_spot(user, fd);
        user->spot_fd = user->spot != NULL ? fd : 0;
    }
    return user_stream_at(user->spot);
}

/* NULL: TCP knows everything about it. */
static inline struct user_details *user_details(const struct user *user, const struct user_socket *socket)
{
    return socket->details == 0 ? NULL : pool_at(&user->details, socket->details - 1);
}

/* Gives a socket that has none its details, as those of a new one. NULL: no memory. */
struct user_details *user_details_open(struct user *user, struct user_socket *socket);
/* TCP knows everything about it now, or it is closed. */
void user_details_drop(struct user *user, struct user_socket *socket);
/* The details, or `scratch` with what TCP knows in their place. */
struct user_details *user_details_or(struct user *user, const struct user_socket *socket, struct user_details *scratch);

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

    if (socket->family == BARO_FAMILY_IPV6 && (socket->flags & USER_IPV6_ONLY) == 0 && socket->type != BARO_PING)
        any.family = BARO_FAMILY_NONE;
    return any;
}

/* An endpoint as the socket's program sees it: IPv4 mapped on an IPv6 socket, "any" in the socket's family. */
void user_show(const struct user_socket *socket, struct baro_endpoint *endpoint);

/* Who stands in the row stands in the queue of readiness from now on. */
void user_row_ends(struct user *user);
/* Stands in the queue of readiness from now on, if it does not yet. */
void user_mark(struct user *user, struct user_socket *socket);

/* Hears when the budget has a promise again: a tcp_waits. */
void user_waits(void *context, uint32_t owner);

/* Binds a socket that is not, to a chosen port of `address`; `remote` is whom it is for, or family NONE. */
int user_autobind(struct user *user, struct user_socket *socket, struct baro_address address,
                  const struct baro_endpoint *remote);
/* Takes a stream out of the list of those that hold a port without TCP knowing it. */
void user_port_release(struct user *user, struct user_details *details);
void user_port_hold(struct user *user, struct user_details *details);

/* Tells the trace what a call wrote into the socket's control information. */
void user_trace_control(struct user *user, const struct user_socket *socket, struct baro_endpoint local_before,
                        struct baro_endpoint local_after, struct baro_endpoint remote_before,
                        struct baro_endpoint remote_after);

/* Hands changed settings to TCP or UDP. 0 or -ENOBUFS. */
int user_settings_apply(struct user *user, struct user_socket *socket, const struct user_details *details);

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
