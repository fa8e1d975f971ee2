/* test/sim/rest_world.h: one network of the simulations whose connections rest or may not: two stacks, a cable,
 * programs, and the sums of what could be seen. rest_test.c says more. */
#ifndef TEST_SIM_REST_WORLD_H
#define TEST_SIM_REST_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/time.h"
#include "stack.h"
#include "support/cable.h"
#include "support/chance.h"

enum { STEPS = 60, PORT = 7000, MOST = 6, CHUNK = 20000, FLYING = 2048, FRAME = 1700, KEPT = 64 };

struct side {
    struct test_memory memory;
    struct frame_device device;
    struct baro_stack *stack;
    int listener, fd[MOST];
    uint64_t written[MOST], read[MOST];
};

/* A frame on the cable. */
struct flying {
    int64_t at_ns;
    unsigned to, length;
    uint8_t octets[FRAME];
};

/* Frames that passed, the last ones. */
struct kept {
    unsigned count;
    struct {
        unsigned length;
        uint8_t octets[FRAME];
    } frame[KEPT];
};

/* What a run was like. */
struct tale {
    uint64_t hash[STEPS], frames, woken, timeouts, octets;
    unsigned rested[BARO_TCP_STATE_COUNT]; /* connections that a step found at rest, by their state */
    int64_t ended_ns;
};

struct world {
    uint64_t state;
    struct line {
        uint64_t weather[2], hash; /* the cable's chance, each way; what happened */
        uint16_t port;
    } line[MOST + 1];              /* of each connection, and of what belongs to none */
    bool ipv6, lossy, odd, traced;
    unsigned count, delay_ms;
    int64_t cut_until_ns;
    struct side side[2];
    struct baro_instant now;
    struct flying flying[FLYING];
    unsigned flies;
    struct kept kept[2][MOST + 1]; /* towards each end */
    uint8_t posted[2][MOST][CHUNK];
};

extern struct world world;
extern struct tale *told;

static inline uint64_t draw(uint64_t below)
{
    return chance_draw(&world.state, below);
}

static inline bool one_in(unsigned many)
{
    return draw(many) == 0;
}

static inline void note(unsigned which, const void *bytes, size_t length)
{
    chance_note(&world.line[which].hash, bytes, length);
}

static inline void note_number(unsigned which, int64_t number)
{
    note(which, &number, sizeof number);
}

static inline struct baro_address address(unsigned end)
{
    return cable_address(world.ipv6, end);
}

/* What a program writes at this place of its stream. */
static inline uint8_t octet_at(unsigned end, unsigned which, uint64_t offset)
{
    return (uint8_t)((offset * 31 + (offset >> 8)) ^ (end * 101 + which * 17));
}

/* Time goes on, frames fly, stacks are polled, and programs read what they are told of. */
void pass(int64_t span_ms, int64_t step_ms);
void write_some(unsigned end, unsigned which);
void set(struct side *side, int fd, enum baro_option option, int value);
void set_ms(struct side *side, int fd, enum baro_option option, uint64_t ms);
void choose_keepalive(struct side *side, int fd);

/* rest_odd.c: something that programs or networks seldom do. */
void odd(void);

#endif
