/* bench/tcp_jobs.c: runs in processes of their own, so that several use several processors, and so that one may go into
 * a namespace or fail without the others. A run's figures come back through a pipe, whole or not at all. */
#include "tcp.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOB_LIMIT = 64 };

struct job {
    pid_t pid;
    int pipe;
    unsigned which;
};

/* A child that answers one run; false: it could not be made. */
static bool begin(struct job *job, const struct tcp_run *run)
{
    int ends[2];

    if (pipe(ends) < 0)
        return false;
    job->pid = fork();
    if (job->pid == 0) {
        struct tcp_figures figures;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        tcp_run(run, &figures);
        _exit(write(ends[1], &figures, sizeof figures) == sizeof figures ? 0 : 1);
    }
    close(ends[1]);
    if (job->pid < 0)
        close(ends[0]);
    job->pipe = ends[0];
    return job->pid > 0;
}

static void end(struct job *job, struct tcp_figures *figures)
{
    ssize_t length;

    do
        length = read(job->pipe, figures, sizeof *figures); /* shorter than PIPE_BUF: all of it at once */
    while (length < 0 && errno == EINTR);
    if (length != sizeof *figures) {
        memset(figures, 0, sizeof *figures);
        snprintf(figures->error, sizeof figures->error, "its process ended without an answer");
    }
    close(job->pipe);
    waitpid(job->pid, NULL, 0);
}

/* Waits until one of them has an answer. */
static unsigned wait_for_one(const struct job *job, unsigned count)
{
    struct pollfd polled[JOB_LIMIT];

    for (unsigned i = 0; i < count; i++)
        polled[i] = (struct pollfd){ job[i].pipe, POLLIN, 0 };
    while (poll(polled, count, -1) < 0 && errno == EINTR)
        continue;
    for (unsigned i = 0; i < count; i++) {
        if (polled[i].revents != 0)
            return i;
    }
    return 0;
}

void tcp_jobs(const struct tcp_run *runs, struct tcp_figures *figures, unsigned count, unsigned jobs,
              void (*told)(void *context, unsigned done), void *context)
{
    struct job job[JOB_LIMIT];
    unsigned running = 0, next = 0, done = 0;

    jobs = jobs < 1 ? 1 : jobs > JOB_LIMIT ? JOB_LIMIT : jobs;
    fflush(NULL);
    while (done < count) {
        while (running < jobs && next < count) {
            job[running].which = next;
            if (begin(&job[running], &runs[next]))
                running++;
            else
                snprintf(figures[next].error, sizeof figures[next].error, "no process: %s", strerror(errno)), done++;
            next++;
        }
        if (running == 0)
            continue;
        unsigned which = wait_for_one(job, running);

        end(&job[which], &figures[job[which].which]);
        job[which] = job[--running];
        done++;
        if (told != NULL)
            told(context, done);
    }
}
