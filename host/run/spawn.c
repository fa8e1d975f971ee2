/* spawn.c: the supervisor's side of starting a program, and of its end.
 *
 * A clone into new user, network, PID and mount namespaces makes the namespace's init (child.c). The user IDs
 * keep their numbers: as root all that we have, so that a server can change to another user, otherwise ours
 * alone. Then init reports: the listener of the filter, then the start or what failed.
 *
 * Where namespaces are refused there is no second way that would fail closed; one line names the setting. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/child.h"
#include "run/filter.h"
#include "run/internal.h"

static bool write_file(pid_t process, const char *name, const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)process, name);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    size_t length = strlen(text);
    bool done = write(file, text, length) == (ssize_t)length;
    int error = errno;
    close(file);
    errno = error;
    return done;
}

/* Every ID that this process has, mapped to itself. Needs CAP_SETUID here. */
static bool map_all(pid_t process, const char *name)
{
    char path[32], text[2048] = "";
    unsigned inside, outside, count;
    size_t used = 0;
    snprintf(path, sizeof path, "/proc/self/%s", name);
    FILE *own = fopen(path, "re");
    if (!own)
        return false;
    while (used < sizeof text - 64 && fscanf(own, "%u %u %u", &inside, &outside, &count) == 3)
        used += (size_t)snprintf(text + used, sizeof text - used, "%u %u %u\n", inside, inside, count);
    fclose(own);
    return write_file(process, name, text);
}

static bool write_maps(pid_t process)
{
    char text[64];
    if (geteuid() == 0 && map_all(process, "uid_map") && map_all(process, "gid_map"))
        return true;
    snprintf(text, sizeof text, "%u %u 1\n", (unsigned)geteuid(), (unsigned)geteuid());
    if (!write_file(process, "uid_map", text))
        return false;
    write_file(process, "setgroups", "deny");
    snprintf(text, sizeof text, "%u %u 1\n", (unsigned)getegid(), (unsigned)getegid());
    return write_file(process, "gid_map", text);
}

static long read_setting(const char *path)
{
    long value = -1;
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    if (fscanf(file, "%ld", &value) != 1)
        value = -1;
    fclose(file);
    return value;
}

/* One line: which setting refuses namespaces. */
static void say_refused(struct baro_run *run, int error)
{
    const char *why = "the container's seccomp profile or the kernel's configuration refuses them";
    if (read_setting("/proc/sys/user/max_user_namespaces") == 0)
        why = "sysctl user.max_user_namespaces is 0";
    else if (read_setting("/proc/sys/kernel/unprivileged_userns_clone") == 0)
        why = "sysctl kernel.unprivileged_userns_clone is 0";
    else if (read_setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1)
        why = "sysctl kernel.apparmor_restrict_unprivileged_userns is 1";
    run_say(run, "cannot make user namespaces (%s): %s", strerror(error), why);
}

static void say_failed(struct baro_run *run, const struct baro_run_program *program,
                       const struct report *report)
{
    const char *text = strerror(report->value);
    if (report->step == STEP_EXEC) {
        run_say(run, "%s: %s", program->argument[0],
                report->value == ENOENT ? "no such program, or its interpreter is missing" : text);
    } else if (report->step == STEP_FILTER && report->value == EBUSY) {
        run_say(run, "already inside a run: a program can have only one supervisor");
    } else if (report->step == STEP_FILTER) {
        run_say(run, "cannot install the seccomp filter: %s", text);
    } else if (report->step == STEP_MOUNT) {
        say_refused(run, report->value);
    } else {
        run_say(run, "cannot start a process: %s", text);
    }
}

static void say_note(struct baro_run *run, const struct report *report)
{
    static const char *const what[] = {
        [STEP_RESOLVER] = "cannot cover /etc/resolv.conf: names may not resolve",
        [STEP_PROC] = "cannot mount /proc anew: programs see the machine's process numbers there",
        [STEP_INTERFACE] = "cannot show the host's interfaces and addresses in full",
    };
    if (run->config.verbose && report->step > 0 && report->step < (int)(sizeof what / sizeof *what) &&
        what[report->step])
        run_say(run, "%s (%s)", what[report->step], strerror(report->value));
}

static void program_ended(struct program *program, int wait_status)
{
    struct baro_run *run = program->run;
    program->wait_status = wait_status;
    baro_loop_unwatch(run->config.loop, program->control_watch);
    program->control_watch = NULL;
    close(program->control);
    program->control = -1;
    program->process = 0;
    if (run->config.ended)
        run->config.ended(run->config.context, program->number, wait_status);
}

static void control_ready(void *context, uint32_t events)
{
    struct program *program = context;
    struct report report;
    int descriptor, process;
    (void)events;
    int result = report_recv(program->control, &report, &descriptor, &process, MSG_DONTWAIT);
    if (descriptor >= 0)
        close(descriptor);
    if (result == -EAGAIN)
        return;
    if (result <= 0)
        program_ended(program, SIGKILL); /* init was killed, and all its processes with it */
    else if (report.kind == REPORT_ENDED)
        program_ended(program, report.value);
}

