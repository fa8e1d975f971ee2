/* base/seq.h: TCP sequence numbers (RFC 9293 §3.4), a struct so that `<` does not compile.
 *
 * All arithmetic is modulo 2^32; "before" is meaningful for numbers less than 2^31 apart. */
#ifndef BASE_SEQ_H
#define BASE_SEQ_H

#include <stdbool.h>
#include <stdint.h>

struct seq { uint32_t value; };

static inline struct seq seq_of(uint32_t value)
{
    return (struct seq){ value };
}

static inline struct seq seq_add(struct seq a, uint32_t octets)
{
    return (struct seq){ a.value + octets };
}

static inline struct seq seq_sub(struct seq a, uint32_t octets)
{
    return (struct seq){ a.value - octets };
}

/* How far `a` is beyond `b`; negative when it is before. */
static inline int32_t seq_diff(struct seq a, struct seq b)
{
    return (int32_t)(a.value - b.value);
}

/* Octets from `b` up to `a`, which the caller knows not to be before `b`. */
static inline uint32_t seq_span(struct seq a, struct seq b)
{
    return a.value - b.value;
}

static inline bool seq_eq(struct seq a, struct seq b)
{
    return a.value == b.value;
}

static inline bool seq_lt(struct seq a, struct seq b)
{
    return seq_diff(a, b) < 0;
}

static inline bool seq_le(struct seq a, struct seq b)
{
    return seq_diff(a, b) <= 0;
}

static inline bool seq_gt(struct seq a, struct seq b)
{
    return seq_diff(a, b) > 0;
}

static inline bool seq_ge(struct seq a, struct seq b)
{
    return seq_diff(a, b) >= 0;
}

static inline struct seq seq_max(struct seq a, struct seq b)
{
    return seq_lt(a, b) ? b : a;
}

static inline struct seq seq_min(struct seq a, struct seq b)
{
    return seq_lt(a, b) ? a : b;
}

/* Is `a` in [first, first + length)? */
static inline bool seq_within(struct seq a, struct seq first, uint32_t length)
{
    return a.value - first.value < length;
}

#endif
