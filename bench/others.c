/* bench/others.c: the peers of a benchmark. A peer is a program of its own beside the `baro` command, since it brings
 * its own global state; it is asked by its arguments and answers by one line of four numbers. Without it the row says
 * so, and so it does where that takes too long, asleep or at work. */
#include "results.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

const struct bench_other bench_others[] = {
    { "lwip", "lwIP as Debian packages it, raw interface", "baro-bench-lwip", false, NULL },
    { "lwip-tuned", "lwIP built from Debian's source for this comparison", "baro-bench-lwip-tuned", true, NULL },
    { "linux", "this machine's kernel over loopback, one thread", NULL, false, bench_linux },
    { "iperf3", "iperf3 over this machine's loopback, both processes' time", NULL, false, bench_iperf3 },
    { "gvisor", "gVisor's network stack as Debian packages it", "baro-bench-gvisor", false, NULL },
    { .name = NULL },
};

/* The program's path: beside this one, or where BARO_BENCH_PEERS says. Of a peer that is another build with IPv6 the
 * name says so. */
static void path_of(char *path, size_t size, const struct bench_other *other, enum baro_family family)
{
    const char *folder = getenv("BARO_BENCH_PEERS");
    char self[400] = "";
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

    self[length < 0 ? 0 : length] = '\0';
    if (strrchr(self, '/') != NULL)
        *strrchr(self, '/') = '\0';
    snprintf(path, size, "%s/%s%s", folder != NULL ? folder : self, other->program,
             other->apart && family == BARO_FAMILY_IPV6 ? "-ipv6" : "");
}

/* ---- a program ---- */

struct child {
    pid_t pid;                /* of its process group, too */
    int from;                 /* what it says */
    double until;             /* when it has had its time */
    bool ended_in_time;
    char line[BENCH_REASON];  /* its last one */
};

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Seconds that a peer may take for one run, whatever it does: ours bound their processor time, not how long they
 * sleep. */
static double limit_s(void)
{
    const char *text = getenv("BARO_BENCH_PEER_LIMIT");
    double limit = text == NULL ? 0 : strtod(text, NULL);

    return limit > 0 && limit < 1e6 ? limit : 300;
}

static bool start(struct child *child, char *const *arguments)
{
    int end[2];

    if (pipe(end) != 0)
        return false;
    child->pid = fork();
    if (child->pid == 0) {
        setpgid(0, 0); /* so that what it starts ends with it */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(end[1], STDOUT_FILENO);
        close(end[0]);
        close(end[1]);
        execv(arguments[0], arguments);
        _exit(127);
    }
    close(end[1]);
    child->from = end[0];
    child->until = now_s() + limit_s();
    if (child->pid > 0)
        setpgid(child->pid, child->pid); /* whoever comes first */
    else
        close(end[0]);
    return child->pid > 0;
}

/* Its last line is the answer or, with exit code 77, the reason. */
static void hear(struct child *child, const char *said, ssize_t length, bool *line_is_whole)
{
    for (ssize_t i = 0; i < length; i++) {
        size_t at = strlen(child->line);

        if (*line_is_whole)
            at = 0;
        *line_is_whole = said[i] == '\n';
        if (*line_is_whole || at + 1 >= sizeof child->line)
            continue;
        /* it stands in JSON later */
        child->line[at] = said[i] == '"' || said[i] == '\\' || said[i] < ' ' ? '\'' : said[i];
        child->line[at + 1] = '\0';
    }
}

/* To the end of what it says, or of its time, or until a signal comes. */
static void listen_to(struct child *child)
{
    struct pollfd poll_for = { .fd = child->from, .events = POLLIN };
    bool line_is_whole = false;
    char said[512];
    ssize_t length = 1;

    while (length > 0 && bench_signal == 0) {
        double left = child->until - now_s();

        if (left <= 0)
            return;
        if (poll(&poll_for, 1, left < 1 ? (int)(left * 1000) + 1 : 1000) > 0)
            hear(child, said, length = read(child->from, said, sizeof said), &line_is_whole);
    }
}

/* Its status as waitpid gives it, when it has ended or was made to. */
static int end(struct child *child)
{
    const struct timespec step = { 0, 5000000 };
    siginfo_t ended = { .si_pid = 0 };
    int status = 0;

    while (waitid(P_PID, (id_t)child->pid, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0 &&
           bench_signal == 0 && now_s() < child->until)
        nanosleep(&step, NULL);
    child->ended_in_time = ended.si_pid == child->pid;
    kill(-child->pid, SIGKILL); /* it, if it has not ended, and what it started: while the number is still its own */
    waitpid(child->pid, &status, 0);
    close(child->from);
    return status;
}

static bool read_answer(const struct child *child, const char *program, int status, struct bench_answer *answer,
                        char *reason)
{
    const char *line = child->line;
    bool read =
        sscanf(line, "%lf %lf %lf %lf", &answer->seconds, &answer->operations, &answer->octets, &answer->value) == 4;

    if (bench_signal != 0)
        snprintf(reason, BENCH_REASON, "interrupted");
    else if (!child->ended_in_time)
        snprintf(reason, BENCH_REASON, "%s did not end within %g seconds", program, limit_s());
    else if (status != 0 && (read || line[0] == '\0'))
        snprintf(reason, BENCH_REASON, WIFSIGNALED(status) ? "%s was ended by signal %d" : "%s ended with status %d",
                 program, WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    else if (!read)
        memcpy(reason, line, sizeof child->line);
    return reason[0] == '\0' && read;
}

static bool run_program(const struct bench_other *other, const struct bench_row *row, const struct bench_case *question,
                        struct bench_answer *answer, char *reason)
{
    enum { WORDS = 8 };
    const unsigned asked[WORDS] = { (unsigned)question->family, question->mtu,      (unsigned)question->offload,
                                    question->connections,      question->batch,    question->message,
                                    question->time_wait,        question->questions };
    char path[500], kind[48], word[WORDS][12], *arguments[WORDS + 3] = { path, kind };
    struct child child = { .pid = 0 };

    path_of(path, sizeof path, other, question->family);
    if (access(path, X_OK) != 0) {
        snprintf(reason, BENCH_REASON, "%s is not built", strrchr(path, '/') + 1);
        return false;
    }
    snprintf(kind, sizeof kind, "%s", row->kind);
    for (int i = 0; i < WORDS; i++) {
        snprintf(word[i], sizeof word[i], "%u", asked[i]);
        arguments[i + 2] = word[i];
    }
    if (!start(&child, arguments)) {
        snprintf(reason, BENCH_REASON, "%s cannot be run", other->program);
        return false;
    }
    listen_to(&child);
    return read_answer(&child, strrchr(path, '/') + 1, end(&child), answer, reason);
}

bool bench_other_run(const struct bench_other *other, const struct bench_row *row, const struct bench_case *question,
                     struct bench_answer *answer, char *reason)
{
    return other->program != NULL ? run_program(other, row, question, answer, reason)
                                  : other->run(row, question, answer, reason);
}
