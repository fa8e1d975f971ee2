/* codec/fields.h: one table a header gives its struct, reader, writer, description and size check.
 *
 * A header is a list F(type, name, offset, "source") of fields that follow one another without gaps; types are u8,
 * u16, u32, mac, ip4 and ip6. CODEC_HEADER(name, size, LIST) declares
 *
 *     struct name                                        the values, in host order
 *     enum { name_SIZE }                                 octets on the wire
 *     void name_read(struct name *, const uint8_t *at)   `at` has name_SIZE octets
 *     void name_write(const struct name *, uint8_t *at)
 *     name_fields[]                                      name, source, offset and size of each, for printing
 *
 * and does not compile when the fields do not add up to `size` or one does not stand at its offset. Who wants one field
 * of octets finds it at CODEC_AT(name, field). */
#ifndef CODEC_FIELDS_H
#define CODEC_FIELDS_H

#include <stddef.h>

#include "base/bytes.h"

typedef uint8_t codec_u8;
typedef uint16_t codec_u16;
typedef uint32_t codec_u32;
typedef struct baro_mac codec_mac;
typedef struct baro_address codec_ip4;
typedef struct baro_address codec_ip6;

enum {
    CODEC_SIZE_u8 = 1,
    CODEC_SIZE_u16 = 2,
    CODEC_SIZE_u32 = 4,
    CODEC_SIZE_mac = 6,
    CODEC_SIZE_ip4 = 4,
    CODEC_SIZE_ip6 = 16
};

#define codec_read_u8 read_u8
#define codec_read_u16 read_be16
#define codec_read_u32 read_be32
#define codec_read_mac read_mac
#define codec_read_ip4 read_ipv4
#define codec_read_ip6 read_ipv6
#define codec_write_u8 write_u8
#define codec_write_u16 write_be16
#define codec_write_u32 write_be32
#define codec_write_mac write_mac
#define codec_write_ip4 write_ipv4
#define codec_write_ip6 write_ipv6

struct codec_field {
    const char *name, *source;
    uint8_t offset, size;
};

#define CODEC_MEMBER(type, name, offset, source) codec_##type name;
#define CODEC_OCTETS(type, name, offset, source) uint8_t name[CODEC_SIZE_##type];
#define CODEC_READ(type, name, offset, source) header->name = codec_read_##type(at + (offset));
#define CODEC_WRITE(type, name, offset, source) codec_write_##type(at + (offset), header->name);
#define CODEC_CHECK(type, name, offset, source) \
    _Static_assert(offsetof(codec_octets, name) == (offset), #name ": does not stand at its offset");
#define CODEC_SUM(type, name, offset, source) +CODEC_SIZE_##type
#define CODEC_DESCRIBE(type, name, offset, source) { #name, source, offset, CODEC_SIZE_##type },

/* Where a field stands in the octets of its header. */
#define CODEC_AT(header_name, field) offsetof(struct header_name##_octets, field)

#define CODEC_HEADER(header_name, octets, LIST)                                                   \
    struct header_name { LIST(CODEC_MEMBER) };                                                     \
    struct header_name##_octets { LIST(CODEC_OCTETS) };                                            \
    enum { header_name##_SIZE = (octets) };                                                        \
    _Static_assert((0 LIST(CODEC_SUM)) == (octets), #header_name ": fields do not add up");        \
    static inline void header_name##_read(struct header_name *header, const uint8_t *at)           \
    {                                                                                              \
        typedef struct header_name##_octets codec_octets;                                          \
        LIST(CODEC_CHECK)                                                                          \
        LIST(CODEC_READ)                                                                           \
    }                                                                                              \
    static inline void header_name##_write(const struct header_name *header, uint8_t *at)          \
    {                                                                                              \
        LIST(CODEC_WRITE)                                                                          \
    }                                                                                              \
    static const struct codec_field header_name##_fields[]                                         \
        __attribute__((unused)) = { LIST(CODEC_DESCRIBE) };

#endif
