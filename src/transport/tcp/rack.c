/* transport/tcp/rack.c: see rack.h. */
#include "transport/tcp/rack.h"

enum { DUPLICATE_THRESHOLD = 3, PERSIST_RECOVERIES = 16 };

void rack_memory_init(struct rack_memory *memory)
{
    *memory = (struct rack_memory){ .multiple = 1 };
}

/* RACK_sent_after() of §6.2 step 2. */
static bool sent_after(int64_t at_ns, struct seq end, int64_t other_ns, struct seq other_end)
{
    return at_ns > other_ns || (at_ns == other_ns && seq_gt(end, other_end));
}

void rack_delivered(struct rack *rack, struct rack_memory *memory, const struct scoreboard_delivered *delivered,
                    const struct rack_facts *facts, bool echo_is_older)
{
    int64_t rtt_ns = facts->now_ns - delivered->at_ns;

    if (delivered->below)
        memory->reordering_seen = true;
    if (!delivered->any)
        return;
    /* An ACK that came too soon after a retransmission answers the original. */
    if (delivered->again && (echo_is_older || rtt_ns < facts->min_rtt_ns))
        return;
    rack->rtt_ns = rtt_ns;
    if (rack->at_ns == 0 || sent_after(delivered->at_ns, delivered->end, rack->at_ns, rack->end)) {
        rack->at_ns = delivered->at_ns;
        rack->end = delivered->end;
    }
}

bool rack_is_beyond(const struct rack *rack, const struct scoreboard_run *run)
{
    return sent_after(rack->at_ns, rack->end, run->at_ns, run->end);
}

void rack_duplicate(struct rack_memory *memory, struct seq nxt)
{
    if (memory->dsack_round)
        return;
    memory->dsack_round = true;
    memory->dsack_end = nxt;
    memory->persist = PERSIST_RECOVERIES;
    if (memory->multiple < UINT8_MAX)
        memory->multiple++;
}

void rack_acked(struct rack_memory *memory, struct seq una)
{
    if (memory->dsack_round && seq_ge(una, memory->dsack_end))
        memory->dsack_round = false;
}

void rack_recovered(struct rack_memory *memory)
{
    if (memory->persist == 0)
        return;
    memory->persist--;
    if (memory->persist == 0)
        memory->multiple = 1;
}

int64_t rack_window_ns(const struct rack_memory *memory, const struct scoreboard *board,
                       const struct rack_facts *facts)
{
    int64_t window_ns;

    if (!memory->reordering_seen && (facts->recovering || board->sacked >= DUPLICATE_THRESHOLD * facts->mss))
        return 0;
    window_ns = memory->multiple * (facts->min_rtt_ns / 4);
    return window_ns < facts->srtt_ns ? window_ns : facts->srtt_ns;
}

int64_t rack_detect(const struct rack *rack, const struct rack_memory *memory, struct scoreboard *board,
                    const struct rack_facts *facts, uint32_t *lost)
{
    int64_t wait_ns = 0, window_ns = rack_window_ns(memory, board, facts);
    uint32_t before = board->lost;

    *lost = 0;
    if (rack->at_ns == 0)
        return 0;
    for (uint32_t i = 0; i < board->count; i++) {
        const struct scoreboard_run *run = &board->run[i];
        int64_t left_ns;

        if ((run->marks & (SCOREBOARD_SACKED | SCOREBOARD_LOST)) != 0 ||
            !rack_is_beyond(rack, run))
            continue;
        left_ns = run->at_ns + rack->rtt_ns + window_ns - facts->now_ns;
        if (left_ns <= 0)
            scoreboard_lose(board, i);
        else if (left_ns > wait_ns)
            wait_ns = left_ns;
    }
    *lost = board->lost - before;
    return wait_ns;
}
