/* bench/peers/lwip.c: lwIP as a peer of `baro bench`: two instances of the library in one thread, by its raw interface,
 * with the same loop, the same wire and the same calls of the program as this stack's rows.
 *
 * usage: KIND FAMILY MTU OFFLOAD CONNECTIONS BATCH MESSAGE TIME_WAIT QUESTIONS; one line of four numbers is the answer
 * (seconds, operations, octets, value), or exit code 77 and the reason.
 *
 * As Debian packages it, some settings make it slower than it could be: a lock around each allocation (NO_SYS 0), a
 * checksum of two octets at a time, windows of 64 KiB, a copied single buffer a frame (LWIP_NETIF_TX_SINGLE_PBUF), and
 * MTU 1500 at most (TCP_MSS 1460). bench/peers/build.sh builds it with better ones as baro-bench-lwip-tuned, and again
 * with IPv6. On the other side it has no timestamps, no SACK on sending and no CUBIC.
 *
 * TIME-WAIT: `connections` is measured without, since for each new connection lwIP looks through all of them for a free
 * port; `connections-oldest` with its own, two minutes long: 12,000 of them, as many as the better build has
 * connections (then the oldest goes), and up to 15,000 as packaged: it has 16,383 ports. */
#include "lwip_end.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

/* What takes it longer than this, of its processor time, is not measured. */
static void too_long(int signal)
{
    static const char text[] = "it did not end within 20 seconds\n";

    (void)signal;
    _exit(write(STDOUT_FILENO, text, sizeof text - 1) < 0 ? 1 : UNAVAILABLE);
}

struct work {
    struct tcp_pcb **client, **server;
    uint32_t connections, call, rounds, random, batch, questions;
    uint64_t goal;
    bool time_wait; /* is kept */
};

static void carry(void *context)
{
    static uint8_t out[1 << 20];
    struct work *work = context;
    struct tcp_pcb *pcb = work->client[0];

    while (ends[1].octets < work->goal) {
        timers();
        poll_end(&ends[0]);
        for (;;) {
            uint32_t length = work->call < CHUNK ? work->call : CHUNK;

            if (length > tcp_sndbuf(pcb))
                length = tcp_sndbuf(pcb);
            if (length == 0 || ends[0].f.tcp_write(pcb, out, (u16_t)length, TCP_WRITE_FLAG_COPY) != ERR_OK)
                break;
        }
        ends[0].f.tcp_output(pcb);
        poll_end(&ends[1]);
    }
}

/* So many messages by one call. */
static void write_messages(struct end *end, struct tcp_pcb *pcb, uint32_t count)
{
    static const uint8_t message[MESSAGE * QUESTION_LIMIT];

    bench_expect(end->f.tcp_write(pcb, message, (u16_t)(MESSAGE * count), TCP_WRITE_FLAG_COPY) == ERR_OK &&
                     end->f.tcp_output(pcb) == ERR_OK, "messages were written");
}

static void write_message(struct end *end, struct tcp_pcb *pcb)
{
    write_messages(end, pcb, 1);
}

static void write_octet(struct end *end, struct tcp_pcb *pcb)
{
    bench_expect(end->f.tcp_write(pcb, "a", 1, TCP_WRITE_FLAG_COPY) == ERR_OK, "write");
    end->f.tcp_output(pcb);
}

static void round_trips(void *context)
{
    struct work *work = context;

    for (uint32_t i = 0; i < work->rounds; i++) {
        uint64_t before = ends[0].octets + ends[1].octets;

        timers();
        write_message(&ends[0], work->client[0]);
        poll_end(&ends[1]);
        write_message(&ends[1], work->server[0]);
        poll_end(&ends[0]);
        bench_expect(ends[0].octets + ends[1].octets == before + 2 * MESSAGE, "a round trip");
    }
}

