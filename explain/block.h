/* Blocks being put together, and the lines in them. */
#ifndef EXPLAIN_BLOCK_H
#define EXPLAIN_BLOCK_H

#include "story.h"

/* Frees what the block holds and empties it. */
void block_release(struct story_block *block);
/* Adds a line of an event; false when memory fails (the line is lost). */
bool block_add(struct story_block *block, const struct telling *telling, const char *prefix, const char *text);
/* Moves all lines of `from` to the end of `to`. */
bool block_join(struct story_block *to, struct story_block *from);
/* Takes a frame: a view of it and up to `capture` octets. */
bool block_frame(struct story_block *block, struct baro_bytes frame, size_t capture);
/* What changed from one event of a connection's variables to the next, `before` told with its own bases. */
void variables_write(struct text *text, const struct telling *before, const struct telling *after);

#endif
