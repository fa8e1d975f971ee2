/* bench/shards.c: two shards on two cores against one stack on one, and what the machine allows there.
 *
 * A thread has a client's shard and a server's, both addresses being shared with the other thread's; one connection
 * between them carries all it can. Shards of the same number have the same flows, as the hash is symmetric, so no frame
 * goes from thread to thread; of each received one it is asked whose it is all the same, as who has the wire would.
 * Alone, nobody asks. A thread's own processor time counts, so what is told is what sharing the machine costs, caches
 * and memory.
 *
 * The limit is the same work of two processes, each alone with its own addresses, that share nothing but the machine:
 * what two shards reach below that, sharing costs; what two processes lack to 2, the machine does. Threads and
 * processes are each on a processor of their own where there are two. */
#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SLOTS = 64, SLOT = 1536, CHUNK = 65536, PORT = 7, BUFFER = 1 << 20, SHARDS = 2, ROUNDS = 8 };

struct half {
    struct baro_stack *stack;
    struct baro_device device;
    struct half *peer;
    struct baro_shard shard; /* count 0: alone */
    unsigned first, count, lent;
    uint32_t length[SLOTS];
    uint8_t (*octet)[SLOT];
};

struct shard_pair {
    _Alignas(64) struct half half[2];
    int fd[2];
    uint8_t *chunk;
    struct gate *gate;
    const struct bench_case *question;
    uint32_t number, shards; /* of so many; 1: alone */
    uint32_t processor;
};

/* All measure while all work. Processes share it, too; what each writes has a cache line of its own. */
struct gate {
    pthread_barrier_t ready;
    unsigned workers;
    uint64_t amount;
    struct {
        _Alignas(64) double speed;
    } worker[SHARDS];
    _Alignas(64) atomic_uint done;
};

/* Who has the wire asks whose the frames of a burst are. */
static void ask(const struct half *half, const struct baro_rx_frame *frames, unsigned count)
{
    struct baro_bytes bytes[SLOTS];
    uint32_t whose[SLOTS];

    bytes[0] = (struct baro_bytes){ frames[0].data, frames[0].length };
    for (unsigned i = 1; i < count; i++)
        bytes[i] = (struct baro_bytes){ frames[i].data, frames[i].length };
    baro_shard_of_burst(&half->shard, bytes, count, whose);
    for (unsigned i = 0; i < count; i++)
        bench_expect(whose[i] == half->shard.number, "the frame of this shard's flow");
}

static unsigned half_rx(void *context, struct baro_rx_frame *frames, unsigned limit)
{
    struct half *half = context;
    unsigned count = half->count < limit ? half->count : limit;

    for (unsigned i = 0; i < count; i++) {
        unsigned slot = (half->first + i) % SLOTS;

        frames[i] = (struct baro_rx_frame){ .data = half->octet[slot], .length = half->length[slot] };
    }
    if (half->shard.count != 0 && count != 0)
        ask(half, frames, count);
    half->lent = count;
    return count;
}

static void half_rx_end(void *context)
{
    struct half *half = context;

    half->first = half->count == half->lent ? 0 : (half->first + half->lent) % SLOTS;
    half->count -= half->lent;
    half->lent = 0;
}

static unsigned half_room(void *context)
{
    return SLOTS - ((struct half *)context)->peer->count;
}

static unsigned half_tx(void *context, const struct baro_tx_frame *frames, unsigned count)
{
    struct half *to = ((struct half *)context)->peer;
    unsigned i;

    for (i = 0; i < count && to->count < SLOTS; i++) {
        unsigned slot = (to->first + to->count) % SLOTS;
        uint32_t length = 0;

        for (unsigned j = 0; j < frames[i].parts; j++) {
            bench_copy(to->octet[slot] + length, frames[i].part[j].data, frames[i].part[j].length);
            length += (uint32_t)frames[i].part[j].length;
        }
        to->length[slot] = length;
        to->count += frames[i].parts != 0 && (frames[i].part[0].data[0] & 1) == 0; /* no neighbour is asked for */
    }
    return i;
}

static struct baro_address address_of(const struct bench_case *question, uint8_t which)
{
    return question->family == BARO_FAMILY_IPV6 ? baro_ipv6(0xfd00, 7, 0, 0, 0, 0, 0, (uint16_t)(1 + which))
                                                : baro_ipv4(10, 0, 0, (uint8_t)(1 + which));
}

