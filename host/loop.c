/* loop.c: see baro/loop.h.
 *
 * A watch is freed at the end of the turn in which it was removed, because epoll may have handed out its
 * pointer already. Sources are kept in an array; removal leaves a hole until no turn is under way.
 *
 * Limit: sources that always claim to have done something would keep the loop from its descriptors, so after
 * ROUNDS rounds the loop looks at them without sleeping and comes back. */
#include "baro/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 16
#define EVENTS 64
#define BUSY_LIMIT_NS 1000000000

struct baro_watch {
    int fd;
    bool dead;
    baro_watch_function function;
    void *context;
    struct baro_watch *next_dead;
};

struct baro_loop {
    int epoll;
    struct baro_watch *dead; /* to be freed at the end of the turn */
    struct baro_source *source;
    size_t sources;
    bool holes; /* removed sources are still in the array, run NULL */
    int turning;
    int64_t busy_ns; /* that it spins before it sleeps */
    struct baro_loop_counts counts;
    bool stopped;
    int code;
};

struct baro_instant baro_loop_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (struct baro_instant){ (int64_t)time.tv_sec * 1000000000 + time.tv_nsec };
}

struct baro_loop *baro_loop_create(void)
{
    struct baro_loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return NULL;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) {
        free(loop);
        return NULL;
    }
    return loop;
}

static void bury(struct baro_loop *loop)
{
    while (loop->dead) {
        struct baro_watch *watch = loop->dead;
        loop->dead = watch->next_dead;
        free(watch);
    }
    if (loop->holes) {
        size_t kept = 0;
        for (size_t i = 0; i < loop->sources; i++) {
            if (loop->source[i].run)
                loop->source[kept++] = loop->source[i];
        }
        loop->sources = kept;
        loop->holes = false;
    }
}

void baro_loop_free(struct baro_loop *loop)
{
    if (!loop)
        return;
    assert(!loop->turning);
    bury(loop);
    close(loop->epoll);
    free(loop->source);
    free(loop);
}

struct baro_watch *baro_loop_watch(struct baro_loop *loop, int fd, uint32_t events, baro_watch_function function,
                                   void *context)
{
    struct baro_watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return NULL;
    watch->fd = fd;
    watch->function = function;
    watch->context = context;
    struct epoll_event event = { .events = events, .data.ptr = watch };
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        free(watch);
        return NULL;
    }
    return watch;
}

int baro_loop_change(struct baro_loop *loop, struct baro_watch *watch, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = watch };
    return epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &event) < 0 ? -errno : 0;
}

void baro_loop_unwatch(struct baro_loop *loop, struct baro_watch *watch)
{
    if (!watch)
        return;
    assert(!watch->dead);
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    watch->dead = true;
    watch->next_dead = loop->dead;
    loop->dead = watch;
    if (!loop->turning)
        bury(loop);
}

int baro_loop_add_source(struct baro_loop *loop, const struct baro_source *source)
{
    struct baro_source *grown = realloc(loop->source, (loop->sources + 1) * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    loop->source = grown;
    loop->source[loop->sources++] = *source;
    return 0;
}

void baro_loop_remove_source(struct baro_loop *loop, const void *context)
{
    for (size_t i = 0; i < loop->sources; i++) {
        if (loop->source[i].context == context) {
            loop->source[i].run = NULL;
            loop->holes = true;
        }
    }
    if (!loop->turning)
        bury(loop);
}

/* Runs the sources until they rest; true if they still had work after ROUNDS rounds. */
static bool run_sources(struct baro_loop *loop)
{
    bool worked = true;
    for (int round = 0; round < ROUNDS && worked; round++) {
        struct baro_instant now = baro_loop_now();
        worked = false;
        for (size_t i = 0; i < loop->sources; i++) { /* run may add sources, so the array may move */
            struct baro_source source = loop->source[i];
            if (source.run && source.run(source.context, now))
                worked = true;
        }
    }
    return worked;
}

/* How long the loop may sleep in nanoseconds, negative: for ever. */
static int64_t sleep_ns(struct baro_loop *loop, struct baro_duration longest)
{
    int64_t sleep = longest.ns;
    int64_t now = baro_loop_now().ns;
    for (size_t i = 0; i < loop->sources; i++) {
        struct baro_source source = loop->source[i];
        struct baro_instant deadline;
        if (!source.run || !source.next_deadline || !source.next_deadline(source.context, &deadline))
            continue;
        int64_t left = deadline.ns > now ? deadline.ns - now : 0;
        if (sleep < 0 || left < sleep)
            sleep = left;
    }
    return sleep;
}

int baro_loop_busy_poll(struct baro_loop *loop, struct baro_duration busy)
{
    if (busy.ns < 0 || busy.ns > BUSY_LIMIT_NS)
        return -EINVAL;
    loop->busy_ns = busy.ns;
    return 0;
}

struct baro_loop_counts baro_loop_statistics(const struct baro_loop *loop)
{
    return loop->counts;
}

/* Looks at the descriptors until one is ready, a deadline `ns` from now (negative: none) has come, or it is time to
 * sleep: that is said in *ns, 0 if there is none. What epoll_wait says. */
static int spin(struct baro_loop *loop, struct epoll_event *event, int64_t *ns)
{
    int64_t begin = baro_loop_now().ns, spun = 0, limit = loop->busy_ns;
    int count;

    if (*ns >= 0 && *ns < limit)
        limit = *ns;
    do {
        loop->counts.spins++;
        count = epoll_wait(loop->epoll, event, EVENTS, 0);
        spun = baro_loop_now().ns - begin;
    } while (count == 0 && spun < limit);
    if (count != 0)
        *ns = 0;
    else if (*ns >= 0)
        *ns = *ns > spun ? *ns - spun : 0;
    return count;
}

/* Waits for `ns` (negative: for ever) or until a descriptor is ready. */
static int wait_for(struct baro_loop *loop, struct epoll_event *event, int64_t ns)
{
    struct timespec timeout;
    int count;

    if (ns != 0 && loop->busy_ns != 0) {
        count = spin(loop, event, &ns);
        if (count != 0 || ns == 0)
            return count;
    }
    loop->counts.sleeps += ns != 0;
    timeout = (struct timespec){ .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
    return epoll_pwait2(loop->epoll, event, EVENTS, ns < 0 ? NULL : &timeout, NULL);
}

int baro_loop_turn(struct baro_loop *loop, struct baro_duration longest)
{
    struct epoll_event event[EVENTS];
    loop->turning++;
    int64_t ns = run_sources(loop) ? 0 : sleep_ns(loop, longest);
    if (loop->stopped)
        ns = 0;
    int count = wait_for(loop, event, ns);
    if (count < 0)
        count = errno == EINTR ? 0 : -errno;
    if (count > 0 && ns != 0)
        run_sources(loop); /* stacks learn how long it slept before a watch makes a socket call */
    for (int i = 0; i < count; i++) {
        struct baro_watch *watch = event[i].data.ptr;
        if (!watch->dead)
            watch->function(watch->context, event[i].events);
    }
    if (--loop->turning == 0)
        bury(loop);
    return count;
}

int baro_loop_run(struct baro_loop *loop)
{
    while (!loop->stopped) {
        int result = baro_loop_turn(loop, (struct baro_duration){ -1 });
        if (result < 0)
            return result;
    }
    loop->stopped = false;
    return loop->code;
}

void baro_loop_stop(struct baro_loop *loop, int code)
{
    loop->stopped = true;
    loop->code = code;
}
