/* baro/dns_server.h: a name server for a LAN's hosts, over UDP and TCP (RFC 1035, 7766), and a forwarder to the
 * outside.
 *
 * It knows hosts by name and address and answers with authority: NAME and NAME.lan with A and AAAA, the addresses'
 * reverse names with PTR; a name that is there without the type asked for has no data (NODATA), a name of the LAN
 * that is not there does not exist (NXDOMAIN), both with a SOA record that says for how long (RFC 2308). `localhost` is
 * answered here, too (RFC 6761 §6.3).
 *
 * Without a way to the outside the LAN holds all the names there are, so every other name does not exist. With one
 * (struct baro_dns_outside) queries for other names are passed on, each under an id of its own (RFC 5452), over what
 * the client came by, and answered when an answer to that very question comes back. What belongs inside never goes out:
 * .lan, .local (RFC 6762 §22.1), .internal, .home.arpa (RFC 8375), the special names of RFC 6761, 7686 and 9476, the
 * reverse names of private addresses (RFC 6303, 7793), and addresses of names without a dot. Nothing is kept: a
 * forwarder without a cache has none to be poisoned.
 *
 * The server takes no baro_next_ready() of its stack, so it can share one with others: poll it after its stack. No
 * thread, no clock, no memory but what config.memory gives. */
#ifndef BARO_DNS_SERVER_H
#define BARO_DNS_SERVER_H

#include "baro/dns_message.h"
#include "baro/socket.h"

#ifdef __cplusplus
extern "C" {
#endif

struct baro_dns_server;

enum {
    BARO_DNS_SERVER_HOSTS = 256,  /* pairs of name and address */
    BARO_DNS_SERVER_CLIENTS = 16, /* TCP connections at once; a new one ends the one idle for longest */
    BARO_DNS_SERVER_PENDING = 256 /* queries outside at once; for a new one the oldest is answered SERVFAIL */
};

/* The way to the outside, whose sockets are the caller's: for a gateway this machine's. A query that is outside has a
 * place, 0 to BARO_DNS_SERVER_PENDING - 1. */
struct baro_dns_outside {
    void *context;
    /* Sends the octets, by a stream or a datagram, from a port that nobody can guess (RFC 5452 §9.2), a new one each
     * time, to name server number `attempt` modulo how many there are; what is still open for the place is closed. That
     * number, or -errno. It must not call the server. */
    int (*ask)(void *context, unsigned place, unsigned attempt, bool stream, struct baro_bytes query);
    /* Nothing is waited for any more: closes what the place has open. */
    void (*forget)(void *context, unsigned place);
};

struct baro_dns_server_config {
    struct baro_memory memory;   /* required */
    struct baro_stack *stack;    /* required, borrowed */
    struct baro_endpoint local;  /* where it is asked; an address of the stack's, 127.0.0.53 say; port 0: 53 */
    struct baro_endpoint also;   /* and here, the other family's say; family NONE: nowhere */
    const struct baro_dns_outside *outside; /* copied; NULL: no way */
    uint8_t seed[32];            /* with a way: of the ids */
};

/* A server with its sockets open, or NULL with the reason in *error (-errno) if error is not NULL: -ENOMEM, and what
 * baro_socket, baro_bind and baro_listen say. Free it before its stack. */
struct baro_dns_server *baro_dns_server_create(const struct baro_dns_server_config *config, int *error);
void baro_dns_server_free(struct baro_dns_server *server);

/* Adds a host's address: `name` as a person writes it, without "lan"; a name may have many addresses, of both families.
 * The first host of an address is what its PTR record names. Zones (fe80::1%2) are not told to anybody.
 * 0, -EINVAL: no such name or family; -EEXIST, -ENOSPC. */
int baro_dns_server_add_host(struct baro_dns_server *server, const char *name, struct baro_address address);
/* Takes it away. -ENOENT. */
int baro_dns_server_remove_host(struct baro_dns_server *server, const char *name, struct baro_address address);

/* All of them. */
void baro_dns_server_remove_hosts(struct baro_dns_server *server);
/* Whether the name has an address. */
bool baro_dns_server_has_host(const struct baro_dns_server *server, const char *name);

/* What came for a place from the name server that was asked, and from nobody else; the octets are worked on in place.
 * True: it answered the question, and the place is free; false: it is not what was waited for, such as a forger's
 * guess. */
bool baro_dns_server_heard(struct baro_dns_server *server, unsigned place, struct baro_buffer octets,
                           struct baro_instant now);
/* A place's connection or datagram has failed: the next name server is asked, or the query answered SERVFAIL. */
void baro_dns_server_failed(struct baro_dns_server *server, unsigned place, struct baro_instant now);

/* Answers what was asked since the last poll. True: there was something. */
bool baro_dns_server_poll(struct baro_dns_server *server, struct baro_instant now);
/* When it wants to be polled although nothing came: a connection idle for ten seconds is ended (RFC 7766 §6.2.3), a
 * query outside is asked again after two. False: never. */
bool baro_dns_server_next_deadline(const struct baro_dns_server *server, struct baro_instant *deadline);

/* What it did, X(name, "what it counts"). */
#define BARO_DNS_SERVER_COUNTERS(X)                              \
    X(queries, "queries received")                               \
    X(found, "answered with records")                            \
    X(no_data, "answered: not of this type")                     \
    X(no_name, "answered: no such name")                         \
    X(refused, "answered: malformed or not a query for names")   \
    X(ignored, "octets that were no query at all")               \
    X(forwarded, "queries passed on to the outside")             \
    X(returned, "answers of the outside passed back")            \
    X(unreturned, "answered SERVFAIL: the outside did not")      \
    X(forged, "answers of the outside that fit no query")

struct baro_dns_server_statistics {
#define BARO_DNS_SERVER_COUNTER_FIELD(name, text) uint64_t name;
    BARO_DNS_SERVER_COUNTERS(BARO_DNS_SERVER_COUNTER_FIELD)
#undef BARO_DNS_SERVER_COUNTER_FIELD
};
void baro_dns_server_statistics(const struct baro_dns_server *server, struct baro_dns_server_statistics *statistics);

#ifdef __cplusplus
}
#endif
#endif
