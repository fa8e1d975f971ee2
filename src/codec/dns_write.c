/* codec/dns_write.c: writing DNS messages, see baro/dns_message.h.
 *
 * A name is compressed by the longest of its ends that an earlier name of the message begins with or has (RFC 1035
 * §4.1.4); the first BARO_DNS_WRITER_NAMES such places are remembered, later names are merely written longer. What does
 * not fit is undone whole. */
#include "baro/dns_message.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"

enum { POINTER = 0xc000, POINTER_LIMIT = 0x3fff };

static bool put(struct baro_dns_writer *writer, const void *octets, size_t length)
{
    if (writer->to.length - writer->length < length)
        return false;
    if (length != 0)
        memcpy(writer->to.data + writer->length, octets, length);
    writer->length += length;
    return true;
}

static bool put_u16(struct baro_dns_writer *writer, unsigned value)
{
    uint8_t octets[2];

    write_be16(octets, (uint16_t)value);
    return put(writer, octets, sizeof octets);
}

static bool put_u32(struct baro_dns_writer *writer, uint32_t value)
{
    uint8_t octets[4];

    write_be32(octets, value);
    return put(writer, octets, sizeof octets);
}

/* Does what was written at `place` read as `end`? What was written is right, and its pointers lead backwards. */
static bool reads_as(const struct baro_dns_writer *writer, size_t place, const uint8_t *end, size_t length)
{
    struct baro_dns_name there = { 0 }, wanted = { .length = (uint8_t)length };
    size_t at = 0;

    for (;;) {
        uint8_t octet = writer->to.data[place];

        if (octet >= 0xc0) {
            place = read_be16(writer->to.data + place) & POINTER_LIMIT;
            continue;
        }
        memcpy(there.octet + at, writer->to.data + place, 1u + octet);
        at += 1u + octet;
        place += 1u + octet;
        if (octet == 0)
            break;
    }
    there.length = (uint8_t)at;
    memcpy(wanted.octet, end, length);
    return baro_dns_name_equal(&there, &wanted);
}

static bool find_place(const struct baro_dns_writer *writer, const uint8_t *end, size_t length, uint16_t *place)
{
    for (unsigned i = 0; i < writer->places; i++) {
        if (reads_as(writer, writer->place[i], end, length)) {
            *place = writer->place[i];
            return true;
        }
    }
    return false;
}

static bool put_name(struct baro_dns_writer *writer, const struct baro_dns_name *name, bool compress)
{
    unsigned places = writer->places; /* pointers of this name may not lead to itself half written */
    uint16_t begun[BARO_DNS_WRITER_NAMES];
    unsigned beginnings = 0;
    size_t at = 0;

    if (!compress)
        return put(writer, name->octet, name->length);
    while (name->octet[at] != 0) {
        uint16_t place;

        if (find_place(writer, name->octet + at, name->length - at, &place)) {
            if (!put_u16(writer, (unsigned)POINTER | place))
                return false;
            break;
        }
        if (places + beginnings < BARO_DNS_WRITER_NAMES && writer->length <= POINTER_LIMIT)
            begun[beginnings++] = (uint16_t)writer->length;
        if (!put(writer, name->octet + at, 1u + name->octet[at]))
            return false;
        at += 1u + name->octet[at];
    }
    if (name->octet[at] == 0 && !put(writer, "", 1))
        return false;
    memcpy(writer->place + places, begun, beginnings * sizeof *begun);
    writer->places = places + beginnings;
    return true;
}

void baro_dns_write(struct baro_dns_writer *writer, struct baro_buffer to, const struct baro_dns_header *header)
{
    *writer = (struct baro_dns_writer){ .to = to, .length = BARO_DNS_HEADER };
    memset(to.data, 0, BARO_DNS_HEADER);
    write_be16(to.data, header->id);
    write_be16(to.data + 2,
               (uint16_t)((header->flags & 0x87f0) | (header->operation & 15) << 11 | (header->code & 15)));
}

