/* One line about a frame.
 *
 * The frame may be anything: this is also run on what a hostile peer sent. Every read is bounded
 * by `struct frame_reader`; what is not there reads as 0 and sets `cut`. Nothing is judged here (that is
 * the stack's work), and IP options and TCP options are passed over. */
#include "frame.h"

#include <string.h>

enum { TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806, TYPE_VLAN = 0x8100, TYPE_IPV6 = 0x86DD };
enum { PROTOCOL_ICMP = 1, PROTOCOL_IGMP = 2, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PROTOCOL_ICMPV6 = 58 };
enum { HEADER_HOP_BY_HOP = 0, HEADER_ROUTING = 43, HEADER_FRAGMENT = 44, HEADER_DESTINATION = 60, CHAIN_LIMIT = 16 };

uint32_t frame_number(struct frame_reader *reader, size_t at, unsigned octets)
{
    uint32_t number = 0;
    if (at > reader->length || reader->length - at < octets) {
        reader->cut = true;
        return 0;
    }
    for (unsigned i = 0; i < octets; i++)
        number = number << 8 | reader->data[at + i];
    return number;
}

static void read_octets(struct frame_reader *reader, size_t at, uint8_t *octets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        octets[i] = (uint8_t)frame_number(reader, at + i, 1);
}

void frame_address(struct frame_reader *reader, size_t at, struct baro_address *address, bool ipv6)
{
    address->family = ipv6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4;
    read_octets(reader, at, address->octet, ipv6 ? 16 : 4);
}

static void read_transport(struct frame_view *view, struct frame_reader *reader, size_t at, size_t length)
{
    size_t header = 8;
    if (view->protocol == PROTOCOL_TCP) {
        view->source.port.number = (uint16_t)frame_number(reader, at, 2);
        view->destination.port.number = (uint16_t)frame_number(reader, at + 2, 2);
        view->seq = frame_number(reader, at + 4, 4);
        view->ack = frame_number(reader, at + 8, 4);
        header = (size_t)(frame_number(reader, at + 12, 1) >> 4) * 4;
        view->flags = (uint8_t)frame_number(reader, at + 13, 1);
        view->window = (uint16_t)frame_number(reader, at + 14, 2);
        frame_number(reader, at + 16, 4);
    } else if (view->protocol == PROTOCOL_UDP) {
        view->source.port.number = (uint16_t)frame_number(reader, at, 2);
        view->destination.port.number = (uint16_t)frame_number(reader, at + 2, 2);
        frame_number(reader, at + 4, 4);
    } else if (view->protocol == (view->kind == FRAME_IPV6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP)) {
        view->icmp_type = (uint8_t)frame_number(reader, at, 1);
        view->icmp_code = (uint8_t)frame_number(reader, at + 1, 1);
        frame_number(reader, at + 2, 2);
        frame_number(reader, at + 4, 4);
        if (view->kind == FRAME_IPV6)
            frame_read_icmpv6(view, reader, at);
    } else if (view->kind == FRAME_IPV4 && view->protocol == PROTOCOL_IGMP) {
        view->icmp_type = (uint8_t)frame_number(reader, at, 1);
        frame_number(reader, at + 4, 4);
    } else {
        header = 0;
    }
    view->transport = header != 0 && !reader->cut;
    view->length = length > header ? (unsigned)(length - header) : 0;
}

static void read_ipv4(struct frame_view *view, struct frame_reader *reader, size_t at)
{
    view->kind = FRAME_IPV4;
    size_t header = (size_t)(frame_number(reader, at, 1) & 15) * 4;
    size_t total = frame_number(reader, at + 2, 2);
    view->id = (uint16_t)frame_number(reader, at + 4, 2);
    view->fragment_offset = (frame_number(reader, at + 6, 2) & 0x1FFF) * 8;
    view->protocol = (uint8_t)frame_number(reader, at + 9, 1);
    frame_address(reader, at + 12, &view->source.address, false);
    frame_address(reader, at + 16, &view->destination.address, false);
    if (total == 0 || total < header) /* a super-segment has no room for its length: the frame's end counts */
        total = reader->length - (at < reader->length ? at : reader->length);
    view->length = total > header ? (unsigned)(total - header) : 0;
    if (view->fragment_offset == 0 && header >= 20)
        read_transport(view, reader, at + header, total > header ? total - header : 0);
}

static bool is_extension(uint8_t protocol)
{
    return protocol == HEADER_HOP_BY_HOP || protocol == HEADER_ROUTING || protocol == HEADER_FRAGMENT ||
           protocol == HEADER_DESTINATION;
}

