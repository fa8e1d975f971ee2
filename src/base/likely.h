/* base/likely.h: which way a question nearly always goes.
 *
 * A compiler that is told nothing lays out both ways as if they were alike, and the one that every segment goes jumps
 * over the other, line after line of the cache for code. What is said to be seldom lies behind the function's end. It
 * is said of what is unusual by itself (errors, losses, options that few set), not of what a benchmark happens not to
 * do; a wrong guess costs a jump. */
#ifndef BASE_LIKELY_H
#define BASE_LIKELY_H

#define UNLIKELY(condition) __builtin_expect_with_probability(!!(condition), 0, 1.0)
#define LIKELY(condition) __builtin_expect_with_probability(!!(condition), 1, 1.0)

#endif
