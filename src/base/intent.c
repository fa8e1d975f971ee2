/* base/intent.c: a bounded queue of intents, and those that wait for devices. */
#include <string.h>

#include "base/intent.h"

bool intent_queue_init(struct intent_queue *queue, struct slabs *slabs)
{
    memset(queue, 0, sizeof *queue);
    queue->slot = slab_take(slabs, 2 * INTENT_QUEUE_SIZE * sizeof *queue->slot);
    queue->free = INTENT_NONE;
    queue->limit = INTENT_QUEUE_SIZE;
    return queue->slot != NULL;
}

void intent_queue_release(struct intent_queue *queue, struct slabs *slabs)
{
    slab_give_back(slabs, queue->slot, 2 * INTENT_QUEUE_SIZE * sizeof *queue->slot);
    queue->slot = NULL;
}

/* ---- those that wait ---- */

static struct intent *kept(struct intent_queue *queue, uint32_t slot)
{
    return &queue->slot[INTENT_QUEUE_SIZE + slot];
}

static uint16_t take_slot(struct intent_queue *queue)
{
    uint16_t slot = queue->free;

    if (slot == INTENT_NONE)
        return queue->used++;
    queue->free = queue->next[slot];
    return slot;
}

void intent_stall(struct intent_queue *queue, int device, bool again)
{
    struct intent_line *line = &queue->line[device];
    uint16_t slot = take_slot(queue), before = again ? line->again : line->last;

    assert(device >= 0 && device < INTENT_DEVICES && queue->count != 0);
    *kept(queue, slot) = queue->slot[queue->first];
    if (line->count == 0 || before == INTENT_NONE) {
        queue->next[slot] = line->first;
        line->first = slot;
    } else {
        queue->next[slot] = queue->next[before];
        queue->next[before] = slot;
    }
    if (line->count++ == 0 || before == line->last)
        line->last = slot;
    if (again)
        line->again = slot;
    queue->stalled |= UINT32_C(1) << device;
    queue->limit--;
    intent_done(queue);
}

uint32_t intent_ready(struct intent_queue *queue, int device, uint32_t most)
{
    struct intent_line *line = &queue->line[device];
    uint32_t count = most < line->count ? most : line->count;

    queue->first = (queue->first - count) % INTENT_QUEUE_SIZE;
    queue->count += count;
    queue->limit += count;
    for (uint32_t i = 0; i < count; i++) {
        uint16_t slot = line->first;

        queue->slot[(queue->first + i) % INTENT_QUEUE_SIZE] = *kept(queue, slot);
        line->first = queue->next[slot];
        queue->next[slot] = queue->free;
        queue->free = slot;
    }
    line->count = (uint16_t)(line->count - count);
    line->again = INTENT_NONE;
    if (line->count == 0)
        queue->stalled &= ~(UINT32_C(1) << device);
    return count;
}

void intent_check_invariants(const struct intent_queue *queue)
{
    uint32_t waiting = 0, unused = 0;

    for (int device = 0; device < INTENT_DEVICES; device++) {
        const struct intent_line *line = &queue->line[device];
        uint16_t at = line->first;

        assert(((queue->stalled & UINT32_C(1) << device) != 0) == (line->count != 0));
        for (uint32_t i = 1; i < line->count; i++)
            at = queue->next[at];
        assert(line->count == 0 || at == line->last);
        waiting += line->count;
    }
    for (uint16_t at = queue->free; at != INTENT_NONE; at = queue->next[at])
        unused++;
    assert(queue->limit == INTENT_QUEUE_SIZE - waiting && queue->used == waiting + unused);
    assert(queue->count <= queue->limit);
    (void)unused;
}
