/* codec/tcp_options.c: see tcp_options.h. */
#include "codec/tcp_options.h"

#include "base/bytes.h"

enum { MSS_LENGTH = 4, SCALE_LENGTH = 3, PERMITTED_LENGTH = 2, TIMESTAMPS_LENGTH = 10 };

static void read_sack(struct tcp_options *options, const uint8_t *at, size_t length)
{
    for (size_t i = 2; i + 8 <= length && options->sack_count < TCP_SACK_LIMIT; i += 8) {
        struct tcp_sack_block *block = &options->sack[options->sack_count++];

        block->left = seq_of(read_be32(at + i));
        block->right = seq_of(read_be32(at + i + 4));
    }
}

/* Is `length`, kind and length included, legal for the kind? */
static bool length_is_legal(uint8_t kind, size_t length)
{
    switch (kind) {
    case TCP_OPTION_MSS:
        return length == MSS_LENGTH;
    case TCP_OPTION_WINDOW_SCALE:
        return length == SCALE_LENGTH;
    case TCP_OPTION_SACK_PERMITTED:
        return length == PERMITTED_LENGTH;
    case TCP_OPTION_SACK:
        return length >= 10 && (length - 2) % 8 == 0;
    case TCP_OPTION_TIMESTAMPS:
        return length == TIMESTAMPS_LENGTH;
    default:
        return length >= 2;
    }
}

static void read_option(struct tcp_options *options, const uint8_t *at, size_t length)
{
    switch (at[0]) {
    case TCP_OPTION_MSS:
        options->has_mss = true;
        options->mss = read_be16(at + 2);
        break;
    case TCP_OPTION_WINDOW_SCALE:
        options->has_scale = true;
        options->scale = at[2];
        break;
    case TCP_OPTION_SACK_PERMITTED:
        options->sack_permitted = true;
        break;
    case TCP_OPTION_SACK:
        read_sack(options, at, length);
        break;
    case TCP_OPTION_TIMESTAMPS:
        options->has_timestamps = true;
        options->ts_value = read_be32(at + 2);
        options->ts_echo = read_be32(at + 6);
        break;
    default:
        break;
    }
}

void tcp_options_read(struct tcp_options *options, struct baro_bytes bytes)
{
    size_t at = 0;

    *options = (struct tcp_options){ 0 };
    if (bytes.length == 2 + TIMESTAMPS_LENGTH && read_be32(bytes.data) == TCP_WORD_NOP_NOP_TIMESTAMPS) {
        read_option(options, bytes.data + 2, TIMESTAMPS_LENGTH); /* RFC 7323 appendix A: nearly all that come */
        return;
    }
    while (at < bytes.length && bytes.data[at] != TCP_OPTION_END) {
        size_t length;

        if (bytes.data[at] == TCP_OPTION_NOP) {
            at++;
            continue;
        }
        length = bytes.length - at < 2 ? 0 : bytes.data[at + 1];
        if (length > bytes.length - at || !length_is_legal(bytes.data[at], length)) {
            options->malformed = true;
            return;
        }
        read_option(options, bytes.data + at, length);
        at += length;
    }
}

/* In a SYN "SACK permitted" stands in the two places that would only align. */
static unsigned write_timestamps(const struct tcp_options *options, uint8_t *to)
{
    to[0] = options->sack_permitted ? TCP_OPTION_SACK_PERMITTED : TCP_OPTION_NOP;
    to[1] = options->sack_permitted ? PERMITTED_LENGTH : TCP_OPTION_NOP;
    to[2] = TCP_OPTION_TIMESTAMPS;
    to[3] = TIMESTAMPS_LENGTH;
    write_be32(to + 4, options->ts_value);
    write_be32(to + 8, options->ts_echo);
    return 12;
}

static unsigned write_sack(const struct tcp_options *options, uint8_t *to, unsigned room)
{
    unsigned blocks = options->sack_count;

    while (blocks != 0 && 4 + 8 * blocks > room)
        blocks--;
    if (blocks == 0)
        return 0;
    to[0] = TCP_OPTION_NOP;
    to[1] = TCP_OPTION_NOP;
    to[2] = TCP_OPTION_SACK;
    to[3] = (uint8_t)(2 + 8 * blocks);
    for (unsigned i = 0; i < blocks; i++) {
        write_be32(to + 4 + 8 * i, options->sack[i].left.value);
        write_be32(to + 8 + 8 * i, options->sack[i].right.value);
    }
    return 4 + 8 * blocks;
}

unsigned tcp_options_write(const struct tcp_options *options, uint8_t to[TCP_OPTIONS_LIMIT])
{
    unsigned at = 0;

    if (options->has_mss) {
        to[at] = TCP_OPTION_MSS;
        to[at + 1] = MSS_LENGTH;
        write_be16(to + at + 2, options->mss);
        at += MSS_LENGTH;
    }
    if (options->sack_permitted && !options->has_timestamps) {
        to[at] = TCP_OPTION_NOP;
        to[at + 1] = TCP_OPTION_NOP;
        to[at + 2] = TCP_OPTION_SACK_PERMITTED;
        to[at + 3] = PERMITTED_LENGTH;
        at += 4;
    }
    if (options->has_timestamps)
        at += write_timestamps(options, to + at);
    if (options->has_scale) {
        to[at] = TCP_OPTION_NOP;
        to[at + 1] = TCP_OPTION_WINDOW_SCALE;
        to[at + 2] = SCALE_LENGTH;
        to[at + 3] = options->scale;
        at += 4;
    }
    return at + write_sack(options, to + at, TCP_OPTIONS_LIMIT - at);
}
