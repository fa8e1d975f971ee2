/* base/min.h: the lesser of two numbers. */
#ifndef BASE_MIN_H
#define BASE_MIN_H

#include <stdint.h>

static inline uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

#endif
