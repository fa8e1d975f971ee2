/* test/support/foreseen.h: the next text of a connection of side 1, as the looks at a burst see it. */
#ifndef TEST_FORESEEN_H
#define TEST_FORESEEN_H

#include <string.h>

#include "base/bytes.h"
#include "test/support/tcp_world.h"
#include "transport/tcp/expected.h"

enum { FORESEEN_HEADER = 32, FORESEEN_MOST = 1024 };

/* What of its frame the looks read. */
struct foreseen {
    uint8_t addresses[8], octets[FORESEEN_HEADER + FORESEEN_MOST];
};

/* Of the connection from `port` of side 0 to port 80, which may be there no more (NULL): `length` octets, each `value`,
 * in `frame`. */
static inline struct tcp_arrival foreseen(struct foreseen *frame, struct world *world, const struct tcp_connection *c,
                                          uint16_t port, uint8_t value, uint32_t length)
{
    uint8_t *addresses = frame->addresses, *octets = frame->octets;
    struct tcp *server = world->side[1].tcp;
    struct tcp_arrival arrival = { .addresses = addresses, .octets = octets, .length = FORESEEN_HEADER + length,
                                   .family = BARO_FAMILY_IPV4, .checksum_verified = true };

    memset(octets, 0, FORESEEN_HEADER);
    memset(octets + FORESEEN_HEADER, value, length);
    memcpy(addresses, world->side[0].address.octet, 4);
    memcpy(addresses + 4, world->side[1].address.octet, 4);
    write_be16(octets, port);
    write_be16(octets + 2, 80);
    write_be16(octets + 12, 0x8010);
    write_be16(octets + 14, 1000);
    write_be32(octets + 20, 0x0101080a);
    if (c != NULL) {
        write_be32(octets + 4, c->rcv.nxt.value);
        write_be32(octets + 8, c->snd.nxt.value);
        write_be32(octets + 24, c->ts_recent);
    }
    tcp_look_up(server, &arrival);
    tcp_look_up_connection(server, &arrival);
    tcp_prefetch_text(server, &arrival);
    return arrival;
}

#endif
