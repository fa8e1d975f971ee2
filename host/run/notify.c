/* notify.c: taking trapped calls from the kernel, and answering them.
 *
 * The listener is level-triggered, and one call is taken a turn of the loop, after all other events of the
 * turn. So what a program did before a call, above all closing a descriptor, is known when the call is looked
 * at: otherwise close and then bind to the same port would fail. An answer fails with ENOENT when the caller
 * has gone (killed, or interrupted by a signal where killable waiting is missing): then the caller of these
 * functions undoes. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/internal.h"

bool notify_init(struct baro_run *run)
{
    struct seccomp_notif_sizes sizes;
    if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
        return false;
    run->notification_size = sizes.seccomp_notif;
    run->response_size = sizes.seccomp_notif_resp;
    if (run->notification_size < sizeof *run->notification)
        run->notification_size = sizeof *run->notification;
    if (run->response_size < sizeof *run->response)
        run->response_size = sizeof *run->response;
    run->notification = malloc(run->notification_size);
    run->response = malloc(run->response_size);
    return run->notification && run->response;
}

static void nobody_left(struct program *program)
{
    baro_loop_unwatch(program->run->config.loop, program->listener_watch);
    program->listener_watch = NULL;
    close(program->listener);
    program->listener = -1;
}

static bool receive(struct program *program, struct call *call)
{
    struct seccomp_notif *notification = program->run->notification;
    memset(notification, 0, program->run->notification_size);
    /* Does not block: the loop said that there is one; if its caller is gone by now, it is ENOENT. */
    if (ioctl(program->listener, SECCOMP_IOCTL_NOTIF_RECV, notification) < 0)
        return false;
    call->program = program;
    call->id = notification->id;
    call->tid = (pid_t)notification->pid;
    call->number = notification->data.nr;
    for (int i = 0; i < 6; i++)
        call->argument[i] = notification->data.args[i];
    return true;
}

void notify_ready(void *context, uint32_t events)
{
    struct program *program = context;
    if (events & EPOLLIN)
        program->calling = true;
    else
        nobody_left(program);
}

bool notify_take(struct baro_run *run)
{
    struct call call;
    bool any = false;
    for (struct program *program = run->programs; program; program = program->next) {
        if (!program->calling)
            continue;
        program->calling = false;
        if (program->listener >= 0 && receive(program, &call)) {
            program->host->touched = true;
            call_dispatch(&call);
            any = true;
        }
    }
    return any;
}

bool call_is_valid(const struct call *call)
{
    uint64_t id = call->id;
    return call->program->listener >= 0 &&
           ioctl(call->program->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static bool respond(const struct call *call, int64_t value, int error, uint32_t flags)
{
    struct baro_run *run = call->program->run;
    if (call->program->listener < 0)
        return false;
    memset(run->response, 0, run->response_size);
    run->response->id = call->id;
    run->response->val = value;
    run->response->error = error;
    run->response->flags = flags;
    return ioctl(call->program->listener, SECCOMP_IOCTL_NOTIF_SEND, run->response) == 0;
}

bool call_answer(const struct call *call, int64_t value)
{
    call->program->run->calls++;
    return respond(call, value, 0, 0);
}

bool call_error(const struct call *call, int error)
{
    call->program->run->calls++;
    return respond(call, 0, error > 0 ? -error : error, 0);
}

bool call_pass(const struct call *call)
{
    call->program->run->passed++;
    return respond(call, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

int call_give(const struct call *call, int descriptor, unsigned flags, int place)
{
    struct seccomp_notif_addfd addition = { .id = call->id,
                                            .flags = SECCOMP_ADDFD_FLAG_SEND,
                                            .srcfd = (unsigned)descriptor,
                                            .newfd_flags = flags & O_CLOEXEC };
    if (place >= 0) {
        addition.flags |= SECCOMP_ADDFD_FLAG_SETFD;
        addition.newfd = (unsigned)place;
    }
    if (call->program->listener < 0)
        return -ENOENT;
    int given = ioctl(call->program->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addition);
    if (given < 0)
        return -errno;
    call->program->run->calls++;
    return given;
}

bool call_replace(const struct call *call, int descriptor, int place, unsigned flags)
{
    struct seccomp_notif_addfd addition = { .id = call->id,
                                            .flags = SECCOMP_ADDFD_FLAG_SETFD,
                                            .srcfd = (unsigned)descriptor,
                                            .newfd = (unsigned)place,
                                            .newfd_flags = flags & O_CLOEXEC };
    return call->program->listener >= 0 &&
           ioctl(call->program->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addition) >= 0;
}
