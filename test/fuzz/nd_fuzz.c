/* Whatever octets come as neighbour discovery: reading stays inside them and within the bounds of what it keeps, and
 * what was read can be written again and reads the same. The first octet chooses how the message came. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "codec/nd.h"

static void names_end(const struct nd_message *message)
{
    for (unsigned i = 0; i < message->searches; i++) {
        char text[ND_NAME_TEXT];
        size_t at = 0;

        while (nd_name_text(message->search[i].names, &at, text))
            assert(strlen(text) < ND_NAME_TEXT && at <= message->search[i].names.length);
    }
}

static void same_again(const struct nd_message *message, const struct nd_arrival *arrival, size_t length)
{
    size_t room = 2 * length + 512, written;
    uint8_t *octets = malloc(room);
    struct nd_message again;

    assert(octets != NULL);
    written = nd_write(message, octets, room);
    assert(written != 0);
    assert(nd_read(&again, arrival, (struct baro_bytes){ octets, written }) == BARO_DROP_NONE);
    assert(again.type == message->type && address_equal(again.target, message->target));
    assert(again.prefixes == message->prefixes && again.routes == message->routes);
    assert(again.servers == message->servers && again.searches == message->searches);
    assert(memcmp(again.prefix, message->prefix, message->prefixes * sizeof again.prefix[0]) == 0);
    assert(again.preference == message->preference && again.nonce.length == message->nonce.length);
    free(octets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nd_arrival arrival = { .interface = 1, .hop_limit = 255 };
    struct nd_message message;
    uint8_t *copy;

    if (size < 1)
        return 0;
    arrival.source = data[0] & 1 ? address_in_zone(baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1), 1)
                                 : baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0);
    arrival.destination = data[0] & 2 ? address_in_zone(baro_ipv6(0xff02, 0, 0, 0, 0, 1, 0xff00, 1), 1)
                                      : baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1);
    copy = malloc(size); /* of exactly this size, so that a read beyond it is seen */
    assert(copy != NULL);
    memcpy(copy, data + 1, size - 1);
    if (nd_read(&message, &arrival, (struct baro_bytes){ copy, size - 1 }) == BARO_DROP_NONE) {
        names_end(&message);
        same_again(&message, &arrival, size);
    }
    free(copy);
    return 0;
}
