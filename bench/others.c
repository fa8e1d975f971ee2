/* bench/others.c: the peers of a benchmark. A peer is a program of its own beside the `baro` command, since it brings its
 * own global state; it is asked by its arguments and answers by one line of four numbers. Without it the row says so. */
#include "results.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const struct bench_other bench_others[] = {
    { "lwip", "lwIP as Debian packages it, raw interface", "baro-bench-lwip", false, NULL },
    { "lwip-tuned", "lwIP built from Debian's source for this comparison", "baro-bench-lwip-tuned", true, NULL },
    { "linux", "this machine's kernel over loopback, one thread", NULL, false, bench_linux },
    { "iperf3", "iperf3 over this machine's loopback, both processes' time", NULL, false, bench_iperf3 },
    { "gvisor", "gVisor's network stack as Debian packages it", "baro-bench-gvisor", false, NULL },
    { .name = NULL },
};

/* The program's path: beside this one, or where BARO_BENCH_PEERS says. Of a peer that is another build with IPv6 the name
 * says so. */
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

/* Reads the child's last line, which is the answer or, with exit code 77, the reason. */
static bool read_answer(FILE *from, struct bench_answer *answer, char *reason)
{
    char line[BENCH_REASON];

    reason[0] = '\0';
    while (fgets(line, sizeof line, from) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        for (char *at = line; *at != '\0'; at++) /* it stands in JSON later */
            *at = *at == '"' || *at == '\\' || *at < ' ' ? '\'' : *at;
        memcpy(reason, line, sizeof line);
    }
    if (sscanf(reason, "%lf %lf %lf %lf", &answer->seconds, &answer->operations, &answer->octets, &answer->value) != 4)
        return false;
    reason[0] = '\0';
    return true;
}

static bool run_program(const struct bench_other *other, const struct bench_row *row, const struct bench_case *question,
                        struct bench_answer *answer, char *reason)
{
    char path[500], command[900];

    path_of(path, sizeof path, other, question->family);
    if (access(path, X_OK) != 0) {
        snprintf(reason, BENCH_REASON, "%s is not built", strrchr(path, '/') + 1);
        return false;
    }
    snprintf(command, sizeof command, "'%s' %s %d %u %d %u %u %u %u %u", path, row->kind, (int)question->family,
             question->mtu, (int)question->offload, question->connections, question->batch, question->message,
             question->time_wait, question->questions);
    FILE *from = popen(command, "r");

    if (from == NULL) {
        snprintf(reason, BENCH_REASON, "%s cannot be run", other->program);
        return false;
    }
    bool read = read_answer(from, answer, reason);
    int status = pclose(from);

    if (status != 0 && reason[0] == '\0')
        snprintf(reason, BENCH_REASON, "%s ended with status %d", other->program, WEXITSTATUS(status));
    return read && status == 0;
}

bool bench_other_run(const struct bench_other *other, const struct bench_row *row, const struct bench_case *question,
                     struct bench_answer *answer, char *reason)
{
    return other->program != NULL ? run_program(other, row, question, answer, reason)
                                  : other->run(row, question, answer, reason);
}
