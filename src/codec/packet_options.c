/* codec/packet_options.c: TCP options of packets that are values, one by one or decoded. */
#include "baro/packet.h"

#include "codec/packet_parts.h"
#include "codec/tcp_options.h"

bool baro_tcp_option_next(struct baro_bytes *options, struct baro_tcp_option *option)
{
    size_t length = 1;

    if (options->length == 0)
        return false;
    *option = (struct baro_tcp_option){ .kind = options->data[0] };
    if (option->kind != TCP_OPTION_END && option->kind != TCP_OPTION_NOP) {
        length = options->length < 2 ? 0 : options->data[1];
        if (length < 2 || length > options->length)
            return false;
        option->value = (struct baro_bytes){ options->data + 2, length - 2 };
    }
    *options = packet_rest(*options, length);
    return true;
}

void baro_tcp_options_parse(struct baro_tcp_options *options, struct baro_bytes bytes)
{
    struct tcp_options read;

    tcp_options_read(&read, bytes);
    *options = (struct baro_tcp_options){
        .has_mss = read.has_mss, .has_scale = read.has_scale, .has_timestamps = read.has_timestamps,
        .sack_permitted = read.sack_permitted, .malformed = read.malformed, .mss = read.mss,
        .scale = read.scale, .sack_count = read.sack_count, .ts_value = read.ts_value, .ts_echo = read.ts_echo
    };
    for (unsigned i = 0; i < read.sack_count; i++) {
        options->sack[i].left = read.sack[i].left.value;
        options->sack[i].right = read.sack[i].right.value;
    }
}
