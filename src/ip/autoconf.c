/* ip/autoconf.c: see autoconf.h. */
#include "ip/autoconf.h"

#include <assert.h>

#include "base/time.h"

static const struct baro_instant for_ever = { INT64_MAX };

void autoconf_init(struct autoconf *autoconf, struct core *core, const uint8_t secret[16])
{
    *autoconf = (struct autoconf){ .core = core };
    hash_key_read(&autoconf->secret, secret);
}

void autoconf_enable(struct autoconf *autoconf, int interface, struct baro_mac mac, bool temporary)
{
    struct autoconf_interface *at = &autoconf->interface[interface];

    at->mac = mac;
    at->enabled = true;
    at->temporary = temporary;
}

/* ---- interface identifiers ---- */

/* RFC 5453 §3 with IANA's list: the subnet router's anycast address, and the last 128 of each subnet. */
static bool is_reserved(uint64_t identifier)
{
    return identifier == 0 || (identifier & ~UINT64_C(0x7f)) == UINT64_C(0xfdffffffffffff80);
}

static struct baro_address with_identifier(struct baro_address prefix, uint64_t identifier, int interface)
{
    write_be32(prefix.octet + 8, (uint32_t)(identifier >> 32));
    write_be32(prefix.octet + 12, (uint32_t)identifier);
    return address_in_zone(prefix, interface);
}

struct baro_address autoconf_stable(const struct autoconf *autoconf, int interface, struct baro_address prefix,
                                    unsigned attempts)
{
    uint8_t octets[8 + 6 + 1 + 1];
    uint64_t identifier;

    memcpy(octets, prefix.octet, 8);
    write_mac(octets + 8, autoconf->interface[interface].mac);
    octets[14] = (uint8_t)attempts;
    octets[15] = 0;
    do { /* a reserved one counts for nothing, and is met once in 2^57 */
        identifier = hash_bytes(&autoconf->secret, octets, sizeof octets);
        octets[15]++;
    } while (is_reserved(identifier));
    return with_identifier(prefix, identifier, interface);
}

struct baro_address autoconf_eui64(struct baro_address prefix, struct baro_mac mac, int interface)
{
    const uint8_t *octet = mac.octet;

    prefix.octet[8] = octet[0] ^ 2;
    prefix.octet[9] = octet[1];
    prefix.octet[10] = octet[2];
    prefix.octet[11] = 0xff;
    prefix.octet[12] = 0xfe;
    prefix.octet[13] = octet[3];
    prefix.octet[14] = octet[4];
    prefix.octet[15] = octet[5];
    return address_in_zone(prefix, interface);
}

/* RFC 8981 §3.3.1: random bits, no more. */
static struct baro_address random_address(struct autoconf *autoconf, struct baro_address prefix, int interface)
{
    uint64_t identifier;

    do {
        identifier = random_u64(&autoconf->core->random);
    } while (is_reserved(identifier));
    return with_identifier(prefix, identifier, interface);
}

/* ---- lifetimes ---- */

static struct baro_instant after(const struct autoconf *autoconf, uint32_t seconds)
{
    return seconds == ND_INFINITE ? for_ever : instant_add(autoconf->core->now, duration_s(seconds));
}

static struct baro_instant earlier(struct baro_instant a, struct baro_instant b)
{
    return instant_before(a, b) ? a : b;
}

/* §5.5.3 (e): longer lives are believed, shorter ones down to two hours. */
static void live(const struct autoconf *autoconf, struct autoconf_address *own, const struct nd_prefix *prefix)
{
    const struct baro_instant least = after(autoconf, AUTOCONF_TWO_HOURS_S), told = after(autoconf, prefix->valid_s);

    if (prefix->valid_s > AUTOCONF_TWO_HOURS_S || instant_before(own->valid_until, told))
        own->valid_until = told;
    else if (instant_before(least, own->valid_until))
        own->valid_until = least;
    own->preferred_until = after(autoconf, prefix->preferred_s);
    if (own->temporary) {
        own->valid_until = earlier(own->valid_until, own->valid_most);
        own->preferred_until = earlier(own->preferred_until, own->preferred_most);
    }
    own->deprecated = instant_reached(autoconf->core->now, own->preferred_until);
}

/* ---- making them ---- */

static bool has_prefix(const struct autoconf_address *own, struct baro_address prefix)
{
    return own->address.family != BARO_FAMILY_NONE && !own->gone && memcmp(own->address.octet, prefix.octet, 8) == 0;
}

