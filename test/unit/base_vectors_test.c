/* The ground against references: SipHash's published vector, a naive checksum, a naive list of timers, handles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/aes_hash.h"
#include "base/checksum.h"
#include "base/hash.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/seq.h"
#include "base/time.h"
#include "base/wheel.h"
#include "support/frame_device.h"

static void siphash_of_the_paper(void **state)
{
    uint8_t key_octets[16], message[15];
    struct hash_key key;

    (void)state;
    for (uint8_t i = 0; i < 16; i++)
        key_octets[i] = i;
    for (uint8_t i = 0; i < 15; i++)
        message[i] = i;
    hash_key_read(&key, key_octets);
    /* Aumasson, Bernstein: SipHash, appendix A */
    assert_true(hash_bytes(&key, message, 15) == UINT64_C(0xa129ca6149be45e5));
}

/* SipHash-1-3, which the paper gives no vectors for: those of its reference for nothing under two keys, and CPython's
 * hashes of the octets 0, 1, 2 ... under PYTHONHASHSEED=0. */
static void short_siphash(void **state)
{
    static const struct { size_t count; uint64_t hash; } wanted[] = {
        { 0, UINT64_C(0xd1fba762150c532c) }, { 1, UINT64_C(0xead411e67ebe2eea) },
        { 2, UINT64_C(0x8972188433a5c5b7) }, { 5, UINT64_C(0x95bc321ab41d8206) }
    };
    struct hash_key none = { { 0, 0 } }, key = { { UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908) } };
    uint64_t word[5];

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        word[i] = UINT64_C(0x0706050403020100) + i * UINT64_C(0x0808080808080808);
    for (unsigned i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        assert_true(hash_words_short(&none, word, wanted[i].count) == wanted[i].hash);
    assert_true(hash_words_short(&key, word, 0) == UINT64_C(0xabac0158050fc4dc));
}

/* A round of AES as FIPS 197 has it, octet by octet; the key is added behind it. */
static uint8_t times_two(uint8_t a)
{
    return (uint8_t)(a << 1 ^ (a >> 7) * 0x1b);
}

static uint8_t product(uint8_t a, uint8_t b)
{
    uint8_t sum = 0;

    for (; b != 0; b >>= 1, a = times_two(a))
        sum ^= (b & 1) != 0 ? a : 0;
    return sum;
}

static uint8_t substitute(uint8_t a)
{
    uint8_t inverse = 0, result = 0x63;

    for (unsigned b = 1; b < 256 && a != 0 && inverse == 0; b++)
        inverse = product(a, (uint8_t)b) == 1 ? (uint8_t)b : 0;
    for (int i = 0; i < 5; i++)
        result ^= (uint8_t)(inverse << i | inverse >> (8 - i));
    return result;
}

static void aes_round(uint8_t state[16], const uint8_t key[16])
{
    static const uint8_t mix[4] = { 2, 3, 1, 1 };
    uint8_t shifted[16];

    for (int i = 0; i < 16; i++)
        shifted[i] = substitute(state[(i + 4 * (i % 4)) % 16]);
    for (int i = 0; i < 16; i++) {
        state[i] = key[i];
        for (int j = 0; j < 4; j++)
            state[i] ^= product(shifted[i / 4 * 4 + j], mix[(j - i % 4 + 4) % 4]);
    }
}

/* FIPS 197, appendix B: what round 1 makes of its start. */
static void the_round_of_the_standard(void **state)
{
    uint8_t text[16] = {
        0x19, 0x3d, 0xe3, 0xbe, 0xa0, 0xf4, 0xe2, 0x2b, 0x9a, 0xc6, 0x8d, 0x2a, 0xe9, 0xf8, 0x48, 0x08
    };
    static const uint8_t key[16] = { 0xa0, 0xfa, 0xfe, 0x17, 0x88, 0x54, 0x2c, 0xb1,
                                     0x23, 0xa3, 0x39, 0x39, 0x2a, 0x6c, 0x76, 0x05 };
    static const uint8_t then[16] = { 0xa4, 0x9c, 0x7f, 0xf2, 0x68, 0x9f, 0x35, 0x2b,
                                      0x6b, 0x5b, 0xea, 0x43, 0x02, 0x6a, 0x50, 0x49 };

    (void)state;
    aes_round(text, key);
    assert_memory_equal(text, then, sizeof then);
}