/* `batch` connections are asked at once; who is ready is known from lwIP's calls. */
static void batches(void *context)
{
    struct work *work = context;

    for (uint32_t i = 0; i < work->rounds; i += work->batch) {
        uint64_t before = ends[0].octets + ends[1].octets;

        timers();
        poll_end(&ends[1]);
        poll_end(&ends[0]);
        ends[0].readies = ends[1].readies = 0;
        for (uint32_t j = 0; j < work->batch; j++)
            write_messages(&ends[0], work->client[bench_random(&work->random, work->connections)], work->questions);
        poll_end(&ends[1]);
        for (unsigned j = 0; j < ends[1].readies; j++)
            write_messages(&ends[1], ends[1].ready[j], work->questions);
        poll_end(&ends[0]);
        bench_expect(ends[0].octets + ends[1].octets == before + 2 * work->batch * work->questions * MESSAGE,
                     "a batch of round trips");
    }
}

/* `batch` of them at a time. Who of the server's has data is known from lwIP's calls. */
static void connections(void *context)
{
    struct work *work = context;

    for (uint32_t i = 0; i < work->rounds; i += work->batch) {
        uint64_t before = ends[0].octets + ends[1].octets, ended = ends[0].ended + ends[1].ended;

        for (uint32_t j = 0; j < work->batch; j++)
            work->client[j] = connect_begin((uint16_t)(FIRST_PORT + (i + j) % PORTS));
        poll_end(&ends[1]);
        poll_end(&ends[0]);
        timers();
        for (uint32_t j = 0; j < work->batch; j++)
            write_octet(&ends[0], work->client[j]);
        ends[1].readies = 0;
        poll_end(&ends[1]);
        for (unsigned j = 0; j < ends[1].readies; j++)
            write_octet(&ends[1], ends[1].ready[j]);
        poll_end(&ends[0]);
        for (uint32_t j = 0; j < work->batch; j++)
            ends[0].f.tcp_close(work->client[j]);
        poll_end(&ends[1]);
        for (unsigned j = 0; j < ends[1].readies; j++)
            ends[1].f.tcp_close(ends[1].ready[j]);
        poll_end(&ends[0]);
        poll_end(&ends[1]);
        bench_expect(ends[0].octets + ends[1].octets == before + 2 * work->batch &&
                         ends[0].ended + ends[1].ended >= ended + work->batch, "an octet each way and the end");
        for (uint32_t j = 0; j < work->batch; j++) {
            bench_expect(work->client[j]->state == TIME_WAIT, "TIME-WAIT");
            if (!work->time_wait)
                ends[0].f.tcp_abort(work->client[j]); /* it goes without a word */
        }
    }
}

/* Segments wait already; the receiver takes them. */
static void receive(void *context)
{
    (void)context;
    poll_end(&ends[1]);
}

static void segments(struct work *work, struct bench_answer *answer)
{
    enum { BURST = 32 };
    const uint32_t bursts = work->connections > 10000 ? 40 : work->connections > 1000 ? 60 : 2000;
    uint64_t before = 0;

    for (uint32_t i = 0; i < bursts + bursts / 4; i++) {
        if (i == bursts / 4) {
            before = ends[1].octets;
            answer->seconds = 0;
        }
        for (int j = 0; j < BURST; j++)
            write_message(&ends[0], work->client[bench_random(&work->random, work->connections)]);
        answer->seconds += bench_timed(receive, NULL);
        poll_end(&ends[0]);
    }
    answer->operations = (double)(ends[1].octets - before) / MESSAGE;
}

static void bulk(struct work *work, struct bench_answer *answer)
{
    uint64_t begin_octets;
    const uint64_t some = work->call < 256 ? work->call * UINT64_C(8192) : UINT64_C(32) << 20;

    work->goal = some / 2;
    carry(work);
    begin_octets = ends[1].octets;
    do {
        work->goal = ends[1].octets + some;
        answer->seconds += bench_timed(carry, work);
    } while (answer->seconds < 0.3);
    answer->octets = (double)(ends[1].octets - begin_octets);
}

