/* waiter.c: calls held back, and what may end them besides the event they wait for: a time-out, a signal,
 * death.
 *
 * Where the kernel waits killably (5.19), a thread in a held call sees no signal but a fatal one. So every 20
 * ms /proc/TID/status of each is looked at, and if a signal is pending that it neither blocks nor ignores,
 * the call is answered with ERESTARTSYS (512): the kernel then runs the handler and chooses between EINTR and
 * a restart as it would for its own calls. The thread must really be the one that takes the signal, or 512
 * would reach the program. A signal sent to the thread is; one sent to a process of one thread too. With
 * several threads the kernel prefers the first, so that one is answered at the second look at the same
 * signal, others at the fourth, and one a process and look: a signal that another thread can take is gone by
 * then.
 *
 * Where it does not wait killably the kernel itself interrupts the call, and our answer finds nobody. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/internal.h"

#define LOOK_NS 20000000
#define RESTART 512 /* the kernel's ERESTARTSYS */
#define LOOKS_AT_ONCE 64

struct waiter *waiter_add(const struct call *call, struct socket *socket, enum waiting kind)
{
    struct baro_run *run = call->program->run;
    struct waiter *waiter = calloc(1, sizeof *waiter);
    if (!waiter) {
        call_error(call, ENOMEM);
        return NULL;
    }
    waiter->call = *call;
    waiter->socket = socket;
    waiter->kind = kind;
    waiter->previous = run->last_waiter;
    if (run->last_waiter)
        run->last_waiter->next = waiter;
    else
        run->first_waiter = waiter;
    run->last_waiter = waiter;
    socket->waiting++;
    run->held++;
    if (!run->next_look_ns)
        run->next_look_ns = run_now_ns() + LOOK_NS;
    return waiter;
}

void waiter_remove(struct baro_run *run, struct waiter *waiter)
{
    if (waiter->previous)
        waiter->previous->next = waiter->next;
    else
        run->first_waiter = waiter->next;
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    else
        run->last_waiter = waiter->previous;
    waiter->socket->waiting--;
    run->held--;
    free(waiter);
}

struct waiter *waiter_first(struct socket *socket, enum waiting kind)
{
    if (!socket->waiting)
        return NULL;
    struct waiter *waiter = socket->host->run->first_waiter;
    while (waiter && (waiter->socket != socket || waiter->kind != kind))
        waiter = waiter->next;
    return waiter;
}

void waiters_fail(struct socket *socket, enum waiting kind, int error)
{
    struct waiter *waiter;
    while ((waiter = waiter_first(socket, kind))) {
        call_error(&waiter->call, error);
        waiter_remove(socket->host->run, waiter);
    }
}

struct thread_signals {
    int process, threads;
    unsigned long long pending, pending_shared, blocked, ignored;
};

static bool read_signals(pid_t tid, struct thread_signals *signals)
{
    char path[32], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", (int)tid);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    memset(signals, 0, sizeof *signals);
    while (fgets(line, sizeof line, file)) {
        sscanf(line, "Tgid: %d", &signals->process);
        sscanf(line, "Threads: %d", &signals->threads);
        sscanf(line, "SigPnd: %llx", &signals->pending);
        sscanf(line, "ShdPnd: %llx", &signals->pending_shared);
        sscanf(line, "SigBlk: %llx", &signals->blocked);
        if (sscanf(line, "SigIgn: %llx", &signals->ignored) == 1)
            break;
    }
    fclose(file);
    return true;
}

/* Whether this thread is the one that takes a pending signal. */
static bool must_wake(struct waiter *waiter, int *process_woken)
{
    struct thread_signals signals;
    if (!read_signals(waiter->call.tid, &signals))
        return false;
    unsigned long long open = ~signals.blocked & ~signals.ignored;
    if (signals.pending & open)
        return true;
    if (!(signals.pending_shared & open)) {
        waiter->strikes = 0;
        return false;
    }
    waiter->strikes++;
    int looks = signals.threads <= 1 ? 1 : signals.process == waiter->call.tid ? 2 : 4;
    if (waiter->strikes < looks || *process_woken == signals.process)
        return false;
    *process_woken = signals.process;
    return true;
}

/* True if the waiter was removed. */
static bool look_at(struct baro_run *run, struct waiter *waiter, int64_t now_ns, int *process_woken)
{
    if (waiter->deadline_ns && now_ns >= waiter->deadline_ns) {
        call_error(&waiter->call, waiter->deadline_errno);
    } else if (!call_is_valid(&waiter->call)) {
        /* killed, or interrupted */
    } else if (waiter->call.program->killable && must_wake(waiter, process_woken)) {
        call_error(&waiter->call, RESTART);
    } else if (waiter->kind != WAIT_SEND || !stream_retry_send(waiter)) {
        return false;
    }
    waiter_remove(run, waiter);
    return true;
}

void waiters_look(struct baro_run *run, int64_t now_ns)
{
    int process_woken = 0;
    int64_t next = 0;
    if (!run->first_waiter)
        run->next_look_ns = 0;
    if (!run->next_look_ns || now_ns < run->next_look_ns)
        return;
    for (struct waiter *waiter = run->first_waiter, *after; waiter; waiter = after) {
        after = waiter->next;
        if (look_at(run, waiter, now_ns, &process_woken))
            continue;
        if (waiter->deadline_ns && (!next || waiter->deadline_ns < next))
            next = waiter->deadline_ns;
    }
    /* Many held calls are looked at less often, so that looking costs no more than a few per cent. */
    int64_t period = LOOK_NS * (int64_t)(1 + run->held / LOOKS_AT_ONCE);
    if (!next || next > now_ns + period)
        next = now_ns + period;
    run->next_look_ns = run->first_waiter ? next : 0;
}

int64_t waiters_next(const struct baro_run *run)
{
    return run->first_waiter ? run->next_look_ns : 0;
}
