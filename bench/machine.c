/* bench/machine.c: clocks, memory, the copy that is the wire.
 *
 * Time is the thread's own processor time. A stack's clock is the machine's monotonic one by baro/clock.h, read once
 * a turn of the loop as a program would; of a counted run it is an own one, so that the same instructions run each
 * time. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "baro/clock.h"

static bool counted;
static int64_t skipped_ns, counted_ns;

void bench_missed(const char *what)
{
    fprintf(stderr, "baro bench: this did not happen: %s\n", what);
    exit(1);
}

void bench_count_only(void)
{
    counted = true;
}

bool bench_is_counted(void)
{
    return counted;
}

uint32_t bench_amount(uint32_t many, uint32_t few)
{
    return counted ? few : many;
}

double bench_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Not inlined: callgrind counts what happens in here, and the empty statement keeps the call from being the last
 * thing. */
__attribute__((noinline)) void bench_counted(void (*work)(void *context), void *context);
void bench_counted(void (*work)(void *context), void *context)
{
    work(context);
    __asm__ volatile("");
}

double bench_timed(void (*work)(void *context), void *context)
{
    double begin = bench_seconds();

    bench_counted(work, context);
    return bench_seconds() - begin;
}

struct baro_instant bench_now(void)
{
    static _Thread_local struct baro_clock clock;

    if (counted)
        return (struct baro_instant){ (counted_ns += 1000) + skipped_ns };
    return (struct baro_instant){ baro_clock_now(&clock).ns + skipped_ns };
}

void bench_skip(struct baro_duration span)
{
    skipped_ns += span.ns;
}

/* ---- memory: slabs of large chunks, in huge pages where the machine has them, since with many connections most of a
 * segment's time is that of memory and of finding its page; given back, they wait for the next of their size. ---- */

enum { SIZES = 64, CHUNK = 1 << 26, HUGE_PAGE = 1 << 21 };

struct waiting {
    struct waiting *next;
};

static _Thread_local struct arena {
    uint8_t *at, *end;
    struct {
        size_t bytes;
        struct waiting *first;
    } size[SIZES];
} arena;

static struct waiting **list_of(size_t bytes)
{
    for (int i = 0; i < SIZES; i++) {
        if (arena.size[i].bytes == 0)
            arena.size[i].bytes = bytes;
        if (arena.size[i].bytes == bytes)
            return &arena.size[i].first;
    }
    return NULL;
}

static bool more(size_t bytes)
{
    size_t length = bytes < CHUNK ? CHUNK : (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    uint8_t *chunk = mmap(NULL, length + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (chunk == MAP_FAILED)
        return false;
    chunk += (HUGE_PAGE - (uintptr_t)chunk % HUGE_PAGE) % HUGE_PAGE;
    madvise(chunk, length, MADV_HUGEPAGE);
    arena.at = chunk;
    arena.end = chunk + length;
    return true;
}

static void *take(void *context, size_t bytes)
{
    size_t rounded = (bytes + 63) & ~(size_t)63;
    struct waiting **list = list_of(rounded), *slab = list == NULL ? NULL : *list;

    (void)context;
    if (slab != NULL) {
        *list = slab->next;
        return memset(slab, 0, bytes);
    }
    if (rounded > (size_t)(arena.end - arena.at) && !more(rounded))
        return NULL;
    arena.at += rounded;
    return arena.at - rounded;
}

static void give_back(void *context, void *slab, size_t bytes)
{
    struct waiting **list = list_of((bytes + 63) & ~(size_t)63), *one = slab;

    (void)context;
    if (list == NULL)
        return; /* more sizes than there should be: lost until the end of the process */
    one->next = *list;
    *list = one;
}

/* Each counted row begins at the same time and with memory that nobody has used, whatever ran before it: a connection
 * at rest is longer by the numbers in it, and memory that comes back is zeroed. */
__attribute__((noinline)) void bench_row_end(void)
{
    if (counted) {
        counted_ns = skipped_ns = 0;
        arena = (struct arena){ 0 };
    }
    __asm__ volatile("");
}

struct baro_memory bench_memory(void)
{
    return (struct baro_memory){ NULL, take, give_back };
}

static void *take_plain(void *context, size_t bytes)
{
    void *slab = aligned_alloc(64, (bytes + 63) & ~(size_t)63);

    (void)context;
    return slab == NULL ? NULL : memset(slab, 0, bytes);
}

static void give_back_plain(void *context, void *slab, size_t bytes)
{
    (void)context;
    (void)bytes;
    free(slab);
}

struct baro_memory bench_memory_plain(void)
{
    return (struct baro_memory){ NULL, take_plain, give_back_plain };
}

struct baro_statistics bench_statistics(struct baro_stack *stack)
{
    struct baro_statistics statistics;

    baro_stack_statistics(stack, &statistics);
    return statistics;
}

uint32_t bench_random(uint32_t *state, uint32_t below)
{
    *state = *state * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)*state * below >> 32);
}

