/* codec/nd.h: neighbour discovery's messages (RFC 4861 §4) and their options, bytes to a checked value and back.
 *
 * Router solicitation and advertisement, neighbour solicitation and advertisement, and redirect, as ICMPv6 messages
 * from their type on. nd_read() applies the rules by which a message is valid at all (§6.1, §7.1, §8.1, RFC 6980 §5):
 * what fails one of them is dropped whole. The ICMPv6 checksum is the caller's; so is what needs a memory, such as
 * whether a redirect comes from the router in use (§8.1).
 *
 * Options: a length of zero, or one beyond the end, condemns the message (§4.6). One of a known kind whose length or
 * content does not fit its kind is stepped over, as unknown ones are (§6.1.2, RFC 8106 §5.3.1). Of those that may come
 * more than once the first few are kept: an advertisement of 200 prefixes must cost no more than one of eight. */
#ifndef CODEC_ND_H
#define CODEC_ND_H

#include "baro/drop_reasons.h"
#include "codec/fields.h"
#include "codec/icmpv6.h"

enum {
    ND_HOP_LIMIT = 255,     /* RFC 4861 §3.1: no router has passed it on */
    ND_PREFIXES = 8,
    ND_ROUTES = 8,
    ND_SERVERS = 4,
    ND_SEARCHES = 4,
    ND_NONCE = 6,           /* octets that fill an option of eight (RFC 7527 §4.2) */
    ND_NAME_TEXT = 254      /* of a domain name as text, with its end */
};

#define ND_INFINITE UINT32_MAX /* a lifetime in seconds that does not end (RFC 4861 §4.6.2) */

enum nd_option {
    ND_OPTION_SOURCE_MAC = 1,
    ND_OPTION_TARGET_MAC = 2,
    ND_OPTION_PREFIX = 3,
    ND_OPTION_REDIRECTED = 4,
    ND_OPTION_MTU = 5,
    ND_OPTION_NONCE = 14,  /* RFC 3971 §5.3.2 */
    ND_OPTION_ROUTE = 24,  /* RFC 4191 §2.3 */
    ND_OPTION_SERVERS = 25, /* RFC 8106 §5.1: RDNSS */
    ND_OPTION_SEARCH = 31  /* RFC 8106 §5.2: DNSSL */
};

/* RFC 4191 §2.1, as the two bits say it; 2 is reserved and read as MEDIUM. Compare with nd_preference_rank(). */
enum nd_preference { ND_PREFERENCE_MEDIUM = 0, ND_PREFERENCE_HIGH = 1, ND_PREFERENCE_LOW = 3 };

#define ND_ADVERTISEMENT_FIELDS(F)           \
    F(u8, hop_limit, 0, "RFC 4861 §4.2")     \
    F(u8, flags, 1, "RFC 4861 §4.2, RFC 4191 §2.2") \
    F(u16, lifetime_s, 2, "RFC 4861 §4.2")   \
    F(u32, reachable_ms, 4, "RFC 4861 §4.2") \
    F(u32, retransmit_ms, 8, "RFC 4861 §4.2")
CODEC_HEADER(nd_advertisement, 12, ND_ADVERTISEMENT_FIELDS)

#define ND_PREFIX_FIELDS(F)                  \
    F(u8, length, 0, "RFC 4861 §4.6.2")      \
    F(u8, flags, 1, "RFC 4861 §4.6.2")       \
    F(u32, valid_s, 2, "RFC 4861 §4.6.2")    \
    F(u32, preferred_s, 6, "RFC 4861 §4.6.2") \
    F(u32, reserved, 10, "RFC 4861 §4.6.2")  \
    F(ip6, prefix, 14, "RFC 4861 §4.6.2")
CODEC_HEADER(nd_prefix_option, 30, ND_PREFIX_FIELDS)

/* Addresses behind a prefix's length are zero in these two, whatever came. */
struct nd_prefix {
    struct baro_address prefix;
    uint8_t length;
    bool on_link, autonomous;
    uint32_t valid_s, preferred_s;
};

struct nd_route {
    struct baro_address prefix;
    uint8_t length;
    enum nd_preference preference;
    uint32_t lifetime_s;
};

struct nd_server {
    struct baro_address address;
    uint32_t lifetime_s;
};

/* One option's names in the form of RFC 1035 §3.1, one behind the other, checked; nd_name_text() makes text of them. */
struct nd_search {
    struct baro_bytes names; /* borrowed from the message */
    uint32_t lifetime_s;
};

struct nd_message {
    uint8_t type;                     /* ICMPV6_ROUTER_SOLICITATION to ICMPV6_REDIRECT */
    struct baro_address target;       /* of solicitation and advertisement of a neighbour, and of a redirect */
    struct baro_address destination;  /* redirect: what is reached by the target */
    bool router, solicited, override; /* neighbour advertisement */
    bool managed, other;              /* router advertisement: ask DHCPv6 for addresses, for other things */
    enum nd_preference preference;
    uint8_t hop_limit;                /* 0: not said; so for the next two */
    uint16_t lifetime_s;              /* as a default router; 0: it is none */
    uint32_t reachable_ms, retransmit_ms;

    bool has_source_mac, has_target_mac, has_mtu;
    struct baro_mac source_mac, target_mac;
    uint32_t mtu;                     /* as it came: RFC 4861 §6.3.4 asks for 1280 to the link's */
    struct baro_bytes nonce;          /* borrowed; empty: none */
    struct baro_bytes redirected;     /* borrowed: the packet that a redirect is about, or empty */
    unsigned prefixes, routes, servers, searches;
    struct nd_prefix prefix[ND_PREFIXES];
    struct nd_route route[ND_ROUTES];
    struct nd_server server[ND_SERVERS];
    struct nd_search search[ND_SEARCHES];
};

/* How a message came: what its rules look at besides its octets. */
struct nd_arrival {
    struct baro_address source, destination; /* of the IPv6 header */
    int interface;     /* the zone of link-local addresses inside */
    uint8_t hop_limit;
    bool fragmented;   /* there was a fragment header, be it an atomic one (RFC 6980 §5) */
};

/* One of the five types. */
static inline bool nd_is_type(uint8_t type)
{
    return type >= ICMPV6_ROUTER_SOLICITATION && type <= ICMPV6_REDIRECT;
}

/* -1, 0, 1: low, medium, high. */
static inline int nd_preference_rank(enum nd_preference preference)
{
    return preference == ND_PREFERENCE_HIGH ? 1 : preference == ND_PREFERENCE_LOW ? -1 : 0;
}

/* `octets` begins with the ICMPv6 type, one of the five. NONE: *message is good; ND_HOP_LIMIT, ND_FRAGMENTED,
 * ND_MALFORMED, ND_BAD_SOURCE or ND_BAD_ADDRESS: *message is not to be used. */
enum baro_drop_reason nd_read(struct nd_message *message, const struct nd_arrival *arrival, struct baro_bytes octets);

/* Writes a message from its type on, the checksum zero, with the options that are set; a redirected packet is cut to
 * fit. Returns the octets, a multiple of eight; 0 when they do not fit into `room`. */
size_t nd_write(const struct nd_message *message, uint8_t *to, size_t room);

/* The name at *at of a list that nd_read() checked, as text without the last dot; *at moves behind it. False: no
 * more. */
bool nd_name_text(struct baro_bytes names, size_t *at, char text[ND_NAME_TEXT]);

/* A name as text in the form for nd_search.names; returns its octets, 0 when it is none or does not fit. */
size_t nd_name_write(const char *text, uint8_t *to, size_t room);

#endif
