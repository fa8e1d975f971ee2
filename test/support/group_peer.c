/* test/support/group_peer.c: see group_peer.h. */
#include "support/group_peer.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"

static unsigned put_address(uint8_t *at, struct baro_address address)
{
    unsigned size = address.family == BARO_FAMILY_IPV6 ? 16 : 4;

    memcpy(at, address.octet, size);
    return size;
}

static struct baro_address get_address(bool v6, const uint8_t *at)
{
    return v6 ? read_ipv6(at) : read_ipv4(at);
}

/* ---- asking ---- */

static unsigned message_of(const struct peer_query *query, uint8_t *at)
{
    struct baro_address none = { .family = query->v6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4 };
    struct baro_address group = query->group.family == BARO_FAMILY_NONE ? none : query->group;
    unsigned newest = query->v6 ? 2 : 3, length;

    at[0] = (uint8_t)(query->type != 0 ? query->type : query->v6 ? 130 : 0x11);
    if (query->v6) {
        write_be16(at + 4, query->code);
        length = 8 + put_address(at + 8, group);
    } else {
        at[1] = (uint8_t)query->code;
        length = 4 + put_address(at + 4, group);
    }
    if (query->version == 0 || query->version == newest) {
        at[length++] = query->robustness;
        at[length++] = query->interval;
        write_be16(at + length, (uint16_t)(query->claimed != 0 ? query->claimed : query->sources));
        length += 2;
        for (unsigned i = 0; i < query->sources; i++)
            length += put_address(at + length, query->source[i]);
    }
    return length + query->extra - query->cut;
}

static unsigned header_v4(const struct peer_query *query, unsigned length, uint8_t *at)
{
    unsigned header = query->no_alert ? 20 : 24;

    at[0] = (uint8_t)(0x40 | header / 4);
    at[1] = 0xc0;
    write_be16(at + 2, (uint16_t)(header + length));
    write_be16(at + 6, query->first_fragment ? 0x2000 : 0);
    at[8] = query->hop_limit != 0 ? query->hop_limit : 1;
    at[9] = 2;
    put_address(at + 12, query->from);
    put_address(at + 16, query->to);
    if (!query->no_alert)
        memcpy(at + 20, (const uint8_t[]){ 148, 4, 0, 0 }, 4);
    write_be16(at + 10, checksum_fold(checksum_add(0, at, header)));
    return header;
}

static unsigned header_v6(const struct peer_query *query, unsigned length, uint8_t *at)
{
    unsigned header = query->no_alert ? 40 : 48;

    at[0] = 0x60;
    write_be16(at + 4, (uint16_t)(header - 40 + length));
    at[6] = query->no_alert ? 58 : 0;
    at[7] = query->hop_limit != 0 ? query->hop_limit : 1;
    put_address(at + 8, query->from);
    put_address(at + 24, query->to);
    if (!query->no_alert)
        memcpy(at + 40, (const uint8_t[]){ 58, 0, 5, 2, 0, 0, 1, 0 }, 8);
    return header;
}

void peer_ask(struct frame_device *device, const struct peer_query *wanted)
{
    struct peer_query query = *wanted;
    uint8_t frame[PEER_QUERY_LIMIT] = { 0 }, message[PEER_QUERY_LIMIT] = { 0 };
    unsigned length = message_of(&query, message), header;
    uint64_t sum = 0;

    if (query.from.family == BARO_FAMILY_NONE)
        query.from = query.v6 ? baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 0x99) : baro_ipv4(10, 0, 0, 99);
    if (query.to.family == BARO_FAMILY_NONE)
        query.to = query.group.family != BARO_FAMILY_NONE ? query.group
                   : query.v6 ? baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1) : baro_ipv4(224, 0, 0, 1);
    if (query.v6)
        sum = checksum_pseudo(query.from, query.to, 58, length);
    write_be16(message + 2, (uint16_t)(checksum_fold(checksum_add(sum, message, length)) ^ (query.bad_sum ? 1 : 0)));
    memcpy(frame + 6, (const uint8_t[]){ 2, 0, 0, 0, 0, 9 }, 6);
    if (!address_is_multicast(query.to)) {
        memcpy(frame, device->device.mac.octet, 6);
    } else if (query.v6) {
        frame[0] = frame[1] = 0x33;
        memcpy(frame + 2, query.to.octet + 12, 4);
    } else {
        memcpy(frame, (const uint8_t[]){ 1, 0, 0x5e, query.to.octet[1] & 0x7f, query.to.octet[2], query.to.octet[3] },
               6);
    }
    write_be16(frame + 12, query.v6 ? 0x86dd : 0x0800);
    header = query.v6 ? header_v6(&query, length, frame + 14) : header_v4(&query, length, frame + 14);
    memcpy(frame + 14 + header, message, length);
    assert(frame_device_put(device, frame, 14 + header + length));
}

