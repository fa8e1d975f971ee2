/* transport/tcp/time_wait_table.c: see time_wait.h. */
#include "transport/tcp/time_wait.h"

#include "base/prefetch.h"

void time_wait_table_init(struct time_wait_table *table, struct slabs *slabs, uint32_t size)
{
    *table = (struct time_wait_table){ .slabs = slabs, .size = size };
}

static size_t chunk_bytes(const struct time_wait_table *table)
{
    return (size_t)table->size * TIME_WAIT_CHUNK;
}

void time_wait_table_release(struct time_wait_table *table)
{
    while (table->chunks != 0)
        slab_give_back(table->slabs, table->chunk[--table->chunks], chunk_bytes(table));
    slab_give_back(table->slabs, table->chunk, TIME_WAIT_CHUNKS * sizeof *table->chunk);
    time_wait_table_init(table, table->slabs, table->size);
}

static bool grow(struct time_wait_table *table)
{
    if (table->chunk == NULL)
        table->chunk = slab_take(table->slabs, TIME_WAIT_CHUNKS * sizeof *table->chunk);
    if (table->chunk == NULL || table->chunks == TIME_WAIT_CHUNKS)
        return false;
    table->chunk[table->chunks] = slab_take(table->slabs, chunk_bytes(table));
    if (table->chunk[table->chunks] == NULL)
        return false;
    table->chunks++;
    return true;
}

/* Nothing rests: the memory of a busy time goes, all but one chunk, whose places go on with their generations. */
static void shrink(struct time_wait_table *table)
{
    while (table->chunks > 1)
        slab_give_back(table->slabs, table->chunk[--table->chunks], chunk_bytes(table));
    table->fresh = table->free_first = 0;
}

static void append(struct time_wait_table *table, struct tcp_time_wait *record, uint32_t link)
{
    record->next = 0;
    record->previous = table->last;
    *(table->last == 0 ? &table->first : &time_wait_at(table, table->last)->next) = link;
    table->last = link;
}

static void take_out(struct time_wait_table *table, const struct tcp_time_wait *record)
{
    *(record->previous == 0 ? &table->first : &time_wait_at(table, record->previous)->next) = record->next;
    *(record->next == 0 ? &table->last : &time_wait_at(table, record->next)->previous) = record->previous;
}

/* Records are many and begin in turn: what the next one will be is asked for when this one begins. */
static void prefetch_next(const struct time_wait_table *table)
{
    if (table->free_first != 0)
        prefetch_line(time_wait_at(table, table->free_first));
    else if (table->fresh < table->chunks * TIME_WAIT_CHUNK)
        prefetch_line(time_wait_at(table, table->fresh + 1));
}

uint32_t time_wait_take(struct time_wait_table *table)
{
    uint32_t link = table->free_first;
    struct tcp_time_wait *record;

    if (link == 0) {
        if (table->fresh == table->chunks * TIME_WAIT_CHUNK && !grow(table))
            return 0;
        link = ++table->fresh;
        record = time_wait_at(table, link);
    } else {
        record = time_wait_at(table, link);
        table->free_first = record->next;
    }
    record->generation++;
    table->used++;
    append(table, record, link);
    prefetch_next(table);
    return link;
}

void time_wait_give_back(struct time_wait_table *table, uint32_t link)
{
    struct tcp_time_wait *record = time_wait_at(table, link);

    assert(record->generation & 1);
    take_out(table, record);
    record->generation++;
    record->next = table->free_first;
    table->free_first = link;
    table->used--;
    if (table->used == 0 && table->chunks > 1)
        shrink(table);
}

void time_wait_requeue(struct time_wait_table *table, uint32_t link)
{
    struct tcp_time_wait *record = time_wait_at(table, link);

    take_out(table, record);
    append(table, record, link);
}
