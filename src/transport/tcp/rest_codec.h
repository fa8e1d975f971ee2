/* transport/tcp/rest_codec.h: a connection at rest as octets, and back.
 *
 * One table (rest_fields.h) does both. Most of what a connection knows follows from the rest of it or from the stack:
 * the octets say only what does not. Nothing is rounded and nothing is left out: what comes back is the same in each
 * field.
 *
 * A record is one octet of what it is (never 0), with keepalive eight for the calendar's links, the ports and addresses
 * as they are, so that a search can compare them, and the fields in groups of eight: a bit a group that has any, in
 * each of those a bit a field, and the fields' differences, seven bits an octet or, where they are as good as random,
 * as many octets as they have.
 *
 * Pure; what may rest at all is rest.c's business. */
#ifndef TRANSPORT_TCP_REST_CODEC_H
#define TRANSPORT_TCP_REST_CODEC_H

#include "transport/tcp/connection.h"

enum {
    REST_OCTETS_MOST = 1024, /* all fields as different as they can be, and some more */
    REST_LINKS = 8
};

/* A record's first octet. */
enum { REST_HERE = 1, REST_IPV6 = 2, REST_FLOW = 4, REST_ZONES = 8, REST_KEPT = 16 };

/* What is expected by this stack. */
struct rest_expected {
    const struct tcp *tcp;
    struct tcp_settings settings;
    uint32_t ssthresh;
};

void rest_expected_init(struct rest_expected *expected, const struct tcp *tcp);
/* Octets written to `record`, which has room for REST_OCTETS_MOST. */
uint32_t rest_encode(const struct rest_expected *expected, const struct tcp_connection *c, uint8_t *record);
/* `c` and `flow` are zeroed; true: the connection had a flow's record, which is in `flow`. */
bool rest_decode(const struct rest_expected *expected, const uint8_t *record, struct tcp_connection *c,
                 struct tcp_flow *flow);
/* Is it the record of this four-tuple? */
bool rest_is_of(const uint8_t *record, const struct baro_endpoint *local, const struct baro_endpoint *remote);
/* Does its peer have to be asked some time whether it is there? Then it has a place for links. */
static inline bool rest_is_kept(const uint8_t *record)
{
    return (*record & REST_KEPT) != 0;
}
static inline uint8_t *rest_links(uint8_t *record)
{
    return record + 1;
}
/* Where a record keeps its ends. */
void rest_ends(const uint8_t *record, struct baro_endpoint *local, struct baro_endpoint *remote);

#endif
