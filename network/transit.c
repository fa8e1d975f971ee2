/* Transmissions on their way: a binary heap by the instant of arrival; equal instants in the
 * order in which they were armed. Each item knows its place, so that one can be moved. */
#include "network_internal.h"

#include <stdlib.h>

static bool earlier(const struct transit *a, const struct transit *b)
{
    return a->at.ns != b->at.ns ? a->at.ns < b->at.ns : a->order < b->order;
}

static void put(struct transit_heap *heap, size_t place, struct transit *transit)
{
    heap->items[place] = transit;
    transit->place = place;
}

static void sift_up(struct transit_heap *heap, struct transit *transit)
{
    size_t place = transit->place;
    while (place > 0 && earlier(transit, heap->items[(place - 1) / 2])) {
        put(heap, place, heap->items[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    put(heap, place, transit);
}

static void sift_down(struct transit_heap *heap, struct transit *transit)
{
    size_t place = transit->place;
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count && earlier(heap->items[child + 1], heap->items[child]))
            child++;
        if (earlier(transit, heap->items[child]))
            break;
        put(heap, place, heap->items[child]);
        place = child;
    }
    put(heap, place, transit);
}

bool transit_push(struct transit_heap *heap, struct transit *transit)
{
    if (heap->count == heap->capacity) {
        size_t capacity = heap->capacity ? 2 * heap->capacity : 64;
        struct transit **items = realloc(heap->items, capacity * sizeof(struct transit *));
        if (!items)
            return false;
        heap->items = items;
        heap->capacity = capacity;
    }
    transit->order = heap->order++;
    put(heap, heap->count++, transit);
    sift_up(heap, transit);
    return true;
}

void transit_move(struct transit_heap *heap, struct transit *transit, struct baro_instant at)
{
    transit->at = at;
    transit->order = heap->order++;
    sift_up(heap, transit);
    sift_down(heap, transit);
}

struct transit *transit_pop(struct transit_heap *heap)
{
    struct transit *first = heap->items[0];
    struct transit *last = heap->items[--heap->count];
    if (heap->count > 0) {
        put(heap, 0, last);
        sift_down(heap, last);
    }
    return first;
}

void transit_free(struct transit *transit)
{
    if (transit->samples)
        transit->direction->samples_kept--;
    free(transit->samples);
    free(transit);
}

void transit_heap_release(struct transit_heap *heap)
{
    while (heap->count > 0)
        transit_free(heap->items[--heap->count]);
    free(heap->items);
}
