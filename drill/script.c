/* drill/script.c: memory of a script, and its lines. */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 16384, ALIGNMENT = 16 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t used, size;
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

void *drill_arena_take(struct arena *arena, size_t bytes)
{
    struct arena_chunk *chunk = arena->chunks;
    void *taken;

    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (chunk == NULL || chunk->size - chunk->used < bytes) {
        size_t size = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;

        chunk = calloc(1, sizeof *chunk + size);
        if (chunk == NULL) {
            fputs("drill: out of memory\n", stderr);
            abort();
        }
        chunk->size = size;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    taken = chunk->bytes + chunk->used;
    chunk->used += bytes;
    return taken;
}

char *drill_arena_copy(struct arena *arena, const char *text, size_t length)
{
    char *copy = drill_arena_take(arena, length + 1);

    memcpy(copy, text, length);
    return copy;
}

void drill_arena_release(struct arena *arena)
{
    while (arena->chunks != NULL) {
        struct arena_chunk *next = arena->chunks->next;

        free(arena->chunks);
        arena->chunks = next;
    }
}

void drill_script_release(struct script *script)
{
    drill_arena_release(&script->arena);
}

struct baro_bytes drill_script_line(const struct script *script, int line)
{
    const char *at = script->text, *end = script->text + script->length, *stop;

    for (int i = 1; i < line; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));

        if (newline == NULL)
            return (struct baro_bytes){ (const uint8_t *)end, 0 };
        at = newline + 1;
    }
    stop = memchr(at, '\n', (size_t)(end - at));
    return (struct baro_bytes){ (const uint8_t *)at, (size_t)((stop == NULL ? end : stop) - at) };
}
