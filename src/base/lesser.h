/* base/lesser.h: the lesser of two numbers. */
#ifndef BASE_LESSER_H
#define BASE_LESSER_H

#include <stdint.h>

static inline uint32_t lesser(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

#endif
