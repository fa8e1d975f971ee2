/* base/bytes.h: reading and writing integers in network order, and comparing addresses.
 *
 * What is read stands byte by byte: alignment never matters, and compilers make one load and one swap of it. What is
 * written is swapped first: of bytes that are written next to each other by two calls gcc makes one store, after it has
 * put the word together by a dozen shifts. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <string.h>

#include "baro/types.h"

static inline uint8_t read_u8(const uint8_t *at)
{
    return at[0];
}

static inline uint16_t read_be16(const uint8_t *at)
{
    return (uint16_t)((unsigned)at[0] << 8 | at[1]);
}

static inline uint32_t read_be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void write_u8(uint8_t *at, uint8_t value)
{
    at[0] = value;
}

static inline void write_be16(uint8_t *at, uint16_t value)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    value = __builtin_bswap16(value);
#endif
    memcpy(at, &value, sizeof value);
}

static inline void write_be32(uint8_t *at, uint32_t value)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    value = __builtin_bswap32(value);
#endif
    memcpy(at, &value, sizeof value);
}

static inline struct baro_mac read_mac(const uint8_t *at)
{
    struct baro_mac mac;
    memcpy(mac.octet, at, sizeof mac.octet);
    return mac;
}

static inline void write_mac(uint8_t *at, struct baro_mac mac)
{
    memcpy(at, mac.octet, sizeof mac.octet);
}

static inline struct baro_address read_ipv4(const uint8_t *at)
{
    return baro_ipv4(at[0], at[1], at[2], at[3]);
}

static inline void write_ipv4(uint8_t *at, struct baro_address address)
{
    memcpy(at, address.octet, 4);
}

/* Without a zone: the reader of the packet knows the interface. */
static inline struct baro_address read_ipv6(const uint8_t *at)
{
    struct baro_address address = { .family = BARO_FAMILY_IPV6 };
    memcpy(address.octet, at, sizeof address.octet);
    return address;
}

static inline void write_ipv6(uint8_t *at, struct baro_address address)
{
    memcpy(at, address.octet, sizeof address.octet);
}

static inline uint32_t ipv4_number(struct baro_address address)
{
    return read_be32(address.octet);
}

static inline struct baro_address ipv4_from_number(uint32_t number)
{
    struct baro_address address = { .family = BARO_FAMILY_IPV4 };
    write_be32(address.octet, number);
    return address;
}

static inline bool mac_equal(struct baro_mac a, struct baro_mac b)
{
    return memcmp(a.octet, b.octet, sizeof a.octet) == 0;
}

/* Multicast or broadcast (IEEE 802.3 §3.2.3: the first bit on the wire). */
static inline bool mac_is_group(struct baro_mac mac)
{
    return (mac.octet[0] & 1) != 0;
}

static inline bool address_equal(struct baro_address a, struct baro_address b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static inline bool endpoint_equal(struct baro_endpoint a, struct baro_endpoint b)
{
    return address_equal(a.address, b.address) && a.port.number == b.port.number;
}

/* 0.0.0.0 or ::, or no address at all. Its octets are read as parts of the words that a copy of an address is made of:
 * a load that lies across two stores of a moment ago waits for them. */
static inline bool address_is_unspecified(struct baro_address address)
{
    uint16_t first, last;
    uint32_t second;
    uint64_t third;

    memcpy(&first, address.octet, sizeof first);
    memcpy(&second, address.octet + 2, sizeof second);
    memcpy(&third, address.octet + 6, sizeof third);
    memcpy(&last, address.octet + 14, sizeof last);
    return (first | second | third | last) == 0;
}

/* Bound addresses: of family NONE, any of both families; unspecified, any of its family; else that one.
 * Do two of them have an address in common? */
static inline bool bindings_meet(struct baro_address a, struct baro_address b)
{
    if (a.family == BARO_FAMILY_NONE || b.family == BARO_FAMILY_NONE)
        return true;
    return a.family == b.family &&
           (address_is_unspecified(a) || address_is_unspecified(b) || address_equal(a, b));
}

/* How closely a bound address fits a packet's: 3 it is that, 2 any of its family, 1 any, 0 not at all. */
static inline unsigned binding_fits(const struct baro_address *bound, const struct baro_address *address)
{
    if (bound->family == BARO_FAMILY_NONE)
        return 1;
    if (memcmp(bound, address, sizeof *bound) == 0)
        return 3;
    return bound->family == address->family && address_is_unspecified(*bound) ? 2 : 0;
}

/* 224.0.0.0/4 or ff00::/8. */
static inline bool address_is_multicast(struct baro_address address)
{
    if (address.family == BARO_FAMILY_IPV4)
        return (address.octet[0] & 0xf0) == 0xe0;
    return address.family == BARO_FAMILY_IPV6 && address.octet[0] == 0xff;
}

/* 255.255.255.255. */
static inline bool address_is_limited_broadcast(struct baro_address address)
{
    return address.family == BARO_FAMILY_IPV4 && ipv4_number(address) == UINT32_MAX;
}

/* 127.0.0.0/8 or ::1. */
static inline bool address_is_loopback(struct baro_address address)
{
    static const uint8_t one[16] = { [15] = 1 };
    if (address.family == BARO_FAMILY_IPV4)
        return address.octet[0] == 127;
    return address.family == BARO_FAMILY_IPV6 && memcmp(address.octet, one, sizeof one) == 0;
}

/* fe80::/10 (RFC 4291 §2.5.6). */
static inline bool address_is_link_local(struct baro_address address)
{
    return address.family == BARO_FAMILY_IPV6 && address.octet[0] == 0xfe && (address.octet[1] & 0xc0) == 0x80;
}

/* The same octets mean another host on each link: link-local ones, groups of interface and link scope (RFC 4007 §6). */
static inline bool address_needs_zone(struct baro_address address)
{
    if (address.family != BARO_FAMILY_IPV6)
        return false;
    return address_is_link_local(address) ||
           (address.octet[0] == 0xff && ((address.octet[1] & 0x0f) == 1 || (address.octet[1] & 0x0f) == 2));
}

/* The address as it is called on `interface`: with its zone if it needs one. */
static inline struct baro_address address_in_zone(struct baro_address address, int interface)
{
    address.zone = address_needs_zone(address) ? (uint8_t)interface : 0;
    return address;
}

/* ::ffff:0:0/96: an IPv4 address in the clothes of IPv6 (RFC 4291 §2.5.5.2). */
static inline bool address_is_mapped(struct baro_address address)
{
    static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };
    return address.family == BARO_FAMILY_IPV6 && memcmp(address.octet, prefix, sizeof prefix) == 0;
}

/* The solicited-node group of an address (RFC 4291 §2.7.1), in the zone of `interface`. */
static inline struct baro_address address_solicited_node(struct baro_address address, int interface)
{
    struct baro_address group = baro_ipv6(0xff02, 0, 0, 0, 0, 1, 0xff00, 0);
    memcpy(group.octet + 13, address.octet + 13, 3);
    group.zone = (uint8_t)interface;
    return group;
}

#endif
