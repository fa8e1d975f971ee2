/* transport/tcp/sums.c: see sums.h. */
#include "transport/tcp/sums.h"

/* The offset behind all that is known. */
static uint64_t end_of(const struct text_sums *sums)
{
    return sums->begin + (uint64_t)sums->count * sums->size + sums->octets;
}

/* Pieces begin at the next place where a segment will; octets of `length` in front of it. */
static uint32_t begin_at(struct text_sums *sums, uint64_t at, uint64_t next, uint32_t length)
{
    uint32_t over = (uint32_t)((at - next) % sums->size), skipped = over == 0 ? 0 : sums->size - over;

    if (skipped >= length)
        return length;
    sums->begin = at + skipped;
    sums->sum = 0;
    sums->octets = sums->first = 0;
    sums->filling = true;
    return skipped;
}

/* Is there a place for one more? */
static bool make_room(struct text_sums *sums)
{
    if (sums->first + sums->count < TEXT_SUMS)
        return true;
    memmove(sums->of, sums->of + sums->first, sums->count * sizeof sums->of[0]);
    sums->first = 0;
    return sums->count < TEXT_SUMS;
}

static void add(struct text_sums *sums, uint64_t piece, uint32_t octets)
{
    sums->sum += (sums->octets & 1) != 0 ? checksum_swap(piece) : piece;
    sums->octets += octets;
    if (sums->octets < sums->size)
        return;
    sums->of[sums->first + sums->count++] = checksum_fold_sum(sums->sum);
    sums->sum = 0;
    sums->octets = 0;
}

void text_sums_write(struct text_sums *sums, struct ring *ring, uint64_t next, struct baro_bytes data)
{
    uint32_t length = (uint32_t)data.length, done = 0;

    if (next > sums->begin) /* some of it left, and nobody asked */
        text_sums_begin(sums, sums->size);
    sums->filling = sums->filling && end_of(sums) == ring->end; /* others write there, too */
    if (!sums->filling) {
        done = sums->count != 0 ? length : begin_at(sums, ring->end, next, length);
        ring_write(ring, ring->end, data.data, done);
    }
    while (done < length) {
        uint32_t take = sums->size - sums->octets;

        take = take < length - done ? take : length - done;
        if (!make_room(sums)) {
            sums->filling = false;
            ring_write(ring, ring->end + done, data.data + done, length - done);
            return;
        }
        add(sums, checksum_of_native(ring_write_sum(ring, ring->end + done, data.data + done, take, false)), take);
        done += take;
    }
}

unsigned text_sums_take(struct text_sums *sums, uint64_t offset, uint32_t length, const uint16_t **of)
{
    uint32_t whole = length / sums->size, rest = length % sums->size;

    if (offset + length <= sums->begin)
        return 0; /* in front of all that is known */
    *of = sums->of + sums->first;
    if (offset == sums->begin && rest == 0 && whole <= sums->count) {
        sums->begin += length;
        sums->first = (uint16_t)(sums->first + whole);
        sums->count = (uint16_t)(sums->count - whole);
        return whole;
    }
    if (offset == sums->begin && sums->filling && whole == sums->count && rest == sums->octets) {
        sums->of[sums->first + sums->count] = checksum_fold_sum(sums->sum);
        text_sums_begin(sums, sums->size);
        return whole + 1;
    }
    text_sums_begin(sums, sums->size);
    return 0;
}

uint64_t text_sums_several(const uint16_t *of, unsigned count, uint32_t size)
{
    uint64_t sum[2] = { 0, 0 };

    for (unsigned i = 0; i < count; i++)
        sum[i & size & 1] += of[i];
    return sum[0] + checksum_swap(sum[1]);
}
