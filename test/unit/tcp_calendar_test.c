/* Connections at rest ask for their peers (keepalive) as those do that are awake: a network runs twice, once with
 * connections that rest and once with such that may not. Probes, answers and ends come at the same moments; of more
 * than a second can hold they come later by no more than it, never earlier, and no poll wakes more than a slice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "stack.h"
#include "support/cable.h"
#include "support/chance.h"
#include "transport/tcp/calendar.h"
#include "transport/tcp/rest.h"

enum { PORT = 7000, MOST = 4000, FIRST_S = 100 };

struct question {
    unsigned count, idle_s, interval_s, probes, user_timeout_ms, seconds, cut_s;
    bool ipv6, at_once;    /* all due in one second: the 300th */
    unsigned promises;     /* room in the client's budget, 0: enough */
    unsigned late_ms;      /* a poll comes so much after its deadline */
};

/* What became of a connection, by the order of its beginning. */
struct fate {
    int64_t probe_ns[8];
    unsigned probes;
    int64_t end_ns;
    int error;
};

struct answer {
    struct fate fate[MOST];
    uint64_t hash, frames; /* of both ends, with their moments */
    uint64_t woken;
    unsigned slice, moves, awake; /* the most that one poll woke, and moved; the most awake since the first second */
};

struct side {
    struct test_memory memory;
    struct frame_device device;
    struct baro_stack *stack;
};

static struct side side[2];
static const struct question *asked;
static struct answer *told;
static struct baro_instant now;
static int client[MOST], server[MOST];
static uint16_t port[MOST];
static bool cut, is_quiet;

static struct baro_address address(unsigned end)
{
    return cable_address(asked->ipv6, end);
}

static void note(const void *bytes, size_t length)
{
    chance_note(&told->hash, bytes, length);
}

static struct baro_statistics statistics_of(unsigned end)
{
    struct baro_statistics statistics;

    baro_stack_statistics(side[end].stack, &statistics);
    return statistics;
}

/* ---- the cable ---- */

/* A probe of the client: whose? */
static void see(const struct device_frame *frame)
{
    const uint8_t *tcp = frame->data + 14 + (asked->ipv6 ? 40 : 20);

    for (unsigned i = 0; i < asked->count; i++) {
        if (port[i] != read_be16(tcp))
            continue;
        if ((tcp[13] & TCP_FLAG_RST) == 0 && told->fate[i].probes < 8)
            told->fate[i].probe_ns[told->fate[i].probes++] = now.ns;
        return;
    }
}

static unsigned carry(unsigned from)
{
    struct frame_device *device = &side[from].device;

    if (is_quiet) {
        for (unsigned i = 0; i < device->out_count; i++) {
            const struct device_frame *frame = &device->out[(device->out_first + i) % FRAME_DEVICE_FRAMES];

            note(&now, sizeof now);
            note(frame->data, frame->length);
            told->frames++;
            if (from == 0)
                see(frame);
        }
    }
    while (cut && device->out_count != 0)
        frame_device_take(device);
    return frame_device_carry(device, &side[1 - from].device);
}

static void poll_both(void)
{
    unsigned carried = 1;

    while (carried != 0) {
        struct baro_statistics before = statistics_of(0), after;
        uint64_t woken, rested;

        baro_stack_poll(side[0].stack, now);
        after = statistics_of(0);
        woken = after.tcp_woken - before.tcp_woken;
        rested = after.tcp_resting + woken - before.tcp_resting;
        told->slice = is_quiet && woken > told->slice ? (unsigned)woken : told->slice;
        told->moves = woken + rested > told->moves ? (unsigned)(woken + rested) : told->moves;
        baro_stack_flush(side[0].stack);
        carried = carry(0);
        baro_stack_poll(side[1].stack, now);
        baro_stack_flush(side[1].stack);
        carried += carry(1);
    }
}

static void look_for_ends(void)
{
    struct baro_ready ready;

    for (unsigned end = 0; end < 2; end++) {
        while (baro_next_ready(side[end].stack, &ready)) {
            for (unsigned i = 0; end == 0 && (ready.events & BARO_EVENT_ERROR) != 0 && i < asked->count; i++) {
                size_t size = sizeof told->fate[i].error;

                if (client[i] != ready.fd)
                    continue;
                baro_getsockopt(side[0].stack, client[i], BARO_SO_ERROR, &told->fate[i].error, &size);
                told->fate[i].end_ns = now.ns;
            }
        }
    }
}

