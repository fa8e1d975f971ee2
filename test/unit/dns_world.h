/* dns_world.h: name servers that a test plays on the loopback of a stack, and a resolver that asks them. Time is the
 * test's. */
#ifndef TEST_UNIT_DNS_WORLD_H
#define TEST_UNIT_DNS_WORLD_H

#include <stdint.h>

#include "baro/dns.h"
#include "service/dns_resolver.h"

enum { SERVERS = 3 }; /* 127.0.0.2, ::1, 127.0.0.4 */

extern struct baro_stack *stack;
extern struct baro_dns *dns;
extern struct baro_instant now;
extern int datagrams[SERVERS]; /* the servers' sockets */

/* A query that came. */
struct query {
    struct baro_endpoint peer;
    int server, stream; /* stream: its connection, -1: a datagram */
    struct baro_dns_header header;
    struct baro_dns_question question;
    struct baro_dns_edns edns;
};

struct answer {
    struct baro_dns_writer writer;
    uint8_t octets[2 + 65535];
    size_t length;
};

/* A resolver with the first servers, search domains with commas between. */
void create(unsigned servers, const char *first, const char *second, unsigned dots);
int set_up(void **state);
int tear_down(void **state);
void turn(void);
/* The next query that a server was sent; false: none. */
bool asked(int server, struct query *query);
bool asked_by_stream(int server, struct query *query);
void begin(struct answer *answer, const struct query *query, unsigned code);
void add(struct answer *answer, enum baro_dns_section section, const char *name, uint16_t type, uint32_t ttl,
                const char *value);
void send_octets(const struct query *query, const uint8_t *octets, size_t length, int from);
void send_answer(struct answer *answer, const struct query *query);
/* An answer of a single record, or with value NULL of none. */
void say(const struct query *query, unsigned code, uint32_t ttl, const char *value);
int look_up(const char *name, enum baro_dns_want want);
enum baro_dns_status status(int lookup);
void found_is(int lookup, unsigned count, const char *first);
/* Sleeps until the resolver wants to be polled. */
void sleep_on(void);

#endif