static struct autoconf_address *place(struct autoconf_interface *at)
{
    for (unsigned i = 0; i < AUTOCONF_ADDRESSES; i++) {
        if (at->address[i].address.family == BARO_FAMILY_NONE)
            return &at->address[i];
    }
    return NULL;
}

static bool make_stable(struct autoconf *autoconf, int interface, const struct nd_prefix *prefix)
{
    struct autoconf_interface *at = &autoconf->interface[interface];
    struct autoconf_address *own = place(at);
    unsigned count = 0;

    for (unsigned i = 0; i < AUTOCONF_ADDRESSES; i++)
        count += at->address[i].address.family != BARO_FAMILY_NONE && !at->address[i].temporary;
    if (own == NULL || count >= AUTOCONF_STABLE_LIMIT)
        return false;
    *own = (struct autoconf_address){ .address = autoconf_stable(autoconf, interface, prefix->prefix, 0),
                                      .preferred_until = after(autoconf, prefix->preferred_s),
                                      .valid_until = after(autoconf, prefix->valid_s) };
    own->deprecated = prefix->preferred_s == 0;
    return true;
}

/* A temporary address that lives no longer than `preferred_until` and `valid_until`, those of its prefix; none where it
 * would have to be replaced at once (RFC 8981 §3.4 (5)). */
static bool make_temporary(struct autoconf *autoconf, int interface, struct baro_address prefix,
                           struct baro_instant preferred_until, struct baro_instant valid_until)
{
    struct autoconf_address *own = place(&autoconf->interface[interface]);
    uint32_t preferred_s = TEMPORARY_PREFERRED_S - random_below(&autoconf->core->random, TEMPORARY_DESYNC_S + 1);
    struct autoconf_address made = { .temporary = true,
                                     .preferred_most = after(autoconf, preferred_s),
                                     .valid_most = after(autoconf, TEMPORARY_VALID_S) };

    made.preferred_until = earlier(preferred_until, made.preferred_most);
    made.valid_until = earlier(valid_until, made.valid_most);
    if (own == NULL || !instant_before(after(autoconf, TEMPORARY_ADVANCE_S), made.preferred_until))
        return false;
    made.address = random_address(autoconf, prefix, interface);
    *own = made;
    return true;
}

/* §5.5.3 (a) to (c): not for us, or a contradiction. */
static bool is_usable(const struct nd_prefix *prefix)
{
    return prefix->autonomous && !address_is_link_local(prefix->prefix) && !address_is_multicast(prefix->prefix) &&
           prefix->length == AUTOCONF_PREFIX_LENGTH && prefix->preferred_s <= prefix->valid_s;
}

static void advertised_one(struct autoconf *autoconf, int interface, const struct nd_prefix *prefix)
{
    struct autoconf_interface *at = &autoconf->interface[interface];
    bool stable = false, temporary = false;

    for (unsigned i = 0; i < AUTOCONF_ADDRESSES; i++) {
        struct autoconf_address *own = &at->address[i];

        if (!has_prefix(own, prefix->prefix))
            continue;
        live(autoconf, own, prefix);
        stable |= !own->temporary;
        temporary |= own->temporary && !own->deprecated;
    }
    if (prefix->valid_s == 0 || (!stable && !make_stable(autoconf, interface, prefix)))
        return;
    if (at->temporary && !temporary)
        make_temporary(autoconf, interface, prefix->prefix, after(autoconf, prefix->preferred_s),
                       after(autoconf, prefix->valid_s));
}

void autoconf_advertised(struct autoconf *autoconf, int interface, const struct nd_message *message)
{
    if (!autoconf->interface[interface].enabled)
        return;
    for (unsigned i = 0; i < message->prefixes; i++) {
        if (is_usable(&message->prefix[i]))
            advertised_one(autoconf, interface, &message->prefix[i]);
    }
}

void autoconf_duplicate(struct autoconf *autoconf, int interface, struct baro_address address)
{
    struct autoconf_interface *at = &autoconf->interface[interface];

    for (unsigned i = 0; i < AUTOCONF_ADDRESSES; i++) {
        struct autoconf_address *own = &at->address[i];

        if (!address_equal(own->address, address) || own->gone || own->given_up)
            continue;
        own->told = own->told_deprecated = false; /* whoever found it out has removed it */
        if (++own->attempts == AUTOCONF_ATTEMPTS)
            own->given_up = true;
        else if (own->temporary)
            own->address = random_address(autoconf, own->address, interface);
        else
            own->address = autoconf_stable(autoconf, interface, own->address, own->attempts);
        return;
    }
}

/* ---- time ---- */

/* When a temporary address wants its successor. */
static struct baro_instant replacement(const struct autoconf_address *own)
{
    return (struct baro_instant){ own->preferred_until.ns - duration_s(TEMPORARY_ADVANCE_S).ns };
}

