/* test/fuzz/link_fuzz.c: slots, descriptors and super-segments of any content: nothing is read or written beyond its
 * bounds, and every piece of a super-segment fits; and whose a frame is among shards. The first octet chooses. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "baro/shard.h"
#include "host/device/packet_slot.h"
#include "host/device/whole.h"
#include "host/device/xdp_ring.h"

enum { PIECE = 1518, CHUNK = 2048, CHUNKS = 4, RING = 16 };

/* In memory of just that size, so that a sanitizer sees one octet too much. */
static uint8_t *copy_of(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + (size == 0));

    if (copy == NULL)
        abort();
    if (size != 0)
        memcpy(copy, data, size);
    return copy;
}

static void cut(const uint8_t *frame, uint32_t length, uint32_t size)
{
    uint8_t *piece = malloc(PIECE);
    struct whole_cut state;
    uint32_t octets = 0, part;

    if (piece == NULL)
        abort();
    if (whole_cut_begin(&state, frame, length, size, PIECE)) {
        while ((part = whole_cut_next(&state, piece)) != 0) {
            if (part > PIECE)
                abort();
            octets += part - state.transport.payload;
        }
        if (octets != length - state.transport.payload)
            abort();
    }
    free(piece);
}

static void frame_of(uint8_t *frame, uint32_t length)
{
    struct whole_transport transport;

    if (length < 2)
        return;
    cut(frame, length, (uint32_t)frame[0] * 8);
    if (whole_find(frame, length, &transport) && whole_is_undone(frame, length, &transport) &&
        !whole_complete(frame, transport.end, transport.transport, transport.checksum - transport.transport))
        abort();
}

static void slot_of(uint8_t *slot, uint32_t size)
{
    struct packet_slot out;
    uint32_t status;

    if (size < 64)
        return;
    memcpy(&status, slot, sizeof status);
    if (!packet_slot_read(slot, size, status, &out))
        return;
    if (out.at > size || out.length > size - out.at)
        abort();
    if (out.undone && out.length == out.whole && !whole_complete(slot + out.at, out.length, out.start, out.offset))
        abort();
    if (out.gso_size != 0)
        cut(slot + out.at, out.length, out.gso_size);
}

static void ring_of(const uint8_t *data, size_t size)
{
    struct xdp_desc *entry = calloc(RING, sizeof *entry);
    uint8_t *memory = calloc(CHUNKS, CHUNK);
    uint32_t producer, consumer = 0, flags = 0, filled;
    const struct xdp_area area = { CHUNK, CHUNKS };
    struct xdp_ring ring = {
        .producer = &producer, .consumer = &consumer, .flags = &flags, .entry = entry, .size = RING
    };
    volatile uint8_t seen = 0;

    if (entry == NULL || memory == NULL || size < 4) {
        free(entry);
        free(memory);
        return;
    }
    memcpy(&producer, data, 4);
    producer %= 2 * RING;
    memcpy(entry, data + 4, size - 4 < RING * sizeof *entry ? size - 4 : RING * sizeof *entry);
    for (filled = xdp_ring_filled(&ring); filled != 0;) {
        struct xdp_frame frame = xdp_frame_look(&ring, filled, &area);

        if (frame.entries == 0 || frame.entries > filled)
            abort();
        for (uint32_t i = 0; i < frame.entries && frame.right; i++) {
            const struct xdp_desc *piece = xdp_ring_frame(&ring, ring.at + i);

            for (uint32_t j = 0; j < piece->len; j++)
                seen = (uint8_t)(seen ^ memory[piece->addr + j]);
        }
        ring.at += frame.entries;
        filled -= frame.entries;
    }
    (void)seen;
    free(entry);
    free(memory);
}

static void shard_of(const uint8_t *frame, size_t size)
{
    const struct baro_shard shard = { .count = 3, .key = { 1 } };
    uint32_t number = baro_shard_of_frame(&shard, (struct baro_bytes){ frame, size });

    if (number >= shard.count && number != BARO_SHARD_ALL)
        abort();
    const struct baro_bytes frames[3] = { { frame, size }, { frame, size / 2 }, { frame + size / 2, size - size / 2 } };
    uint32_t whose[3];

    baro_shard_of_burst(&shard, frames, 3, whose);
    for (int i = 0; i < 3; i++) {
        if (whose[i] != baro_shard_of_frame(&shard, frames[i]))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy;

    if (size < 1 || size > 65536)
        return 0;
    copy = copy_of(data + 1, size - 1);
    if (data[0] % 4 == 3)
        shard_of(copy, size - 1);
    else if (data[0] % 4 == 0)
        frame_of(copy, (uint32_t)size - 1);
    else if (data[0] % 4 == 1)
        slot_of(copy, (uint32_t)size - 1);
    else
        ring_of(copy, size - 1);
    free(copy);
    return 0;
}
