/* child.c: from clone to execve, and the life of the PID namespace's init.
 *
 * Three processes: the supervisor; init, the first process of the namespaces, which sets them up, reaps
 * orphans and ends with the program; and the program. Init has no filter. It ends when the supervisor's end
 * of the control socket closes, and by the death signal, whichever comes first; with it the kernel kills all
 * of its PID namespace, grandchildren too.
 *
 * The loopback of the network namespace stays down. /proc is mounted anew for the new process numbers; where
 * that is refused (some containers hide parts of /proc) the old one stays. The name service sockets of the
 * machine are covered, because they would answer names from the machine's own network.
 *
 * Limits: without an /etc/resolv.conf there is nothing to cover, and the program's resolver uses its default.
 */
#include "run/child.h"

#include <errno.h>
#include <stdint.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>

#include "run/filter.h"

static void tell(const struct child_plan *plan, int kind, int value, int step)
{
    report_send(plan->control, (struct report){ kind, value, step }, -1);
}

static _Noreturn void fail(const struct child_plan *plan, int step)
{
    tell(plan, REPORT_FAILED, errno, step);
    _exit(126);
}

/* A file in memory's stead: made, filled, mounted over `target`, unlinked; the mount keeps it. */
static bool cover_with_text(const char *target, const char *text)
{
    char path[] = "/tmp/baro-XXXXXX";
    int file = mkostemp(path, O_CLOEXEC);
    if (file < 0)
        return false;
    size_t length = strlen(text);
    bool done = fchmod(file, 0644) == 0 && write(file, text, length) == (ssize_t)length &&
                mount(path, target, NULL, MS_BIND, NULL) == 0;
    int error = errno;
    unlink(path);
    close(file);
    errno = error;
    return done;
}

static void cover_files(const struct child_plan *plan)
{
    static const char *const services[] = { "/run/nscd/socket", "/var/run/nscd/socket",
                                            "/run/systemd/resolve/io.systemd.Resolve" };
    char text[160] = "# no name server\n";
    const struct baro_address *server = &plan->host->name_server;
    if (server->family == BARO_FAMILY_IPV4) {
        const char *search = plan->host->search;

        snprintf(text, sizeof text, "nameserver %u.%u.%u.%u\n%s%.63s%s", server->octet[0], server->octet[1],
                 server->octet[2], server->octet[3], search ? "search " : "", search ? search : "", search ? "\n" : "");
    }
    if (!cover_with_text("/etc/resolv.conf", text))
        tell(plan, REPORT_NOTE, errno, STEP_RESOLVER);
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        if (access(services[i], F_OK) == 0)
            mount("/dev/null", services[i], NULL, MS_BIND, NULL);
    }
}

static void set_up_namespaces(const struct child_plan *plan)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
        fail(plan, STEP_MOUNT);
    cover_files(plan);
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        tell(plan, REPORT_NOTE, errno, STEP_PROC);
    if (!child_show_interfaces(plan->host))
        tell(plan, REPORT_NOTE, errno, STEP_INTERFACE);
}

/* The program's process up to execve; errors of execve go into `failure`. */
static _Noreturn void become_program(const struct child_plan *plan, int failure)
{
    const struct baro_run_program *program = plan->program;
    bool killable = plan->killable;
    for (int i = 0; program->descriptor && i < 3; i++) {
        if (dup2(program->descriptor[i], i) < 0)
            fail(plan, STEP_FILTER);
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        fail(plan, STEP_FILTER);
    int listener = filter_install(plan->filter, &killable);
    if (listener < 0) {
        errno = -listener;
        fail(plan, STEP_FILTER);
    }
    if (!report_send(plan->control, (struct report){ REPORT_LISTENER, killable, 0 }, listener))
        _exit(126);
    close(listener);
    close(plan->control);
    sigprocmask(SIG_SETMASK, plan->signal_mask, NULL);
    if (program->environment)
        execvpe(program->argument[0], program->argument, program->environment);
    else
        execvp(program->argument[0], program->argument);
    int error = errno;
    if (write(failure, &error, sizeof error) < 0)
        _exit(126);
    _exit(error == ENOENT ? 127 : 126);
}

/* Reaps; never returns once the program has ended. */
static void reap(const struct child_plan *plan, pid_t program)
{
    int status;
    pid_t process;
    while ((process = waitpid(-1, &status, WNOHANG)) > 0) {
        if (process == program) {
            tell(plan, REPORT_ENDED, status, 0);
            _exit(0);
        }
    }
}

static _Noreturn void serve(const struct child_plan *plan, pid_t program, int signals)
{
    for (;;) {
        struct pollfd ready[2] = { { .fd = plan->control, .events = POLLIN },
                                   { .fd = signals, .events = POLLIN } };
        if (poll(ready, 2, -1) < 0)
            continue;
        if (ready[1].revents) {
            struct signalfd_siginfo information;
            if (read(signals, &information, sizeof information) > 0)
                reap(plan, program);
        }
        if (ready[0].revents) {
            struct order order;
            if (recv(plan->control, &order, sizeof order, 0) != (ssize_t)sizeof order)
                _exit(0); /* the supervisor is gone, and so will be all of us */
            if (order.kind == ORDER_SIGNAL)
                kill(program, order.value);
            else
                child_change_address(&order);
        }
    }
}

/* Whether execve succeeded: then the pipe closes without a word. */
static void tell_start(const struct child_plan *plan, int failure)
{
    int error;
    ssize_t count;
    do {
        count = read(failure, &error, sizeof error);
    } while (count < 0 && errno == EINTR);
    close(failure);
    if (count == (ssize_t)sizeof error)
        tell(plan, REPORT_FAILED, error, STEP_EXEC);
    else
        tell(plan, REPORT_STARTED, 0, 0);
}

_Noreturn void child_init(const struct child_plan *plan)
{
    struct order order;
    sigset_t all;
    int failure[2];
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    if (recv(plan->control, &order, sizeof order, 0) != (ssize_t)sizeof order)
        _exit(126);
    set_up_namespaces(plan);
    if (pipe2(failure, O_CLOEXEC) < 0)
        fail(plan, STEP_FORK);
    pid_t program = fork();
    if (program < 0)
        fail(plan, STEP_FORK);
    if (program == 0) {
        close(failure[0]);
        become_program(plan, failure[1]);
    }
    close(failure[1]);
    tell_start(plan, failure[0]);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    int signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    /* Nothing of the supervisor's stays open here: ends of other programs' control sockets, terminals, pipes.
     */
    int low = plan->control < signals ? plan->control : signals,
        high = plan->control < signals ? signals : plan->control;
    if (low > 0)
        close_range(0, (unsigned)low - 1, 0);
    if (high > low + 1)
        close_range((unsigned)low + 1, (unsigned)high - 1, 0);
    close_range((unsigned)high + 1, ~0u, 0);
    reap(plan, program);
    serve(plan, program, signals);
}
