/* From single events to blocks: a frame with its steps, a call with what it did. */
#ifndef EXPLAIN_STORY_H
#define EXPLAIN_STORY_H

#include "flow.h"
#include "frame.h"

enum story_kind { STORY_IN, STORY_OUT, STORY_UNSENT, STORY_CALL, STORY_LOST, STORY_WIRE, STORY_EVENT, STORY_LOOP };

struct story_line {
    int step;           /* 0: outside the ten */
    const char *label, *source;
    char *text;
};

struct story_block {
    enum story_kind kind;
    uint32_t host;
    const char *host_name;
    uint32_t interface;
    const char *wire;       /* what that is on; NULL: not known, or no interface's block */
    uint8_t family;         /* of what was told last: events without addresses are of the same */
    struct baro_instant at;
    char summary[256];
    struct frame_view view; /* STORY_IN, STORY_OUT and STORY_WIRE: kind FRAME_OTHER if it was not seen */
    bool has_frame;
    struct story_line *line;
    size_t lines, room;
    uint8_t *frame;         /* the first octets of it, as many as asked for */
    size_t captured, octets;
};

struct story_config {
    enum baro_language language;
    const struct baro_host_name *hosts;
    size_t host_count;
    const struct baro_interface_name *interfaces;
    size_t interface_count;
    size_t capture;         /* octets of a frame to keep; 0: none */
    bool absolute_sequence;
    void *context;
    void (*block)(void *context, const struct story_block *block);
};

struct story;

struct story *story_create(const struct story_config *config);
void story_event(struct story *story, const struct baro_trace_event *event);
/* Hands out what is not complete. 0, or -ENOMEM when lines were lost on the way. */
int story_finish(struct story *story);
void story_free(struct story *story);
const char *story_phrase_of(enum story_kind kind, enum baro_language language);

#endif
