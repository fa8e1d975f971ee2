/* baro/dhcp6_message.h: DHCPv6 messages as values (RFC 8415; options of RFC 3646 besides).
 *
 * Pure and bounded: reading copies what it understands into the value and looks at nothing beyond the end, of the
 * message or of an option that holds others; writing makes a message that reads back the same. A message one of whose
 * lengths leads beyond the end, or whose identifiers cannot be, is none. Any other option whose length or value cannot
 * be is as if it were not there; of one that may stand only once the first counts. Lists are cut at the limits below.
 * What relay agents say to servers is not read. */
#ifndef BARO_DHCP6_MESSAGE_H
#define BARO_DHCP6_MESSAGE_H

#include "baro/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    BARO_DHCP6_CLIENT_PORT = 546,
    BARO_DHCP6_SERVER_PORT = 547,
    BARO_DHCP6_DUID = 130,           /* octets of an identifier, its type included (RFC 8415 §11.1) */
    BARO_DHCP6_IAS = 4,              /* identity associations kept of a message */
    BARO_DHCP6_IA_ADDRESSES = 4,     /* addresses kept of each */
    BARO_DHCP6_ASKED = 32,           /* option numbers kept of an Option Request */
    BARO_DHCP6_DNS = 6,              /* name servers kept */
    BARO_DHCP6_SEARCH = 6,           /* search domains kept */
    BARO_DHCP6_NAME = 256,           /* octets of a name, its final NUL included */
    BARO_DHCP6_MESSAGE_OCTETS = 1232 /* what no link of IPv6 needs to fragment (RFC 8200 §5) */
};

/* Message types (RFC 8415 §7.3). */
enum baro_dhcp6_type {
    BARO_DHCP6_SOLICIT = 1, BARO_DHCP6_ADVERTISE = 2, BARO_DHCP6_REQUEST = 3, BARO_DHCP6_CONFIRM = 4,
    BARO_DHCP6_RENEW = 5, BARO_DHCP6_REBIND = 6, BARO_DHCP6_REPLY = 7, BARO_DHCP6_RELEASE = 8,
    BARO_DHCP6_DECLINE = 9, BARO_DHCP6_RECONFIGURE = 10, BARO_DHCP6_INFORMATION_REQUEST = 11,
    BARO_DHCP6_RELAY_FORWARD = 12, BARO_DHCP6_RELAY_REPLY = 13
};

/* The options that are read and written, by their numbers. */
enum baro_dhcp6_option {
    BARO_DHCP6_OPTION_CLIENT_ID = 1,     /* RFC 8415 §21.2 */
    BARO_DHCP6_OPTION_SERVER_ID = 2,     /* §21.3 */
    BARO_DHCP6_OPTION_IA_NA = 3,         /* §21.4 */
    BARO_DHCP6_OPTION_IA_TA = 4,         /* §21.5: whether there is one, no more */
    BARO_DHCP6_OPTION_IA_ADDRESS = 5,    /* §21.6 */
    BARO_DHCP6_OPTION_REQUEST = 6,       /* §21.7 */
    BARO_DHCP6_OPTION_PREFERENCE = 7,    /* §21.8 */
    BARO_DHCP6_OPTION_ELAPSED = 8,       /* §21.9 */
    BARO_DHCP6_OPTION_STATUS = 13,       /* §21.13 */
    BARO_DHCP6_OPTION_RAPID_COMMIT = 14, /* §21.14 */
    BARO_DHCP6_OPTION_DNS = 23,          /* RFC 3646 §3 */
    BARO_DHCP6_OPTION_SEARCH = 24,       /* RFC 3646 §4 */
    BARO_DHCP6_OPTION_IA_PD = 25,        /* RFC 8415 §21.21: whether there is one, no more */
    BARO_DHCP6_OPTION_REFRESH = 32,      /* §21.23 */
    BARO_DHCP6_OPTION_SOL_MAX_RT = 82,   /* §21.24 */
    BARO_DHCP6_OPTION_INF_MAX_RT = 83    /* §21.25 */
};

/* Status codes (RFC 8415 §21.13). */
enum baro_dhcp6_status {
    BARO_DHCP6_SUCCESS = 0, BARO_DHCP6_UNSPECIFIED_FAILURE = 1, BARO_DHCP6_NO_ADDRESSES = 2, BARO_DHCP6_NO_BINDING = 3,
    BARO_DHCP6_NOT_ON_LINK = 4, BARO_DHCP6_USE_MULTICAST = 5, BARO_DHCP6_NO_PREFIX = 6
};