/* ---- listening ---- */

static bool read_records(struct peer_told *told, bool v6, const uint8_t *message, unsigned length)
{
    unsigned size = v6 ? 16 : 4, at = 8;

    told->records = read_be16(message + 6);
    assert(told->records <= PEER_RECORDS);
    for (unsigned i = 0; i < told->records; i++) {
        struct peer_record *record = &told->record[i];

        if (at + 4 + size > length)
            return false;
        record->type = message[at];
        record->sources = read_be16(message + at + 2);
        record->group = get_address(v6, message + at + 4);
        at += 4 + size;
        assert(record->sources <= PEER_SOURCES);
        if (at + record->sources * size > length)
            return false;
        for (unsigned j = 0; j < record->sources; j++, at += size)
            record->source[j] = get_address(v6, message + at);
    }
    return at == length;
}

static bool read_message(struct peer_told *told, bool v6, const uint8_t *message, unsigned length)
{
    uint64_t sum = v6 ? checksum_pseudo(told->source, told->destination, 58, length) : 0;

    told->type = message[0];
    told->sum_right = checksum_fold(checksum_add(sum, message, length)) == 0;
    if (told->type == 0x22 || told->type == 143)
        return read_records(told, v6, message, length);
    told->group = get_address(v6, message + (v6 ? 8 : 4));
    return length == (v6 ? 24U : 8U);
}

static bool read_packet(struct peer_told *told, const uint8_t *packet, unsigned length)
{
    unsigned header = 48;
    bool v6 = packet[0] >> 4 == 6;

    memset(told, 0, sizeof *told);
    told->source = get_address(v6, packet + (v6 ? 8 : 12));
    told->destination = get_address(v6, packet + (v6 ? 24 : 16));
    if (v6) {
        if (packet[6] != 0 || packet[40] != 58 || (packet[48] != 131 && packet[48] != 132 && packet[48] != 143))
            return false;
        told->alert = memcmp(packet + 41, (const uint8_t[]){ 0, 5, 2, 0, 0 }, 5) == 0;
        told->ttl = packet[7];
        told->octets = 40U + read_be16(packet + 4);
    } else {
        if (packet[9] != 2)
            return false;
        header = (packet[0] & 15U) * 4;
        told->alert = header == 24 && memcmp(packet + 20, (const uint8_t[]){ 148, 4, 0, 0 }, 4) == 0;
        told->ttl = packet[8];
        told->tos = packet[1];
        told->octets = read_be16(packet + 2);
    }
    assert(told->octets <= length);
    assert(read_message(told, v6, packet + header, told->octets - header));
    return true;
}

bool peer_told(struct frame_device *device, struct peer_told *told)
{
    const struct device_frame *frame;

    while ((frame = frame_device_take(device)) != NULL) {
        uint16_t type = read_be16(frame->data + 12);

        if ((type == 0x0800 || type == 0x86dd) && read_packet(told, frame->data + 14, frame->length - 14))
            return true;
    }
    return false;
}

const struct peer_record *peer_record_of(const struct peer_told *told, struct baro_address group)
{
    group.zone = 0;
    for (unsigned i = 0; i < told->records; i++) {
        if (address_equal(told->record[i].group, group))
            return &told->record[i];
    }
    return NULL;
}
