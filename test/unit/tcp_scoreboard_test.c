/* The scoreboard against a model that keeps marks and moments of every octet for itself: a million random steps of
 * sending, sending again, SACK blocks, ACKs and losses, across the wrap of sequence numbers. And what its bound
 * does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "transport/tcp/scoreboard.h"

enum { SPACE = 4096, OCTET_AGAIN = SCOREBOARD_AGAIN };

struct model {
    uint8_t marks[SPACE];   /* of the octet with that sequence number, modulo SPACE */
    int64_t at_ns[SPACE];
    uint32_t una, nxt;
};

static uint32_t random_state;

static uint32_t draw(uint32_t limit)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)(random_state >> 4) * limit >> 28);
}

static void compare(const struct scoreboard *board, const struct model *model, bool exact)
{
    uint32_t at = model->una, sacked = 0, lost = 0;

    scoreboard_check(board);
    assert_int_equal(board->begin.value, model->una);
    assert_int_equal(scoreboard_end(board).value, model->nxt);
    for (uint32_t i = 0; i < board->count; i++) {
        for (; at != board->run[i].end.value; at++) {
            uint8_t marks = model->marks[at % SPACE];

            sacked += (marks & SCOREBOARD_SACKED) != 0;
            lost += (marks & SCOREBOARD_LOST) != 0;
            if (!exact)
                continue;
            assert_int_equal(board->run[i].marks & (SCOREBOARD_SACKED | SCOREBOARD_LOST),
                             marks & (SCOREBOARD_SACKED | SCOREBOARD_LOST));
            if ((marks & SCOREBOARD_SACKED) == 0) {
                assert_int_equal(board->run[i].marks & SCOREBOARD_AGAIN, marks & SCOREBOARD_AGAIN);
                assert_int_equal(board->run[i].at_ns, model->at_ns[at % SPACE]);
            }
        }
    }
    if (exact) {
        assert_int_equal(board->sacked, sacked);
        assert_int_equal(board->lost, lost);
        assert_int_equal(scoreboard_pipe(board), model->nxt - model->una - sacked - lost);
    }
}

static void piece(const struct model *model, uint32_t *from, uint32_t *to)
{
    uint32_t flight = model->nxt - model->una;

    *from = model->una + draw(flight);
    *to = *from + 1 + draw(model->nxt - *from < 200 ? model->nxt - *from : 200);
}

/* What an ACK or a block delivers, by the model. */
static uint32_t deliver(struct model *model, uint32_t from, uint32_t to, uint8_t mark)
{
    uint32_t octets = 0;

    for (uint32_t at = from; at != to; at++) {
        uint8_t *marks = &model->marks[at % SPACE];

        octets += (*marks & SCOREBOARD_SACKED) == 0;
        if ((*marks & SCOREBOARD_SACKED) == 0)
            *marks = (uint8_t)((*marks & OCTET_AGAIN) | mark);
    }
    return octets;
}

static void one_step(struct scoreboard *board, struct model *model, int64_t now_ns)
{
    struct scoreboard_delivered delivered = { 0 };
    uint32_t from, to, room = SPACE - 300 - (model->nxt - model->una);

    if (model->nxt == model->una || (draw(4) == 0 && room < SPACE)) {
        uint32_t octets = 1 + draw(room < 250 ? room + 1 : 250);

        scoreboard_sent(board, seq_of(model->nxt + octets), now_ns);
        for (uint32_t i = 0; i < octets; i++, model->nxt++) {
            model->marks[model->nxt % SPACE] = 0;
            model->at_ns[model->nxt % SPACE] = now_ns;
        }
        return;
    }
    piece(model, &from, &to);
    switch (draw(5)) {
    case 0:
        scoreboard_again(board, seq_of(from), seq_of(to), now_ns);
        for (uint32_t at = from; at != to; at++) {
            if (model->marks[at % SPACE] & SCOREBOARD_SACKED)
                continue;
            model->marks[at % SPACE] = OCTET_AGAIN;
            model->at_ns[at % SPACE] = now_ns;
        }
        break;
    case 1:
        scoreboard_acked(board, seq_of(to), &delivered);
        assert_int_equal(delivered.octets, deliver(model, model->una, to, 0));
        model->una = to;
        break;
    case 2:
        if (board->count != 0) {
            uint32_t index = draw(board->count), at = index == 0 ? model->una : board->run[index - 1].end.value;

            if ((board->run[index].marks & (SCOREBOARD_SACKED | SCOREBOARD_LOST)) != 0)
                break;
            for (; at != board->run[index].end.value; at++)
                model->marks[at % SPACE] |= SCOREBOARD_LOST;
            scoreboard_lose(board, index);
        }
        break;
    default:
        scoreboard_sack(board, seq_of(from), seq_of(to), &delivered);
        assert_int_equal(delivered.octets, deliver(model, from, to, SCOREBOARD_SACKED));
        break;
    }
}

static void a_million_steps_against_the_model(void **state)
{
    static struct scoreboard board;
    static struct model model;

    (void)state;
    for (uint32_t seed = 1; seed <= 100; seed++) {
        random_state = seed;
        model.una = model.nxt = 0u - draw(20000); /* the wrap is near */
        scoreboard_begin(&board, seq_of(model.una), seq_of(model.nxt), 0, false);
        for (int64_t step = 1; step <= 10000; step++) {
            one_step(&board, &model, step / 3);
            if (board.count >= SCOREBOARD_RUNS - 3)
                break; /* from here on it is no longer exact: see below */
            compare(&board, &model, true);
        }
    }
}

