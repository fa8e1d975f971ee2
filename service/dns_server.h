/* service/dns_server.h: what the name server's parts share: dns_answer.c knows what to say, dns_server.c has its life and
 * its datagrams, dns_stream.c its connections. */
#ifndef SERVICE_DNS_SERVER_H
#define SERVICE_DNS_SERVER_H

#include "baro/dns_server.h"

enum {
    DNS_QUERY_LIMIT = 1024,  /* octets of a query; names are short, options few */
    DNS_ANSWER_LIMIT = 16384 /* octets of an answer over TCP */
};

struct dns_host {
    struct baro_dns_name name; /* without "lan" */
    struct baro_address address;
};

/* A TCP connection. fd -1: the place is free. */
struct dns_client {
    int fd;
    struct baro_instant idle_until;
    size_t heard;                       /* octets in `in` */
    uint8_t in[2 + DNS_QUERY_LIMIT];
    size_t said, length;                /* of `out`: sent, to be sent */
    uint8_t out[2 + DNS_ANSWER_LIMIT];
};

struct baro_dns_server {
    struct baro_dns_server_config config;
    struct baro_dns_server_statistics counts;
    int datagrams, listener;
    unsigned hosts;
    struct dns_host host[BARO_DNS_SERVER_HOSTS];
    struct dns_client client[BARO_DNS_SERVER_CLIENTS];
};

/* dns_answer.c: the answer to `query` into `to`, or 0: say nothing. A stream has no limit but `to`'s. */
size_t dns_answer(struct baro_dns_server *server, struct baro_bytes query, bool stream, struct baro_buffer to);

/* dns_stream.c */
bool dns_stream_poll(struct baro_dns_server *server, struct baro_instant now);
void dns_stream_close(struct baro_dns_server *server, struct dns_client *client);

#endif
