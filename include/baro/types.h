/* baro/types.h: values that every layer speaks of. C99 and C++ clean.
 *
 * Quantities that must not be mixed up are one-member structs: an instant is not
 * a duration, a port is not a number, and comparing two of them with `<` does not
 * compile. All integers inside are in host byte order; octets are in wire order. */
#ifndef BARO_TYPES_H
#define BARO_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A moment on the caller's clock, nanoseconds since any fixed epoch. */
struct baro_instant { int64_t ns; };

/* A span of time in nanoseconds. */
struct baro_duration { int64_t ns; };

/* A TCP or UDP port, 0 to 65535; 0 means "any" or "choose one". */
struct baro_port { uint16_t number; };

/* A 48-bit MAC address (IEEE 802.3 §3.2.3), in transmission order. */
struct baro_mac { uint8_t octet[6]; };

enum baro_family { BARO_FAMILY_NONE = 0, BARO_FAMILY_IPV4 = 4, BARO_FAMILY_IPV6 = 6 };

/* An address that carries its family. IPv4 uses octet[0..3], the rest is zero,
 * so two addresses are equal exactly if all their bytes are. */
struct baro_address {
    uint8_t family; /* enum baro_family; NONE is "any", whatever the family */
    uint8_t zone;   /* IPv6 link-local, and groups of interface or link scope: the interface's number; else 0 */
    uint8_t octet[16];
};

/* Where a packet comes from or goes to: an address and a port. */
struct baro_endpoint {
    struct baro_address address;
    struct baro_port port;
};

/* Bytes that belong to somebody else. */
struct baro_bytes {
    const uint8_t *data;
    size_t length;
};

/* Writable bytes that belong to somebody else. */
struct baro_buffer {
    uint8_t *data;
    size_t length;
};

/* The IPv4 address a.b.c.d. */
static inline struct baro_address baro_ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    struct baro_address address = { BARO_FAMILY_IPV4, 0, { a, b, c, d } };
    return address;
}

/* The IPv6 address a:b:c:d:e:f:g:h, without a zone. */
static inline struct baro_address baro_ipv6(uint16_t a, uint16_t b, uint16_t c, uint16_t d, uint16_t e, uint16_t f,
                                            uint16_t g, uint16_t h)
{
    struct baro_address address = { BARO_FAMILY_IPV6,
                                    0,
                                    { (uint8_t)(a >> 8), (uint8_t)a, (uint8_t)(b >> 8), (uint8_t)b, (uint8_t)(c >> 8),
                                      (uint8_t)c, (uint8_t)(d >> 8), (uint8_t)d, (uint8_t)(e >> 8), (uint8_t)e,
                                      (uint8_t)(f >> 8), (uint8_t)f, (uint8_t)(g >> 8), (uint8_t)g, (uint8_t)(h >> 8),
                                      (uint8_t)h } };
    return address;
}

/* Slabs of memory for the core, which never calls malloc. `take` returns `bytes`
 * zeroed bytes aligned to 64, or NULL when there is no more; `give_back` returns
 * such a slab whole. Both are called with `context`, never per packet. */
struct baro_memory {
    void *context;
    void *(*take)(void *context, size_t bytes);
    void (*give_back)(void *context, void *slab, size_t bytes);
};

#ifdef __cplusplus
}
#endif
#endif
