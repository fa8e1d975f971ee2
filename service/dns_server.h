/* service/dns_server.h: what the name server's parts share: dns_answer.c knows what to say, dns_server.c has its life
 * and its datagrams, dns_stream.c its connections, dns_forwarder.c the queries that are outside, dns_private.c which
 * may not go there. */
#ifndef SERVICE_DNS_SERVER_H
#define SERVICE_DNS_SERVER_H

#include "baro/dns_server.h"
#include "random.h"

enum {
    DNS_QUERY_LIMIT = 1024,  /* octets of a query; names are short, options few */
    DNS_ANSWER_LIMIT = 16384, /* octets of an answer of ours over TCP */
    DNS_STREAM_LIMIT = 65535, /* and of any: its length has two octets */
    DNS_STREAM_AT_ONCE = 4,   /* queries of a connection that are outside or whose answers wait to be sent */
    DNS_FORWARD_LIMIT = BARO_DNS_HEADER + BARO_DNS_NAME_LIMIT + 4 + 11 /* a question and OPT */
};

struct dns_host {
    struct baro_dns_name name; /* without "lan" */
    struct baro_address address;
};

/* A TCP connection. */
struct dns_client {
    int fd;
    struct baro_instant idle_until;
    unsigned waiting;                   /* queries of its that are outside */
    size_t heard;                       /* octets in `in` */
    uint8_t in[2 + DNS_QUERY_LIMIT];
    size_t said, length;                /* of `out`: sent, to be sent */
    uint8_t out[DNS_STREAM_AT_ONCE * (2 + DNS_STREAM_LIMIT)];
};

/* Who asks: a client of a stream, or by datagram `peer` at our end `local`. */
struct dns_asker {
    struct dns_client *client; /* NULL: a datagram */
    int fd;                    /* of the datagrams */
    struct baro_endpoint peer, local;
};

/* A query that is outside. */
struct dns_pending {
    bool used, edns;
    unsigned attempt, servers;
    struct baro_instant since, due;
    uint16_t id, asker_id; /* outside and inside */
    struct dns_asker asker;
    struct baro_dns_question question;
    size_t limit;          /* octets that the asker takes */
    size_t length;
    uint8_t query[DNS_FORWARD_LIMIT];
};

struct baro_dns_server {
    struct baro_dns_server_config config;
    struct baro_dns_outside outside;
    struct baro_dns_server_statistics counts;
    struct service_random random;
    int datagrams[2], listener[2];
    unsigned hosts;
    struct dns_host host[BARO_DNS_SERVER_HOSTS];
    struct dns_client *client[BARO_DNS_SERVER_CLIENTS]; /* NULL: the place is free */
    unsigned pendings;                                  /* used ones */
    struct dns_pending *pending;                        /* with a way to the outside */
};

/* dns_answer.c: the answer to `query` into `to`, or 0: say nothing, now at least, or ever. A stream has no limit but
 * `to`'s. */
size_t dns_answer(struct baro_dns_server *server, struct baro_bytes query, const struct dns_asker *asker,
                  struct baro_buffer to, struct baro_instant now);
/* An answer without records: header, question and code, perhaps truncated. */
size_t dns_answer_error(const struct dns_pending *pending, unsigned code, bool truncated, struct baro_buffer to);

/* dns_server.c: an answer, under the id that its asker knows. */
void dns_server_say(struct baro_dns_server *server, const struct dns_asker *asker, uint16_t id,
                    struct baro_bytes answer, struct baro_instant now);

/* dns_private.c: questions for this name and type stay inside. */
bool dns_is_private(const struct baro_dns_name *name, uint16_t type);

/* dns_forwarder.c */
bool dns_forwarder_init(struct baro_dns_server *server);
void dns_forwarder_release(struct baro_dns_server *server);
/* Passes a query on whose parts are these. */
void dns_forward(struct baro_dns_server *server, const struct baro_dns_header *header,
                 const struct baro_dns_question *question, const struct baro_dns_edns *edns,
                 const struct dns_asker *asker, struct baro_instant now);
/* The connection is gone: what it asked is not wanted any more. */
void dns_forget_client(struct baro_dns_server *server, const struct dns_client *client);
bool dns_forwarder_poll(struct baro_dns_server *server, struct baro_instant now);
bool dns_forwarder_deadline(const struct baro_dns_server *server, struct baro_instant *deadline);

/* dns_stream.c */
bool dns_stream_poll(struct baro_dns_server *server, struct baro_instant now);
void dns_stream_close(struct baro_dns_server *server, struct dns_client **client);
void dns_stream_say(struct dns_client *client, uint16_t id, struct baro_bytes answer, struct baro_instant now);

#endif
