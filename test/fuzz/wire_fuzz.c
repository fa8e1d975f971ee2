/* A wire made from arbitrary words, with frames of arbitrary lengths and pieces through it to an adapter: whatever a
 * person writes and whatever arrives, nothing is read or written out of bounds, and no frame vanishes without
 * being counted. The octets up to the first zero are the specification, the rest drives the frames. */
#include "network/network_internal.h"

#include <stdlib.h>
#include <string.h>

static void ignore(void *context, const struct baro_transmission *transmission)
{
    (void)context;
    (void)transmission;
}

static void send_frames(struct baro_network *network, struct baro_medium medium, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 3 <= size; i += 3) {
        size_t length = (data[i] | (size_t)data[i + 1] << 8) % 2048;
        size_t cut = length ? data[i + 2] % length : 0;
        uint8_t *frame = malloc(length + 1);
        if (!frame)
            abort();
        memset(frame, data[i + 2], length);
        if (data[i + 2] & 1 && length >= 6)
            memcpy(frame, "\2\0\0\0\0\1", 6);
        struct baro_transmission transmission = { .start = baro_network_now(network),
                                                  .part = { { frame, cut }, { frame + cut, length - cut } },
                                                  .parts = 2,
                                                  .fcs = medium.fcs };
        medium.transmit(medium.context, &transmission);
        baro_network_advance(network, (struct baro_instant){ baro_network_now(network).ns + data[i + 2] * 100 });
        free(frame);
    }
}

static void run(const struct baro_wire_config *config, const uint8_t *data, size_t size)
{
    struct baro_network_config network_config = { .seed = 1 };
    struct baro_network *network = baro_network_create(&network_config);
    struct baro_wire *wire = network ? baro_wire_create(network, config) : NULL;
    if (!wire)
        abort(); /* what the parser lets through is in its ranges */
    if (config->kind == BARO_MEDIUM_FAST) {
        struct baro_adapter_config adapter_config = { .memory = network->memory,
                                                      .mac = { { 2, 0, 0, 0, 0, 1 } },
                                                      .medium = wire_medium(wire, 1),
                                                      .receive_slots = 16 };
        struct baro_adapter *adapter = baro_adapter_create(&adapter_config);
        struct baro_adapter_counts counts;
        struct baro_wire_counts carried;
        if (!adapter)
            abort();
        wire_attach(wire, 0, (struct baro_station){ NULL, ignore, NULL, NULL });
        wire_attach(wire, 1, baro_adapter_station(adapter));
        send_frames(network, wire_medium(wire, 0), data, size);
        baro_network_advance(network, (struct baro_instant){ INT64_C(1000000000000000) });
        baro_adapter_statistics(adapter, &counts);
        baro_wire_statistics(wire, 0, &carried);
        uint64_t accounted = counts.frames_in;
        for (unsigned i = 0; i < BARO_DROP_COUNT; i++)
            accounted += counts.drops[i];
        if (accounted != carried.delivered || carried.delivered + carried.lost + carried.queue_full +
                                                          carried.swallowed != carried.offered + carried.duplicated)
            abort();
        baro_adapter_free(adapter);
    }
    baro_network_free(network);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct baro_wire_config config;
    char error[40];
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    size_t words = zero ? (size_t)(zero - data) : size;
    char *specification = malloc(words + 1);
    if (!specification)
        abort();
    memcpy(specification, data, words);
    specification[words] = '\0';
    if (baro_wire_parse(specification, &config, error, sizeof error) == 0 && zero && size < 512)
        run(&config, zero + 1, size - words - 1);
    free(specification);
    return 0;
}
