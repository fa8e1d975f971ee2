/* transport/tcp/scoreboard.h: what is in flight, in runs: when each was last sent, and what is known of it.
 *
 * The runs tile [SND.UNA, SND.NXT) without gaps. Octets that were sent at one moment and have the same marks are one
 * run, so a burst costs one entry and so does what a SACK block covers of what was sent once. Three marks: SACKED, the
 * peer holds it (RFC 2018); LOST, taken for lost and not sent again since; AGAIN, it was sent more than once.
 *
 * Bounded: at SCOREBOARD_RUNS neighbours with equal marks are joined. The later moment counts while it is missing, the
 * earlier one when it is delivered: so a loss is then found later, never too early. Where nothing can be joined what
 * would need a new run is not marked.
 *
 * Pure: the moment comes in, facts come out, nothing else is looked at. */
#ifndef TRANSPORT_TCP_SCOREBOARD_H
#define TRANSPORT_TCP_SCOREBOARD_H

#include <stdint.h>

#include "base/seq.h"

enum { SCOREBOARD_RUNS = 1014 };

enum scoreboard_mark { SCOREBOARD_SACKED = 1, SCOREBOARD_LOST = 2, SCOREBOARD_AGAIN = 4, SCOREBOARD_ALL = 7 };

struct scoreboard_run {
    struct seq end;       /* it begins where the one before it ends */
    uint32_t marks : 3;   /* enum scoreboard_mark */
    uint32_t spread_us : 29; /* some of it may have been sent earlier by that */
    int64_t at_ns;        /* when it was last sent */
};

struct scoreboard {
    struct seq begin;     /* of the first run: SND.UNA */
    struct seq high;      /* behind the highest octet that was ever SACKED, or `begin` */
    uint32_t count;
    uint32_t sacked;      /* octets */
    uint32_t lost;        /* octets */
    uint32_t again;       /* octets, whatever else is known of them */
    struct scoreboard_run run[SCOREBOARD_RUNS + 1]; /* one to spare while an ACK is taken in */
};

/* What an acknowledgement delivered. Begins as { 0 }. */
struct scoreboard_delivered {
    uint32_t octets;      /* that were not known to be delivered before */
    bool any;             /* the following are of the one among them that was sent last */
    int64_t at_ns;
    struct seq end;
    bool again;
    /* some that was sent once lay below what was known as delivered: reordering (RFC 8985 §6.2 step 4) */
    bool below;
};

/* In flight: [begin, end), all sent at that moment. */
void scoreboard_begin(struct scoreboard *board, struct seq begin, struct seq end, int64_t at_ns, bool again);
/* New octets from the end of the last run up to `end` were sent. */
void scoreboard_sent(struct scoreboard *board, struct seq end, int64_t at_ns);
/* [from, to) was sent again. */
void scoreboard_again(struct scoreboard *board, struct seq from, struct seq to, int64_t at_ns);
/* All before `una` is acknowledged. */
void scoreboard_acked(struct scoreboard *board, struct seq una, struct scoreboard_delivered *delivered);
/* The peer says that it holds [left, right); what lies outside of the flight is ignored. */
void scoreboard_sack(struct scoreboard *board, struct seq left, struct seq right,
                     struct scoreboard_delivered *delivered);
/* Run `index`, not SACKED and not LOST yet, is taken for lost. */
void scoreboard_lose(struct scoreboard *board, uint32_t index);
/* A timeout: everything that is not SACKED is lost. A first run that is SACKED means that the peer has thrown away what
 * it held (RFC 2018 §8): then nothing counts as SACKED any more. */
void scoreboard_lose_all(struct scoreboard *board);
/* Was all of [left, right) that is in flight sent more than once? */
bool scoreboard_was_again(const struct scoreboard *board, struct seq left, struct seq right);
/* It was a mistake: nothing is lost. */
void scoreboard_find_all(struct scoreboard *board);
/* From the first octet that is LOST to the end of the last LOST run that begins within `limit` octets, what is held in
 * between included: so a peer that holds every second octet costs no segment for each. False: nothing is LOST. */
bool scoreboard_next_lost(const struct scoreboard *board, uint32_t limit, struct seq *from, struct seq *to);

/* Octets that were sent more than once and are neither SACKED nor LOST. */
uint32_t scoreboard_again_octets(const struct scoreboard *board);

static inline struct seq scoreboard_end(const struct scoreboard *board)
{
    return board->count == 0 ? board->begin : board->run[board->count - 1].end;
}

/* Octets that are on their way as far as is known: RFC 6675's pipe. */
static inline uint32_t scoreboard_pipe(const struct scoreboard *board)
{
    return seq_span(scoreboard_end(board), board->begin) - board->sacked - board->lost;
}

/* Asserts that the runs are in order and the sums true. For tests. */
void scoreboard_check(const struct scoreboard *board);

#endif
