/* baro/dns.h: names to addresses and back: a stub resolver (RFC 1034 §5.3.1), over UDP and TCP, both families.
 *
 * It asks the name servers it is given, one after another where one keeps silent or fails, and believes an answer that
 * comes from the server and port it asked, to the port it asked from, with the id and the very question (RFC 5452
 * §9.1); id and port are drawn anew for each query that goes out, and the same question is never outside twice (§5). Of
 * an answer it takes the records that the question's name leads to, along CNAME records, and nothing else that came
 * along. A truncated answer is asked for again by TCP (RFC 7766), and so is one that somebody seems to be guessing at.
 * Queries have EDNS with 1,232 octets; a server that does not understand it is asked without (RFC 6891 §7).
 *
 * Addresses of both families are asked for at once and told as they come; the order in which to try them is the
 * caller's (RFC 6724, RFC 8305). Answers are kept as long as they say, at most a day, denials at most three hours (RFC
 * 2308 §5).
 *
 * Known without asking: addresses as text, localhost (RFC 6761 §6.3); .invalid, .onion and .alt, which do not exist
 * (§6.4, RFC 7686, RFC 9476). Names in .local are multicast DNS's, which this resolver does not speak: -EOPNOTSUPP.
 *
 * Limits: the servers are believed to recurse and are not checked by DNSSEC; no hosts file. It takes no
 * baro_next_ready() of its stack, so it can share one: poll it after its stack. No thread, no clock, no memory but what
 * config.memory gives. */
#ifndef BARO_DNS_H
#define BARO_DNS_H

#include "baro/dns_message.h"
#include "baro/socket.h"

#ifdef __cplusplus
extern "C" {
#endif

struct baro_dns;

enum {
    BARO_DNS_SERVERS = 4,
    BARO_DNS_SEARCHES = 6,
    BARO_DNS_LOOKUPS = 32,   /* at once */
    BARO_DNS_ADDRESSES = 16  /* of a family that a result holds; a name with more has the first ones */
};

struct baro_dns_config {
    struct baro_memory memory;  /* required */
    struct baro_stack *stack;   /* required, borrowed */
    uint8_t seed[32];           /* required: of ids and ports, which nobody must be able to guess */
    struct baro_endpoint server[BARO_DNS_SERVERS]; /* of either family, asked in this order; port 0: 53 */
    unsigned servers;           /* 0: only what is known without asking */
    const char *search[BARO_DNS_SEARCHES]; /* domains put behind names with fewer than `dots` dots; copied */
    unsigned searches;
    unsigned dots;              /* 0: 1. A name with so many is asked for as it is first, others at the end */
};

/* A resolver, or NULL with the reason in *error (-errno) if error is not NULL: -ENOMEM, -EINVAL for a server or domain
 * that is none. Free it before its stack. */
struct baro_dns *baro_dns_create(const struct baro_dns_config *config, int *error);
void baro_dns_free(struct baro_dns *dns);

enum baro_dns_want { BARO_DNS_WANT_IPV4 = 1, BARO_DNS_WANT_IPV6 = 2, BARO_DNS_WANT_BOTH = 3 };

/* Begins to look up the addresses of a name; one with a dot at its end is not searched for. The lookup's number, 0 or
 * more, which is the caller's until baro_dns_end; what needs no asking is there at once. -EINVAL: no such name;
 * -EOPNOTSUPP: a name in .local; -ENETUNREACH: there are no servers; -ENOSPC. */
int baro_dns_query(struct baro_dns *dns, const char *name, enum baro_dns_want want, struct baro_instant now);
/* The same for the name of an address (PTR). */
int baro_dns_query_name(struct baro_dns *dns, struct baro_address address, struct baro_instant now);

enum baro_dns_status {
    BARO_DNS_PENDING,
    BARO_DNS_FOUND,
    BARO_DNS_NO_DATA,   /* the name exists, without what was asked for */
    BARO_DNS_NO_NAME,   /* it does not exist (NXDOMAIN) */
    BARO_DNS_FAILED,    /* the servers answered that they cannot (`code`), or what cannot be understood */
    BARO_DNS_NO_ANSWER, /* no server answered in time, or none could be reached */
    BARO_DNS_NOT_ASKED  /* of a family that was not wanted */
};

struct baro_dns_result {
    enum baro_dns_status status;     /* of the whole; PENDING: more may come */
    enum baro_dns_status ipv4, ipv6; /* of its halves; a happy client uses one while the other is pending */
    uint8_t code;                    /* FAILED: enum baro_dns_code; 0: not understood */
    unsigned addresses;
    struct baro_address address[2 * BARO_DNS_ADDRESSES]; /* in the order they came */
    struct baro_dns_name name;       /* where the CNAME records led; of an address its name */
    uint32_t ttl_s;                  /* for how long that is so, seconds */
};
/* What is known so far. True: that is all. */
bool baro_dns_result(const struct baro_dns *dns, int lookup, struct baro_dns_result *result);
/* Ends a lookup, done or not; its number may come again. */
void baro_dns_end(struct baro_dns *dns, int lookup);

/* Hears what came and asks what is due; true if it did anything. Poll or flush the stack after it. */
bool baro_dns_poll(struct baro_dns *dns, struct baro_instant now);
/* When it wants to be polled although nothing came. False: never. */
bool baro_dns_next_deadline(const struct baro_dns *dns, struct baro_instant *deadline);

/* "found", "no such name" and so on. */
const char *baro_dns_status_text(enum baro_dns_status status);

/* What it did, X(name, "what it counts"). */
#define BARO_DNS_COUNTERS(X)                                             \
    X(queries, "queries sent")                                           \
    X(answers, "answers taken")                                          \
    X(strange, "answers that fit no query")                              \
    X(streams, "queries by TCP")                                         \
    X(plain, "queries again without EDNS")                               \
    X(silent, "queries that nobody answered in time")                    \
    X(cached, "questions answered from what is kept")

struct baro_dns_statistics {
#define BARO_DNS_COUNTER_FIELD(name, text) uint64_t name;
    BARO_DNS_COUNTERS(BARO_DNS_COUNTER_FIELD)
#undef BARO_DNS_COUNTER_FIELD
};
void baro_dns_statistics(const struct baro_dns *dns, struct baro_dns_statistics *statistics);

#ifdef __cplusplus
}
#endif
#endif
