/* service/dhcp6_exchange.c: see dhcp6_exchange.h. */
#include "dhcp6_exchange.h"

#include "dhcp_parts.h"

enum { WAIT_MOST_MS = 86400 * 1000, NS_PER_CS = 10000000 };

void dhcp6_exchange_begin(struct dhcp6_exchange *exchange, struct service_random *random, struct dhcp6_timing timing,
                          struct baro_instant now)
{
    *exchange = (struct dhcp6_exchange){ .timing = timing,
                                         .began = now,
                                         .transaction = service_random_u32(random) & 0xffffff };
}

/* RAND * wait: between a tenth less and a tenth more. */
static int64_t jitter_ms(struct service_random *random, int64_t wait_ms)
{
    return (int64_t)service_random_below(random, (uint32_t)(wait_ms / 5 + 1)) - wait_ms / 10;
}

struct baro_instant dhcp6_exchange_send(struct dhcp6_exchange *exchange, struct service_random *random,
                                        struct baro_instant now)
{
    int64_t first_ms = (int64_t)exchange->timing.first_s * 1000, most_ms = (int64_t)exchange->timing.most_s * 1000;

    if (exchange->sent == 0 && exchange->timing.not_sooner)
        exchange->wait_ms = first_ms + 1 + service_random_below(random, (uint32_t)(first_ms / 10));
    else if (exchange->sent == 0)
        exchange->wait_ms = first_ms + jitter_ms(random, first_ms);
    else
        exchange->wait_ms = 2 * exchange->wait_ms + jitter_ms(random, exchange->wait_ms);
    if (most_ms != 0 && exchange->wait_ms > most_ms)
        exchange->wait_ms = most_ms + jitter_ms(random, most_ms);
    if (exchange->wait_ms > WAIT_MOST_MS)
        exchange->wait_ms = WAIT_MOST_MS;
    exchange->sent++;
    return dhcp_after(now, exchange->wait_ms);
}

bool dhcp6_exchange_is_over(const struct dhcp6_exchange *exchange)
{
    return exchange->timing.times != 0 && exchange->sent >= exchange->timing.times;
}

uint16_t dhcp6_exchange_elapsed_cs(const struct dhcp6_exchange *exchange, struct baro_instant now)
{
    int64_t elapsed_cs = exchange->sent == 0 ? 0 : (now.ns - exchange->began.ns) / NS_PER_CS;

    return (uint16_t)(elapsed_cs > UINT16_MAX ? UINT16_MAX : elapsed_cs);
}
