/* service/dhcp6_exchange.h: when a DHCPv6 client says a thing again that nobody has answered (RFC 8415 §15).
 *
 * The wait doubles up to a limit, each a tenth more or less, until an answer ends the exchange or it was said often
 * enough. */
#ifndef SERVICE_DHCP6_EXCHANGE_H
#define SERVICE_DHCP6_EXCHANGE_H

#include <stdbool.h>

#include "baro/types.h"
#include "random.h"

struct dhcp6_timing {
    uint32_t first_s; /* IRT */
    uint32_t most_s;  /* MRT; 0: no limit */
    unsigned times;   /* MRC; 0: no limit */
    bool not_sooner;  /* the first wait is never shorter than first_s (§18.2.1) */
};

struct dhcp6_exchange {
    struct dhcp6_timing timing;
    struct baro_instant began;
    uint32_t transaction; /* 24 bits */
    int64_t wait_ms;      /* RT */
    unsigned sent;
};

void dhcp6_exchange_begin(struct dhcp6_exchange *exchange, struct service_random *random, struct dhcp6_timing timing,
                          struct baro_instant now);
/* Its message goes out now; when the wait for an answer ends. */
struct baro_instant dhcp6_exchange_send(struct dhcp6_exchange *exchange, struct service_random *random,
                                        struct baro_instant now);
/* It was said often enough. */
bool dhcp6_exchange_is_over(const struct dhcp6_exchange *exchange);
/* What the Elapsed Time option says (§21.9): 0 with the first message, hundredths of a second. */
uint16_t dhcp6_exchange_elapsed_cs(const struct dhcp6_exchange *exchange, struct baro_instant now);

#endif
