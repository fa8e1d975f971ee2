/* base/queue.h: messages in the order of arrival, each behind a record of its owner's that describes it.
 *
 * They stand in a byte ring that takes memory as it fills, charged to the stack's budget; it doubles as needed, so no
 * message costs an allocation of its own. `limit` bounds it in octets, records included; the message that reaches the
 * limit is still taken whole, so any size fits an empty queue. A record says how many octets follow it. */
#ifndef BASE_QUEUE_H
#define BASE_QUEUE_H

#include "base/ring.h"

struct queue {
    struct ring ring;
    uint32_t limit, count;
};

bool queue_has_room(const struct queue *queue);
/* Puts a message at the end: `record`, and the pieces behind it. False: no memory. */
bool queue_put(struct queue *queue, struct slabs *slabs, const void *record, uint32_t record_size,
               const struct baro_buffer *piece, size_t pieces);
/* The record of the first message; false when there is none. */
bool queue_first(const struct queue *queue, void *record, uint32_t record_size);
/* Takes the first message out: `octets` of it, record included. They stay where they are until the next put or trim. */
void queue_take(struct queue *queue, uint32_t octets);
/* Gives the memory of an empty queue back if it is much. */
void queue_trim(struct queue *queue, struct slabs *slabs);
void queue_release(struct queue *queue, struct slabs *slabs);

#endif
