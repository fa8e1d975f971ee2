/* ip/path_mtu.c: see path_mtu.h. */
#include "ip/path_mtu.h"

#include <string.h>

#include "base/bytes.h"
#include "base/time.h"
#include "codec/ipv6.h"

void path_mtus_init(struct path_mtus *mtus, struct core *core)
{
    *mtus = (struct path_mtus){ .core = core, .key = random_key(&core->random) };
}

static struct path_mtu *set_of(struct path_mtus *mtus, struct baro_address destination)
{
    uint64_t words[2];

    memcpy(words, destination.octet, sizeof words);
    return mtus->place[hash_words(&mtus->key, words, 2) % PATH_MTU_SETS];
}

static struct path_mtu *find(struct path_mtus *mtus, struct baro_address destination)
{
    struct path_mtu *set;

    if (mtus->used == 0)
        return NULL;
    set = set_of(mtus, destination);
    for (unsigned i = 0; i < PATH_MTU_WAYS; i++) {
        if (set[i].destination.family != BARO_FAMILY_NONE && address_equal(set[i].destination, destination))
            return &set[i];
    }
    return NULL;
}

uint32_t path_mtu_get(struct path_mtus *mtus, struct baro_address destination, uint32_t link_mtu)
{
    struct path_mtu *place = find(mtus, destination);

    if (place == NULL)
        return link_mtu;
    if (instant_reached(mtus->core->now, instant_add(place->lowered_at, duration_s(PATH_MTU_AGE_S)))) {
        TRACE(mtus->core, PATH_MTU, TRACE_A(destination), TRACE_N(place->mtu), TRACE_N(link_mtu));
        place->destination.family = BARO_FAMILY_NONE;
        mtus->changes++;
        return link_mtu;
    }
    return place->mtu < link_mtu ? place->mtu : link_mtu;
}

struct baro_instant path_mtu_until(struct path_mtus *mtus, struct baro_address destination)
{
    const struct path_mtu *place = find(mtus, destination);

    return place == NULL ? (struct baro_instant){ INT64_MAX }
                         : instant_add(place->lowered_at, duration_s(PATH_MTU_AGE_S));
}

/* RFC 1191 §7.1's table. */
static uint32_t plateau_below(uint32_t length)
{
    static const uint16_t plateau[] = { 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68 };

    for (unsigned i = 0; i < sizeof plateau / sizeof plateau[0]; i++) {
        if (plateau[i] < length)
            return plateau[i];
    }
    return 68;
}

uint32_t path_mtu_lowered(struct path_mtus *mtus, struct baro_address destination, uint32_t link_mtu,
                          uint32_t reported, uint32_t length)
{
    uint32_t now = path_mtu_get(mtus, destination, link_mtu);
    uint32_t floor = now < PATH_MTU_FLOOR ? now : PATH_MTU_FLOOR;
    uint32_t wanted = reported != 0 ? reported : plateau_below(length);

    if (destination.family == BARO_FAMILY_IPV6)
        return reported >= IPV6_LEAST_MTU && reported < now ? reported : now;
    if (wanted < floor)
        wanted = floor;
    return wanted < now ? wanted : now;
}

void path_mtu_lower(struct path_mtus *mtus, struct baro_address destination, uint32_t link_mtu, uint32_t mtu)
{
    uint32_t before = path_mtu_get(mtus, destination, link_mtu);
    struct path_mtu *place = find(mtus, destination);

    if (mtu >= before)
        return;
    if (place == NULL) {
        struct path_mtu *set = set_of(mtus, destination);

        place = &set[0];
        for (unsigned i = 1; i < PATH_MTU_WAYS && place->destination.family != BARO_FAMILY_NONE; i++) {
            if (set[i].destination.family == BARO_FAMILY_NONE || instant_before(set[i].lowered_at, place->lowered_at))
                place = &set[i];
        }
        mtus->used++;
    }
    TRACE(mtus->core, PATH_MTU, TRACE_A(destination), TRACE_N(before), TRACE_N(mtu));
    *place = (struct path_mtu){ destination, mtu, mtus->core->now };
    mtus->changes++;
}
