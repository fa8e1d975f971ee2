/* codec/dhcp_options.h: the options of a DHCPv4 message as codes and octets, wherever they stand.
 *
 * Reading: dhcp_options_find() joins all pieces of one option, in the order options, `file`, `sname` (RFC 3396 §7).
 * Writing: dhcp_options_put() cuts what is longer than 255 octets and goes on in `file` and `sname` when the room
 * behind the header is used up; dhcp_options_end() says so by option 52. */
#ifndef CODEC_DHCP_OPTIONS_H
#define CODEC_DHCP_OPTIONS_H

#include "base/bytes.h"

enum {
    DHCP_SNAME = 44, DHCP_SNAME_SIZE = 64,   /* offsets in the message, RFC 2131 §2 */
    DHCP_FILE = 108, DHCP_FILE_SIZE = 128,
    DHCP_COOKIE = 236, DHCP_OPTIONS = 240,
    DHCP_OPTION_LIMIT = 1024                 /* octets of one option, all its pieces joined */
};

struct dhcp_areas {
    struct baro_bytes area[3]; /* options, file, sname; the latter two empty unless overloaded */
};

/* `message` has at least DHCP_OPTIONS octets. */
void dhcp_areas_find(struct dhcp_areas *areas, struct baro_bytes message);
/* The joined value in `to`; its length, -1: the option is not there, or is longer than DHCP_OPTION_LIMIT. */
int dhcp_options_find(const struct dhcp_areas *areas, uint8_t code, uint8_t to[DHCP_OPTION_LIMIT]);

struct dhcp_options_writer {
    struct baro_buffer area[3];
    size_t used[3];
};

/* `message` has at least 300 octets, zero behind the header. */
void dhcp_options_begin(struct dhcp_options_writer *writer, struct baro_buffer message);
/* False: there is no room for all of it, and nothing was written. */
bool dhcp_options_put(struct dhcp_options_writer *writer, uint8_t code, const void *value, size_t length);
/* Returns the message's length. */
size_t dhcp_options_end(struct dhcp_options_writer *writer);

#endif