/* Where a message stands, to go back to. */
struct mark {
    size_t length;
    unsigned places;
};

static int finish(struct baro_dns_writer *writer, struct mark mark, bool whole, enum baro_dns_section section)
{
    uint8_t *count = writer->to.data + 4 + 2 * section;

    if (!whole) {
        writer->length = mark.length;
        writer->places = mark.places;
        writer->truncated = true;
        return -ENOSPC;
    }
    write_be16(count, (uint16_t)(read_be16(count) + 1));
    return 0;
}

int baro_dns_write_question(struct baro_dns_writer *writer, const struct baro_dns_question *question)
{
    const struct mark mark = { writer->length, writer->places };
    bool whole = !writer->truncated && put_name(writer, &question->name, true) && put_u16(writer, question->type) &&
                 put_u16(writer, question->dns_class);

    return finish(writer, mark, whole, BARO_DNS_QUESTIONS);
}

static bool put_soa(struct baro_dns_writer *writer, const struct baro_dns_record *record)
{
    return put_name(writer, &record->target, true) && put_name(writer, &record->authority.mailbox, true) &&
           put_u32(writer, record->authority.serial) && put_u32(writer, record->authority.refresh_s) &&
           put_u32(writer, record->authority.retry_s) && put_u32(writer, record->authority.expire_s) &&
           put_u32(writer, record->authority.minimum_s);
}

static bool put_data(struct baro_dns_writer *writer, const struct baro_dns_record *record)
{
    switch (record->type) {
    case BARO_DNS_A:
        return put(writer, record->address.octet, 4);
    case BARO_DNS_AAAA:
        return put(writer, record->address.octet, 16);
    case BARO_DNS_CNAME:
    case BARO_DNS_NS:
    case BARO_DNS_PTR:
        return put_name(writer, &record->target, true);
    case BARO_DNS_SOA:
        return put_soa(writer, record);
    case BARO_DNS_SRV:
        return put_u16(writer, record->service.priority) && put_u16(writer, record->service.weight) &&
               put_u16(writer, record->service.port.number) && put_name(writer, &record->target, false);
    case BARO_DNS_NSEC:
        return put_name(writer, &record->target, false) && put(writer, record->data.data, record->data.length);
    default:
        return put(writer, record->data.data, record->data.length);
    }
}

int baro_dns_write_record(struct baro_dns_writer *writer, enum baro_dns_section section,
                          const struct baro_dns_record *record)
{
    const struct mark mark = { writer->length, writer->places };
    size_t at;
    bool whole;

    if (record->data.length > UINT16_MAX - BARO_DNS_NAME_LIMIT)
        return -EINVAL;
    whole = !writer->truncated && put_name(writer, &record->name, true) && put_u16(writer, record->type) &&
            put_u16(writer, record->dns_class) && put_u32(writer, record->ttl) && put_u16(writer, 0);
    at = writer->length;
    whole = whole && put_data(writer, record);
    if (whole)
        write_be16(writer->to.data + at - 2, (uint16_t)(writer->length - at));
    return finish(writer, mark, whole, section);
}

int baro_dns_write_edns(struct baro_dns_writer *writer, const struct baro_dns_edns *edns)
{
    const struct baro_dns_record record = { .name = { .length = 1 },
                                            .type = BARO_DNS_OPT,
                                            .dns_class = edns->udp_size,
                                            .ttl = (uint32_t)edns->extended_code << 24 |
                                                   (uint32_t)edns->version << 16 | (edns->dnssec_ok ? 0x8000u : 0) };

    return baro_dns_write_record(writer, BARO_DNS_ADDITIONAL, &record);
}

size_t baro_dns_write_end(struct baro_dns_writer *writer)
{
    if (writer->truncated)
        writer->to.data[2] |= BARO_DNS_TRUNCATED >> 8;
    return writer->length;
}
