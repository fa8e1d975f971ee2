/* RFC 9293 §3.10.7.4 as a small model, against the implementation: every state from SYN-RECEIVED to LAST-ACK meets
 * every combination of flags, length, place around the window and acknowledgement; the model says the state that
 * follows and the answer. The model knows numbers only, none of the implementation's steps.
 *
 * Where the RFCs leave a choice the model has the one made here: RFC 5961's challenges; a pure ACK at the window's
 * right edge is taken; text behind the peer's FIN may be answered or not ("should not occur"). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "test/support/tcp_hand.h"

enum answer { SILENCE = 1, ACK = 2, RST = 4, SYN_ACK = 8 };

struct numbers {
    enum baro_tcp_state state;
    int64_t window;           /* RCV.WND; all sequence numbers below are relative to RCV.NXT and SND.UNA */
    int64_t flight, max_wnd;  /* SND.NXT - SND.UNA; the largest window seen */
    bool fin_out;             /* our FIN is in flight, as its last octet */
};

struct input {
    uint8_t flags;
    int64_t seq, text, ack;   /* relative to RCV.NXT; octets; relative to SND.UNA */
};

struct outcome {
    enum baro_tcp_state state;
    int answers;              /* allowed ones */
};

static struct outcome stays(const struct numbers *n, int answers)
{
    return (struct outcome){ n->state, answers };
}

static struct outcome becomes(enum baro_tcp_state state, int answers)
{
    return (struct outcome){ state, answers };
}

static bool inside(const struct numbers *n, int64_t seq)
{
    return seq >= 0 && seq < n->window;
}

/* Table 6. */
static bool acceptable(const struct numbers *n, const struct input *in)
{
    int64_t length = in->text + ((in->flags & TCP_FLAG_SYN) != 0) + ((in->flags & TCP_FLAG_FIN) != 0);

    if (in->flags & TCP_FLAG_RST)
        return inside(n, in->seq);
    if (length == 0)
        return inside(n, in->seq) || in->seq == n->window;
    return inside(n, in->seq) || inside(n, in->seq + length - 1);
}

/* Text and FIN, once the acknowledgement is dealt with. */
static struct outcome text_and_fin(const struct numbers *n, const struct input *in)
{
    int64_t end = in->seq + in->text;
    bool fin = (in->flags & TCP_FLAG_FIN) != 0 && end <= n->window, receives;
    int answers = in->text != 0 || (in->flags & TCP_FLAG_FIN) != 0 ? ACK : SILENCE;

    receives = n->state == BARO_TCP_ESTABLISHED || n->state == BARO_TCP_FIN_WAIT_1 || n->state == BARO_TCP_FIN_WAIT_2;
    if (!receives)
        return stays(n, answers == ACK ? ACK | SILENCE : SILENCE);
    if (!fin || in->seq > 0 || end < 0) /* none, or not its turn yet */
        return stays(n, answers);
    switch (n->state) {
    case BARO_TCP_ESTABLISHED: return becomes(BARO_TCP_CLOSE_WAIT, ACK);
    case BARO_TCP_FIN_WAIT_1: return becomes(BARO_TCP_CLOSING, ACK);
    default: return becomes(BARO_TCP_TIME_WAIT, ACK);
    }
}

static struct outcome with_ack(struct numbers n, const struct input *in)
{
    if (n.state == BARO_TCP_SYN_RECEIVED) {
        if (in->ack <= 0 || in->ack > n.flight)
            return stays(&n, RST);
        n.state = BARO_TCP_ESTABLISHED;
        return text_and_fin(&n, in);
    }
    if (in->ack > n.flight || in->ack < -n.max_wnd)
        return stays(&n, ACK);
    if (n.fin_out && in->ack == n.flight) {
        if (n.state == BARO_TCP_LAST_ACK)
            return becomes(BARO_TCP_CLOSED, SILENCE);
        if (n.state == BARO_TCP_CLOSING) /* in TIME-WAIT what else it carries has come before */
            return becomes(BARO_TCP_TIME_WAIT, SILENCE | ACK);
        n.state = BARO_TCP_FIN_WAIT_2;
    }
    return text_and_fin(&n, in);
}

static struct outcome model(const struct numbers *n, const struct input *in)
{
    bool dialogue = n->state == BARO_TCP_SYN_RECEIVED;

    if (dialogue && (in->flags & (TCP_FLAG_SYN | TCP_FLAG_RST)) == TCP_FLAG_SYN && in->seq == -1)
        return stays(n, SYN_ACK); /* the SYN that began it, once more */
    if (!acceptable(n, in))
        return stays(n, in->flags & TCP_FLAG_RST ? SILENCE : ACK);
    if (in->flags & TCP_FLAG_RST)
        return in->seq == 0 ? becomes(BARO_TCP_CLOSED, SILENCE) : stays(n, ACK);
    if (in->flags & TCP_FLAG_SYN)
        return dialogue ? becomes(BARO_TCP_CLOSED, SILENCE) : stays(n, ACK);
    if ((in->flags & TCP_FLAG_ACK) == 0)
        return stays(n, SILENCE);
    return with_ack(*n, in);
}