static void half_init(struct shard_pair *pair, const struct bench_case *question, uint8_t which, uint32_t number,
                      uint32_t count)
{
    const struct baro_mac mac[2] = { { { 2, 0, 0, 0, 0, 1 } }, { { 2, 0, 0, 0, 0, 2 } } };
    struct half *half = &pair->half[which];
    struct baro_stack_config config = { .memory = bench_memory_plain(),
                                        .seed = { which, (uint8_t)number }, .now = bench_now(),
                                        .memory_limit = (size_t)1 << 30 };
    int interface;

    half->shard = (struct baro_shard){ .number = number, .count = count == 1 ? 0 : count, .key = { 1, 2 } };
    config.shard = half->shard;
    half->peer = &pair->half[1 - which];
    half->octet = aligned_alloc(64, (size_t)SLOTS * SLOT);
    half->device = (struct baro_device){ .context = half, .mac = mac[which], .mtu = 1500, .rx_burst = half_rx,
                                         .rx_end = half_rx_end, .tx_room = half_room, .tx_burst = half_tx };
    half->stack = baro_stack_create(&config);
    bench_expect(half->stack != NULL && half->octet != NULL, "a stack was created");
    interface = baro_stack_add_interface(half->stack, &half->device);
    bench_expect(
        interface > 0 &&
            baro_stack_add_address(half->stack, interface, address_of(question, which),
                                   question->family == BARO_FAMILY_IPV6 ? 64 : 24, false) == 0 &&
            baro_stack_set_neighbour(half->stack, interface, address_of(question, 1 - which), mac[1 - which]) == 0,
        "an interface was configured");
}

static void poll_both(struct shard_pair *pair)
{
    const struct baro_instant now = bench_now();

    baro_stack_poll(pair->half[0].stack, now);
    baro_stack_poll(pair->half[1].stack, now);
}

static void pair_init(struct shard_pair *pair, const struct bench_case *question, uint32_t number, uint32_t count)
{
    const struct baro_endpoint server = { address_of(question, 1), { PORT } };
    const int buffer = BUFFER;
    struct baro_stack *a, *b;
    int listener;

    half_init(pair, question, 0, number, count);
    half_init(pair, question, 1, number, count);
    a = pair->half[0].stack;
    b = pair->half[1].stack;
    pair->chunk = calloc(1, CHUNK);
    listener = baro_socket(b, question->family, BARO_STREAM);
    bench_expect(pair->chunk != NULL && listener >= 0 && baro_bind(b, listener, &server) == 0 &&
                     baro_listen(b, listener, 8) == 0,
                 "listen");
    pair->fd[0] = baro_socket(a, question->family, BARO_STREAM);
    (void)baro_connect(a, pair->fd[0], &server);
    pair->fd[1] = -1;
    for (int i = 0; i < 64 && pair->fd[1] < 0; i++) {
        poll_both(pair);
        pair->fd[1] = baro_accept(b, listener, NULL);
    }
    bench_expect(pair->fd[1] >= 0, "a connection within a shard");
    baro_setsockopt(a, pair->fd[0], BARO_SO_SEND_BUFFER, &buffer, sizeof buffer);
    baro_setsockopt(b, pair->fd[1], BARO_SO_RECV_BUFFER, &buffer, sizeof buffer);
}

static void pair_release(struct shard_pair *pair)
{
    for (int i = 0; i < 2; i++) {
        baro_stack_free(pair->half[i].stack);
        free(pair->half[i].octet);
    }
    free(pair->chunk);
}

static uint64_t move(struct shard_pair *pair, uint64_t amount)
{
    struct baro_ready ready;
    uint64_t octets = 0;
    ptrdiff_t taken;

    while (octets < amount) {
        while (baro_send(pair->half[0].stack, pair->fd[0], pair->chunk, CHUNK, 0) > 0)
            continue;
        poll_both(pair);
        while ((taken = baro_recv(pair->half[1].stack, pair->fd[1], pair->chunk, CHUNK, 0)) > 0)
            octets += (uint64_t)taken;
        for (int i = 0; i < 2; i++) {
            while (baro_next_ready(pair->half[i].stack, &ready))
                continue;
        }
    }
    return octets;
}

