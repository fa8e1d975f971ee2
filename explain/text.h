/* Text in a buffer of fixed size: what does not fit is left out, whole characters only. */
#ifndef EXPLAIN_TEXT_H
#define EXPLAIN_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "baro/types.h"

struct text {
    char *data; /* zero-terminated unless size is 0 */
    size_t size, length;
};

void text_init(struct text *text, char *data, size_t size);
void text_put(struct text *text, const char *bytes, size_t length);
void text_add(struct text *text, const char *string);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

void text_address(struct text *text, const struct baro_address *address);
void text_mac(struct text *text, const struct baro_mac *mac);
/* "10.0.0.1:80", port 0 as "*". Family NONE must be told by the caller. */
void text_endpoint(struct text *text, const struct baro_endpoint *endpoint);
/* "20 us", "1.5 s": the largest unit that keeps three digits exact enough to read. */
void text_duration(struct text *text, int64_t ns);
/* "SYN+ACK", the bits of TCP's flags octet; "none" for 0. */
void text_flags(struct text *text, uint64_t flags);
/* "[##......] 2 of 8", at most 16 cells; `of` is the language's format of two numbers. */
void text_queue(struct text *text, uint64_t used, uint64_t limit, const char *of);

/* Columns that UTF-8 text takes in a terminal: Hangul and other wide characters two. */
size_t text_columns(const char *string, size_t length);
/* Bytes of the character that begins here, 1 for a stray byte. */
size_t text_character(const char *string, size_t length);

#endif
