/* Whatever octets come: reading a DHCP message stays inside them, and what was read can be written and reads the same,
 * into a buffer of any length. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "baro/dhcp_message.h"

static void same_again(const struct baro_dhcp_message *message, size_t room)
{
    uint8_t *octets = malloc(room);
    struct baro_dhcp_message again;
    ptrdiff_t length;

    assert(octets != NULL);
    length = baro_dhcp_build(message, (struct baro_buffer){ octets, room });
    assert(length <= (ptrdiff_t)room);
    if (length > 0) {
        assert(baro_dhcp_parse(&again, (struct baro_bytes){ octets, (size_t)length }) == 0);
        assert(again.type == message->type && again.xid == message->xid);
        assert(room < 4096 || memcmp(&again, message, sizeof again) == 0 || message->has_asked ||
               again.parameters.searches < message->parameters.searches); /* unpacked, they may be too long */
    }
    free(octets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t begin[12] = { 2, 1, 6 }, cookie[4] = { 99, 130, 83, 99 };
    struct baro_dhcp_message message;
    size_t length = size < 2 ? 0 : size - 2;
    uint8_t *octets = malloc(length == 0 ? 1 : length);

    if (octets == NULL || size < 2) {
        free(octets);
        return 0;
    }
    memcpy(octets, data + 2, length);
    if (data[0] % 4 != 0 && length >= 240) { /* mostly the fixed part is right, so that options are looked at */
        memcpy(octets, begin, sizeof begin);
        memcpy(octets + 236, cookie, sizeof cookie);
    }
    if (baro_dhcp_parse(&message, (struct baro_bytes){ octets, length }) == 0) {
        same_again(&message, 300 + (size_t)data[1] * 4);
        same_again(&message, 4096);
    }
    free(octets);
    return 0;
}
