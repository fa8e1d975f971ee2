/* What the joining of events remembers: shared by story.c (groups) and story_adapter.c (the LAN adapter). */
#ifndef EXPLAIN_STORY_STATE_H
#define EXPLAIN_STORY_STATE_H

#include "block.h"

enum { GROUP_LIMIT = 4, PENDING_LIMIT = 64, WAITING_LIMIT = 32, SENT_LIMIT = 64, TEXT_LIMIT = 1024 };

struct group {
    struct story_block block;
    struct flow *flow;
    bool has_before; /* the connection's variables, to be compared with those after */
    struct baro_trace_event before;
    uint64_t call, departure;
    int64_t descriptor;
};

/* A frame in the LAN adapter. */
struct pending {
    bool used, out;
    uint64_t frame;
    struct story_block block;
};

/* A frame handed to the driver, for the adapter's part that comes later. */
struct sent {
    uint64_t departure;
    char summary[256];
    struct frame_view view;
};

struct waiting {
    int64_t descriptor;
    uint64_t call;
};

struct host {
    struct host *next;
    uint32_t number;
    char name[64];
    struct group group[GROUP_LIMIT];
    unsigned depth;
    struct group free; /* variables before, outside of groups */
    struct pending pending[PENDING_LIMIT];
    struct pending *lost; /* the adapter gave it up; only a DROP may still say why */
    struct pending *touched; /* the event before was about this frame... */
    bool stored;             /* ...and put it into the ring, or found that full */
    struct story_block burst;
    bool burst_taken;
    struct waiting waiting[WAITING_LIMIT]; /* calls that returned "not yet", the last one last */
    unsigned waiting_count;
    struct sent sent[SENT_LIMIT];
    struct flows flows;
};

struct story {
    struct story_config config;
    struct host *hosts;
    bool memory_failed;
};


/* story.c */
void story_block_open(struct story_block *block, struct host *host, enum story_kind kind,
                      const struct baro_trace_event *event);
void story_hand_out(struct story *story, struct story_block *block);
void story_line_add(struct story *story, struct host *host, struct group *group, struct story_block *block,
                    const struct baro_trace_event *event, const char *waiting);

/* story_adapter.c */
bool story_is_adapter(enum baro_trace_kind kind);
void story_adapter_event(struct story *story, struct host *host, const struct baro_trace_event *event);
void story_burst_event(struct story *story, struct host *host, const struct baro_trace_event *event);
/* A DROP outside of groups: true if it is about a frame in the adapter. */
bool story_adapter_drop(struct story *story, struct host *host, const struct baro_trace_event *event);
/* The lines of frame `arrival` and of its burst move to `block`; earlier frames were lost. */
void story_adapter_join(struct story *story, struct host *host, struct story_block *block, uint64_t arrival);
/* Hands out the frame that the adapter gave up, if there is one; with `all` everything kept. */
void story_adapter_flush(struct story *story, struct host *host, bool all);

#endif
