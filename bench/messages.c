/* bench/messages.c: round trips of 64 octets, and connections that come and go.
 *
 * A turn of the loop is a round trip: the clock is read once; each end is polled, its program receives and answers, and
 * the answer is flushed. Where `batch` requests are in flight, a turn is a batch of them, each on a connection drawn at
 * random, and the programs ask which connections are ready, as a server of many would. A connection may be asked
 * several questions before it has answered, each by a call of its own, as programs do that pipeline their requests. */
#include "bench.h"

#include <string.h>

enum { MESSAGE = 64, PORTS = 16, PORT_LIMIT = 64, FIRST_PORT = 1000, AT_ONCE_LIMIT = 16 };

struct round_trips {
    struct bench_connections all;
    uint32_t rounds, random, batch, questions;
    bool in_turn;          /* each connection once after the other; else at random */
};

/* What one end's program does when a message is due: it comes whole, since 64 octets fit any segment. */
static void receive(struct baro_stack *stack, int fd)
{
    uint8_t message[MESSAGE];

    bench_expect(baro_recv(stack, fd, message, sizeof message, 0) == MESSAGE, "a message came in");
}

static void answer_with(struct baro_stack *stack, int fd)
{
    static const uint8_t message[MESSAGE];

    bench_expect(baro_send(stack, fd, message, sizeof message, 0) == MESSAGE, "send");
    baro_stack_flush(stack);
}

static void round_trips(void *context)
{
    struct round_trips *work = context;
    struct baro_stack *client = bench_pair_stack(work->all.pair, 0), *server = bench_pair_stack(work->all.pair, 1);

    for (uint32_t i = 0; i < work->rounds; i++) {
        uint32_t which = bench_random(&work->random, work->all.count);
        int ask = work->all.client[which], reply = work->all.server[which];
        struct baro_instant now = bench_now();

        answer_with(client, ask);
        baro_stack_poll(server, now);
        receive(server, reply);
        answer_with(server, reply);
        baro_stack_poll(client, now);
        receive(client, ask);
    }
}

/* Answers each message of what a program has read. */
static void answer_each(struct baro_stack *stack, int fd, const uint8_t *data, uint32_t length)
{
    for (uint32_t at = 0; at < length; at += MESSAGE)
        bench_expect(baro_send(stack, fd, data + at, MESSAGE, 0) == MESSAGE, "a reply");
}

/* What a program does with all that became ready; the octets of it. */
static uint32_t serve_ready(struct baro_stack *stack, bool reply)
{
    uint8_t data[MESSAGE * BARO_BURST_LIMIT];
    struct baro_ready ready;
    uint32_t octets = 0;

    while (baro_next_ready(stack, &ready)) {
        ptrdiff_t length = ready.events & BARO_EVENT_IN ? baro_recv(stack, ready.fd, data, sizeof data, 0) : 0;

        if (length <= 0)
            continue;
        octets += (uint32_t)length;
        if (reply)
            answer_each(stack, ready.fd, data, (uint32_t)length);
    }
    return octets;
}

/* Polls until a batch has come: it may share the wire with ACKs of earlier ones, whose time has come. After a pause of
 * the machine there may be thousands of these, and then the other end has its turn in between, too. */
static void serve(struct bench_pair *pair, int which, struct baro_instant now, uint32_t octets)
{
    uint32_t served = 0;

    for (int i = 0; i < 10000 && served < octets; i++) {
        if (i % 64 == 63)
            baro_stack_poll(bench_pair_stack(pair, 1 - which), now);
        baro_stack_flush(bench_pair_stack(pair, 1 - which));
        baro_stack_poll(bench_pair_stack(pair, which), now);
        served += serve_ready(bench_pair_stack(pair, which), which == 1);
    }
    bench_expect(served == octets, "a batch of messages came in");
}

/* Asks each its questions, and says some ahead which ones these will be. */
static void send_on_all(struct baro_stack *stack, const int fd[], uint32_t count, uint32_t questions)
{
    enum { AHEAD = 16 };
    static const uint8_t message[MESSAGE];

    baro_prefetch(stack, fd, count < AHEAD ? count : AHEAD);
    for (uint32_t i = 0; i < count; i++) {
        if (i % AHEAD == 0 && i + AHEAD < count)
            baro_prefetch(stack, fd + i + AHEAD, count - i - AHEAD < AHEAD ? count - i - AHEAD : AHEAD);
        for (uint32_t j = 0; j < questions; j++)
            bench_expect(baro_send(stack, fd[i], message, sizeof message, 0) == sizeof message, "send");
    }
}