/* Who a client or a server is (§11): a type and 1 to 128 octets. Length 0: not told; else 3 to 130. */
struct baro_dhcp6_duid {
    uint8_t length;
    uint8_t octet[BARO_DHCP6_DUID];
};

/* Of a MAC address (§11.4, DUID-LL), and of a UUID (§11.5, DUID-UUID). */
struct baro_dhcp6_duid baro_dhcp6_duid_of_mac(struct baro_mac mac);
struct baro_dhcp6_duid baro_dhcp6_duid_of_uuid(const uint8_t uuid[16]);

struct baro_dhcp6_ia_address {
    struct baro_address address;
    uint32_t preferred_s, valid_s; /* seconds; UINT32_MAX: for ever; both 0: no longer to be used */
    uint16_t status;               /* enum baro_dhcp6_status, or one unknown; SUCCESS where it is not told */
};

/* An identity association for addresses (IA_NA): what a client calls by one number, and the addresses it has for it. */
struct baro_dhcp6_ia {
    uint32_t iaid;
    uint32_t renew_s, rebind_s; /* T1 and T2, seconds; 0: as the client likes; UINT32_MAX: never */
    uint16_t status;            /* as above */
    uint8_t addresses;
    struct baro_dhcp6_ia_address address[BARO_DHCP6_IA_ADDRESSES];
};

/* What a server tells a host besides addresses. All zero: nothing. Counts say how many of an array are there. */
struct baro_dhcp6_parameters {
    uint8_t dns_servers, searches;
    struct baro_address dns[BARO_DHCP6_DNS];
    char search[BARO_DHCP6_SEARCH][BARO_DHCP6_NAME]; /* "lan.example", no dot at the end */
};

struct baro_dhcp6_message {
    enum baro_dhcp6_type type; /* not one of relay agents */
    uint32_t transaction;      /* 24 bits */
    struct baro_dhcp6_duid client_id, server_id;
    uint8_t ias;
    struct baro_dhcp6_ia ia[BARO_DHCP6_IAS];
    bool other_ia;             /* there is an IA_TA or IA_PD. Not written. */
    uint8_t preference;        /* of a server, 255 the most; not told is 0 */
    bool has_elapsed;
    uint16_t elapsed_cs;       /* hundredths of a second since the client began */
    bool has_status;
    uint16_t status;           /* enum baro_dhcp6_status, or one unknown */
    bool rapid_commit;
    uint8_t asks;              /* of an Option Request */
    uint16_t asked[BARO_DHCP6_ASKED];
    bool has_refresh;
    uint32_t refresh_s;        /* ask again after so long; UINT32_MAX: never */
    uint32_t sol_max_rt_s, inf_max_rt_s; /* 60 to 86,400; 0: not told */
    struct baro_dhcp6_parameters parameters;
};

/* Whether the sender asks for an option, and adds one to what a message asks for, as long as there is room. */
bool baro_dhcp6_asks(const struct baro_dhcp6_message *message, enum baro_dhcp6_option option);
void baro_dhcp6_ask(struct baro_dhcp6_message *message, enum baro_dhcp6_option option);

bool baro_dhcp6_duid_equal(const struct baro_dhcp6_duid *a, const struct baro_dhcp6_duid *b);

/* Reads a message: the payload of a UDP datagram. 0; -EPROTONOSUPPORT for one that a relay agent speaks; -EBADMSG when
 * it is shorter than its header, of no type above, or broken as said at the top. */
int baro_dhcp6_parse(struct baro_dhcp6_message *message, struct baro_bytes octets);

/* Writes a message into `to`. Of the parameters those that find no room are left out. Returns the length. -ENOSPC: `to`
 * has no room for the rest; -EINVAL: an identifier of an impossible length, a name that is none, a type of relay
 * agents. A status code goes with a text of ours. */
ptrdiff_t baro_dhcp6_build(const struct baro_dhcp6_message *message, struct baro_buffer to);

/* "SOLICIT" and so on, "NoAddrsAvail" and so on, as RFC 8415 writes them; "?" for none of them. */
const char *baro_dhcp6_type_name(enum baro_dhcp6_type type);
const char *baro_dhcp6_status_name(unsigned status);

#ifdef __cplusplus
}
#endif
#endif
