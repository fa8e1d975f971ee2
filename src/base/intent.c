/* base/intent.c: a bounded queue of intents. */
#include "base/intent.h"

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

void intent_again(struct intent_queue *queue)
{
    uint32_t behind = (queue->first + queue->count) % INTENT_QUEUE_SIZE;

    assert(queue->count != 0);
    if (behind != queue->first) /* a full queue only turns */
        queue->slot[behind] = queue->slot[queue->first];
    queue->first = (queue->first + 1) % INTENT_QUEUE_SIZE;
}
