/* baro/dhcp_message.h: DHCPv4 messages as values (RFC 2131 §2, options of RFC 2132 and after).
 *
 * Pure and bounded: reading copies what it understands into the value and looks at no octet twice or beyond the end;
 * writing makes a message that reads back the same. Reading joins an option that comes in several pieces (RFC 3396) and
 * looks into the fields `file` and `sname` where the message says that options stand there (option 52). An option whose
 * length or value cannot be is as if it were not there: RFC 2131 leaves a receiver no better answer, and what is
 * required is then missed by whoever asks for it. Lists are cut at the limits below. */
#ifndef BARO_DHCP_MESSAGE_H
#define BARO_DHCP_MESSAGE_H

#include "baro/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    BARO_DHCP_SERVER_PORT = 67,
    BARO_DHCP_CLIENT_PORT = 68,
    BARO_DHCP_ADDRESSES = 6,        /* routers, name servers, time servers kept of each list */
    BARO_DHCP_ROUTES = 16,          /* classless static routes kept */
    BARO_DHCP_SEARCH = 6,           /* search domains kept */
    BARO_DHCP_NAME = 256,           /* octets of a name, its final NUL included */
    BARO_DHCP_ID = 255,             /* octets of a client identifier */
    BARO_DHCP_MESSAGE_OCTETS = 1472 /* more than any message needs that we send: what an Ethernet frame carries */
};

/* Message types (RFC 2132 §9.6). */
enum baro_dhcp_type {
    BARO_DHCP_DISCOVER = 1, BARO_DHCP_OFFER = 2, BARO_DHCP_REQUEST = 3, BARO_DHCP_DECLINE = 4, BARO_DHCP_ACK = 5,
    BARO_DHCP_NAK = 6, BARO_DHCP_RELEASE = 7, BARO_DHCP_INFORM = 8
};

/* The options that are read and written, by their numbers. */
enum baro_dhcp_option {
    BARO_DHCP_OPTION_SUBNET_MASK = 1,       /* RFC 2132 §3.3 */
    BARO_DHCP_OPTION_ROUTER = 3,            /* §3.5 */
    BARO_DHCP_OPTION_DNS = 6,               /* §3.8 */
    BARO_DHCP_OPTION_HOST_NAME = 12,        /* §3.14 */
    BARO_DHCP_OPTION_DOMAIN = 15,           /* §3.17 */
    BARO_DHCP_OPTION_MTU = 26,              /* §5.1 */
    BARO_DHCP_OPTION_BROADCAST = 28,        /* §5.3 */
    BARO_DHCP_OPTION_NTP = 42,              /* §8.3 */
    BARO_DHCP_OPTION_REQUESTED_ADDRESS = 50, /* §9.1 */
    BARO_DHCP_OPTION_LEASE_TIME = 51,       /* §9.2 */
    BARO_DHCP_OPTION_OVERLOAD = 52,         /* §9.3 */
    BARO_DHCP_OPTION_TYPE = 53,             /* §9.6 */
    BARO_DHCP_OPTION_SERVER_ID = 54,        /* §9.7 */
    BARO_DHCP_OPTION_PARAMETERS = 55,       /* §9.8 */
    BARO_DHCP_OPTION_TEXT = 56,             /* §9.9 */
    BARO_DHCP_OPTION_MESSAGE_SIZE = 57,     /* §9.10 */
    BARO_DHCP_OPTION_RENEWAL_TIME = 58,     /* §9.11 */
    BARO_DHCP_OPTION_REBINDING_TIME = 59,   /* §9.12 */
    BARO_DHCP_OPTION_CLIENT_ID = 61,        /* §9.14, RFC 4361 */
    BARO_DHCP_OPTION_FQDN = 81,             /* RFC 4702 */
    BARO_DHCP_OPTION_SEARCH = 119,          /* RFC 3397 */
    BARO_DHCP_OPTION_ROUTES = 121           /* RFC 3442 */
};