/* From deadline to deadline. */
static void run_until(int64_t end_ns)
{
    while (now.ns < end_ns) {
        int64_t next_ns = end_ns;

        for (unsigned end = 0; end < 2; end++) {
            struct baro_instant deadline;

            if (baro_stack_next_deadline(side[end].stack, &deadline) && deadline.ns < next_ns)
                next_ns = deadline.ns;
        }
        now.ns = next_ns > now.ns ? next_ns + (is_quiet ? asked->late_ms : 0) * NS_PER_MS : now.ns;
        poll_both();
        look_for_ends();
        if (is_quiet) {
            struct baro_statistics statistics = statistics_of(0);
            unsigned awake = (unsigned)(statistics.tcp_connections - statistics.tcp_resting);

            told->awake = awake > told->awake ? awake : told->awake;
        }
    }
    baro_stack_check_invariants(side[0].stack);
    baro_stack_check_invariants(side[1].stack);
}

/* ---- a run ---- */

static struct handle *nowhere(void *context, uint32_t owner)
{
    (void)context;
    (void)owner;
    return NULL;
}

static void create(unsigned end, bool rests)
{
    struct baro_stack_config config = { .seed = { (uint8_t)(1 + end) }, .now = now };

    memset(&side[end], 0, sizeof side[end]);
    frame_device_init(&side[end].device, (uint8_t)(1 + end), 1500);
    side[end].device.room = UINT32_MAX;
    config.memory = test_memory(&side[end].memory);
    config.memory_limit =
        end == 0 && asked->promises != 0 ? asked->promises * (TCP_RECV_LEAST + TCP_SEND_LEAST) : 1u << 30;
    side[end].stack = cable_stack(&config, asked->ipv6, end, &side[end].device);
    cable_knows(side[end].stack, asked->ipv6, end);
    if (!rests)
        tcp_let_rest(side[end].stack->tcp, nowhere, NULL, NULL);
}

static void set(int fd, enum baro_option option, unsigned value)
{
    int number = (int)value;

    assert_int_equal(baro_setsockopt(side[0].stack, fd, option, &number, sizeof number), 0);
}

static void set_ms(int fd, enum baro_option option, unsigned ms)
{
    struct baro_duration span = { ms * NS_PER_MS };

    assert_int_equal(baro_setsockopt(side[0].stack, fd, option, &span, sizeof span), 0);
}

static void connect_one(unsigned i, int listening)
{
    enum baro_family family = asked->ipv6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4;
    const struct baro_endpoint to = { address(1), { PORT } };
    struct baro_endpoint own;

    client[i] = baro_socket(side[0].stack, family, BARO_STREAM);
    set(client[i], BARO_SO_KEEPALIVE, 1);
    set_ms(client[i], BARO_TCP_KEEPALIVE_IDLE,
           1000 * (asked->at_once ? 300 - (unsigned)(now.ns / NS_PER_S) : asked->idle_s));
    set_ms(client[i], BARO_TCP_KEEPALIVE_INTERVAL, 1000 * asked->interval_s);
    set(client[i], BARO_TCP_KEEPALIVE_COUNT, asked->probes);
    set_ms(client[i], BARO_TCP_USER_TIMEOUT, asked->user_timeout_ms);
    assert_int_equal(baro_connect(side[0].stack, client[i], &to), -EINPROGRESS);
    poll_both();
    server[i] = baro_accept(side[1].stack, listening, NULL);
    assert_true(server[i] > 0);
    assert_int_equal(baro_getsockname(side[0].stack, client[i], &own), 0);
    port[i] = own.port.number;
}

