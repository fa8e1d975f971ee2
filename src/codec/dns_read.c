/* codec/dns_read.c: reading DNS messages, see baro/dns_message.h.
 *
 * A compression pointer (RFC 1035 §4.1.4) must lead before the piece of the name it stands in, and not into the header:
 * each jump goes strictly backwards, so reading ends whatever the octets say. Labels of other kinds (01, 10) are
 * refused: EDNS's extended labels are historic (RFC 6891 §5). */
#include "baro/dns_message.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"

enum { POINTER = 0xc0 };

/* The name at *at, which moves behind it. `end`: where what it stands in ends; a pointer may leave that backwards. */
static int read_name(struct baro_bytes message, size_t *at, size_t end, struct baro_dns_name *name)
{
    size_t from = *at, piece = *at, length = 0;
    bool jumped = false;

    name->length = 0;
    for (;;) {
        uint8_t octet;

        if (from >= end)
            return -EBADMSG;
        octet = message.data[from];
        if ((octet & POINTER) == POINTER) {
            size_t to;

            if (end - from < 2)
                return -EBADMSG;
            to = read_be16(message.data + from) & 0x3fffu;
            if (to >= piece || to < BARO_DNS_HEADER)
                return -EBADMSG;
            if (!jumped)
                *at = from + 2;
            jumped = true;
            from = piece = to;
            end = message.length;
            continue;
        }
        if ((octet & POINTER) != 0 || end - from < (size_t)octet + 1 || length + octet + 1 > BARO_DNS_NAME_LIMIT)
            return -EBADMSG;
        memcpy(name->octet + length, message.data + from, (size_t)octet + 1);
        length += (size_t)octet + 1;
        from += (size_t)octet + 1;
        if (octet == 0)
            break;
    }
    if (!jumped)
        *at = from;
    name->length = (uint8_t)length;
    return 0;
}

int baro_dns_read(struct baro_dns_reader *reader, struct baro_bytes message)
{
    uint16_t second;

    *reader = (struct baro_dns_reader){ .message = message, .at = BARO_DNS_HEADER };
    if (message.length < BARO_DNS_HEADER)
        return -EBADMSG;
    second = read_be16(message.data + 2);
    reader->header.id = read_be16(message.data);
    reader->header.flags = second & 0x87f0;
    reader->header.operation = (uint8_t)(second >> 11 & 15);
    reader->header.code = (uint8_t)(second & 15);
    for (int i = 0; i < BARO_DNS_SECTIONS; i++)
        reader->left[i] = reader->header.count[i] = read_be16(message.data + 4 + 2 * i);
    return 0;
}

int baro_dns_read_question(struct baro_dns_reader *reader, struct baro_dns_question *question)
{
    struct baro_bytes message = reader->message;

    if (reader->left[BARO_DNS_QUESTIONS] == 0)
        return 0;
    if (read_name(message, &reader->at, message.length, &question->name) != 0 || message.length - reader->at < 4)
        return -EBADMSG;
    question->type = read_be16(message.data + reader->at);
    question->dns_class = read_be16(message.data + reader->at + 2);
    reader->at += 4;
    reader->left[BARO_DNS_QUESTIONS]--;
    return 1;
}

static int read_soa(struct baro_bytes message, size_t at, size_t end, struct baro_dns_record *record)
{
    if (read_name(message, &at, end, &record->target) != 0 ||
        read_name(message, &at, end, &record->authority.mailbox) != 0 || end - at != 20)
        return -EBADMSG;
    record->authority.serial = read_be32(message.data + at);
    record->authority.refresh_s = read_be32(message.data + at + 4);
    record->authority.retry_s = read_be32(message.data + at + 8);
    record->authority.expire_s = read_be32(message.data + at + 12);
    record->authority.minimum_s = read_be32(message.data + at + 16);
    return 0;
}

static int read_srv(struct baro_bytes message, size_t at, size_t end, struct baro_dns_record *record)
{
    if (end - at < 7)
        return -EBADMSG;
    record->service.priority = read_be16(message.data + at);
    record->service.weight = read_be16(message.data + at + 2);
    record->service.port.number = read_be16(message.data + at + 4);
    at += 6;
    return read_name(message, &at, end, &record->target) != 0 || at != end ? -EBADMSG : 0;
}