/* The n-th processor that this process may use is this thread's alone; where there are not as many, none is. */
static void stay_on(uint32_t number)
{
    cpu_set_t allowed, own;

    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < SHARDS)
        return;
    CPU_ZERO(&own);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &allowed) && number-- == 0) {
            CPU_SET(cpu, &own);
            sched_setaffinity(0, sizeof own, &own);
            return;
        }
    }
}

static void *work(void *context)
{
    struct shard_pair *pair = context;
    struct gate *gate = pair->gate;
    double begin;

    stay_on(pair->processor);
    pair_init(pair, pair->question, pair->number, pair->shards); /* its memory is first touched where it is used */
    move(pair, gate->amount / 4);
    pthread_barrier_wait(&gate->ready);
    begin = bench_seconds();
    gate->worker[pair->number].speed = (double)move(pair, gate->amount);
    gate->worker[pair->number].speed /= bench_seconds() - begin;
    atomic_fetch_add(&gate->done, 1);
    while (atomic_load(&gate->done) < gate->workers) /* the other shall not be alone for its rest */
        move(pair, CHUNK);
    pair_release(pair);
    return NULL;
}

static struct gate *gate_create(uint32_t workers)
{
    struct gate *gate = mmap(NULL, sizeof *gate, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_barrierattr_t shared;

    bench_expect(gate != MAP_FAILED && pthread_barrierattr_init(&shared) == 0 &&
                     pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED) == 0 &&
                     pthread_barrier_init(&gate->ready, &shared, workers) == 0,
                 "memory");
    gate->workers = workers;
    gate->amount = (uint64_t)bench_amount(192, 4) << 20;
    return gate;
}

/* All have ended; octets a second of them together. */
static double gate_free(struct gate *gate)
{
    double sum = 0;

    for (uint32_t i = 0; i < gate->workers; i++)
        sum += gate->worker[i].speed;
    pthread_barrier_destroy(&gate->ready);
    munmap(gate, sizeof *gate);
    return sum;
}

/* Of so many shards together, a thread each; one alone is on each processor in turn. */
static double speed(const struct bench_case *question, uint32_t count, uint32_t turn)
{
    struct gate *gate = gate_create(count);
    struct shard_pair *pair = aligned_alloc(64, SHARDS * sizeof *pair);
    pthread_t thread[SHARDS];

    bench_expect(pair != NULL, "memory");
    memset(pair, 0, SHARDS * sizeof *pair);
    for (uint32_t i = 0; i < count; i++) {
        pair[i].gate = gate;
        pair[i].question = question;
        pair[i].number = i;
        pair[i].shards = count;
        pair[i].processor = (i + turn) % SHARDS;
        bench_expect(pthread_create(&thread[i], NULL, work, &pair[i]) == 0, "a thread");
    }
    for (uint32_t i = 0; i < count; i++)
        pthread_join(thread[i], NULL);
    free(pair);
    return gate_free(gate);
}

/* And of so many processes, each alone. */
static double speed_apart(const struct bench_case *question, uint32_t count, uint32_t turn)
{
    struct gate *gate = gate_create(count);
    pid_t child[SHARDS];
    int status;

    for (uint32_t i = 0; i < count; i++) {
        child[i] = fork();
        bench_expect(child[i] >= 0, "a process");
        if (child[i] == 0) {
            struct shard_pair *pair = aligned_alloc(64, sizeof *pair);

            bench_expect(pair != NULL, "memory");
            memset(pair, 0, sizeof *pair);
            pair->gate = gate;
            pair->question = question;
            pair->number = i;
            pair->shards = 1;
            pair->processor = (i + turn) % SHARDS;
            work(pair);
            _exit(0);
        }
    }
    for (uint32_t i = 0; i < count; i++)
        bench_expect(waitpid(child[i], &status, 0) == child[i] && status == 0, "a process that ended well");
    return gate_free(gate);
}

/* In turns, so that a machine that becomes slower does so for both. */
void bench_shards(const struct bench_case *question, struct bench_answer *answer)
{
    double one = 0, two = 0;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        one += speed(question, 1, i);
        two += speed(question, SHARDS, i);
    }
    answer->value = two / one;
}

void bench_apart(const struct bench_case *question, struct bench_answer *answer)
{
    double one = 0, two = 0;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        one += speed_apart(question, 1, i);
        two += speed_apart(question, SHARDS, i);
    }
    answer->value = two / one;
}