/* Listens to init until the program was started. 0, or -errno after saying why. */
static int await_start(struct program *program, const struct baro_run_program *what)
{
    struct baro_run *run = program->run;
    for (;;) {
        struct report report;
        int descriptor, process;
        int result = report_recv(program->control, &report, &descriptor, &process, 0);
        if (result <= 0) {
            run_say(run, "%s did not start: its namespace ended", what->argument[0]);
            return result < 0 ? result : -ECHILD;
        }
        if (report.kind == REPORT_NOTE) {
            say_note(run, &report);
        } else if (report.kind == REPORT_LISTENER && descriptor >= 0) {
            program->listener = descriptor;
            program->killable = report.value != 0;
            program->process = process;
        } else if (report.kind == REPORT_STARTED) {
            return program->listener >= 0 ? 0 : -ECHILD;
        } else if (report.kind == REPORT_FAILED) {
            say_failed(run, what, &report);
            return -report.value;
        }
    }
}

static int clone_init(struct program *program, const struct child_plan *plan)
{
    struct clone_args arguments = {
        .flags = CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWNS | CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)&program->init,
        .exit_signal = SIGCHLD,
    };
    long process = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (process == 0)
        child_init(plan);
    if (process < 0) {
        int error = errno;
        program->init = -1;
        say_refused(program->run, error);
        return -error;
    }
    struct order go = { .kind = ORDER_GO };
    if (!write_maps((pid_t)process)) {
        int error = errno;
        say_refused(program->run, error);
        return -error;
    }
    return send(program->control, &go, sizeof go, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int set_up_listener(struct program *program)
{
    struct baro_run *run = program->run;
    program->sync_wake_up =
        !(run->config.without & BARO_RUN_SYNC_WAKE_UP) && filter_sync_wake_up(program->listener);
    if (run->config.verbose && !program->sync_wake_up)
        run_say(run, "no synchronous wake-up (kernel 6.6): calls take longer");
    if (run->config.verbose && !program->killable)
        run_say(run, "no killable waiting (kernel 5.19): signals may repeat calls");
    program->listener_watch =
        baro_loop_watch(run->config.loop, program->listener, EPOLLIN, notify_ready, program);
    program->control_watch =
        baro_loop_watch(run->config.loop, program->control, EPOLLIN, control_ready, program);
    return program->listener_watch && program->control_watch ? 0 : -ENOMEM;
}

static int start(struct program *program, const struct baro_run_program *what)
{
    struct baro_run *run = program->run;
    int pair[2], on = 1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    program->control = pair[0];
    setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    mirror_now(program->host, &program->shown);
    const struct child_plan plan = { .program = what,
                                     .host = &program->shown,
                                     .filter = &run->filter,
                                     .signal_mask = &run->signal_mask,
                                     .killable = !(run->config.without & BARO_RUN_WAIT_KILLABLE),
                                     .control = pair[1] };
    int result = clone_init(program, &plan);
    close(pair[1]);
    if (!result)
        result = await_start(program, what);
    return result ? result : set_up_listener(program);
}

int baro_run_spawn(struct baro_run *run, const struct baro_run_program *what)
{
    if (what->host < 0 || what->host >= run->hosts || !what->argument || !what->argument[0])
        return -EINVAL;
    struct program *program = calloc(1, sizeof *program);
    if (!program)
        return -ENOMEM;
    program->run = run;
    program->host = run->host[what->host];
    program->control = program->init = program->listener = -1;
    int result = start(program, what);
    if (result < 0) {
        program_release(program);
        return result;
    }
    program->number = run->programs_made++;
    program->next = run->programs;
    run->programs = program;
    return program->number;
}

void program_release(struct program *program)
{
    struct baro_loop *loop = program->run->config.loop;
    baro_loop_unwatch(loop, program->listener_watch);
    baro_loop_unwatch(loop, program->control_watch);
    if (program->init >= 0) {
        syscall(SYS_pidfd_send_signal, program->init, SIGKILL, NULL, 0);
        waitid(P_PIDFD, (id_t)program->init, &(siginfo_t){ 0 }, WEXITED);
        close(program->init);
    }
    if (program->control >= 0)
        close(program->control);
    if (program->listener >= 0)
        close(program->listener);
    free(program);
}

static struct program *find(struct baro_run *run, int number)
{
    struct program *program = run->programs;
    while (program && program->number != number)
        program = program->next;
    return program;
}

int baro_run_signal(struct baro_run *run, int number, int signal)
{
    struct program *program = find(run, number);
    struct order order = { .kind = ORDER_SIGNAL, .value = signal };
    if (!program || program->control < 0)
        return -ESRCH;
    return send(program->control, &order, sizeof order, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int baro_run_process(struct baro_run *run, int number)
{
    const struct program *program = find(run, number);
    return program ? program->process : 0;
}