/* The data between `at` and `end`, as the type says. */
static int read_data(struct baro_bytes message, size_t at, size_t end, struct baro_dns_record *record)
{
    struct baro_bytes rest = record->data, string;

    switch (record->type) {
    case BARO_DNS_A:
    case BARO_DNS_AAAA:
        record->address.family = record->type == BARO_DNS_A ? BARO_FAMILY_IPV4 : BARO_FAMILY_IPV6;
        if (rest.length != (record->type == BARO_DNS_A ? 4 : 16))
            return -EBADMSG;
        memcpy(record->address.octet, rest.data, rest.length);
        return 0;
    case BARO_DNS_CNAME:
    case BARO_DNS_NS:
    case BARO_DNS_PTR:
        return read_name(message, &at, end, &record->target) != 0 || at != end ? -EBADMSG : 0;
    case BARO_DNS_SOA:
        return read_soa(message, at, end, record);
    case BARO_DNS_SRV:
        return read_srv(message, at, end, record);
    case BARO_DNS_NSEC:
        if (read_name(message, &at, end, &record->target) != 0)
            return -EBADMSG;
        record->data = (struct baro_bytes){ message.data + at, end - at };
        return 0;
    case BARO_DNS_TXT:
        while (baro_dns_text_next(&rest, &string))
            continue;
        return rest.length != 0 || record->data.length == 0 ? -EBADMSG : 0;
    case BARO_DNS_OPT:
        return record->name.length != 1 ? -EBADMSG : 0;
    default:
        return 0;
    }
}

int baro_dns_read_record(struct baro_dns_reader *reader, struct baro_dns_record *record,
                         enum baro_dns_section *section)
{
    struct baro_bytes message = reader->message;
    struct baro_dns_question question;
    int at_section = BARO_DNS_ANSWERS, result;
    size_t length;

    while ((result = baro_dns_read_question(reader, &question)) > 0)
        continue;
    if (result < 0)
        return result;
    while (at_section < BARO_DNS_SECTIONS && reader->left[at_section] == 0)
        at_section++;
    if (at_section == BARO_DNS_SECTIONS)
        return 0;
    memset(record, 0, sizeof *record);
    if (read_name(message, &reader->at, message.length, &record->name) != 0 || message.length - reader->at < 10)
        return -EBADMSG;
    record->type = read_be16(message.data + reader->at);
    record->dns_class = read_be16(message.data + reader->at + 2);
    record->ttl = read_be32(message.data + reader->at + 4);
    length = read_be16(message.data + reader->at + 8);
    reader->at += 10;
    if (message.length - reader->at < length)
        return -EBADMSG;
    record->data = (struct baro_bytes){ message.data + reader->at, length };
    if (read_data(message, reader->at, reader->at + length, record) != 0)
        return -EBADMSG;
    reader->at += length;
    reader->left[at_section]--;
    *section = (enum baro_dns_section)at_section;
    return 1;
}

int baro_dns_find_edns(struct baro_bytes message, struct baro_dns_edns *edns)
{
    struct baro_dns_reader reader;
    struct baro_dns_record record;
    enum baro_dns_section section;
    int result;

    *edns = (struct baro_dns_edns){ 0 };
    if (baro_dns_read(&reader, message) != 0)
        return -EBADMSG;
    while ((result = baro_dns_read_record(&reader, &record, &section)) > 0) {
        if (record.type != BARO_DNS_OPT)
            continue;
        if (edns->present || section != BARO_DNS_ADDITIONAL)
            return -EBADMSG;
        edns->present = true;
        edns->udp_size = record.dns_class;
        edns->extended_code = (uint8_t)(record.ttl >> 24);
        edns->version = (uint8_t)(record.ttl >> 16);
        edns->dnssec_ok = (record.ttl & 0x8000) != 0;
    }
    return result;
}

bool baro_dns_text_next(struct baro_bytes *data, struct baro_bytes *string)
{
    if (data->length == 0 || data->data[0] >= data->length)
        return false;
    *string = (struct baro_bytes){ data->data + 1, data->data[0] };
    data->data += 1 + string->length;
    data->length -= 1 + string->length;
    return true;
}

bool baro_dns_nsec_has(struct baro_bytes maps, uint16_t type)
{
    while (maps.length >= 2 && maps.data[1] >= 1 && maps.data[1] <= 32 && maps.length - 2 >= maps.data[1]) {
        size_t length = maps.data[1], octet = (type & 255u) / 8;

        if (maps.data[0] == type >> 8)
            return octet < length && (maps.data[2 + octet] & 0x80u >> type % 8) != 0;
        maps.data += 2 + length;
        maps.length -= 2 + length;
    }
    return false;
}
