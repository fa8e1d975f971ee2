/* ethernet/neighbour_queue.c: the frames that wait for a neighbour, and those whose waiting is over: see
 * neighbour.h. */
#include "ethernet/neighbour.h"

struct pending *neighbour_wait(struct neighbours *neighbours, struct neighbour *entry, uint32_t length)
{
    bool large = length > NEIGHBOUR_SMALL;
    struct pending *pending;

    while (entry->waiting >= NEIGHBOUR_WAITING_LIMIT ||
           (entry->first != NULL && neighbours->packets >= NEIGHBOUR_PACKETS_LIMIT)) {
        struct pending *oldest = entry->first;

        entry->first = oldest->next;
        entry->waiting--;
        core_drop(neighbours->core, BARO_DROP_NEIGHBOUR_QUEUE_FULL);
        neighbour_release(neighbours, oldest);
    }
    pending = pool_take(large ? &neighbours->large : &neighbours->small);
    if (pending == NULL) {
        core_drop(neighbours->core, BARO_DROP_NEIGHBOUR_QUEUE_FULL);
        return NULL;
    }
    neighbours->packets++;
    pending->interface = entry->interface;
    pending->large = large;
    pending->length = length;
    if (entry->first == NULL)
        entry->first = pending;
    else
        entry->last->next = pending;
    entry->last = pending;
    entry->waiting++;
    TRACE(neighbours->core, NEIGHBOUR_WAIT, TRACE_A(entry->address), TRACE_N(entry->waiting));
    return pending;
}

static struct pending *queue_next(struct pending **first, struct pending **last)
{
    struct pending *pending = *first;

    if (pending == NULL)
        return NULL;
    *first = pending->next;
    if (*first == NULL)
        *last = NULL;
    pending->next = NULL;
    return pending;
}

struct pending *neighbour_next_ready(struct neighbours *neighbours)
{
    return queue_next(&neighbours->ready_first, &neighbours->ready_last);
}

struct pending *neighbour_next_failed(struct neighbours *neighbours)
{
    return queue_next(&neighbours->failed_first, &neighbours->failed_last);
}

void neighbour_release(struct neighbours *neighbours, struct pending *pending)
{
    neighbours->packets--;
    pool_give_back(pending->large ? &neighbours->large : &neighbours->small, pending);
}
