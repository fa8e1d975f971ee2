/* base/source_filter.h: whom one member of a multicast group hears (RFC 3376 §3.1). */
#ifndef BASE_SOURCE_FILTER_H
#define BASE_SOURCE_FILTER_H

#include "baro/stack.h"
#include "base/bytes.h"

/* Where `source` stands in the list, or `sources` if it does not. */
static inline unsigned source_filter_find(const struct baro_source_filter *filter, struct baro_address source)
{
    unsigned at = 0;

    while (at < filter->sources && !address_equal(filter->source[at], source))
        at++;
    return at;
}

static inline bool source_filter_passes(const struct baro_source_filter *filter, struct baro_address source)
{
    return (source_filter_find(filter, source) != filter->sources) != filter->exclude;
}

#endif