static void batches(void *context)
{
    struct round_trips *work = context;
    struct baro_stack *client = bench_pair_stack(work->all.pair, 0);
    uint32_t octets = work->batch * work->questions * MESSAGE;
    int fd[BARO_BURST_LIMIT];

    bench_expect(work->batch <= BARO_BURST_LIMIT, "a batch is a burst");
    for (uint32_t i = 0; i < work->rounds; i += work->batch) {
        struct baro_instant now = bench_now();

        for (uint32_t j = 0; j < work->batch; j++) {
            uint32_t which = work->in_turn ? (i + j) % work->all.count : bench_random(&work->random, work->all.count);

            fd[j] = work->all.client[which];
        }
        send_on_all(client, fd, work->batch, work->questions);
        serve(work->all.pair, 1, now, octets);
        serve(work->all.pair, 0, now, octets);
    }
}

void bench_batches(const struct bench_case *question, struct bench_answer *answer)
{
    /* Warm: every connection is awake and had its buffers, and the acknowledgments at once of its beginning are behind
     * it. */
    struct round_trips work = { .rounds = bench_amount(12, 1) * question->connections,
                                .random = 1,
                                .batch = question->batch,
                                .questions = question->questions == 0 ? 1 : question->questions,
                                .in_turn = true };

    bench_connections_open(&work.all, question);
    batches(&work);
    work.in_turn = false;
    work.rounds = question->connections;
    batches(&work);
    work.rounds = bench_amount(600000, 640) / work.batch * work.batch;
    answer->seconds = bench_timed(batches, &work);
    answer->operations = (double)work.rounds * work.questions;
    bench_connections_close(&work.all);
}

void bench_round_trips(const struct bench_case *question, struct bench_answer *answer)
{
    struct round_trips work = { .rounds = bench_amount(1000, 100), .random = 1 };

    bench_connections_open(&work.all, question);
    round_trips(&work);
    work.rounds = bench_amount(300000, 500);
    answer->seconds = bench_timed(round_trips, &work);
    answer->operations = work.rounds;
    bench_connections_close(&work.all);
}

void bench_families(const struct bench_case *question, struct bench_answer *answer)
{
    enum { TURNS = 200, ROUNDS = 500 };
    struct round_trips work[2] = { { .rounds = ROUNDS, .random = 1 }, { .rounds = ROUNDS, .random = 1 } };
    double spent[2] = { 0, 0 };

    for (int i = 0; i < 2; i++) {
        struct bench_case one = *question;

        one.family = i == 0 ? BARO_FAMILY_IPV4 : BARO_FAMILY_IPV6;
        bench_connections_open(&work[i].all, &one);
    }
    for (int turn = -4; turn < TURNS; turn++) {
        double seconds = bench_timed(round_trips, &work[turn & 1]);

        if (turn >= 0) /* the first are to warm up */
            spent[turn & 1] += seconds;
    }
    bench_connections_close(&work[0].all);
    bench_connections_close(&work[1].all);
    answer->value = 100 * spent[1] / spent[0];
}

/* ---- connections ---- */

struct churn {
    struct bench_pair *pair;
    int listener[PORT_LIMIT];
    uint32_t ports, count, at_once;
    int client[AT_ONCE_LIMIT], server[AT_ONCE_LIMIT];
};

/* Clients' SYNs to their octets. Each listener hands out its connections in the order of their SYNs. */
static void open_and_ask(struct churn *churn, uint32_t first)
{
    struct baro_stack *a = bench_pair_stack(churn->pair, 0), *b = bench_pair_stack(churn->pair, 1);
    struct baro_instant now = bench_now();
    const uint8_t octet = 1;

    for (uint32_t i = 0; i < churn->at_once; i++) {
        struct baro_endpoint remote =
            bench_pair_server(churn->pair, (uint16_t)(FIRST_PORT + (first + i) % churn->ports));

        churn->client[i] = baro_socket(a, remote.address.family, BARO_STREAM);
        bench_expect(churn->client[i] >= 0 && baro_connect(a, churn->client[i], &remote) < 0, "connect");
    }
    baro_stack_flush(a);        /* SYN */
    baro_stack_poll(b, now);    /* SYN+ACK */
    baro_stack_poll(a, now);    /* ACK */
    for (uint32_t i = 0; i < churn->at_once; i++)
        bench_expect(baro_send(a, churn->client[i], &octet, 1, 0) == 1, "send");
    baro_stack_flush(a);
    baro_stack_poll(b, now);
}

