/* base/place.h: what is compiled in the place where it is called, whatever the compiler thinks of its size.
 *
 * For the few dozen lines that nearly every segment goes through: entry and exit of a function cost as much as they do. */
#ifndef BASE_PLACE_H
#define BASE_PLACE_H

#define IN_PLACE static inline __attribute__((always_inline))

#endif
