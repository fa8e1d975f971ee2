/* base/checksum.c: RFC 1071 with 32-bit words in a 64-bit accumulator.
 *
 * Words are added in the machine's order and the sum is swapped once at the end: the one's complement sum
 * does not care (RFC 1071 §2(B)). The compilers' vector types add sixteen octets at a time on any machine; lanes
 * of 64 bits take 2^32 words before they could overflow. */
#include "base/checksum.h"

#include <string.h>

#include "base/bytes.h"

static uint64_t fold_to_16(uint64_t sum)
{
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

/* A sum of words in the machine's order, as one of words in network order, below 2^33. Turning all octets round
 * swaps each 16-bit word, and the order of words does not matter to the sum. */
static inline uint64_t to_network(uint64_t native)
{
    const uint16_t one = 1;
    uint8_t first;

    memcpy(&first, &one, 1);
    if (first == 1)
        native = __builtin_bswap64(native);
    return (native & UINT32_MAX) + (native >> 32);
}

/* What the lanes leave over, or a header: 32 bits at a time in the machine's order. */
static inline uint64_t words(const uint8_t *data, size_t length)
{
    uint64_t sum = 0;

    for (size_t at = 0; length - at >= sizeof(uint32_t); at += sizeof(uint32_t)) {
        uint32_t word;

        memcpy(&word, data + at, sizeof word);
        sum += word;
    }
    return sum;
}

/* The last octets, fewer than four. */
static inline uint64_t tail(const uint8_t *data, size_t length)
{
    uint64_t sum = 0;
    size_t at = 0;

    for (; length - at >= 2; at += 2)
        sum += read_be16(data + at);
    if (at < length)
        sum += (uint64_t)data[at] << 8;
    return sum;
}

typedef uint64_t lanes __attribute__((vector_size(16)));

enum { STEP = 32 };

static inline lanes load(const uint8_t *at)
{
    lanes word;

    memcpy(&word, at, sizeof word);
    return word;
}

/* The lower and the upper 32 bits of both lanes. */
static inline lanes halves(lanes word)
{
    return (word & UINT32_MAX) + (word >> 32);
}

/* The sum of both lanes and of the octets behind what they took. */
static inline uint64_t total(lanes sum, const uint8_t *rest, size_t length)
{
    size_t whole = length & ~(size_t)3;

    return to_network((sum[0] & UINT32_MAX) + (sum[0] >> 32) + (sum[1] & UINT32_MAX) + (sum[1] >> 32) +
                      words(rest, whole)) +
           tail(rest + whole, length - whole);
}

uint64_t checksum_add(uint64_t sum, const uint8_t *data, size_t length)
{
    lanes even = { 0 }, odd = { 0 }; /* two, that do not wait for one another */
    const uint8_t *at = data, *end = data + length;

    for (; end - at >= STEP; at += STEP) {
        even += halves(load(at));
        odd += halves(load(at + sizeof even));
    }
    return sum + total(even + odd, at, (size_t)(end - at));
}

uint64_t checksum_copy(uint64_t sum, uint8_t *to, const uint8_t *from, size_t length)
{
    lanes even = { 0 }, odd = { 0 };
    const uint8_t *at = from, *end = from + length;

    for (; end - at >= STEP; at += STEP, to += STEP) {
        lanes first = load(at), second = load(at + sizeof even);

        memcpy(to, &first, sizeof first);
        memcpy(to + sizeof first, &second, sizeof second);
        even += halves(first);
        odd += halves(second);
    }
    memcpy(to, at, (size_t)(end - at));
    return sum + total(even + odd, at, (size_t)(end - at));
}

uint64_t checksum_swap(uint64_t sum)
{
    uint64_t folded = fold_to_16(sum);

    return (folded & 0xff) << 8 | folded >> 8;
}

uint16_t checksum_fold(uint64_t sum)
{
    return (uint16_t)~fold_to_16(sum);
}

uint64_t checksum_pseudo(struct baro_address source, struct baro_address destination, uint8_t protocol,
                         uint32_t length)
{
    size_t octets = source.family == BARO_FAMILY_IPV6 ? 16 : 4;
    uint64_t sum = (uint64_t)protocol + (length >> 16) + (length & 0xffff);

    return sum + to_network(words(source.octet, octets) + words(destination.octet, octets));
}

uint16_t checksum_update(uint16_t checksum, uint16_t before, uint16_t after)
{
    uint64_t sum = (uint64_t)(uint16_t)~checksum + (uint16_t)~before + after;

    return checksum_fold(sum);
}
