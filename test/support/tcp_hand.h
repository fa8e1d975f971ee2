/* test/support/tcp_hand.h: a peer played by hand: side 1 of a world is under test, side 0 is the test itself. */
#ifndef TEST_SUPPORT_TCP_HAND_H
#define TEST_SUPPORT_TCP_HAND_H

#include "test/support/tcp_world.h"

struct hand {
    struct world *world;
    struct tcp *tcp;             /* side 1's */
    struct tcp_settings settings;
    struct handle listener, connection;
    uint32_t seq, ack;           /* of the next segment by hand: the test's SND.NXT and RCV.NXT */
    uint32_t window;             /* as it goes into the header */
    bool timestamps;
    bool sack;                   /* offered in the SYN */
    bool bad_checksum;
    uint32_t ts_value;
    uint16_t mss;
    int scale;                   /* -1: not offered */
    unsigned mark;               /* world_next's */
};

/* A listener on side 1; nobody called yet. */
void hand_init(struct hand *hand, struct world *world);
/* The dialogue: SYN, SYN+ACK, ACK; accepted. */
void hand_open(struct hand *hand);
/* A fresh world with both: the hand of an open connection, what was sent so far forgotten. */
struct hand hand_begin(struct world *world);
/* From a fresh hand to a state of side 1's connection. */
void hand_reach(struct hand *hand, enum baro_tcp_state state);
enum baro_tcp_state hand_state(const struct hand *hand);

/* A segment with the hand's numbers; `data` NULL: `length` times 'x'. Moves seq behind what it sends. */
enum baro_drop_reason hand_send(struct hand *hand, uint8_t flags, const void *data, uint32_t length);
/* The same at seq + `offset`, moving nothing. */
enum baro_drop_reason hand_send_at(struct hand *hand, uint8_t flags, int32_t offset, const void *data, uint32_t length);
/* What side 1 sent next; NULL: nothing. Moves ack behind it when it is the next in order. */
const struct world_segment *hand_next(struct hand *hand);
/* Forgets what was sent so far. */
void hand_skip(struct hand *hand);
struct tcp_connection *hand_connection(const struct hand *hand);

#endif
