/* base/prefetch.h: asks for a line of memory that will be needed soon.
 *
 * The empty statement is there for gcc: to it a function that does nothing but ask for memory has no effect, and where
 * it is not inlined its calls are left out (12.2, -O2). */
#ifndef BASE_PREFETCH_H
#define BASE_PREFETCH_H

static inline __attribute__((always_inline)) void prefetch_line(const void *at)
{
    __builtin_prefetch(at);
    __asm__ volatile("");
}

#endif