/* The next thing that happens to it by itself. */
static struct baro_instant next_event(const struct autoconf_address *own)
{
    struct baro_instant next = own->valid_until;

    if (!own->deprecated)
        next = earlier(next, own->preferred_until);
    if (own->temporary && !own->replaced && !own->given_up && !own->deprecated)
        next = earlier(next, replacement(own));
    return next;
}

/* RFC 8981 §3.5: shortly before the preference ends, while the prefix goes on. */
static void replace(struct autoconf *autoconf, int interface, struct autoconf_address *own)
{
    const struct autoconf_interface *at = &autoconf->interface[interface];

    own->replaced = true;
    for (unsigned i = 0; i < AUTOCONF_ADDRESSES; i++) {
        const struct autoconf_address *stable = &at->address[i];

        if (!stable->temporary && has_prefix(stable, own->address)) {
            make_temporary(autoconf, interface, own->address, stable->preferred_until, stable->valid_until);
            return;
        }
    }
}

static void run_one(struct autoconf *autoconf, int interface, struct autoconf_address *own)
{
    struct baro_instant now = autoconf->core->now;

    if (own->temporary && !own->replaced && !own->given_up && !own->deprecated &&
        instant_reached(now, replacement(own)))
        replace(autoconf, interface, own);
    if (instant_reached(now, own->preferred_until))
        own->deprecated = true;
    if (instant_reached(now, own->valid_until))
        own->gone = true;
}

void autoconf_run(struct autoconf *autoconf)
{
    for (int interface = 1; interface < IP_INTERFACES; interface++) {
        for (unsigned i = 0; i < AUTOCONF_ADDRESSES; i++) {
            struct autoconf_address *own = &autoconf->interface[interface].address[i];

            if (own->address.family != BARO_FAMILY_NONE && !own->gone)
                run_one(autoconf, interface, own);
        }
    }
}

bool autoconf_next_deadline(const struct autoconf *autoconf, struct baro_instant *deadline)
{
    *deadline = for_ever;
    for (int interface = 1; interface < IP_INTERFACES; interface++) {
        for (unsigned i = 0; i < AUTOCONF_ADDRESSES; i++) {
            const struct autoconf_address *own = &autoconf->interface[interface].address[i];

            if (own->address.family != BARO_FAMILY_NONE && !own->gone)
                *deadline = earlier(*deadline, next_event(own));
        }
    }
    return deadline->ns != for_ever.ns;
}

/* ---- telling ---- */

static bool change_of(struct autoconf_address *own, struct autoconf_change *change)
{
    change->address = own->address;
    change->temporary = own->temporary;
    if (own->gone) {
        bool told = own->told;

        *own = (struct autoconf_address){ .address = { .family = BARO_FAMILY_NONE } };
        change->kind = AUTOCONF_REMOVE;
        return told;
    }
    if (own->given_up)
        return false;
    if (!own->told) {
        own->told = true;
        change->kind = AUTOCONF_ADD;
        return true;
    }
    if (own->told_deprecated == own->deprecated)
        return false;
    own->told_deprecated = own->deprecated;
    change->kind = own->deprecated ? AUTOCONF_DEPRECATE : AUTOCONF_PREFER;
    return true;
}

bool autoconf_next(struct autoconf *autoconf, struct autoconf_change *change)
{
    for (int interface = 1; interface < IP_INTERFACES; interface++) {
        for (unsigned i = 0; i < AUTOCONF_ADDRESSES; i++) {
            struct autoconf_address *own = &autoconf->interface[interface].address[i];

            change->interface = interface;
            if (own->address.family != BARO_FAMILY_NONE && change_of(own, change))
                return true;
        }
    }
    return false;
}

void autoconf_check_invariants(const struct autoconf *autoconf)
{
    for (int interface = 0; interface < IP_INTERFACES; interface++) {
        unsigned stable = 0;

        for (unsigned i = 0; i < AUTOCONF_ADDRESSES; i++) {
            const struct autoconf_address *own = &autoconf->interface[interface].address[i];

            if (own->address.family == BARO_FAMILY_NONE)
                continue;
            assert(autoconf->interface[interface].enabled);
            assert(own->attempts <= AUTOCONF_ATTEMPTS && own->given_up == (own->attempts == AUTOCONF_ATTEMPTS));
            assert(!own->temporary || !instant_before(own->valid_most, own->valid_until));
            stable += !own->temporary;
        }
        assert(stable <= AUTOCONF_STABLE_LIMIT);
        (void)stable;
    }
}
