/* service/lease_pool.h: the leases of a range of addresses, for the DHCP servers of both families.
 *
 * One lease an address, by its place in the range. A lease remembers its client when it has ended, so that the client
 * gets the same address again as long as nobody else needed it (RFC 2131 §4.3.1): first its own, then the one it asks
 * for, then one never used, then the one that ended first. A client is known by a key, octets that the server makes of
 * what the client says of itself. An offer holds an address for LEASE_OFFER_S; a declined one rests for
 * LEASE_DECLINED_S. */
#ifndef SERVICE_LEASE_POOL_H
#define SERVICE_LEASE_POOL_H

#include "baro/types.h"

enum { LEASE_KEY = 256, LEASE_OFFER_S = 60, LEASE_DECLINED_S = 600, LEASE_POOL_LIMIT = 4096 };

enum lease_state { LEASE_NEVER, LEASE_OFFERED, LEASE_BOUND, LEASE_DECLINED };

struct lease_key {
    uint16_t length;
    uint8_t octet[LEASE_KEY];
};

struct lease {
    enum lease_state state;
    struct baro_instant until; /* ns INT64_MAX: for ever */
    struct lease_key key;
};

struct lease_pool {
    struct baro_memory memory;
    struct lease *lease;
    uint32_t count;
};

/* Room for up to LEASE_POOL_LIMIT leases, none yet; 0 or -ENOMEM. A count of 0 is a pool that is always used up. */
int lease_pool_init(struct lease_pool *pool, struct baro_memory memory, uint32_t count);
void lease_pool_release(struct lease_pool *pool);

/* Nobody has it now. */
bool lease_is_free(const struct lease *lease, struct baro_instant now);
/* Somebody has it and may use it. */
bool lease_is_bound(const struct lease *lease, struct baro_instant now);

/* The lease that a client has, was offered or had last; NULL: none. */
struct lease *lease_find(struct lease_pool *pool, const struct lease_key *key);
/* The one it had or could have; `wanted` is what it asks for, NULL: nothing of this pool. NULL: the pool is used up. */
struct lease *lease_choose(struct lease_pool *pool, const struct lease_key *key, struct lease *wanted,
                           struct baro_instant now);

void lease_give(struct lease *lease, const struct lease_key *key, enum lease_state state, struct baro_instant until);
/* Holds the address for the client's request; a lease that it has stays one. */
void lease_offer(struct lease *lease, const struct lease_key *key, struct baro_instant now);
/* Somebody uses the address whom we do not know. */
void lease_decline(struct lease *lease, struct baro_instant now);
/* Never given to anybody: an address of our own. */
void lease_withhold(struct lease *lease);

#endif
