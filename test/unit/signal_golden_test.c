/* The same seed gives the same samples, bit for bit, with every compiler and on every machine: hashes of what
 * is sent, of what a disturbed channel makes of it, and of what the receiver finds in that. If a waveform or
 * the channel is changed deliberately, the numbers change with it; they must then come out alike with gcc
 * and clang, optimised and not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "unit/signal_trip.h"

static struct trip trip;

/* FNV-1a over 64 bits. */
static uint64_t hash(uint64_t sum, uint64_t value, unsigned octets)
{
    for (unsigned i = 0; i < octets; i++)
        sum = (sum ^ (value >> 8 * i & 0xFF)) * UINT64_C(0x100000001B3);
    return sum;
}

static uint64_t hash_samples(uint64_t sum, const int16_t *samples, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        sum = hash(sum, (uint16_t)samples[i], 2);
    return sum;
}

struct golden {
    enum baro_line_code code;
    uint32_t noise_mv;
    uint64_t sent, arrived, found;
};

static void hashes(void **state)
{
    (void)state;
    static const struct golden golden[] = {
        { BARO_LINE_10BASE_T, 700, UINT64_C(0x5BC210112C14EDBD), UINT64_C(0x2F6691E51CD3F09A),
          UINT64_C(0xBFB445761333CC48) },
        { BARO_LINE_100BASE_TX, 150, UINT64_C(0x36A0A2989424A87B), UINT64_C(0xEB9A0D85C8DE042C),
          UINT64_C(0x462422FF3DABBA0D) },
    };
    for (unsigned g = 0; g < 2; g++) {
        uint64_t sent = 1, arrived = 1, found = 1;
        trip_init(&trip, golden[g].code, 4711);
        trip.channel.noise_mv = golden[g].noise_mv;
        trip.channel.jitter_ps = 300;
        trip.channel.offset_ppm = -73;
        trip.channel.attenuation_permille = 100;
        for (unsigned i = 0; i < 40; i++) {
            uint32_t length = 64 + trip_random(&trip) % 900;
            trip_fill(&trip, length);
            struct baro_signal_result result = trip_go(&trip, length);
            sent = hash_samples(sent, trip.sent, trip.sent_count);
            arrived = hash_samples(arrived, trip.arrived, trip.arrived_count);
            found = hash(found, (uint64_t)result.event << 8 | (uint64_t)result.reason, 2);
            found = hash(found, (uint64_t)result.position << 32 | result.length, 8);
            found = hash(found, (uint64_t)(uint32_t)result.offset_ppm << 32 | result.amplitude_mv, 8);
            found = hash(found, baro_fcs(trip.heard, result.length), 4);
        }
        if (sent != golden[g].sent || arrived != golden[g].arrived || found != golden[g].found)
            fail_msg("%s: sent 0x%016llX, arrived 0x%016llX, found 0x%016llX",
                     baro_line_properties(golden[g].code)->name, (unsigned long long)sent,
                     (unsigned long long)arrived, (unsigned long long)found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(hashes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
