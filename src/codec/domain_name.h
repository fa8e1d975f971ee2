/* codec/domain_name.h: domain names as text and as labels (RFC 1035 §3.1, §4.1.4), as DHCP carries them.
 *
 * A name from the wire may end up in a resolver's configuration, so only letters, digits, '-' and '_' are let
 * through (RFC 952, RFC 2782); a label has 1 to 63 of them, a name at most 253 in all. */
#ifndef CODEC_DOMAIN_NAME_H
#define CODEC_DOMAIN_NAME_H

#include "base/bytes.h"

enum { DOMAIN_NAME_TEXT = 256 /* with its NUL */ };

/* Reads one name of labels at *at, which then stands behind it. Pointers must lead backwards, each further than the
 * last. False: malformed, or the root alone. */
bool domain_name_read(struct baro_bytes octets, size_t *at, char text[DOMAIN_NAME_TEXT]);
/* The same where there must be no pointers (RFC 8415 §10). */
bool domain_name_read_plain(struct baro_bytes octets, size_t *at, char text[DOMAIN_NAME_TEXT]);

/* Writes labels and the root's. The length, or -EINVAL (no name), -ENOSPC. */
ptrdiff_t domain_name_write(const char *text, struct baro_buffer to);

/* Takes a name written as text, cut at the first NUL, without a final dot. False: it is none. */
bool domain_name_take(struct baro_bytes octets, char text[DOMAIN_NAME_TEXT]);

/* Labels of the right characters and lengths, no final dot. */
bool domain_name_is_right(const char *text, size_t length);

#endif
