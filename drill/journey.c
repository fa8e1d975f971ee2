/* drill/journey.c: what the stack decided, told after a failure.
 *
 * A script is the same each time, so it is run once more with a journey (baro/explain.h) behind the stack's
 * trace, and nothing is kept while scripts pass. After a failure the last blocks of the connection that it is
 * about are told, from a buffer that holds no more than TAIL_BYTES; `--journey` tells everything, of what
 * passes too. */
#include "run.h"

#include <stdlib.h>
#include <string.h>

enum { TAIL_BYTES = 64 * 1024, BLOCKS_TOLD = 12 };

static const char block_mark[] = "\n+--";

/* The end of a text: the older half goes when there is no room. */
struct tail {
    char bytes[TAIL_BYTES];
    size_t used;
};

static ssize_t tail_write(void *context, const char *bytes, size_t length)
{
    struct tail *tail = context;
    size_t given = length, half = TAIL_BYTES / 2;

    if (length > half) {
        bytes += length - half;
        length = half;
    }
    if (tail->used + length > TAIL_BYTES) {
        memmove(tail->bytes, tail->bytes + tail->used - half, half);
        tail->used = half;
    }
    memcpy(tail->bytes + tail->used, bytes, length);
    tail->used += length;
    return (ssize_t)given;
}

/* Where the last blocks begin; cut in the midst of one, at its first line that is whole. */
static const char *last_blocks(const struct tail *tail)
{
    const char *at = tail->bytes + tail->used, *begin = tail->bytes;
    size_t mark = sizeof block_mark - 1;
    int blocks = 0;

    while (at > tail->bytes && blocks < BLOCKS_TOLD) {
        at--;
        if ((size_t)(tail->bytes + tail->used - at) >= mark && memcmp(at, block_mark, mark) == 0) {
            begin = at + 1;
            blocks++;
        }
    }
    /* the very first has no line before it */
    return blocks < BLOCKS_TOLD && memcmp(tail->bytes, block_mark + 1, mark - 1) == 0 ? tail->bytes : begin;
}

static void tell(FILE *out, struct baro_port port, enum baro_language language, drill_journey_run *again,
                 void *context)
{
    struct baro_host_name name = { 0, "stack" };
    struct baro_journey_config config = {
        .out = out, .language = language, .hosts = &name, .host_count = 1, .port = port
    };
    struct baro_journey *journey = baro_journey_create(&config);

    if (journey == NULL)
        return;
    again(context, baro_journey_sink(journey));
    baro_journey_free(journey);
}

void drill_journey_all(FILE *out, enum baro_language language, drill_journey_run *again, void *context)
{
    fprintf(out, "\n%s\n\n", drill_words(WORD_JOURNEY_ALL, language));
    tell(out, (struct baro_port){ 0 }, language, again, context);
}

void drill_journey_last(FILE *out, struct baro_port port, enum baro_language language,
                        drill_journey_run *again, void *context)
{
    struct tail *tail = calloc(1, sizeof *tail);
    FILE *file = tail == NULL ? NULL : fopencookie(tail, "w", (cookie_io_functions_t){ .write = tail_write });
    const char *begin;

    if (file != NULL) {
        tell(file, port, language, again, context);
        fclose(file);
        begin = last_blocks(tail);
        fprintf(out, "\n%s\n\n", drill_words(WORD_JOURNEY, language));
        fwrite(begin, 1, (size_t)(tail->bytes + tail->used - begin), out);
        fputc('\n', out);
    }
    free(tail);
}
