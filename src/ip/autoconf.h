/* ip/autoconf.h: addresses that a host makes itself from what routers advertise (RFC 4862), and how they are called.
 *
 * A prefix that is advertised for it gives an interface a stable address, whose last 64 bits are a keyed hash of
 * prefix, MAC address and the number of attempts (RFC 7217): the same at each start under the same secret, another in
 * each network, nothing about the hardware. Where it is asked for, a temporary address of random bits stands beside it
 * and is replaced before it is deprecated (RFC 8981). Lifetimes are those of the advertisements, and an advertisement
 * that nobody has authenticated may not shorten a valid one below two hours (§5.5.3 (e)).
 *
 * Nothing here touches the table of addresses: autoconf_next() says what has changed, one change after another, and the
 * caller probes, adds, deprecates and removes. What a network can make us keep is bounded: AUTOCONF_ADDRESSES an
 * interface, and the first ones win, so that a flood of prefixes takes nothing away. */
#ifndef IP_AUTOCONF_H
#define IP_AUTOCONF_H

#include "base/core.h"
#include "codec/nd.h"
#include "ip/table.h"

enum {
    AUTOCONF_ADDRESSES = 8,
    AUTOCONF_STABLE_LIMIT = 4,        /* of those: so that temporary ones find their place too */
    AUTOCONF_ATTEMPTS = 4,            /* the first and three retries: IDGEN_RETRIES, RFC 7217 §7, RFC 8981 §3.8 */
    AUTOCONF_PREFIX_LENGTH = 64,
    TEMPORARY_VALID_S = 2 * 86400,    /* RFC 8981 §3.8 */
    TEMPORARY_PREFERRED_S = 86400,
    TEMPORARY_DESYNC_S = TEMPORARY_PREFERRED_S / 10 * 4,
    TEMPORARY_ADVANCE_S = 5,          /* 2 + TEMP_IDGEN_RETRIES probes of a second */
    AUTOCONF_TWO_HOURS_S = 7200
};

struct autoconf_address {
    struct baro_address address; /* family NONE: this place is free */
    bool temporary;
    bool deprecated;
    bool replaced;               /* temporary: its successor has been made */
    bool given_up;               /* every attempt was somebody's already: known, not to be made again */
    bool gone;                   /* to be removed */
    bool told, told_deprecated;  /* by autoconf_next() */
    uint8_t attempts;            /* that failed */
    struct baro_instant preferred_until, valid_until;   /* INT64_MAX: for ever */
    struct baro_instant preferred_most, valid_most;     /* temporary: never beyond */
};

struct autoconf_interface {
    struct baro_mac mac;
    bool enabled, temporary;
    struct autoconf_address address[AUTOCONF_ADDRESSES];
};

struct autoconf {
    struct core *core;
    struct hash_key secret;
    struct autoconf_interface interface[IP_INTERFACES];
};

enum autoconf_change_kind { AUTOCONF_ADD, AUTOCONF_DEPRECATE, AUTOCONF_PREFER, AUTOCONF_REMOVE };

struct autoconf_change {
    enum autoconf_change_kind kind;
    int interface;
    struct baro_address address;
    bool temporary;
};

/* The same secret and MAC address give the same stable addresses. */
void autoconf_init(struct autoconf *autoconf, struct core *core, const uint8_t secret[16]);

/* Begins on an interface; `temporary`: with temporary addresses. */
void autoconf_enable(struct autoconf *autoconf, int interface, struct baro_mac mac, bool temporary);

/* The stable address in `prefix` (64 bits of it) after `attempts` failed ones (RFC 7217 §5); with fe80:: the link-local
 * one, in its zone. */
struct baro_address autoconf_stable(const struct autoconf *autoconf, int interface, struct baro_address prefix,
                                    unsigned attempts);

/* The address in `prefix` with the modified EUI-64 of the MAC address (RFC 4291 appendix A). */
struct baro_address autoconf_eui64(struct baro_address prefix, struct baro_mac mac, int interface);

/* A router advertised these prefixes. Ask autoconf_next() afterwards. */
void autoconf_advertised(struct autoconf *autoconf, int interface, const struct nd_message *message);

/* Somebody has that address already (RFC 4862 §5.4.5): another one is made, unless it was the last attempt. */
void autoconf_duplicate(struct autoconf *autoconf, int interface, struct baro_address address);

/* What time has done: ended preferences and lives, successors of temporary addresses. */
void autoconf_run(struct autoconf *autoconf);

/* When autoconf_run() wants to be called next. False: never. */
bool autoconf_next_deadline(const struct autoconf *autoconf, struct baro_instant *deadline);

/* The next change to make. False: none. */
bool autoconf_next(struct autoconf *autoconf, struct autoconf_change *change);

void autoconf_check_invariants(const struct autoconf *autoconf);

#endif