static void read_ipv6(struct frame_view *view, struct frame_reader *reader, size_t at)
{
    view->kind = FRAME_IPV6;
    size_t length = frame_number(reader, at + 4, 2);
    view->protocol = (uint8_t)frame_number(reader, at + 6, 1);
    frame_address(reader, at + 8, &view->source.address, true);
    frame_address(reader, at + 24, &view->destination.address, true);
    at += 40;
    if (length == 0 && !is_extension(view->protocol)) /* a super-segment, as of IPv4 */
        length = reader->length - (at < reader->length ? at : reader->length);
    for (int i = 0; i < CHAIN_LIMIT && is_extension(view->protocol) && view->fragment_offset == 0; i++) {
        size_t header = 8;
        if (view->protocol == HEADER_FRAGMENT) {
            view->fragment = true;
            view->fragment_offset = frame_number(reader, at + 2, 2) & 0xFFF8;
            view->id = frame_number(reader, at + 4, 4);
        } else {
            header += (size_t)frame_number(reader, at + 1, 1) * 8;
        }
        view->protocol = (uint8_t)frame_number(reader, at, 1);
        if (reader->cut || header > length) {
            reader->cut = true;
            return;
        }
        at += header;
        length -= header;
    }
    view->length = (unsigned)length;
    if (view->fragment_offset == 0)
        read_transport(view, reader, at, length);
}

static void read_arp(struct frame_view *view, struct frame_reader *reader, size_t at)
{
    view->kind = FRAME_ARP;
    view->arp_operation = (uint16_t)frame_number(reader, at + 6, 2);
    read_octets(reader, at + 8, view->sender_mac.octet, 6);
    frame_address(reader, at + 14, &view->source.address, false);
    frame_address(reader, at + 24, &view->destination.address, false);
}

bool frame_is_bare(struct baro_bytes frame)
{
    if (frame.length >= 40 && frame.data[0] >> 4 == 6)
        return (size_t)(frame.data[4] << 8 | frame.data[5]) + 40 == frame.length;
    return frame.length >= 20 && frame.data[0] >> 4 == 4 && (frame.data[0] & 15) >= 5 &&
           (size_t)(frame.data[2] << 8 | frame.data[3]) == frame.length;
}

void frame_read(struct frame_view *view, struct baro_bytes frame)
{
    struct frame_reader reader = { frame.data, frame.length, false };
    memset(view, 0, sizeof *view);
    if (frame_is_bare(frame) && frame.data[0] >> 4 == 6) {
        view->type = TYPE_IPV6;
        read_ipv6(view, &reader, 0);
    } else if (frame_is_bare(frame)) {
        view->type = TYPE_IPV4;
        read_ipv4(view, &reader, 0);
    } else {
        size_t at = 14;
        view->type = (uint16_t)frame_number(&reader, 12, 2);
        if (view->type == TYPE_VLAN) {
            view->type = (uint16_t)frame_number(&reader, 16, 2);
            at = 18;
        }
        if (view->type == TYPE_ARP)
            read_arp(view, &reader, at);
        else if (view->type == TYPE_IPV4)
            read_ipv4(view, &reader, at);
        else if (view->type == TYPE_IPV6)
            read_ipv6(view, &reader, at);
        else
            view->length = frame.length > at ? (unsigned)(frame.length - at) : 0;
    }
    view->cut = reader.cut;
}

static void write_arp(struct text *text, const struct frame_view *view, enum baro_language language)
{
    char sender[48], target[48], mac[24];
    struct text out;
    text_init(&out, sender, sizeof sender);
    text_address(&out, &view->source.address);
    text_init(&out, target, sizeof target);
    text_address(&out, &view->destination.address);
    text_init(&out, mac, sizeof mac);
    text_mac(&out, &view->sender_mac);
    text_add(text, "ARP ");
    if (view->arp_operation != 1)
        text_format(text, phrase(PHRASE_ARP_ANSWER, language), sender, mac);
    else if (strcmp(sender, "0.0.0.0") == 0)
        text_format(text, phrase(PHRASE_ARP_PROBE, language), target);
    else if (strcmp(sender, target) == 0)
        text_format(text, phrase(PHRASE_ARP_ANNOUNCE, language), sender, mac);
    else
        text_format(text, phrase(PHRASE_ARP_ASK, language), target, sender);
}

static void write_pair(struct text *text, const struct frame_view *view, const char *name)
{
    bool ports = view->transport && (view->protocol == PROTOCOL_TCP || view->protocol == PROTOCOL_UDP);
    text_format(text, "%s ", name);
    if (ports)
        text_endpoint(text, &view->source);
    else
        text_address(text, &view->source.address);
    text_add(text, " > ");
    if (ports)
        text_endpoint(text, &view->destination);
    else
        text_address(text, &view->destination.address);
}