#ifdef AES_HASH
WITH_AES static uint64_t hash_of_aes(const struct aes_hash_key *key, const uint64_t *words, size_t count)
{
    return aes_hash_words(key, words, count);
}
#endif

/* The processor's rounds against those: 1 to 6 words, each block under keys of its own. */
static void aes_hash_by_its_rounds(void **state)
{
#ifdef AES_HASH
    static const struct hash_key from = { { UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908) } };
    struct aes_hash_key key;
    uint64_t word[6];

    (void)state;
    if (!aes_hash_is_there())
        skip();
    aes_hash_key_make(&key, &from);
    for (unsigned i = 0; i < 6; i++)
        word[i] = UINT64_C(0x123456789abcdef1) * (i + 3);
    for (size_t count = 1; count <= 6; count++) {
        uint64_t sum = 0, first;

        for (size_t number = 0; 2 * number < count; number++) {
            uint8_t block[16] = { 0 }, round[16];

            memcpy(block, word + 2 * number, 2 * number + 1 < count ? 16 : 8);
            memcpy(round, key.round[number][0], sizeof round);
            for (int i = 0; i < 16; i++)
                block[i] ^= round[i];
            for (int i = 1; i <= AES_HASH_ROUNDS; i++) {
                memcpy(round, key.round[number][i], sizeof round);
                aes_round(block, round);
            }
            memcpy(&first, block, sizeof first);
            sum ^= first;
        }
        assert_true(hash_of_aes(&key, word, count) == sum);
    }
#else
    (void)state;
    skip();
#endif
}

static uint16_t naive(const uint8_t *data, size_t length)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < length; i++)
        sum += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void checksum_as_the_naive_one(void **state)
{
    uint8_t data[300], copy[300];

    (void)state;
    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 73 + i / 7 + (i % 5 == 0 ? 255 : 0));
    for (size_t from = 0; from < 5; from++) {
        for (size_t length = 0; length + from <= sizeof data; length++) {
            assert_int_equal(checksum_fold(checksum_add(0, data + from, length)), naive(data + from, length));
            assert_int_equal(checksum_fold(checksum_copy(0, copy, data + from, length)), naive(data + from, length));
            assert_memory_equal(copy, data + from, length);
        }
    }
    for (size_t cut = 0; cut <= sizeof data; cut++) {
        uint64_t first = checksum_add(0, data, cut), second = checksum_add(0, data + cut, sizeof data - cut);

        assert_int_equal(checksum_fold(first + (cut % 2 != 0 ? checksum_swap(second) : second)),
                         naive(data, sizeof data));
    }
    /* RFC 1071 §3's example */
    assert_int_equal(checksum_fold(checksum_add(0, (const uint8_t[]){ 0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6, 0xf7 }, 8)),
                     (uint16_t)~0xddf2);
}

static void timers_in_the_order_of_their_deadlines(void **state)
{
    enum { TIMERS = 400 };
    static struct wheel_timer timer[TIMERS];
    static struct wheel wheel;
    struct random random;
    struct baro_instant now = { 0 }, next;
    unsigned armed = TIMERS;

    (void)state;
    random_init(&random, (const uint8_t[32]){ 4 });
    wheel_init(&wheel, now);
    for (unsigned i = 0; i < TIMERS; i++) {
        int64_t span = INT64_C(1) << random_below(&random, 54);

        wheel_arm(&wheel, &timer[i], (struct baro_instant){ span + random_below(&random, 1000) });
    }
    for (unsigned i = 0; i < TIMERS; i += 7) {
        wheel_cancel(&wheel, &timer[i]);
        armed--;
    }
    while (wheel_next(&wheel, &next)) {
        const struct wheel_timer *due, *earliest = NULL;

        assert_true(next.ns >= now.ns);
        now = next;
        while ((due = wheel_expired(&wheel, now)) != NULL) {
            assert_true(due->deadline.ns <= now.ns);
            assert_true(earliest == NULL || earliest->deadline.ns <= due->deadline.ns);
            for (unsigned i = 0; i < TIMERS; i++)
                assert_false(wheel_is_armed(&timer[i]) && timer[i].deadline.ns < due->deadline.ns);
            earliest = due;
            armed--;
        }
    }
    assert_int_equal(armed, 0);
}