static void run(const struct question *question, bool rests, struct answer *answer)
{
    const struct baro_endpoint to = { .port = { PORT } };
    int listening;

    asked = question;
    told = answer;
    *told = (struct answer){ .hash = 1 };
    now.ns = NS_PER_S;
    cut = is_quiet = false;
    create(0, rests);
    create(1, rests);
    listening = baro_socket(side[1].stack, asked->ipv6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4, BARO_STREAM);
    assert_int_equal(baro_bind(side[1].stack, listening, &to), 0);
    assert_int_equal(baro_listen(side[1].stack, listening, 50), 0);
    for (unsigned i = 0; i < asked->count; i++) {
        connect_one(i, listening);
        if (asked->promises != 0 && i % 4 == 3)
            run_until(now.ns + 15 * NS_PER_S);
        else
            run_until(now.ns + (asked->at_once ? NS_PER_S / 4000 : 137 * NS_PER_MS + 12345));
        look_for_ends();
    }
    assert_true(now.ns < FIRST_S * NS_PER_S);
    run_until(FIRST_S * NS_PER_S);
    assert_int_equal(statistics_of(0).tcp_resting, rests ? asked->count : 0);
    assert_int_equal(statistics_of(1).tcp_resting, rests ? asked->count : 0);
    is_quiet = true;
    if (asked->cut_s != 0) {
        run_until(asked->cut_s * NS_PER_S);
        cut = true;
    }
    run_until((asked->seconds + 2) * NS_PER_S);
    told->woken = statistics_of(0).tcp_woken;
    assert_int_equal(statistics_of(0).tcp_resting, rests && asked->cut_s == 0 ? asked->count : 0);
    for (unsigned end = 0; end < 2; end++)
        cable_end(side[end].stack, &side[end].device, &side[end].memory);
}

static struct answer awake, resting;

static void run_both(const struct question *question)
{
    run(question, false, &awake);
    run(question, true, &resting);
    assert_int_equal(awake.woken, 0);
    assert_true(resting.woken >= question->count);
    for (unsigned i = 0; i < question->count; i++) {
        assert_true(resting.fate[i].probes != 0);
        assert_int_equal(resting.fate[i].error, awake.fate[i].error);
        assert_int_equal(resting.fate[i].end_ns != 0, question->cut_s != 0);
    }
    assert_true(resting.slice <= CALENDAR_SLICE);
}

static void nothing_differs(void)
{
    assert_int_equal(resting.frames, awake.frames);
    assert_int_equal(memcmp(resting.fate, awake.fate, sizeof awake.fate), 0);
    assert_true(resting.hash == awake.hash);
}

/* ---- tests ---- */

static void their_probes_leave_as_if_they_were_awake(void **state)
{
    struct question question = { .count = 20, .idle_s = 110, .interval_s = 10, .probes = 3, .seconds = 700 };

    (void)state;
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        question.ipv6 = ipv6 != 0;
        run_both(&question);
        nothing_differs();
        assert_in_range(resting.awake, 1, 10); /* of twenty within 2.8 s: each for an RTO, and up to a second before */
        assert_int_equal(resting.fate[0].probes, 6);
        assert_int_equal(resting.woken, 6 * question.count); /* a probe and its answer are one wake */
    }
}

/* Answers to none of the probes: it rests between them, too. */
static void a_silent_peer_is_given_up_at_the_same_moment(void **state)
{
    struct question question = {
        .count = 8, .idle_s = 110, .interval_s = 20, .probes = 4, .seconds = 350, .cut_s = 150
    };

    (void)state;
    run_both(&question);
    nothing_differs();
    for (unsigned i = 0; i < question.count; i++) {
        assert_int_equal(resting.fate[i].error, ETIMEDOUT);
        assert_int_equal(resting.fate[i].end_ns - resting.fate[i].probe_ns[1], 80 * NS_PER_S);
        assert_int_equal(resting.fate[i].probes, 1 + 4);
    }
    assert_true(resting.woken >= 5 * question.count);
    question.user_timeout_ms = 130000;
    run_both(&question);
    nothing_differs();
    for (unsigned i = 0; i < question.count; i++)
        assert_int_equal(resting.fate[i].probes, 1 + 1);
}

/* Further off than the calendar reaches. */
static void a_day_is_a_day(void **state)
{
    const struct question question = {
        .count = 3, .idle_s = 30000, .interval_s = 9000, .probes = 2, .seconds = 100000, .cut_s = 50000
    };

    (void)state;
    run_both(&question);
    nothing_differs();
    assert_int_equal(resting.fate[0].probes, 3);
    assert_in_range(resting.woken, 3 * question.count, 12 * question.count); /* thrice on the way to each probe */
}

