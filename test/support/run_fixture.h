/* A supervisor on a fake stack, for the tests of host/run. Include it in one file of a test. Where the
 * machine has no user namespaces the test exits 77 with the reason. */
#ifndef BARO_TEST_RUN_FIXTURE_H
#define BARO_TEST_RUN_FIXTURE_H

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "baro/run.h"
#include "support/fake_stack.h"

struct run_fixture {
    struct baro_loop *loop;
    struct baro_run *run;
    struct baro_stack *stack;
    int ended;       /* programs */
    int wait_status; /* of the last */
    char line[512];  /* what was said last */
};

static void fixture_say(void *context, const char *line)
{
    struct run_fixture *f = context;
    snprintf(f->line, sizeof f->line, "%s", line);
}

static void fixture_ended(void *context, int program, int wait_status)
{
    struct run_fixture *f = context;
    (void)program;
    f->ended++;
    f->wait_status = wait_status;
}

static void fixture_init(struct run_fixture *f, unsigned without)
{
    *f = (struct run_fixture){ .loop = baro_loop_create(), .stack = calloc(1, sizeof *f->stack) };
    f->stack->next_port = 40000;
    const struct baro_run_config config = {
        .loop = f->loop, .without = without, .say = fixture_say, .ended = fixture_ended, .context = f
    };
    f->run = baro_run_create(&config);
    if (!f->run) {
        printf("skipped: no seccomp user notification: %s\n", strerror(errno));
        exit(77);
    }
    const struct baro_run_host host = { .stack = f->stack,
                                        .interface = { { .number = 1, .address = { { baro_ipv4(10, 1, 2, 3), 24 } } } },
                                        .name_server = baro_ipv4(10, 1, 2, 1) };
    baro_run_add_host(f->run, &host);
}

static void fixture_release(struct run_fixture *f)
{
    baro_run_free(f->run);
    baro_loop_free(f->loop);
    free(f->stack);
}

/* Starts a program; exits 77 where namespaces are refused. */
static int fixture_start(struct run_fixture *f, const char *const *argument)
{
    const struct baro_run_program program = { .argument = (char *const *)(uintptr_t)argument };
    int result = baro_run_spawn(f->run, &program);
    if (result < 0 && strstr(f->line, "namespaces")) {
        printf("skipped: %s\n", f->line);
        exit(77);
    }
    return result;
}

/* Turns the loop until `done`, at most a minute; whether it was. */
static bool fixture_until(struct run_fixture *f, bool (*done)(struct run_fixture *f))
{
    int64_t limit_ns = baro_loop_now().ns + 60000000000;
    while (!done(f) && baro_loop_now().ns < limit_ns)
        baro_loop_turn(f->loop, (struct baro_duration){ 50000000 });
    return done(f);
}

static bool fixture_has_ended(struct run_fixture *f)
{
    return f->ended > 0;
}

/* Runs a program to its end; its wait status. */
static inline int fixture_run(struct run_fixture *f, const char *const *argument)
{
    f->ended = 0;
    if (fixture_start(f, argument) < 0)
        return -1;
    return fixture_until(f, fixture_has_ended) ? f->wait_status : -1;
}

/* A shell command to its end; its exit status. */
static inline int fixture_shell(struct run_fixture *f, const char *command)
{
    const char *const argument[] = { "sh", "-c", command, NULL };
    int status = fixture_run(f, argument);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
