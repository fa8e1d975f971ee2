/* base/intent.c: a bounded queue of intents. */
#include "base/intent.h"

#include <assert.h>
#include <string.h>

bool intent_queue_init(struct intent_queue *queue, struct slabs *slabs)
{
    *queue = (struct intent_queue){ .slot = slab_take(slabs, INTENT_QUEUE_SIZE * sizeof *queue->slot) };
    return queue->slot != NULL;
}

void intent_queue_release(struct intent_queue *queue, struct slabs *slabs)
{
    slab_give_back(slabs, queue->slot, INTENT_QUEUE_SIZE * sizeof *queue->slot);
    queue->slot = NULL;
}

struct intent *intent_add(struct intent_queue *queue, enum intent_kind kind)
{
    struct intent *intent;

    if (queue->count == INTENT_QUEUE_SIZE)
        return NULL;
    intent = &queue->slot[(queue->first + queue->count++) % INTENT_QUEUE_SIZE];
    memset(intent, 0, sizeof *intent);
    intent->kind = kind;
    return intent;
}

struct intent *intent_first(struct intent_queue *queue)
{
    return queue->count == 0 ? NULL : &queue->slot[queue->first];
}

void intent_done(struct intent_queue *queue)
{
    assert(queue->count != 0);
    queue->first = (queue->first + 1) % INTENT_QUEUE_SIZE;
    queue->count--;
}
