/* service/json.c: see json.h. Every function moves `at` behind what it read and says false where that is not there. */
#include "json.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    const char *at, *end;
    json_tell tell;
    void *context;
    struct json_path path;
};

static void skip_space(struct reader *reader)
{
    while (reader->at != reader->end && strchr(" \t\r\n", *reader->at) != NULL && *reader->at != '\0')
        reader->at++;
}

/* The next octet that is no white space, left where it is; '\0' at the end. */
static char next(struct reader *reader)
{
    skip_space(reader);
    return reader->at == reader->end ? '\0' : *reader->at;
}

static bool take(struct reader *reader, char wanted)
{
    if (next(reader) != wanted || reader->at == reader->end)
        return false;
    reader->at++;
    return true;
}

static bool read_word(struct reader *reader, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
        return false;
    reader->at += length;
    return true;
}

static bool is_hex(char octet)
{
    return (octet >= '0' && octet <= '9') || (octet >= 'a' && octet <= 'f') || (octet >= 'A' && octet <= 'F');
}

/* Behind a backslash. */
static bool read_escape(struct reader *reader)
{
    if (reader->at == reader->end)
        return false;
    if (*reader->at != 'u')
        return *reader->at != '\0' && strchr("\"\\/bfnrt", *reader->at++) != NULL;
    reader->at++;
    for (unsigned i = 0; i < 4; i++, reader->at++) {
        if (reader->at == reader->end || !is_hex(*reader->at))
            return false;
    }
    return true;
}

static bool read_string(struct reader *reader, const char **text, size_t *length)
{
    if (!take(reader, '"'))
        return false;
    *text = reader->at;
    while (reader->at != reader->end && *reader->at != '"') {
        if ((unsigned char)*reader->at < ' ')
            return false;
        if (*reader->at++ == '\\' && !read_escape(reader))
            return false;
    }
    *length = (size_t)(reader->at - *text);
    return take(reader, '"');
}

static bool digits(struct reader *reader)
{
    const char *first = reader->at;

    while (reader->at != reader->end && *reader->at >= '0' && *reader->at <= '9')
        reader->at++;
    return reader->at != first;
}

static bool one_of(struct reader *reader, char a, char b)
{
    if (reader->at == reader->end || (*reader->at != a && *reader->at != b))
        return false;
    reader->at++;
    return true;
}

/* RFC 8259 §6. */
static bool read_number(struct reader *reader, double *number)
{
    char copy[JSON_NUMBER_LENGTH + 1];
    const char *first = reader->at;
    size_t length;

    one_of(reader, '-', '-');
    if (!one_of(reader, '0', '0') && !digits(reader))
        return false;
    if (one_of(reader, '.', '.') && !digits(reader))
        return false;
    if (one_of(reader, 'e', 'E')) {
        one_of(reader, '+', '-');
        if (!digits(reader))
            return false;
    }
    length = (size_t)(reader->at - first);
    if (length > JSON_NUMBER_LENGTH)
        return false;
    memcpy(copy, first, length);
    copy[length] = '\0';
    *number = strtod(copy, NULL);
    return true;
}

static bool read_plain(struct reader *reader)
{
    struct json_value value = { .kind = JSON_NULL };
    bool right;

    switch (next(reader)) {
    case '"':
        value.kind = JSON_STRING;
        right = read_string(reader, &value.text, &value.length);
        break;
    case 't':
        value.kind = JSON_TRUE;
        right = read_word(reader, "true");
        break;
    case 'f':
        value.kind = JSON_FALSE;
        right = read_word(reader, "false");
        break;
    case 'n':
        right = read_word(reader, "null");
        break;
    default:
        value.kind = JSON_NUMBER;
        right = read_number(reader, &value.number);
        break;
    }
    if (right)
        reader->tell(reader->context, &reader->path, &value);
    return right;
}

static bool read_value(struct reader *reader);

/* What is in an object or array, between its brackets; the depth is bounded, so this may call itself. */
static bool read_inside(struct reader *reader, bool object)
{
    char closing = object ? '}' : ']';
    struct json_level *level;

    if (reader->path.depth == JSON_DEPTH)
        return false;
    level = &reader->path.level[reader->path.depth++];
    *level = (struct json_level){ .key = NULL };
    if (take(reader, closing)) {
        reader->path.depth--;
        return true;
    }
    do {
        if (object && (!read_string(reader, &level->key, &level->length) || !take(reader, ':')))
            return false;
        if (!read_value(reader))
            return false;
        level->index++;
    } while (take(reader, ','));
    reader->path.depth--;
    return take(reader, closing);
}

static bool read_value(struct reader *reader)
{
    if (take(reader, '{'))
        return read_inside(reader, true);
    if (take(reader, '['))
        return read_inside(reader, false);
    return read_plain(reader);
}

bool json_read(const char *text, size_t length, json_tell tell, void *context)
{
    struct reader reader = { .at = text, .end = text + length, .tell = tell, .context = context };

    if (!read_value(&reader))
        return false;
    skip_space(&reader);
    return reader.at == reader.end;
}

bool json_is(const struct json_path *path, unsigned level, const char *key)
{
    const struct json_level *at = &path->level[level];

    return level < path->depth && at->key != NULL && at->length == strlen(key) &&
           memcmp(at->key, key, at->length) == 0;
}
