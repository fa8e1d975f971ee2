/* host/device/whole.c: see whole.h. Headers as in RFC 791 §3.1, RFC 8200 §3, RFC 9293 §3.1 and RFC 768.
 *
 * Limits: IPv6 extension headers and tunnels are not looked through; the kernel makes no super-segments of those unless
 * it was told to. Everything is read from the frame alone and bounded by its length. */
#include "whole.h"

#include <string.h>

enum {
    ETHERNET = 14,
    TYPE_IPV4 = 0x0800,
    TYPE_IPV6 = 0x86dd,
    TCP = 6,
    UDP = 17,
    FLAG_FIN = 0x01,
    FLAG_PSH = 0x08,
    FLAG_CWR = 0x80
};

static uint32_t read16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static void write16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint32_t read32(const uint8_t *at)
{
    return read16(at) << 16 | read16(at + 2);
}

static void write32(uint8_t *at, uint32_t value)
{
    write16(at, value >> 16);
    write16(at + 2, value & 0xffff);
}

/* RFC 1071, in the machine's order of octets: folded it is the sum of the 16-bit words as they lie. */
static uint64_t add(uint64_t sum, const uint8_t *octets, uint32_t length)
{
    uint16_t last = 0;

    for (; length >= 4; octets += 4, length -= 4) {
        uint32_t word;

        memcpy(&word, octets, 4);
        sum += word;
    }
    if (length >= 2) {
        uint16_t word;

        memcpy(&word, octets, 2);
        sum += word;
        octets += 2;
        length -= 2;
    }
    if (length != 0)
        memcpy(&last, octets, 1);
    return sum + last;
}

static uint16_t fold(uint64_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* The value in the machine's order that lies in memory as `value` in the network's. */
static uint16_t as_it_lies(uint32_t value)
{
    const uint8_t octets[2] = { (uint8_t)(value >> 8), (uint8_t)value };
    uint16_t lies;

    memcpy(&lies, octets, 2);
    return lies;
}

static uint64_t pseudo_header(const uint8_t *frame, const struct whole_transport *transport, uint32_t length)
{
    const uint8_t *ip = frame + transport->ip;
    uint64_t sum = transport->ipv4 ? add(0, ip + 12, 8) : add(0, ip + 8, 32);

    return sum + as_it_lies(transport->protocol) + as_it_lies(length >> 16) + as_it_lies(length & 0xffff);
}

static bool find_transport(const uint8_t *frame, uint32_t length, struct whole_transport *transport)
{
    uint32_t at = transport->transport;

    if (transport->protocol == UDP && length >= at + 8) {
        transport->payload = at + 8;
        transport->checksum = at + 6;
        return true;
    }
    if (transport->protocol != TCP || length < at + 20)
        return false;
    transport->payload = at + (uint32_t)(frame[at + 12] >> 4) * 4;
    transport->checksum = at + 16;
    return transport->payload >= at + 20 && transport->payload <= length;
}

bool whole_find(const uint8_t *frame, uint32_t length, struct whole_transport *transport)
{
    const uint8_t *ip = frame + ETHERNET;
    uint32_t header;

    *transport = (struct whole_transport){ .ip = ETHERNET };
    if (length < ETHERNET + 20)
        return false;
    if (read16(frame + 12) == TYPE_IPV4) {
        header = (uint32_t)(ip[0] & 15) * 4;
        if (ip[0] >> 4 != 4 || header < 20 || length < ETHERNET + header || (read16(ip + 6) & 0x3fff) != 0)
            return false;
        transport->ipv4 = true;
        transport->protocol = ip[9];
        transport->transport = ETHERNET + header;
        transport->end = ETHERNET + read16(ip + 2);
        return find_transport(frame, length, transport);
    }
    if (read16(frame + 12) != TYPE_IPV6 || length < ETHERNET + 40 || ip[0] >> 4 != 6)
        return false;
    transport->protocol = ip[6];
    transport->transport = ETHERNET + 40;
    transport->end = ETHERNET + 40 + read16(ip + 4);
    return find_transport(frame, length, transport);
}

bool whole_complete(uint8_t *frame, uint32_t length, uint32_t start, uint32_t offset)
{
    uint16_t sum;

    if (start > length || offset > length - start || length - start - offset < 2)
        return false;
    sum = (uint16_t)~fold(add(0, frame + start, length - start));
    if (sum == 0)
        sum = 0xffff; /* RFC 768: 0 would say that there is none; for TCP both are the same */
    memcpy(frame + start + offset, &sum, 2);
    return true;
}

bool whole_is_undone(const uint8_t *frame, uint32_t length, const struct whole_transport *transport)
{
    uint16_t held;

    if (transport->end < transport->payload || transport->end > length) /* a short frame is padded behind the packet */
        return false;
    memcpy(&held, frame + transport->checksum, 2);
    return held == fold(pseudo_header(frame, transport, transport->end - transport->transport));
}

bool whole_cut_begin(struct whole_cut *cut, const uint8_t *frame, uint32_t length, uint32_t size, uint32_t most)
{
    *cut = (struct whole_cut){ .frame = frame, .length = length, .size = size };
    return size != 0 && whole_find(frame, length, &cut->transport) && size <= most &&
           cut->transport.payload <= most - size && length > cut->transport.payload;
}

static void fix_ip(const struct whole_cut *cut, uint8_t *piece, uint32_t length)
{
    uint8_t *ip = piece + cut->transport.ip;
    uint16_t sum;

    if (!cut->transport.ipv4) {
        write16(ip + 4, length - cut->transport.transport);
        return;
    }
    write16(ip + 2, length - cut->transport.ip);
    write16(ip + 4, read16(ip + 4) + cut->pieces);
    write16(ip + 10, 0);
    sum = (uint16_t)~fold(add(0, ip, cut->transport.transport - cut->transport.ip));
    memcpy(ip + 10, &sum, 2);
}

uint32_t whole_cut_next(struct whole_cut *cut, uint8_t *piece)
{
    const struct whole_transport *transport = &cut->transport;
    uint32_t left = cut->length - transport->payload - cut->at;
    uint32_t octets = left < cut->size ? left : cut->size;
    uint32_t length = transport->payload + octets;
    uint8_t *header = piece + transport->transport;
    uint16_t pseudo;

    if (left == 0)
        return 0;
    memcpy(piece, cut->frame, transport->payload);
    memcpy(piece + transport->payload, cut->frame + transport->payload + cut->at, octets);
    fix_ip(cut, piece, length);
    if (transport->protocol == UDP) {
        write16(header + 4, 8 + octets);
    } else {
        write32(header + 4, read32(header + 4) + cut->at);
        if (octets < left)
            header[13] = (uint8_t)(header[13] & ~(FLAG_FIN | FLAG_PSH));
        if (cut->at != 0)
            header[13] = (uint8_t)(header[13] & ~FLAG_CWR); /* RFC 3168 §6.1.2: once a reduction */
    }
    pseudo = fold(pseudo_header(piece, transport, length - transport->transport));
    memcpy(piece + transport->checksum, &pseudo, 2);
    (void)whole_complete(piece, length, transport->transport, transport->checksum - transport->transport);
    cut->at += octets;
    cut->pieces++;
    return length;
}