/* The server's answers, and the clients' ends. */
static void answer_and_close(struct churn *churn, uint32_t first)
{
    struct baro_stack *a = bench_pair_stack(churn->pair, 0), *b = bench_pair_stack(churn->pair, 1);
    uint8_t octet;

    for (uint32_t i = 0; i < churn->at_once; i++) {
        int server = baro_accept(b, churn->listener[(first + i) % churn->ports], NULL);

        bench_expect(baro_recv(b, server, &octet, 1, 0) == 1 && baro_send(b, server, &octet, 1, 0) == 1, "an echo");
        churn->server[i] = server;
    }
    baro_stack_flush(b);
    baro_stack_poll(a, bench_now());
    for (uint32_t i = 0; i < churn->at_once; i++) {
        bench_expect(baro_recv(a, churn->client[i], &octet, 1, 0) == 1, "an answer");
        baro_close(a, churn->client[i]);
    }
    baro_stack_flush(a);        /* FIN */
}

static void churn(void *context)
{
    struct churn *churn = context;
    struct baro_stack *a = bench_pair_stack(churn->pair, 0), *b = bench_pair_stack(churn->pair, 1);

    for (uint32_t done = 0; done < churn->count; done += churn->at_once) {
        struct baro_instant now;
        uint8_t octet;

        open_and_ask(churn, done);
        answer_and_close(churn, done);
        now = bench_now();
        baro_stack_poll(b, now);  /* ACK */
        for (uint32_t i = 0; i < churn->at_once; i++) {
            bench_expect(baro_recv(b, churn->server[i], &octet, 1, 0) == 0, "the end of the stream");
            baro_close(b, churn->server[i]);
        }
        baro_stack_flush(b);      /* FIN */
        baro_stack_poll(a, now);  /* ACK, and TIME-WAIT */
        baro_stack_poll(b, now);
        bench_pair_forget(churn->pair);
    }
}

void bench_connections(const struct bench_case *question, struct bench_answer *answer)
{
    struct churn work = { .pair = bench_pair_create(question), .ports = question->ports == 0 ? PORTS : question->ports,
                          .at_once = question->batch == 0 ? 1 : question->batch };
    struct baro_statistics before, after;

    for (uint32_t i = 0; i < work.ports; i++)
        work.listener[i] = bench_listen(work.pair, (uint16_t)(FIRST_PORT + i), 64);
    bench_expect(work.at_once <= AT_ONCE_LIMIT && 960 % work.at_once == 0, "a number that divides what is made");
    work.count = bench_amount(960, 64);
    do {
        churn(&work);
        if (question->reused) /* who is to be taken over is a second old (RFC 6191), however fast this machine is */
            bench_skip((struct baro_duration){ INT64_C(50000000) });
        baro_stack_statistics(bench_pair_stack(work.pair, 0), &before);
    } while (before.tcp_time_wait < question->time_wait);
    work.count = bench_amount(100000, 320);
    answer->seconds = bench_timed(churn, &work);
    answer->operations = work.count;
    baro_stack_statistics(bench_pair_stack(work.pair, 0), &after);
    /* A row that begins with as many as there may be makes one go for each new one; the others keep (nearly) all. */
    bench_expect(after.tcp_time_wait - before.tcp_time_wait + after.tcp_time_wait_evicted -
                         before.tcp_time_wait_evicted + after.tcp_time_wait_reused - before.tcp_time_wait_reused ==
                     work.count,
                 "every connection went to TIME-WAIT, and every TIME-WAIT that ended is counted");
    bench_expect(question->time_wait == 0 ||
                     question->reused == (after.tcp_time_wait_evicted == before.tcp_time_wait_evicted),
                 "places were made by the rule of this row");
    bench_expect(!question->reused || 2 * (after.tcp_time_wait_reused - before.tcp_time_wait_reused) > work.count,
                 "most took over a port in TIME-WAIT");
    bench_pair_free(work.pair);
}
