/* base/core.h: what every layer of one stack shares, handed down as the first argument.
 *
 * The moment, the trace, the counters, randomness, memory, timers and the intents. There is one in each
 * struct baro_stack and no other state is shared between layers. */
#ifndef BASE_CORE_H
#define BASE_CORE_H

#include "baro/stack.h"
#include "base/flow_shard.h"
#include "base/intent.h"
#include "base/random.h"
#include "base/slab.h"
#include "base/trace.h"
#include "base/wheel.h"

/* Whose a timer is: the first half of struct wheel_timer's kind. stack.c dispatches on it. */
enum timer_owner {
    TIMER_TCP = 0x00,        /* 0x00 to 0x3f: TCP's own kinds */
    TIMER_NEIGHBOUR = 0x40,
    TIMER_REASSEMBLY = 0x50,
    TIMER_ADDRESS = 0x60,
    TIMER_GROUP = 0x80,
    TIMER_ADVERTISED = 0x90,
    TIMER_ADVERTISE = 0xa0,
    TIMER_MEMORY = 0xb0
};

struct core {
    struct baro_instant now;
    struct trace trace;
    struct baro_statistics counters;
    struct random random;
    struct slabs slabs;
    struct intent_queue intents;
    struct hash_key flow_key; /* of flow labels */
    struct flow_shard shard;  /* which one of how many stacks behind these addresses */
    struct wheel wheel;       /* the largest part, what polls ask of it in front */
};

/* Counts a drop and tells the trace. Returns the reason, so that a caller can `return core_drop(...)`. */
enum baro_drop_reason core_drop(struct core *core, enum baro_drop_reason reason);

#endif
