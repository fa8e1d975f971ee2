/* service/json.h: reads a JSON text (RFC 8259) from somebody who is not trusted: bounded, in one pass, without memory.
 *
 * There is no tree: each value that is no object or array is told with the way to it. What a text says twice is told
 * twice. A text that turns out wrong has told what stood before the mistake, so its reader acts only when all is
 * read. */
#ifndef SERVICE_JSON_H
#define SERVICE_JSON_H

#include <stdbool.h>
#include <stddef.h>

enum { JSON_DEPTH = 8, JSON_NUMBER_LENGTH = 63 }; /* objects and arrays in one another; octets of a number */

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING };

struct json_value {
    enum json_kind kind;
    double number;
    const char *text; /* of a string: its octets between the quotes, escapes as they stand */
    size_t length;
};

/* Where a value stands: in an object behind a key, in an array at an index. */
struct json_level {
    const char *key; /* NULL: an array */
    size_t length, index;
};

struct json_path {
    struct json_level level[JSON_DEPTH];
    unsigned depth; /* 0: the text is this one value */
};

typedef void (*json_tell)(void *context, const struct json_path *path, const struct json_value *value);

/* False: it is no JSON text, or goes deeper than JSON_DEPTH. */
bool json_read(const char *text, size_t length, json_tell tell, void *context);

/* Whether that level is behind this key. */
bool json_is(const struct json_path *path, unsigned level, const char *key);

#endif
