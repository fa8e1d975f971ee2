/* service/dns_resolver.h: what the resolver's parts share: dns_resolver.c has its life and its lookups, dns_ask.c the
 * queries that are outside, dns_judge.c reads what comes back, dns_cache.c keeps it, dns_literal.c knows what needs no
 * asking. */
#ifndef SERVICE_DNS_RESOLVER_H
#define SERVICE_DNS_RESOLVER_H

#include "baro/dns.h"
#include "random.h"

enum {
    DNS_HALVES = 2,
    DNS_ASKED = DNS_HALVES * BARO_DNS_LOOKUPS, /* so that each lookup's questions have their places */
    DNS_KEPT = 64,
    DNS_CHAIN_LIMIT = 8,                       /* CNAME records in a row */
    DNS_QUERY_OCTETS = BARO_DNS_HEADER + BARO_DNS_NAME_LIMIT + 4 + 11
};

/* What is known about one question. */
struct dns_found {
    enum baro_dns_status status; /* PENDING: the answer ends at a CNAME record; `name` is to be asked for */
    uint8_t code;
    uint32_t ttl_s;              /* 0: not to be kept */
    struct baro_dns_name name;   /* the canonical one; of PTR its target */
    unsigned addresses;
    struct baro_address address[BARO_DNS_ADDRESSES];
};

struct dns_kept {
    struct baro_dns_question question; /* name length 0: free */
    struct baro_instant expires;
    struct dns_found found;
};

/* A question that is outside. */
struct dns_asked {
    bool used, edns, stream;
    struct baro_dns_question question;
    uint16_t id;
    int fd;
    unsigned attempt, server;
    unsigned unable;         /* set of servers that will not do */
    bool failed;             /* one of them said so, with this code */
    uint8_t code;
    unsigned strange;        /* answers that were none */
    struct baro_instant due;
    size_t said, length, heard;
    uint8_t query[2 + DNS_QUERY_OCTETS]; /* behind its length */
    uint8_t *stream_octets;  /* what comes by TCP; NULL: none */
};

/* Half a lookup: one type of records. */
struct dns_half {
    enum baro_dns_status status;
    uint16_t type;
    struct baro_dns_name name; /* now asked for */
    unsigned chain;
    bool waits;                /* for a question that is outside */
};

struct dns_lookup {
    bool used, absolute, no_data;
    unsigned step;              /* of the names to try */
    struct baro_dns_name given;
    struct dns_half half[DNS_HALVES];
    struct baro_dns_result result;
};

struct baro_dns {
    struct baro_dns_config config;
    struct service_random random;
    struct baro_dns_statistics counts;
    struct baro_dns_name search[BARO_DNS_SEARCHES];
    unsigned preferred;                    /* the server that answered last */
    bool plain[BARO_DNS_SERVERS];          /* does not understand EDNS */
    struct dns_lookup lookup[BARO_DNS_LOOKUPS];
    struct dns_asked asked[DNS_ASKED];
    struct dns_kept kept[DNS_KEPT];
};

bool dns_same_question(const struct baro_dns_question *a, const struct baro_dns_question *b);

/* dns_judge.c: what octets from the server mean for a question. */
enum dns_verdict {
    DNS_STRANGE,   /* not an answer to it: keep waiting */
    DNS_CUT,       /* truncated */
    DNS_NOT_EDNS,  /* the server does not understand EDNS */
    DNS_UNABLE,    /* the server cannot, or what it says cannot be understood; found->code */
    DNS_ANSWERED   /* `found` */
};
enum dns_verdict dns_judge(const struct dns_asked *asked, struct baro_bytes octets, struct dns_found *found);

/* dns_ask.c: begins to ask, if that is not being done; the end is told to dns_lookup_learn. True: it was told at
 * once. */
bool dns_ask(struct baro_dns *dns, const struct baro_dns_question *question, struct baro_instant now);
bool dns_ask_poll(struct baro_dns *dns, struct baro_instant now);
void dns_ask_close(struct baro_dns *dns, struct dns_asked *asked);

/* dns_cache.c */
bool dns_cache_find(struct baro_dns *dns, const struct baro_dns_question *question, struct dns_found *found,
                    struct baro_instant now);
void dns_cache_keep(struct baro_dns *dns, const struct baro_dns_question *question, const struct dns_found *found,
                    struct baro_instant now);

/* dns_resolver.c */
void dns_lookup_learn(struct baro_dns *dns, const struct baro_dns_question *question, const struct dns_found *found,
                      struct baro_instant now);

/* dns_literal.c: an address as text: 192.0.2.1, 2001:db8::1, fe80::1%2. */
bool dns_literal(const char *text, struct baro_address *address);

#endif