/* A route of option 121. `router` 0.0.0.0: the prefix is on the link. */
struct baro_dhcp_route {
    struct baro_address prefix, router;
    uint8_t prefix_length; /* 0 to 32 */
};

/* What a server tells a host about its network: what a lease, a server's configuration and a message have in common.
 * All zero: nothing is told. Counts say how many of an array are there. */
struct baro_dhcp_parameters {
    struct baro_address subnet_mask, broadcast; /* family NONE: not told */
    uint8_t routers, dns_servers, ntp_servers, routes, searches;
    struct baro_address router[BARO_DHCP_ADDRESSES];
    struct baro_address dns[BARO_DHCP_ADDRESSES];
    struct baro_address ntp[BARO_DHCP_ADDRESSES];
    struct baro_dhcp_route route[BARO_DHCP_ROUTES]; /* if there are any, `router` is to be ignored (RFC 3442) */
    char search[BARO_DHCP_SEARCH][BARO_DHCP_NAME];  /* "lan.example", no dot at the end */
    char domain[BARO_DHCP_NAME];                    /* "": not told */
    char host_name[BARO_DHCP_NAME];                 /* the client's name; "": not told */
    uint16_t mtu;                                   /* bytes, 68 to 65535; 0: not told */
};

struct baro_dhcp_message {
    bool reply;                /* from a server (op 2) */
    bool broadcast;            /* the client wants its answer by broadcast (RFC 2131 §4.1) */
    uint8_t hops;
    uint32_t xid;
    uint16_t seconds;          /* since the client began */
    struct baro_address client, your, next_server, relay; /* ciaddr yiaddr siaddr giaddr; 0.0.0.0 where unset */
    struct baro_mac mac;       /* chaddr: of Ethernet only */
    enum baro_dhcp_type type;
    struct baro_address requested, server_id;             /* family NONE: not there */
    bool has_lease_time, has_renewal_time, has_rebinding_time;
    uint32_t lease_time_s, renewal_time_s, rebinding_time_s; /* seconds; UINT32_MAX: for ever */
    uint16_t message_size;     /* the longest IP packet the other takes, 576 and more; 0: not told */
    uint8_t id_length;         /* of the client identifier; 0: none */
    uint8_t id[BARO_DHCP_ID];
    uint8_t asked[32];         /* option 55 as a set: bit n % 8 of octet n / 8 */
    bool has_asked;
    uint8_t fqdn_flags;        /* RFC 4702 §2.1 */
    bool has_fqdn;
    char fqdn[BARO_DHCP_NAME];
    char text[BARO_DHCP_NAME]; /* of a NAK or DECLINE; control characters are made '?' */
    struct baro_dhcp_parameters parameters;
};

/* Whether the sender asks for an option (55), and adds one to what a message asks for. */
bool baro_dhcp_asks(const struct baro_dhcp_message *message, enum baro_dhcp_option option);
void baro_dhcp_ask(struct baro_dhcp_message *message, enum baro_dhcp_option option);

/* Reads a message: the payload of a UDP datagram. 0; -EBADMSG when it is shorter than its fixed part, is not of
 * Ethernet, has no cookie (a BOOTP message), or no message type of the eight. */
int baro_dhcp_parse(struct baro_dhcp_message *message, struct baro_bytes octets);

/* Writes a message into `to`; no more than `to.length` octets, so the length of the buffer is how to respect the
 * other's greatest size. What is needed for the dialogue stands first; of the parameters those that find no room,
 * neither behind the header nor in `file` and `sname`, are left out, as RFC 2131 §4.1 has it. Returns the length, at
 * least 300 (a BOOTP message's, which old relays insist on). -ENOSPC: `to` is shorter than 300 octets or than the
 * dialogue needs; -EINVAL: a name that is none, a route's prefix longer than 32. */
ptrdiff_t baro_dhcp_build(const struct baro_dhcp_message *message, struct baro_buffer to);

/* "DISCOVER" and so on; "?" for none of them. */
const char *baro_dhcp_type_name(enum baro_dhcp_type type);

#ifdef __cplusplus
}
#endif
#endif
