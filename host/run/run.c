/* run.c: the supervisor as a whole: creation, hosts, its turn in the loop.
 *
 * One thread. The loop calls notify_ready() for trapped calls and b_ready() for the programs' bytes; as a
 * source of the loop this file takes the stacks' readiness changes, until there are none, and keeps two slow
 * clocks: signals and time-outs of held calls, and descriptors that went without a word. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/filter.h"
#include "run/internal.h"

#define READY_AT_ONCE 256

static void say(struct baro_run *run, const char *format, va_list arguments)
{
    char line[512];
    vsnprintf(line, sizeof line, format, arguments);
    if (run->config.say)
        run->config.say(run->config.context, line);
    else
        fprintf(stderr, "baro: %s\n", line);
}

void run_say(struct baro_run *run, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(run, format, arguments);
    va_end(arguments);
}

void run_say_once(struct baro_run *run, unsigned key, const char *format, ...)
{
    uint64_t bit = (uint64_t)1 << (key % 64);
    uint64_t *word = &run->said[key / 64 % (sizeof run->said / sizeof *run->said)];
    if (*word & bit)
        return;
    *word |= bit;
    va_list arguments;
    va_start(arguments, format);
    say(run, format, arguments);
    va_end(arguments);
}

int64_t run_now_ns(void)
{
    return baro_loop_now().ns;
}

static bool take_readiness(struct host *host)
{
    struct baro_ready ready;
    bool any = false;
    for (int i = 0; i < READY_AT_ONCE && baro_next_ready(host->config.stack, &ready); i++) {
        any = true;
        struct socket *socket = NULL;
        if (ready.fd >= 0 && (size_t)ready.fd < host->by_fd_room)
            socket = host->by_fd[ready.fd];
        if (socket)
            socket_ready(socket, ready.events);
    }
    return any;
}

static bool turn(void *context, struct baro_instant now)
{
    struct baro_run *run = context;
    bool any = notify_take(run);
    for (int i = 0; i < run->hosts; i++) {
        struct host *host = run->host[i];
        bool some = take_readiness(host);
        if (some || host->touched) {
            host->touched = false;
            baro_stack_flush(host->config.stack);
            any = true;
        }
        mirror_follow(host);
    }
    waiters_look(run, now.ns);
    collect(run, now.ns);
    return any;
}

static bool next_deadline(void *context, struct baro_instant *deadline)
{
    const struct baro_run *run = context;
    int64_t look = waiters_next(run), gone = collect_next(run);
    deadline->ns = !look || (gone && gone < look) ? gone : look;
    return deadline->ns != 0;
}

struct baro_run *baro_run_create(const struct baro_run_config *config)
{
    struct baro_run *run = calloc(1, sizeof *run);
    if (!run)
        return NULL;
    run->config = *config;
    run->diagnosis = -1;
    sigprocmask(SIG_SETMASK, NULL, &run->signal_mask);
    run->buffer = malloc(BUFFER);
    const struct baro_source source = { run, turn, next_deadline };
    if (!run->buffer || !notify_init(run) || !filter_init(&run->filter, config->trap_every_message) ||
        baro_loop_add_source(config->loop, &source) < 0) {
        int error = errno;
        baro_run_free(run);
        errno = error;
        return NULL;
    }
    collect_init(run);
    return run;
}

void baro_run_free(struct baro_run *run)
{
    if (!run)
        return;
    baro_loop_remove_source(run->config.loop, run);
    while (run->first_waiter)
        waiter_remove(run, run->first_waiter);
    while (run->programs) {
        struct program *program = run->programs;
        run->programs = program->next;
        program_release(program);
    }
    table_free(run);
    for (int i = 0; i < run->hosts; i++) {
        free(run->host[i]->by_fd);
        free(run->host[i]);
    }
    if (run->diagnosis >= 0)
        close(run->diagnosis);
    filter_release(&run->filter);
    free(run->host);
    free(run->notification);
    free(run->response);
    free(run->buffer);
    free(run->refused);
    free(run);
}

int baro_run_add_host(struct baro_run *run, const struct baro_run_host *config)
{
    struct host **grown = realloc(run->host, (size_t)(run->hosts + 1) * sizeof(struct host *));
    if (!grown)
        return -ENOMEM;
    run->host = grown;
    struct host *host = calloc(1, sizeof *host);
    if (!host)
        return -ENOMEM;
    host->run = run;
    host->config = *config;
    run->host[run->hosts] = host;
    return run->hosts++;
}

void baro_run_statistics(const struct baro_run *run, struct baro_run_statistics *statistics)
{
    *statistics = (struct baro_run_statistics){
        .sockets = run->sockets, .held = run->held, .calls = run->calls, .passed = run->passed
    };
    for (const struct program *program = run->programs; program; program = program->next)
        statistics->programs += program->control >= 0;
    for (const struct socket *socket = run->doubtful; socket; socket = socket->next_doubtful)
        statistics->remains++;
}
