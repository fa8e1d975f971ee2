/* bench/linux.c: this machine's kernel over loopback, as a peer: both ends in one thread that never waits, so that its
 * processor time is all there is. Loopback hands over whole super-segments and makes no checksums: bulk stands beside
 * the rows that do so, and beside no other. What needs more descriptors than a process has is not measured. Memory is
 * linux_memory.c's. */
#include "results.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 65536, LARGEST_CALL = 1 << 20, BUFFER = 1 << 20, MESSAGE = 64, PORTS = 16, AT_ONCE_LIMIT = 16 };

struct kernel {
    int listener[PORTS], client, server;
    struct sockaddr_storage address[PORTS];
    socklen_t length;
    uint32_t call, rounds, at_once;
    uint64_t octets, goal;
};

/* Listeners on ports that the kernel chooses, of the loopback address. */
static bool listen_all(struct kernel *kernel, enum baro_family family)
{
    int domain = family == BARO_FAMILY_IPV6 ? AF_INET6 : AF_INET;

    for (int i = 0; i < PORTS; i++) {
        struct sockaddr_storage *address = &kernel->address[i];
        struct sockaddr_in *v4 = (struct sockaddr_in *)address;
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;

        kernel->length = domain == AF_INET ? sizeof *v4 : sizeof *v6;
        address->ss_family = (sa_family_t)domain;
        if (domain == AF_INET)
            v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        else
            v6->sin6_addr = in6addr_loopback;
        kernel->listener[i] = socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (kernel->listener[i] < 0 || bind(kernel->listener[i], (struct sockaddr *)address, kernel->length) != 0 ||
            listen(kernel->listener[i], 64) != 0 ||
            getsockname(kernel->listener[i], (struct sockaddr *)address, &kernel->length) != 0)
            return false;
    }
    return true;
}

/* Over loopback the dialogue is over when connect returns. */
static void open_one(struct kernel *kernel, int port)
{
    int on = 1;

    kernel->client = socket(kernel->address[port].ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    connect(kernel->client, (struct sockaddr *)&kernel->address[port], kernel->length);
    kernel->server = accept4(kernel->listener[port], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    bench_expect(kernel->client >= 0 && kernel->server >= 0, "the kernel made a connection");
    setsockopt(kernel->client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(kernel->server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void close_one(struct kernel *kernel)
{
    close(kernel->client);
    close(kernel->server);
}

static void carry(void *context)
{
    static uint8_t out[LARGEST_CALL], in[CHUNK];
    struct kernel *kernel = context;

    while (kernel->octets < kernel->goal) {
        ssize_t taken;

        while (send(kernel->client, out, kernel->call, MSG_NOSIGNAL) == (ssize_t)kernel->call)
            continue;
        while ((taken = recv(kernel->server, in, sizeof in, 0)) > 0)
            kernel->octets += (uint64_t)taken;
        bench_expect(taken < 0 && errno == EAGAIN, "the kernel's data");
    }
}

static void bulk(struct kernel *kernel, const struct bench_case *question, struct bench_answer *answer)
{
    const int buffer = BUFFER, off = 0;
    uint64_t octets;

    kernel->call = question->message == 0 ? CHUNK : question->message;
    open_one(kernel, 0);
    /* small calls may be gathered, as ours are */
    setsockopt(kernel->client, IPPROTO_TCP, TCP_NODELAY, &off, sizeof off);
    setsockopt(kernel->client, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    setsockopt(kernel->server, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    kernel->goal = UINT64_C(4) << 20;
    carry(kernel);
    octets = kernel->octets;
    do {
        kernel->goal = kernel->octets + (UINT64_C(1) << 20) * (kernel->call < 256 ? 1 : 32);
        answer->seconds += bench_timed(carry, kernel);
    } while (answer->seconds < 0.3);
    answer->octets = (double)(kernel->octets - octets);
    close_one(kernel);
}

static void round_trips(void *context)
{
    struct kernel *kernel = context;
    uint8_t message[MESSAGE] = { 0 };

    for (uint32_t i = 0; i < kernel->rounds; i++)
        bench_expect(send(kernel->client, message, MESSAGE, MSG_NOSIGNAL) == MESSAGE &&
                         recv(kernel->server, message, MESSAGE, 0) == MESSAGE &&
                         send(kernel->server, message, MESSAGE, MSG_NOSIGNAL) == MESSAGE &&
                         recv(kernel->client, message, MESSAGE, 0) == MESSAGE, "the kernel's round trip");
}

/* An octet from each of one side to its other end. */
static void pass_octets(const int *from, const int *to, uint32_t count)
{
    uint8_t octet = 1;

    for (uint32_t i = 0; i < count; i++)
        bench_expect(send(from[i], &octet, 1, MSG_NOSIGNAL) == 1, "the kernel sends an octet");
    for (uint32_t i = 0; i < count; i++)
        bench_expect(recv(to[i], &octet, 1, 0) == 1, "the kernel received it");
}

static void connections(void *context)
{
    struct kernel *kernel = context;
    int client[AT_ONCE_LIMIT], server[AT_ONCE_LIMIT];
    uint8_t octet;

    for (uint32_t done = 0; done < kernel->rounds; done += kernel->at_once) {
        for (uint32_t i = 0; i < kernel->at_once; i++) {
            open_one(kernel, (int)((done + i) % PORTS));
            client[i] = kernel->client;
            server[i] = kernel->server;
        }
        pass_octets(client, server, kernel->at_once);
        pass_octets(server, client, kernel->at_once);
        for (uint32_t i = 0; i < kernel->at_once; i++)
            close(client[i]);
        for (uint32_t i = 0; i < kernel->at_once; i++) {
            bench_expect(recv(server[i], &octet, 1, 0) == 0, "the kernel's end of a stream");
            close(server[i]);
        }
    }
}

bool bench_linux(const struct bench_row *row, const struct bench_case *question, struct bench_answer *answer,
                 char *reason)
{
    struct kernel kernel = { .rounds = 20000, .at_once = question->batch };
    bool is_bulk = strcmp(row->kind, "bulk") == 0, is_trips = strcmp(row->kind, "round-trips") == 0;

    if (strcmp(row->kind, "idle") == 0)
        return bench_linux_idle(question, answer, reason);
    if (!is_bulk && !is_trips && strncmp(row->kind, "connections", 11) != 0) {
        snprintf(reason, BENCH_REASON, "%s",
                 strcmp(row->kind, "segment") == 0
                     ? "what it does with a segment cannot be told from what its sender does"
                     : "it takes more descriptors than a process has");
        return false;
    }
    if (is_bulk && question->offload != BENCH_SUPER) {
        snprintf(reason, BENCH_REASON, "loopback carries super-segments without checksums only");
        return false;
    }
    if (!listen_all(&kernel, question->family)) {
        snprintf(reason, BENCH_REASON, "the kernel does not listen: %s", strerror(errno));
        return false;
    }
    if (is_bulk)
        bulk(&kernel, question, answer);
    else if (is_trips) {
        open_one(&kernel, 0);
        answer->seconds = bench_timed(round_trips, &kernel);
        close_one(&kernel);
    } else {
        bench_expect(kernel.at_once != 0 && kernel.at_once <= AT_ONCE_LIMIT, "so many at once");
        answer->seconds = bench_timed(connections, &kernel);
    }
    answer->operations = kernel.rounds;
    for (int i = 0; i < PORTS; i++)
        close(kernel.listener[i]);
    return true;
}
