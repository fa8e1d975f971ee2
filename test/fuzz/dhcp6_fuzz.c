/* Whatever octets come: reading a DHCPv6 message stays inside them, and what was read can be written and reads the
 * same, into a buffer of any length. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "baro/dhcp6_message.h"

static void same_again(const struct baro_dhcp6_message *message, size_t room)
{
    uint8_t *octets = malloc(room == 0 ? 1 : room);
    struct baro_dhcp6_message again, without_other = *message;
    ptrdiff_t length;

    assert(octets != NULL);
    length = baro_dhcp6_build(message, (struct baro_buffer){ octets, room });
    assert(length <= (ptrdiff_t)room);
    without_other.other_ia = false; /* read, not written */
    if (length > 0) {
        assert(baro_dhcp6_parse(&again, (struct baro_bytes){ octets, (size_t)length }) == 0);
        assert(again.type == message->type && again.transaction == message->transaction);
        assert(room < 4096 || memcmp(&again, &without_other, sizeof again) == 0);
    }
    assert(room < 4096 || length > 0);
    free(octets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct baro_dhcp6_message message;
    uint8_t *octets;

    if (size < 1)
        return 0;
    octets = malloc(size);
    if (octets == NULL)
        return 0;
    memcpy(octets, data + 1, size - 1);
    if (baro_dhcp6_parse(&message, (struct baro_bytes){ octets, size - 1 }) == 0) {
        same_again(&message, (size_t)data[0] * 4);
        same_again(&message, 4096);
    }
    free(octets);
    return 0;
}