static void write_tcp(struct text *text, const struct frame_view *view, enum baro_language language,
                      uint32_t seq_base, uint32_t ack_base)
{
    text_add(text, " ");
    text_flags(text, view->flags);
    text_format(text, " seq %lu", (unsigned long)(view->seq - seq_base));
    if (view->flags & 16)
        text_format(text, " ack %lu", (unsigned long)(view->ack - ack_base));
    text_format(text, " win %u, ", view->window);
    if (view->length == 0)
        text_add(text, phrase(PHRASE_CONTROL_ONLY, language));
    else
        text_format(text, phrase(PHRASE_WITH_DATA, language), view->length);
}

static void write_icmp(struct text *text, const struct frame_view *view, enum baro_language language)
{
    text_add(text, " ");
    if (view->icmp_type == 8)
        text_add(text, phrase(PHRASE_ECHO_REQUEST, language));
    else if (view->icmp_type == 0)
        text_add(text, phrase(PHRASE_ECHO_REPLY, language));
    else
        text_format(text, "%u/%u", view->icmp_type, view->icmp_code);
    text_add(text, ", ");
    text_format(text, phrase(PHRASE_OCTETS, language), view->length);
}

/* The words are those of IPv6's messages, which say the same. */
static void write_igmp(struct text *text, const struct frame_view *view, enum baro_language language)
{
    enum { QUERY = 0x11, REPORT_V1 = 0x12, REPORT_V2 = 0x16, LEAVE = 0x17, REPORT_V3 = 0x22 };

    text_add(text, " ");
    if (view->icmp_type == QUERY)
        text_add(text, phrase(PHRASE_MLD_QUERY, language));
    else if (view->icmp_type == REPORT_V1 || view->icmp_type == REPORT_V2 || view->icmp_type == REPORT_V3)
        text_add(text, phrase(PHRASE_MLD_REPORT, language));
    else if (view->icmp_type == LEAVE)
        text_add(text, phrase(PHRASE_MLD_DONE, language));
    else
        text_format(text, "%u", view->icmp_type);
    text_add(text, ", ");
    text_format(text, phrase(PHRASE_OCTETS, language), view->length);
}

static void write_ip(struct text *text, const struct frame_view *view, enum baro_language language,
                     uint32_t seq_base, uint32_t ack_base)
{
    const char *name = view->protocol == PROTOCOL_TCP   ? "TCP"
                       : view->protocol == PROTOCOL_UDP  ? "UDP"
                       : view->kind == FRAME_IPV6 && view->protocol == PROTOCOL_ICMPV6 ? "ICMPv6"
                       : view->kind == FRAME_IPV6                                      ? "IPv6"
                       : view->protocol == PROTOCOL_ICMP                               ? "ICMP"
                       : view->protocol == PROTOCOL_IGMP                               ? "IGMP"
                                                                                       : "IPv4";
    write_pair(text, view, name);
    if (!view->transport) {
        text_add(text, " ");
        if (view->fragment_offset != 0)
            text_format(text, phrase(PHRASE_FRAGMENT, language), view->fragment_offset, (unsigned)view->id);
        else
            text_format(text, phrase(PHRASE_OCTETS, language), view->length);
    } else if (view->protocol == PROTOCOL_TCP) {
        write_tcp(text, view, language, seq_base, ack_base);
    } else if (view->kind == FRAME_IPV6 && view->protocol == PROTOCOL_ICMPV6) {
        frame_write_icmpv6(text, view, language);
    } else if (view->kind == FRAME_IPV4 && view->protocol == PROTOCOL_ICMP) {
        write_icmp(text, view, language);
    } else if (view->kind == FRAME_IPV4 && view->protocol == PROTOCOL_IGMP) {
        write_igmp(text, view, language);
    } else {
        text_add(text, " ");
        text_format(text, phrase(PHRASE_WITH_DATA, language), view->length);
    }
}

void frame_write(struct text *text, const struct frame_view *view, enum baro_language language,
                 uint32_t seq_base, uint32_t ack_base)
{
    if (view->kind == FRAME_ARP) {
        write_arp(text, view, language);
    } else if (view->kind == FRAME_OTHER) {
        text_format(text, phrase(PHRASE_TYPE, language), view->type);
        text_add(text, ", ");
        text_format(text, phrase(PHRASE_OCTETS, language), view->length);
    } else {
        write_ip(text, view, language, seq_base, ack_base);
    }
    if (view->cut)
        text_format(text, " (%s)", phrase(PHRASE_CUT, language));
}

size_t baro_frame_summary(struct baro_bytes frame, enum baro_language language, char *text, size_t size)
{
    struct frame_view view;
    struct text out;
    text_init(&out, text, size);
    frame_read(&view, frame);
    frame_write(&out, &view, language, 0, 0);
    return out.length;
}
