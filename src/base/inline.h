/* base/inline.h: what is compiled in the place where it is called, whatever the compiler thinks of its size.
 *
 * For the few dozen lines that nearly every segment goes through: entry and exit of a function cost as much as they
 * do. */
#ifndef BASE_INLINE_H
#define BASE_INLINE_H

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* A function through which nearly every segment goes to its end. Told nothing, a compiler thinks that hardly anybody
 * passes the last of a long row of tests, and makes what stands behind them small: it divides by constants. */
#define HOT __attribute__((hot))

#endif