/* ---- the implementation ---- */

static struct numbers numbers_of(const struct hand *hand)
{
    const struct tcp_connection *c = hand_connection(hand);
    const struct tcp_half_open *record = tcp_resolve_half_open(hand->tcp, hand->connection);

    if (record != NULL)
        return (struct numbers){ .state = BARO_TCP_SYN_RECEIVED, .window = record->window, .flight = 1,
                                 .max_wnd = record->peer_window };
    return (struct numbers){ .state = (enum baro_tcp_state)c->state, .window = tcp_recv_window(c),
                             .flight = (int64_t)(c->snd.nxt.value - c->snd.una.value), .max_wnd = c->snd.max_wnd,
                             .fin_out = c->state == BARO_TCP_FIN_WAIT_1 || c->state == BARO_TCP_CLOSING ||
                                        c->state == BARO_TCP_LAST_ACK };
}

static enum answer answer_of(const struct world_segment *seen)
{
    if (seen == NULL)
        return SILENCE;
    if (seen->flags & TCP_FLAG_RST)
        return RST;
    return seen->flags & TCP_FLAG_SYN ? SYN_ACK : ACK;
}

static void compare(enum baro_tcp_state state, uint8_t flags, unsigned length, unsigned place, unsigned acked)
{
    static const int64_t text[] = { 0, 1, 100 };
    struct world world;
    struct hand hand;
    struct numbers n;
    struct input in = { .flags = flags, .text = text[length] };
    struct outcome wanted;
    const struct world_segment *seen;
    enum answer answer;

    world_init(&world, 1);
    hand_init(&hand, &world);
    hand_reach(&hand, state);
    n = numbers_of(&hand);
    assert_int_equal(n.state, state);
    in.seq = (int64_t[]){ -70000, -101, -100, -2, -1, 0, 1, n.window - 1, n.window, n.window + 1, 200000 }[place];
    in.ack = (int64_t[]){ -n.max_wnd - 1, -n.max_wnd, -1, 0, n.flight, n.flight + 1 }[acked];
    wanted = model(&n, &in);
    if (state == BARO_TCP_SYN_RECEIVED) { /* a record: hand_reach left the numbers behind both SYNs */
        hand.ack += (uint32_t)in.ack - 1;
    } else {
        hand.seq = hand_connection(&hand)->rcv.nxt.value;
        hand.ack = hand_connection(&hand)->snd.una.value + (uint32_t)in.ack;
    }
    hand_send_at(&hand, flags, (int32_t)in.seq, NULL, (uint32_t)in.text);
    tcp_check_invariants(hand.tcp);
    seen = world_next(&world, &hand.mark, 1);
    answer = answer_of(seen);
    if (hand_state(&hand) != wanted.state || ((int)answer & wanted.answers) == 0 ||
        world_next(&world, &hand.mark, 1) != NULL)
        fail_msg("%s, flags 0x%02x, %d octets at %d of %d, ack %d of %d: %s and answer %d, expected %s and %d",
                 baro_tcp_state_name(state), flags, (int)in.text, (int)in.seq, (int)n.window, (int)in.ack,
                 (int)n.flight, baro_tcp_state_name(hand_state(&hand)), (int)answer, baro_tcp_state_name(wanted.state),
                 wanted.answers);
    world_free(&world);
}

static void every_combination(void **state)
{
    static const enum baro_tcp_state states[] = { BARO_TCP_SYN_RECEIVED, BARO_TCP_ESTABLISHED, BARO_TCP_FIN_WAIT_1,
                                                  BARO_TCP_FIN_WAIT_2,   BARO_TCP_CLOSE_WAIT,  BARO_TCP_CLOSING,
                                                  BARO_TCP_LAST_ACK };
    static const uint8_t flags[] = { 0, TCP_FLAG_ACK, TCP_FLAG_FIN, TCP_FLAG_FIN | TCP_FLAG_ACK, TCP_FLAG_SYN,
                                     TCP_FLAG_SYN | TCP_FLAG_ACK, TCP_FLAG_RST, TCP_FLAG_RST | TCP_FLAG_ACK,
                                     TCP_FLAG_SYN | TCP_FLAG_FIN, TCP_FLAG_SYN | TCP_FLAG_RST };

    (void)state;
    for (size_t s = 0; s < sizeof states / sizeof states[0]; s++) {
        for (size_t f = 0; f < sizeof flags; f++) {
            for (unsigned length = 0; length < 3; length++) {
                for (unsigned place = 0; place < 11; place++) {
                    for (unsigned acked = 0; acked < (flags[f] & TCP_FLAG_ACK ? 6 : 1); acked++)
                        compare(states[s], flags[f], length, place, acked);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