/* Octets of its control block, one end; with what malloc keeps in front of it. */
static double idle(void)
{
    return (double)((sizeof(struct tcp_pcb) + 8 + 15) / 16 * 16);
}

static void check(const char *kind, enum baro_family family, unsigned mtu, enum bench_offload offload)
{
#if !LWIP_IPV6
    if (family == BARO_FAMILY_IPV6)
        leave("built without IPv6");
#endif
    if (mtu > TCP_MSS + 40)
        leave("built for MTU 1500");
    if (strcmp(kind, "connections-reused") == 0)
        leave("it never takes over a port in TIME-WAIT");
#if !LWIP_CHECKSUM_CTRL_PER_NETIF
    if (offload == BENCH_CHECKSUM)
        leave("built without a choice of checksums");
#endif
    if (offload == BENCH_LARGE || offload == BENCH_SUPER)
        leave("it has no super-segments");
    (void)family;
}

static void time_connections(struct work *work, struct bench_answer *answer)
{
    work->rounds = 12000;
    if (work->time_wait)
        connections(work);
    work->rounds = work->time_wait ? 3000 : 30000;
    answer->seconds = bench_timed(connections, work);
    answer->operations = work->rounds;
}

static void run(const char *kind, struct work *work, struct bench_answer *answer)
{
    if (strcmp(kind, "bulk") == 0)
        bulk(work, answer);
    else if (strcmp(kind, "round-trips") == 0 || strcmp(kind, "batches") == 0) {
        work->rounds = work->connections == 1 ? 300000 : 512 / work->batch * work->batch;
        answer->seconds = bench_timed(work->connections == 1 ? round_trips : batches, work);
        answer->operations = (double)work->rounds * work->questions;
    } else if (strncmp(kind, "connections", 11) == 0)
        time_connections(work, answer);
    else if (strcmp(kind, "segment") == 0)
        segments(work, answer);
    else if (strcmp(kind, "idle") == 0)
        answer->value = idle();
    else
        leave("this peer does not know it");
}

int main(int argc, char **argv)
{
    const struct itimerval limit = { .it_value = { .tv_sec = 20 } };
    struct work work = { .random = 1 };
    struct bench_answer answer = { 0 };

    if (argc != 10)
        leave("usage: KIND FAMILY MTU OFFLOAD CONNECTIONS BATCH MESSAGE TIME_WAIT QUESTIONS");
    signal(SIGPROF, too_long);
    setitimer(ITIMER_PROF, &limit, NULL);
    bool many = strcmp(argv[1], "segment") == 0 || strcmp(argv[1], "batches") == 0;
    enum baro_family family = (enum baro_family)atoi(argv[2]);
    enum bench_offload offload = (enum bench_offload)atoi(argv[4]);

    work.connections = many ? (uint32_t)atoi(argv[5]) : 1;
    work.batch = (uint32_t)atoi(argv[6]);
    work.call = atoi(argv[7]) == 0 ? CHUNK : (uint32_t)atoi(argv[7]);
    work.time_wait = atoi(argv[8]) != 0;
    work.questions = atoi(argv[9]) == 0 ? 1 : (uint32_t)atoi(argv[9]);
    bench_expect(work.questions <= QUESTION_LIMIT, "so many questions at once");
    check(argv[1], family, (unsigned)atoi(argv[3]), offload);
    if (work.connections > 100000)
        leave("so many take it more than ten milliseconds a segment");
#if !MEMP_MEM_MALLOC
    if (work.connections > MEMP_NUM_TCP_PCB)
        leave("its pools hold 65,535 of a kind");
#endif
    work.client = calloc(work.connections + work.batch, sizeof *work.client);
    work.server = calloc(work.connections + work.batch, sizeof *work.server);
    ends_begin(family, (unsigned)atoi(argv[3]), offload);
    open_many(work.client, work.server, work.connections);
    run(argv[1], &work, &answer);
    printf("%.9f %.0f %.0f %.1f\n", answer.seconds, answer.operations, answer.octets, answer.value);
    return 0;
}