static void at_its_bound_it_joins_and_forgets_but_stays_true(void **state)
{
    static struct scoreboard board;
    static struct model model;
    struct scoreboard_delivered delivered = { 0 };

    (void)state;
    random_state = 7;
    model.una = model.nxt = 1000;
    scoreboard_begin(&board, seq_of(1000), seq_of(1000), 0, false);
    for (int64_t i = 1; i <= 2000; i++) /* each octet at a moment of its own */
        scoreboard_sent(&board, seq_of(1000 + (uint32_t)i), i);
    model.nxt = 3000;
    compare(&board, &model, false);
    for (uint32_t i = 0, at_ns = 0; i < board.count; i++) { /* later moments are kept, never earlier ones */
        assert_true(board.run[i].at_ns >= (int64_t)(board.run[i].end.value - 1000));
        assert_true(board.run[i].at_ns >= at_ns);
        at_ns = (uint32_t)board.run[i].at_ns;
    }
    for (uint32_t at = 1001; at < 3000; at += 2) /* every second octet SACKED: more holes than it can tell */
        scoreboard_sack(&board, seq_of(at), seq_of(at + 1), &delivered);
    compare(&board, &model, false);
    assert_true(delivered.octets == board.sacked && board.sacked > 50);
    scoreboard_lose_all(&board);
    assert_int_equal(board.lost + board.sacked, 2000);
    scoreboard_check(&board);
    for (uint32_t i = 1; i <= 500; i++)
        scoreboard_sent(&board, seq_of(3000 + i), 5000 + i);
    scoreboard_again(&board, seq_of(1200), seq_of(1300), 9000);
    scoreboard_check(&board);
    scoreboard_acked(&board, seq_of(3500), &delivered);
    assert_int_equal(board.count, 0);
    assert_int_equal(board.sacked + board.lost, 0);
}

/* RFC 2018 §8: after a timeout a first octet that was SACKED and not acknowledged means that the peer threw it away. */
static void a_timeout_notices_reneging(void **state)
{
    static struct scoreboard board;
    struct scoreboard_delivered delivered = { 0 };
    struct seq from, to;

    (void)state;
    scoreboard_begin(&board, seq_of(0), seq_of(5000), 1, false);
    scoreboard_sack(&board, seq_of(1000), seq_of(2000), &delivered);
    scoreboard_lose_all(&board);
    assert_int_equal(board.sacked, 1000);
    assert_int_equal(board.lost, 4000);
    scoreboard_find_all(&board);
    scoreboard_acked(&board, seq_of(1000), &delivered);
    scoreboard_lose_all(&board);
    assert_int_equal(board.sacked, 0);
    assert_int_equal(board.lost, 4000);
    assert_true(scoreboard_next_lost(&board, 1, &from, &to));
    assert_int_equal(from.value, 1000);
}

/* RFC 8985 §6.2 step 3: an original that is delivered below what was delivered before was reordered; a retransmission
 * is not. */
static void reordering_is_seen(void **state)
{
    static struct scoreboard board;
    struct scoreboard_delivered first = { 0 }, second = { 0 }, third = { 0 };

    (void)state;
    scoreboard_begin(&board, seq_of(0), seq_of(5000), 1, false);
    scoreboard_sack(&board, seq_of(3000), seq_of(4000), &first);
    assert_false(first.below);
    scoreboard_again(&board, seq_of(0), seq_of(1000), 2);
    scoreboard_sack(&board, seq_of(0), seq_of(1000), &second);
    assert_false(second.below);
    assert_true(second.again && second.at_ns == 2);
    scoreboard_sack(&board, seq_of(1000), seq_of(2000), &third);
    assert_true(third.below);
    scoreboard_sack(&board, seq_of(4500), seq_of(9000), &third); /* beyond the flight: a lie, ignored */
    assert_int_equal(third.octets, 1000);
}

/* Joined runs were sent at several moments: delivered, none of them counts as sent later than it was, or what is
 * missing would be taken for lost before its time; missing, none counts as sent earlier. */
static void joined_moments_are_never_too_early(void **state)
{
    enum { SEGMENTS = 3 * SCOREBOARD_RUNS, OCTETS = 100 };
    static struct scoreboard board;
    uint32_t una = 0u - 5000;

    (void)state;
    scoreboard_begin(&board, seq_of(una), seq_of(una), 0, false);
    for (uint32_t i = 0; i < SEGMENTS; i++)
        scoreboard_sent(&board, seq_of(una + (i + 1) * OCTETS), (int64_t)(i + 1) * 1000000);
    assert_in_range(board.count, 2, SCOREBOARD_RUNS);
    for (uint32_t i = 0; i < board.count; i++)
        assert_int_equal(board.run[i].at_ns, (int64_t)(board.run[i].end.value - una) / OCTETS * 1000000);
    for (uint32_t i = 1; i < SEGMENTS; i += 7) {
        struct scoreboard_delivered acked = { 0 }, sacked = { 0 };

        scoreboard_acked(&board, seq_of(una + i * OCTETS), &acked);
        assert_true(acked.any && acked.at_ns <= (int64_t)i * 1000000);
        if (i + 5 > SEGMENTS)
            break;
        scoreboard_sack(&board, seq_of(una + (i + 2) * OCTETS), seq_of(una + (i + 3) * OCTETS), &sacked);
        assert_true(!sacked.any || sacked.at_ns <= (int64_t)(i + 3) * 1000000);
        scoreboard_check(&board);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_steps_against_the_model),
        cmocka_unit_test(at_its_bound_it_joins_and_forgets_but_stays_true),
        cmocka_unit_test(a_timeout_notices_reneging),
        cmocka_unit_test(reordering_is_seen),
        cmocka_unit_test(joined_moments_are_never_too_early),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
