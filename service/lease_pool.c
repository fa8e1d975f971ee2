/* service/lease_pool.c: see lease_pool.h. */
#include "lease_pool.h"

#include <errno.h>
#include <string.h>

#include "dhcp_parts.h"

int lease_pool_init(struct lease_pool *pool, struct baro_memory memory, uint32_t count)
{
    *pool = (struct lease_pool){ .memory = memory, .count = count };
    if (count == 0)
        return 0;
    pool->lease = memory.take(memory.context, count * sizeof pool->lease[0]);
    return pool->lease == NULL ? -ENOMEM : 0;
}

void lease_pool_release(struct lease_pool *pool)
{
    if (pool->lease != NULL)
        pool->memory.give_back(pool->memory.context, pool->lease, pool->count * sizeof pool->lease[0]);
    pool->lease = NULL;
}

bool lease_is_free(const struct lease *lease, struct baro_instant now)
{
    return lease->state == LEASE_NEVER || lease->until.ns <= now.ns;
}

bool lease_is_bound(const struct lease *lease, struct baro_instant now)
{
    return lease->state == LEASE_BOUND && lease->until.ns > now.ns;
}

struct lease *lease_find(struct lease_pool *pool, const struct lease_key *key)
{
    for (uint32_t i = 0; i < pool->count; i++) {
        struct lease *lease = &pool->lease[i];

        if (lease->state != LEASE_NEVER && lease->state != LEASE_DECLINED && lease->key.length == key->length &&
            memcmp(lease->key.octet, key->octet, key->length) == 0)
            return lease;
    }
    return NULL;
}

struct lease *lease_choose(struct lease_pool *pool, const struct lease_key *key, struct lease *wanted,
                           struct baro_instant now)
{
    struct lease *lease = lease_find(pool, key), *best = NULL;

    if (lease != NULL)
        return lease;
    if (wanted != NULL && lease_is_free(wanted, now))
        return wanted;
    for (uint32_t i = 0; i < pool->count; i++) {
        lease = &pool->lease[i];
        if (!lease_is_free(lease, now))
            continue;
        if (lease->state == LEASE_NEVER)
            return lease;
        if (best == NULL || lease->until.ns < best->until.ns)
            best = lease;
    }
    return best;
}

void lease_give(struct lease *lease, const struct lease_key *key, enum lease_state state, struct baro_instant until)
{
    lease->state = state;
    lease->until = until;
    lease->key.length = key->length;
    memcpy(lease->key.octet, key->octet, key->length);
}

void lease_offer(struct lease *lease, const struct lease_key *key, struct baro_instant now)
{
    if (!lease_is_bound(lease, now))
        lease_give(lease, key, LEASE_OFFERED, dhcp_after_s(now, LEASE_OFFER_S));
}

void lease_decline(struct lease *lease, struct baro_instant now)
{
    lease->state = LEASE_DECLINED;
    lease->until = dhcp_after_s(now, LEASE_DECLINED_S);
}

void lease_withhold(struct lease *lease)
{
    lease->state = LEASE_DECLINED;
    lease->until.ns = INT64_MAX;
}
