/* bench/iperf3.c: iperf3 over this machine's loopback, as another reading of what its kernel does in bulk.
 *
 * Two processes, one stream, calls of 64 KiB, 2 GiB; what counts is the processor time of both as the kernel accounts
 * it, so that it stands beside the other rows, though two processors are at work. Loopback carries super-segments
 * without checksums, so it is compared in the row that does so, and in no other. */
#include "results.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OCTETS "2147483648"

enum { TRIES = 50, STEP_MS = 20, LIMIT_S = 20 };

static void wait_step(void)
{
    nanosleep(&(struct timespec){ 0, STEP_MS * 1000000L }, NULL);
}

/* A port of loopback that nobody has now. */
static int free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), port = -1;

    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, length) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &length) == 0)
        port = ntohs(address.sin_port);
    if (fd >= 0)
        close(fd);
    return port;
}

/* Runs it without a word; 127: there is no such program. */
static pid_t start(char *const *arguments)
{
    pid_t child = fork();

    if (child == 0) {
        int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

        for (int fd = 0; nowhere >= 0 && fd < 3; fd++)
            dup2(nowhere, fd);
        execvp(arguments[0], arguments);
        _exit(127);
    }
    return child;
}

/* Waits for its end, for LIMIT_S at most; its exit code, or -1, and the processor time that it took. */
static int end_of(pid_t child, double *seconds)
{
    struct rusage usage;
    int status;

    for (int i = 0; i < LIMIT_S * 1000 / STEP_MS; i++, wait_step()) {
        pid_t ended = wait4(child, &status, WNOHANG, &usage);

        if (ended == 0)
            continue;
        if (ended != child)
            return -1;
        *seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return -1;
}

/* The server listens a while after it was started: the client is started again until it hears it. */
static bool measure(char *address, char *port, struct bench_answer *answer, char *reason)
{
    char *const server[] = { "iperf3", "-s", "-1", "-B", address, "-p", port, NULL };
    char *const client[] = { "iperf3", "-c", address, "-p", port, "-n", OCTETS, "-l", "64K", NULL };
    double sending = 0, receiving = 0;
    pid_t listener = start(server);
    int code = listener < 0 ? -1 : 1;

    for (int i = 0; i < TRIES && code == 1; i++) {
        pid_t sender;

        wait_step();
        sender = start(client);
        code = sender < 0 ? -1 : end_of(sender, &sending);
    }
    if (code != 0 && listener > 0)
        kill(listener, SIGTERM);
    if (listener > 0 && end_of(listener, &receiving) != 0 && code == 0)
        code = -1;
    answer->seconds = sending + receiving;
    answer->octets = strtod(OCTETS, NULL);
    if (code != 0)
        snprintf(reason, BENCH_REASON, code == 127 ? "iperf3 is not installed" : "iperf3 over loopback failed, code %d",
                 code);
    return code == 0 && answer->seconds > 0;
}

bool bench_iperf3(const struct bench_row *row, const struct bench_case *question, struct bench_answer *answer,
                  char *reason)
{
    char address[] = "127.0.0.1", address_v6[] = "::1", port[12];
    int number;

    if (strcmp(row->kind, "bulk") != 0 || question->offload != BENCH_SUPER || question->message != 0) {
        snprintf(reason, BENCH_REASON, "it stands beside bulk-super alone, since that is what loopback carries");
        return false;
    }
    number = free_port();
    if (number < 0) {
        snprintf(reason, BENCH_REASON, "the kernel has no port on loopback");
        return false;
    }
    snprintf(port, sizeof port, "%d", number);
    return measure(question->family == BARO_FAMILY_IPV6 ? address_v6 : address, port, answer, reason);
}
