/* Any octets as TCP options and as IP options. The two readers of TCP options (the stack's, and the walk for programs
 * that look at packets) agree; what was read can be written and reads the same; and the IP walk says of options that
 * are nothing but harmless that they are. */
#include <stdlib.h>
#include <string.h>

#include "baro/packet.h"
#include "codec/ipv4.h"
#include "codec/tcp_options.h"

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* A second opinion, by the public walk. */
static void walk(struct baro_bytes bytes, const struct tcp_options *options)
{
    struct baro_bytes left = bytes;
    struct baro_tcp_option option;
    bool mss = false, ended = false;

    while (!ended && baro_tcp_option_next(&left, &option)) {
        require(option.value.length + left.length <= bytes.length);
        ended = option.kind == TCP_OPTION_END;
        if (option.kind == TCP_OPTION_MSS && option.value.length == 2)
            mss = true;
        if (option.kind == TCP_OPTION_MSS && option.value.length != 2)
            return; /* the stack's reader stops at an illegal length: its findings are those of a part */
    }
    if (!options->malformed)
        require(mss == options->has_mss && (ended || left.length == 0));
}

static void same(const struct tcp_options *options, const struct baro_tcp_options *other)
{
    require(options->has_mss == other->has_mss && options->mss == other->mss);
    require(options->has_scale == other->has_scale && options->scale == other->scale);
    require(options->sack_permitted == other->sack_permitted && options->sack_count == other->sack_count);
    require(options->has_timestamps == other->has_timestamps && options->ts_value == other->ts_value);
    require(options->ts_echo == other->ts_echo && options->malformed == other->malformed);
}

static void write_and_read(const struct tcp_options *options)
{
    uint8_t *octets = malloc(TCP_OPTIONS_LIMIT);
    struct tcp_options again;
    unsigned length;

    require(octets != NULL);
    length = tcp_options_write(options, octets);
    require(length <= TCP_OPTIONS_LIMIT && length % 4 == 0);
    tcp_options_read(&again, (struct baro_bytes){ octets, length });
    require(!again.malformed && again.has_mss == options->has_mss && again.has_scale == options->has_scale);
    require(again.has_timestamps == options->has_timestamps && again.sack_permitted == options->sack_permitted);
    require(!again.has_mss || again.mss == options->mss);
    require(!again.has_scale || again.scale == options->scale);
    require(!again.has_timestamps || (again.ts_value == options->ts_value && again.ts_echo == options->ts_echo));
    require(again.sack_count <= options->sack_count);
    for (unsigned i = 0; i < again.sack_count; i++)
        require(again.sack[i].left.value == options->sack[i].left.value &&
                again.sack[i].right.value == options->sack[i].right.value);
    free(octets);
}

static void ip_options(struct baro_bytes bytes)
{
    bool harmless = true;

    for (size_t i = 0; i < bytes.length; i++)
        harmless = harmless && bytes.data[i] <= IPV4_OPTION_NOP;
    if (harmless)
        require(ipv4_options_check(bytes) == BARO_DROP_NONE);
    else
        (void)ipv4_options_check(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + (size == 0)); /* of exactly this size, so that a read beyond it is seen */
    struct baro_bytes bytes = { copy, size };
    struct baro_tcp_options other;
    struct tcp_options options;

    require(copy != NULL);
    memcpy(copy, data, size);
    tcp_options_read(&options, bytes);
    baro_tcp_options_parse(&other, bytes);
    same(&options, &other);
    walk(bytes, &options);
    write_and_read(&options);
    ip_options(bytes);
    free(copy);
    return 0;
}
