/* bench/linux_memory.c: what this machine's kernel spends on an idle connection over loopback, one end.
 *
 * The kernel does not tell it, so its slabs are counted before and after 10,000 pairs, or as many as this process may
 * have descriptors for; that is the same for each row, since a kernel's connection costs the same among few and many.
 * Root reads the caches that sockets are of (/proc/slabinfo), others the sum of all slabs, to which the rest of the
 * machine adds. */
#include "results.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAIRS = 10000, LEAST_PAIRS = 200, OTHERS = 64 /* descriptors that are open already */ };

/* Octets of the slabs of one cache, if the line is of one that a connection has objects in. */
static double of_cache(const char *line)
{
    static const char *const names[] = { "TCP",    "TCPv6",           "sock_inode_cache", "filp",
                                         "dentry", "lsm_inode_cache", "lsm_file_cache" };
    char name[64];
    unsigned long pages, slabs;

    if (sscanf(line, "%63s %*u %*u %*u %*u %lu : tunables %*u %*u %*u : slabdata %lu", name, &pages, &slabs) != 3)
        return 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0)
            return (double)pages * (double)slabs * (double)sysconf(_SC_PAGESIZE);
    }
    return 0;
}

static double slabs_now(void)
{
    FILE *file = fopen("/proc/slabinfo", "r");
    bool caches = file != NULL;
    unsigned long kilobytes;
    double octets = 0;
    char line[400];

    if (!caches && (file = fopen("/proc/meminfo", "r")) == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (caches)
            octets += of_cache(line);
        else if (sscanf(line, "Slab: %lu", &kilobytes) == 1)
            octets = (double)kilobytes * 1024;
    }
    fclose(file);
    return octets;
}

/* Descriptors for so many pairs, or for as many as there may be; the process' own limit alone is raised. */
static uint32_t pairs_allowed(void)
{
    const rlim_t wanted = 2 * PAIRS + OTHERS;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    if (limit.rlim_cur < wanted) {
        struct rlimit more = { wanted, limit.rlim_max > wanted ? limit.rlim_max : wanted }; /* root may */

        if (setrlimit(RLIMIT_NOFILE, &more) != 0) {
            limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
            setrlimit(RLIMIT_NOFILE, &limit);
        }
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur >= wanted ? PAIRS : limit.rlim_cur > OTHERS ? (uint32_t)(limit.rlim_cur - OTHERS) / 2 : 0;
}

static int listen_on(enum baro_family family, struct sockaddr_storage *address, socklen_t *length)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
    bool ipv6 = family == BARO_FAMILY_IPV6;
    int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *length = ipv6 ? sizeof v6 : sizeof v4;
    memcpy(address, ipv6 ? (const void *)&v6 : (const void *)&v4, *length);
    if (fd >= 0 && bind(fd, (struct sockaddr *)address, *length) == 0 && listen(fd, 64) == 0 &&
        getsockname(fd, (struct sockaddr *)address, length) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Pairs of descriptors; how many there are. */
static uint32_t open_all(int listener, const struct sockaddr_storage *address, socklen_t length, int *fd,
                         uint32_t pairs)
{
    const struct linger at_once = { 1, 0 }; /* no TIME-WAIT is left behind */
    uint32_t i;

    for (i = 0; i < pairs; i++) {
        fd[2 * i] = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd[2 * i] < 0)
            break;
        fd[2 * i + 1] = connect(fd[2 * i], (const struct sockaddr *)address, length) == 0
                            ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
        setsockopt(fd[2 * i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        if (fd[2 * i + 1] < 0) {
            close(fd[2 * i]);
            break;
        }
    }
    return i;
}

bool bench_linux_idle(const struct bench_case *question, struct bench_answer *answer, char *reason)
{
    struct sockaddr_storage address;
    socklen_t length;
    uint32_t pairs = pairs_allowed(), opened;
    int *fd = calloc(2 * PAIRS, sizeof *fd);
    double before = slabs_now();
    int listener;

    if (question->connections > PAIRS) {
        snprintf(reason, BENCH_REASON, "it takes more descriptors than a process has");
        free(fd);
        return false;
    }
    listener = listen_on(question->family, &address, &length);
    bench_expect(fd != NULL, "memory");
    opened = listener < 0 ? 0 : open_all(listener, &address, length, fd, pairs);
    answer->value = opened == 0 ? 0 : (slabs_now() - before) / (2.0 * opened);
    for (uint32_t i = 0; i < 2 * opened; i++)
        close(fd[i]);
    if (listener >= 0)
        close(listener);
    free(fd);
    if (opened < pairs || opened < LEAST_PAIRS)
        snprintf(reason, BENCH_REASON, "only %u pairs could be opened", opened);
    else if (before <= 0 || answer->value <= 0)
        snprintf(reason, BENCH_REASON, "the kernel does not tell what its slabs take");
    else
        return true;
    return false;
}