unsigned bench_slots(size_t octets)
{
    enum { LANE = 128 * 1024, LEAST = 2 };
    size_t slots = LANE / octets;

    return slots < LEAST ? LEAST : slots > BENCH_SLOTS ? BENCH_SLOTS : (unsigned)slots;
}

typedef unsigned char vector __attribute__((vector_size(32), aligned(1), may_alias));

static inline void copy_vector(uint8_t *to, const uint8_t *from)
{
    *(vector *)to = *(const vector *)from;
}

static inline __attribute__((always_inline)) void copy_four(uint8_t *to, const uint8_t *from)
{
    copy_vector(to, from);
    copy_vector(to + 32, from + 32);
    copy_vector(to + 64, from + 64);
    copy_vector(to + 96, from + 96);
}

/* From 32 to 128 octets: a frame's headers, a small message. The last 32 are one store, over what lies in front: a load
 * that wants octets of two stores waits for both, and where headers end is TCP's. */
static inline __attribute__((always_inline)) void copy_small(uint8_t *to, const uint8_t *from, size_t length)
{
    copy_vector(to, from);
    if (length > 64) {
        copy_vector(to + 32, from + 32);
        if (length > 96)
            copy_vector(to + 64, from + 64);
    }
    copy_vector(to + length - 32, from + length - 32);
}

/* Of 32 octets or more. Stores are aligned: what follows a frame's headers begins anywhere, and a store that crosses a
 * line counts twice. */
static inline __attribute__((always_inline)) void copy_vectors(uint8_t *to, const uint8_t *from, size_t length)
{
    size_t head = 32 - ((uintptr_t)to & 31), at = 0;

    if (length <= 128) {
        copy_small(to, from, length);
        return;
    }
    copy_vector(to + length - 32, from + length - 32);
    copy_vector(to, from);
    to += head;
    from += head;
    length -= head;
    for (; at + 256 <= length; at += 256) {
        copy_four(to + at, from + at);
        copy_four(to + at + 128, from + at + 128);
        __asm__ volatile("" : : : "memory"); /* or the compiler makes it memcpy again */
    }
    if (at + 128 <= length) {
        copy_four(to + at, from + at);
        at += 128;
    }
    for (; at + 32 <= length; at += 32)
        copy_vector(to + at, from + at);
}

static inline __attribute__((always_inline)) void copy(uint8_t *to, const uint8_t *from, size_t length)
{
    if (length < 32)
        memcpy(to, from, length);
    else
        copy_vectors(to, from, length);
}

static inline __attribute__((always_inline)) size_t gather(uint8_t *to, const struct baro_bytes part[], unsigned parts)
{
    uint8_t *at = to;

    for (unsigned i = 0; i < parts; i++) {
        copy(at, part[i].data, part[i].length);
        at += part[i].length;
    }
    return (size_t)(at - to);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void copy_avx2(uint8_t *to, const uint8_t *from, size_t length)
{
    copy(to, from, length);
}

__attribute__((target("avx2"), noinline)) static size_t gather_many_avx2(uint8_t *to, const struct baro_bytes part[],
                                                                         unsigned parts)
{
    return gather(to, part, parts);
}

/* Headers, with text or without: who calls nobody for it keeps no registers for others. */
__attribute__((target("avx2"))) static size_t gather_avx2(uint8_t *to, const struct baro_bytes part[], unsigned parts)
{
    if (parts == 2 && part[0].length >= 32 && part[1].length >= 32) {
        copy_vectors(to, part[0].data, part[0].length);
        copy_vectors(to + part[0].length, part[1].data, part[1].length);
        return part[0].length + part[1].length;
    }
    if (parts == 1 && part[0].length >= 32) {
        copy_vectors(to, part[0].data, part[0].length);
        return part[0].length;
    }
    return gather_many_avx2(to, part, parts);
}
#endif

static __attribute__((noinline)) size_t gather_plain(uint8_t *to, const struct baro_bytes part[], unsigned parts)
{
    return gather(to, part, parts);
}

void bench_copy(uint8_t *to, const uint8_t *from, size_t length)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2")) {
        copy_avx2(to, from, length);
        return;
    }
#endif
    copy(to, from, length);
}

size_t bench_gather(uint8_t *to, const struct baro_bytes part[], unsigned parts)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2"))
        return gather_avx2(to, part, parts);
#endif
    return gather_plain(to, part, parts);
}
