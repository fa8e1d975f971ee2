/* The FCS against published vectors, and the table-driven form against the definition bit by bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "baro/fcs.h"

/* IEEE 802.3 §3.2.9 word for word: one bit at a time. */
static uint32_t fcs_by_definition(const uint8_t *data, size_t length)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < length; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            uint32_t feedback = (crc ^ (uint32_t)(data[i] >> bit)) & 1;
            crc = crc >> 1 ^ (feedback ? 0xEDB88320u : 0);
        }
    return ~crc;
}

static void known_vectors(void **state)
{
    (void)state;
    uint8_t octets[40];
    assert_int_equal(baro_fcs((const uint8_t *)"123456789", 9), 0xCBF43926);
    assert_int_equal(baro_fcs((const uint8_t *)"", 0), 0);
    assert_int_equal(baro_fcs((const uint8_t *)"The quick brown fox jumps over the lazy dog", 43),
                     0x414FA339);
    memset(octets, 0, sizeof octets);
    assert_int_equal(baro_fcs(octets, 32), 0x190A55AD);
    memset(octets, 0xFF, sizeof octets);
    assert_int_equal(baro_fcs(octets, 32), 0xFF6CAB0B);
    for (uint8_t i = 0; i < 32; i++)
        octets[i] = i;
    assert_int_equal(baro_fcs(octets, 32), 0x91267E8A);
}

static void every_length_and_alignment(void **state)
{
    (void)state;
    uint8_t octets[300];
    uint32_t random = 1;
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)((random = random * 1664525u + 1013904223u) >> 24);
    for (size_t length = 0; length < 280; length++)
        for (size_t start = 0; start < 9; start++)
            assert_int_equal(baro_fcs(octets + start, length), fcs_by_definition(octets + start, length));
}

static void right_frame_leaves_the_residue(void **state)
{
    (void)state;
    uint8_t frame[68] = { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0, 0, 0, 1, 8, 6 };
    uint32_t fcs = baro_fcs(frame, 64);
    for (unsigned i = 0; i < BARO_FCS_OCTETS; i++)
        frame[64 + i] = (uint8_t)(fcs >> 8 * i);
    assert_int_equal(baro_fcs(frame, 68), BARO_FCS_RESIDUE);
    for (unsigned bit = 0; bit < 68 * 8; bit++) {
        frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(baro_fcs(frame, 68), BARO_FCS_RESIDUE);
        frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_vectors),
        cmocka_unit_test(every_length_and_alignment),
        cmocka_unit_test(right_frame_leaves_the_residue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
