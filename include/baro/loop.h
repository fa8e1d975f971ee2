/* baro/loop.h: the event loop of the programs around the stacks (Linux). One thread, one epoll.
 *
 * Two kinds of things join a loop. A *watch* is a descriptor with a function that is called when the kernel says
 * it is ready. A *source* is something that works without a descriptor, such as stacks and the wires between
 * them: it is run before every sleep, again and again until no source found anything to do, and it says
 * when it wants to be run next although no descriptor woke the loop.
 *
 * One turn of the loop: run the sources until they rest, sleep until a descriptor is ready or the earliest deadline,
 * run the sources again if it slept (so that stacks know the time), call the watches. So a watch may call into a stack
 * and need not flush it: the stack's source runs before the loop sleeps.
 *
 * Instants are those of the monotonic clock. A source with a clock of its own translates. */
#ifndef BARO_LOOP_H
#define BARO_LOOP_H

#include "baro/types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct baro_loop;
struct baro_watch;

/* `events` is a set of EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR, EPOLLPRI (sys/epoll.h). The function may
 * add, change and remove any watch, its own too. */
typedef void (*baro_watch_function)(void *context, uint32_t events);

/* Something that works without a descriptor. Both functions get `context`. */
struct baro_source {
    void *context;
    /* Does what can be done at `now`; true if it did something that other sources may have to see. Turns are
     * repeated while any source says true, so it must become false when there is nothing to do. */
    bool (*run)(void *context, struct baro_instant now);
    /* When it wants to be run next; false: only when something happens. May be NULL: never by itself. */
    bool (*next_deadline)(void *context, struct baro_instant *deadline);
};

/* A new loop, or NULL with errno. Free it with baro_loop_free; descriptors stay open, they are their owners'. */
struct baro_loop *baro_loop_create(void);
void baro_loop_free(struct baro_loop *loop);

/* The monotonic clock, read now. */
struct baro_instant baro_loop_now(void);

/* Calls `function` when `fd` is ready for `events` (epoll's bits; EPOLLET for edges). NULL with errno. */
struct baro_watch *baro_loop_watch(struct baro_loop *loop, int fd, uint32_t events, baro_watch_function function,
                                   void *context);
/* Waits for other events from now on; 0 for none but EPOLLERR and EPOLLHUP. 0 or -errno. */
int baro_loop_change(struct baro_loop *loop, struct baro_watch *watch, uint32_t events);
/* Ends a watch; its function is not called again, even for an event fetched already. Call it before the descriptor
 * is closed. NULL is allowed. */
void baro_loop_unwatch(struct baro_loop *loop, struct baro_watch *watch);

/* Adds a source; sources run in the order of their addition. 0 or -ENOMEM. */
int baro_loop_add_source(struct baro_loop *loop, const struct baro_source *source);
/* Removes the sources that have this context. */
void baro_loop_remove_source(struct baro_loop *loop, const void *context);

struct baro_network;
/* Adds a network as a source, on the real clock (baro_network_follow): what programs, gateways and devices gave to
 * its stacks is carried before the loop sleeps. 0 or -ENOMEM. */
int baro_loop_add_network(struct baro_loop *loop, struct baro_network *network);

/* From now on the loop spins for so long before it sleeps: it looks at the descriptors again and again, 0 to 1 s, 0 as
 * at first: it sleeps at once. That spares waking a thread, tens of microseconds on a virtual machine, and costs a
 * processor for as long: it is for who asks for it. -EINVAL. */
int baro_loop_busy_poll(struct baro_loop *loop, struct baro_duration busy);
/* How often the loop slept, and how often it looked at the descriptors while it spun. */
struct baro_loop_counts {
    uint64_t sleeps, spins;
};
struct baro_loop_counts baro_loop_statistics(const struct baro_loop *loop);

/* One turn, sleeping no longer than `longest` (0: not at all; negative: as long as it takes).
 * Number of watches called, or -errno. */
int baro_loop_turn(struct baro_loop *loop, struct baro_duration longest);
/* Turns until baro_loop_stop. The code given to stop, or -errno. */
int baro_loop_run(struct baro_loop *loop);
/* Makes baro_loop_run return `code` (0 or more) at the end of its turn. */
void baro_loop_stop(struct baro_loop *loop, int code);

#ifdef __cplusplus
}
#endif
#endif
