/* ip/source.h: which of our addresses a packet to an IPv6 destination comes from (RFC 6724 §5). */
#ifndef IP_SOURCE_H
#define IP_SOURCE_H

#include "ip/table.h"

/* The best usable address of the interface that `destination` is reached by; family NONE: there is none. */
struct baro_address ip_source_select(const struct ip_interface *at, struct baro_address destination);

#endif
