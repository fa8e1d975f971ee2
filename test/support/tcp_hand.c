/* test/support/tcp_hand.c: see tcp_hand.h. */
#include "test/support/tcp_hand.h"

#include <stdlib.h>

void hand_init(struct hand *hand, struct world *world)
{
    *hand = (struct hand){ .world = world, .tcp = world->side[1].tcp, .seq = 5000, .window = 60000, .mss = 1460,
                           .scale = -1, .ts_value = 100 };
    world->side[0].deaf = true;
    tcp_settings_init(&hand->settings);
}

static struct world_made made(const struct hand *hand, uint8_t flags, const void *data, uint32_t length)
{
    return (struct world_made){ .flags = flags, .seq = hand->seq, .ack = flags & TCP_FLAG_ACK ? hand->ack : 0,
                                .window = hand->window, .data = data, .length = length,
                                .timestamps = hand->timestamps, .ts_value = hand->ts_value,
                                .bad_checksum = hand->bad_checksum };
}

enum baro_drop_reason hand_send_at(struct hand *hand, uint8_t flags, int32_t offset, const void *data, uint32_t length)
{
    struct world_made segment = made(hand, flags, data, length);
    enum baro_drop_reason reason;

    segment.seq += (uint32_t)offset;
    reason = world_inject(hand->world, segment);
    if (tcp_kind_of(hand->connection) == TCP_KIND_HALF_OPEN) /* it may be a connection now */
        hand->connection = tcp_find(hand->tcp, world_endpoint(1, 80), world_endpoint(0, 40000));
    return reason;
}

enum baro_drop_reason hand_send(struct hand *hand, uint8_t flags, const void *data, uint32_t length)
{
    enum baro_drop_reason reason = hand_send_at(hand, flags, 0, data, length);

    hand->seq += length + ((flags & TCP_FLAG_FIN) != 0);
    return reason;
}

const struct world_segment *hand_next(struct hand *hand)
{
    const struct world_segment *seen = world_next(hand->world, &hand->mark, 1);

    if (seen != NULL && seen->seq == hand->ack)
        hand->ack += seen->length + ((seen->flags & TCP_FLAG_FIN) != 0) + ((seen->flags & TCP_FLAG_SYN) != 0);
    return seen;
}

void hand_skip(struct hand *hand)
{
    while (hand_next(hand) != NULL)
        ;
}

static void listen_and_syn(struct hand *hand)
{
    struct world_made syn = made(hand, TCP_FLAG_SYN, NULL, 0);
    const struct world_segment *answer;

    hand->listener = world_listen(hand->world, &hand->settings, 5);
    syn.mss = hand->mss;
    syn.sack_permitted = hand->sack;
    syn.has_scale = hand->scale >= 0;
    syn.scale = hand->scale;
    world_inject(hand->world, syn);
    hand->connection = tcp_find(hand->tcp, world_endpoint(1, 80), world_endpoint(0, 40000));
    answer = world_next(hand->world, &hand->mark, 1);
    if (answer == NULL || answer->flags != (TCP_FLAG_SYN | TCP_FLAG_ACK) || answer->ack != hand->seq + 1)
        abort();
    hand->seq++;
    hand->ack = answer->seq + 1;
}

void hand_open(struct hand *hand)
{
    listen_and_syn(hand);
    hand_send(hand, TCP_FLAG_ACK, NULL, 0);
    if (tcp_accept(hand->tcp, hand->listener, 3, &hand->connection) != 0)
        abort();
}

static void syn_sent(struct hand *hand)
{
    const struct world_segment *syn;

    if (world_connect_between(hand->tcp, world_endpoint(1, 80), world_endpoint(0, 40000), &hand->world->side[1].path,
                    &hand->settings, 2, &hand->connection) != 0)
        abort();
    world_drain(hand->world);
    syn = world_next(hand->world, &hand->mark, 1);
    hand->ack = syn->seq + 1;
}

struct hand hand_begin(struct world *world)
{
    struct hand hand;

    world_init(world, 1);
    hand_init(&hand, world);
    hand_open(&hand);
    hand_skip(&hand);
    return hand;
}

void hand_reach(struct hand *hand, enum baro_tcp_state state)
{
    if (state == BARO_TCP_SYN_SENT) {
        syn_sent(hand);
        return;
    }
    if (state == BARO_TCP_SYN_RECEIVED) {
        listen_and_syn(hand);
        return;
    }
    hand_open(hand);
    if (state == BARO_TCP_CLOSE_WAIT || state == BARO_TCP_LAST_ACK)
        hand_send(hand, TCP_FLAG_FIN | TCP_FLAG_ACK, NULL, 0);
    if (state != BARO_TCP_ESTABLISHED && state != BARO_TCP_CLOSE_WAIT) {
        tcp_shutdown(hand->tcp, hand->connection, BARO_SHUT_WRITE);
        world_drain(hand->world);
    }
    if (state == BARO_TCP_CLOSING)
        hand_send(hand, TCP_FLAG_FIN | TCP_FLAG_ACK, NULL, 0); /* does not acknowledge our FIN: they crossed */
    hand_skip(hand);
    if (state == BARO_TCP_FIN_WAIT_1 || state == BARO_TCP_LAST_ACK)
        hand->ack--; /* the FIN is not acknowledged by what the hand sends next */
    if (state == BARO_TCP_CLOSING)
        hand->ack--;
    if (state == BARO_TCP_FIN_WAIT_2 || state == BARO_TCP_TIME_WAIT)
        hand_send(hand, TCP_FLAG_ACK, NULL, 0);
    if (state == BARO_TCP_TIME_WAIT)
        hand_send(hand, TCP_FLAG_FIN | TCP_FLAG_ACK, NULL, 0);
    hand_skip(hand);
}

struct tcp_connection *hand_connection(const struct hand *hand)
{
    return tcp_resolve(hand->tcp, hand->connection);
}

enum baro_tcp_state hand_state(const struct hand *hand)
{
    struct baro_tcp_info info;

    tcp_info(hand->tcp, hand->connection, &info);
    return info.state;
}
