/* codec/dhcp6_options.h: the options of DHCPv6 as codes and octets (RFC 8415 §21.1).
 *
 * Reading: a list that dhcp6_options_are_whole() found whole is taken apart by dhcp6_option_next(). Writing: options
 * one behind the other; an option that holds others is opened, filled and closed. What must be there and finds no room
 * makes `error` -ENOSPC; what need not be is left out. */
#ifndef CODEC_DHCP6_OPTIONS_H
#define CODEC_DHCP6_OPTIONS_H

#include "base/bytes.h"

struct dhcp6_option {
    uint16_t code;
    struct baro_bytes value;
};

/* No length in it leads beyond the end. */
bool dhcp6_options_are_whole(struct baro_bytes options);
/* Takes the first option off a list. False: there is none, or it is not whole. */
bool dhcp6_option_next(struct baro_bytes *options, struct dhcp6_option *option);

struct dhcp6_writer {
    struct baro_buffer to;
    size_t used;
    int error;
};

void dhcp6_need(struct dhcp6_writer *writer, uint16_t code, const void *value, size_t length);
/* Nothing where the length is 0. */
void dhcp6_offer(struct dhcp6_writer *writer, uint16_t code, const void *value, size_t length);
/* Begins an option with its fixed part; what is returned closes it. */
size_t dhcp6_open(struct dhcp6_writer *writer, uint16_t code, const void *fixed, size_t length);
void dhcp6_close(struct dhcp6_writer *writer, size_t opened);

#endif