/* Thousands in one slot, and while they fire others come in front of them, behind them and at the same instant. */
static void timers_of_one_slot_in_order(void **state)
{
    enum { TIMERS = 3000, FIRST = 2000, TICK = 1 << WHEEL_TICK_SHIFT };
    static struct wheel_timer timer[TIMERS];
    static struct wheel wheel;
    struct baro_instant now = { 10 * TICK }, next;
    const struct wheel_timer *due, *last = NULL;
    unsigned armed = FIRST, fired = 0;
    struct random random;

    (void)state;
    random_init(&random, (const uint8_t[32]){ 5 });
    wheel_init(&wheel, now);
    for (unsigned i = 0; i < FIRST; i++)
        wheel_arm(&wheel, &timer[i], (struct baro_instant){ now.ns + random_below(&random, TICK / 8) * 8 });
    for (unsigned i = 0; i < FIRST; i += 5, fired++)
        wheel_cancel(&wheel, &timer[i]);
    while (wheel_next(&wheel, &next)) {
        assert_true(last == NULL || next.ns >= last->deadline.ns);
        now = next;
        due = wheel_expired(&wheel, now);
        if (due == NULL)
            continue;
        assert_int_equal(due->deadline.ns, now.ns);
        assert_true(last == NULL || last->deadline.ns < due->deadline.ns || last->order < due->order);
        for (unsigned i = 0; i < armed; i++)
            assert_false(wheel_is_armed(&timer[i]) && timer[i].deadline.ns < due->deadline.ns);
        last = due;
        fired++;
        if (armed < TIMERS && fired % 2 == 0) {
            wheel_arm(&wheel, &timer[armed], (struct baro_instant){ now.ns + random_below(&random, TICK / 64) * 8 });
            armed++;
        }
    }
    assert_int_equal(fired, armed);
    assert_int_equal(armed, TIMERS);
}

static void handles_outlive_their_objects(void **state)
{
    struct test_memory memory = { 0 };
    struct slabs slabs = { .memory = test_memory(&memory), .limit = SIZE_MAX };
    struct pool pool;
    struct handle first;
    void *object[100];

    (void)state;
    pool_init(&pool, &slabs, 5000, 100);
    for (unsigned i = 0; i < 100; i++) {
        object[i] = pool_take(&pool);
        assert_non_null(object[i]);
        memset(object[i], 0xee, 5000);
    }
    assert_null(pool_take(&pool));
    first = pool_handle(&pool, object[0]);
    assert_ptr_equal(pool_resolve(&pool, first), object[0]);
    pool_give_back(&pool, object[0]);
    assert_null(pool_resolve(&pool, first));
    assert_ptr_equal(pool_take(&pool), object[0]);
    assert_int_equal(*(uint8_t *)object[0], 0);
    assert_null(pool_resolve(&pool, first));
    assert_null(pool_resolve(&pool, HANDLE_NONE));
    pool_release(&pool);
    assert_int_equal(memory.slabs, 0);
}

static void sequence_numbers_wrap(void **state)
{
    const struct seq before = seq_of(0xfffffff0), after = seq_add(before, 0x20);

    (void)state;
    assert_int_equal(after.value, 0x10);
    assert_true(seq_lt(before, after) && seq_gt(after, before) && !seq_ge(before, after));
    assert_int_equal(seq_span(after, before), 0x20);
    assert_true(seq_within(seq_of(0), before, 0x11) && !seq_within(seq_of(0), before, 0x10));
    assert_true(seq_eq(seq_max(before, after), after) && seq_eq(seq_min(before, after), before));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_of_the_paper),
        cmocka_unit_test(short_siphash),
        cmocka_unit_test(the_round_of_the_standard),
        cmocka_unit_test(aes_hash_by_its_rounds),
        cmocka_unit_test(checksum_as_the_naive_one),
        cmocka_unit_test(timers_in_the_order_of_their_deadlines),
        cmocka_unit_test(timers_of_one_slot_in_order),
        cmocka_unit_test(handles_outlive_their_objects),
        cmocka_unit_test(sequence_numbers_wrap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