/* More in all than wake before their time of one second. */
static void each_second_has_its_own_early_ones(void **state)
{
    const struct question question = { .count = 800, .interval_s = 75, .probes = 9, .seconds = 680, .at_once = true };

    (void)state;
    run_both(&question);
    for (unsigned i = 0; i < question.count; i++) {
        assert_int_equal(resting.fate[i].probes, 2);
        for (unsigned n = 0; n < 2; n++)
            assert_in_range(resting.fate[i].probe_ns[n] - awake.fate[i].probe_ns[n], 0, NS_PER_MS);
    }
}

static void late_by_a_second_at_most(const struct question *question, int64_t most_ns)
{
    unsigned late = 0;

    for (unsigned i = 0; i < question->count; i++) {
        int64_t by_ns = resting.fate[i].probe_ns[0] - awake.fate[i].probe_ns[0];

        if (by_ns < 0 || by_ns > most_ns)
            fail_msg("connection %u probes by %lld ns too late", i, (long long)by_ns);
        assert_int_equal(resting.fate[i].probes, 1);
        late += by_ns > NS_PER_MS;
    }
    assert_int_equal(late, question->count - CALENDAR_EARLY);
}

/* From the first of those who were late to the last one: a slice each step, so that they are not all awake at a
 * time. */
static void late_ones_come_in_step(unsigned count)
{
    int64_t first_ns = INT64_MAX, last_ns = 0;
    const int64_t span_ns = (count - CALENDAR_EARLY) / CALENDAR_SLICE * (int64_t)CALENDAR_STEP_NS;

    for (unsigned i = 0; i < count; i++) {
        int64_t at_ns = resting.fate[i].probe_ns[0];

        if (at_ns - awake.fate[i].probe_ns[0] <= NS_PER_MS)
            continue;
        first_ns = at_ns < first_ns ? at_ns : first_ns;
        last_ns = at_ns > last_ns ? at_ns : last_ns;
    }
    assert_in_range(last_ns - first_ns, span_ns - CALENDAR_STEP_NS, span_ns + 2 * CALENDAR_STEP_NS);
}

static void more_than_a_second_holds_come_late(void **state)
{
    const struct question question = { .count = 3000, .interval_s = 75, .probes = 9, .seconds = 310, .at_once = true };

    (void)state;
    run_both(&question);
    late_by_a_second_at_most(&question, NS_PER_S + (question.count / CALENDAR_SLICE + 10) * (int64_t)CALENDAR_STEP_NS);
    late_ones_come_in_step(question.count);
    assert_int_equal(resting.slice, CALENDAR_SLICE);
}

static void it_stands_still_where_nobody_can_wake(void **state)
{
    struct question question = { .count = 24, .interval_s = 75, .probes = 9, .seconds = 320, .at_once = true };

    (void)state;
    run(&question, false, &awake);
    question.promises = 6;
    run(&question, true, &resting);
    assert_true(resting.awake <= 6);
    for (unsigned i = 0; i < question.count; i++)
        assert_true(resting.fate[i].probes == 1 && resting.fate[i].probe_ns[0] < 310 * NS_PER_S);
}

/* Who polls late finds much to do, and does it by slices all the same. */
static void late_polls_do_no_more(void **state)
{
    const struct question question = { .count = 2000, .interval_s = 75, .probes = 9, .seconds = 320, .at_once = true,
                                       .late_ms = 50 };

    (void)state;
    run(&question, true, &resting);
    assert_int_equal(resting.moves, TCP_MOVES);
    assert_int_equal(resting.slice, CALENDAR_SLICE);
    for (unsigned i = 0; i < question.count; i++)
        assert_int_equal(resting.fate[i].probes, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(their_probes_leave_as_if_they_were_awake),
        cmocka_unit_test(a_silent_peer_is_given_up_at_the_same_moment),
        cmocka_unit_test(a_day_is_a_day),
        cmocka_unit_test(more_than_a_second_holds_come_late),
        cmocka_unit_test(each_second_has_its_own_early_ones),
        cmocka_unit_test(it_stands_still_where_nobody_can_wake),
        cmocka_unit_test(late_polls_do_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
