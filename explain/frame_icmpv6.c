/* ICMPv6 in one line: errors, echo, neighbour discovery and multicast listeners (RFC 4443, 4861, 3810).
 *
 * Of neighbour discovery the target and the link-layer address are read, of an advertisement of a router its
 * lifetime, as far as they are there; options are walked at most OPTION_LIMIT long, and one of length 0 ends them. */
#include "frame.h"

enum {
    UNREACHABLE = 1,
    PACKET_TOO_BIG = 2,
    TIME_EXCEEDED = 3,
    PARAMETER_PROBLEM = 4,
    ECHO_REQUEST = 128,
    ECHO_REPLY = 129,
    MLD_QUERY = 130,
    MLD_REPORT = 131,
    MLD_DONE = 132,
    ROUTER_SOLICITATION = 133,
    ROUTER_ADVERTISEMENT = 134,
    NEIGHBOUR_SOLICITATION = 135,
    NEIGHBOUR_ADVERTISEMENT = 136,
    REDIRECT = 137,
    MLD_REPORT_V2 = 143
};
enum { OPTION_SOURCE_MAC = 1, OPTION_TARGET_MAC = 2, OPTION_LIMIT = 16 };

static void read_mac_option(struct frame_view *view, const struct frame_reader *reader, size_t at)
{
    for (int i = 0; i < OPTION_LIMIT && at < reader->length && reader->length - at >= 8; i++) {
        size_t length = (size_t)reader->data[at + 1] * 8;
        uint8_t type = reader->data[at];
        if (length == 0 || length > reader->length - at)
            return;
        if (type == OPTION_SOURCE_MAC || type == OPTION_TARGET_MAC) {
            for (unsigned j = 0; j < 6; j++)
                view->sender_mac.octet[j] = reader->data[at + 2 + j];
            view->has_mac = true;
            return;
        }
        at += length;
    }
}

void frame_read_icmpv6(struct frame_view *view, struct frame_reader *reader, size_t at)
{
    view->icmp_word = frame_number(reader, at + 4, 4);
    if (view->icmp_type >= NEIGHBOUR_SOLICITATION && view->icmp_type <= REDIRECT) {
        frame_address(reader, at + 8, &view->target, true);
        read_mac_option(view, reader, at + (view->icmp_type == REDIRECT ? 40 : 24));
    } else if (view->icmp_type == ROUTER_SOLICITATION || view->icmp_type == ROUTER_ADVERTISEMENT) {
        read_mac_option(view, reader, at + (view->icmp_type == ROUTER_SOLICITATION ? 8 : 16));
    }
}

static void write_neighbour(struct text *text, const struct frame_view *view, enum baro_language language)
{
    static const struct baro_address nobody = { .family = BARO_FAMILY_IPV6 };
    char target[64], mac[24];
    struct text out;
    bool probe = true;
    text_init(&out, target, sizeof target);
    text_address(&out, &view->target);
    text_init(&out, mac, sizeof mac);
    text_mac(&out, &view->sender_mac);
    for (unsigned i = 0; i < 16; i++)
        probe = probe && view->source.address.octet[i] == nobody.octet[i];
    if (view->icmp_type == NEIGHBOUR_SOLICITATION)
        text_format(text, phrase(probe ? PHRASE_ARP_PROBE : PHRASE_ND_ASK, language), target);
    else if (view->icmp_type == REDIRECT)
        text_format(text, phrase(PHRASE_ND_REDIRECT, language), target);
    else if (view->has_mac)
        text_format(text, phrase(PHRASE_ARP_ANSWER, language), target, mac);
    else
        text_format(text, phrase(PHRASE_ND_HERE, language), target);
}

static enum phrase error_phrase(uint8_t type)
{
    return type == UNREACHABLE      ? PHRASE_UNREACHABLE
           : type == PACKET_TOO_BIG ? PHRASE_TOO_BIG
           : type == TIME_EXCEEDED  ? PHRASE_TIME_EXCEEDED
                                    : PHRASE_PARAMETER;
}

static enum phrase other_phrase(uint8_t type)
{
    switch (type) {
    case ECHO_REQUEST:
        return PHRASE_ECHO_REQUEST;
    case ECHO_REPLY:
        return PHRASE_ECHO_REPLY;
    case MLD_QUERY:
        return PHRASE_MLD_QUERY;
    case MLD_REPORT:
    case MLD_REPORT_V2:
        return PHRASE_MLD_REPORT;
    case MLD_DONE:
        return PHRASE_MLD_DONE;
    case ROUTER_SOLICITATION:
        return PHRASE_ROUTER_ASK;
    default:
        return PHRASE_COUNT;
    }
}

void frame_write_icmpv6(struct text *text, const struct frame_view *view, enum baro_language language)
{
    enum phrase words = other_phrase(view->icmp_type);
    text_add(text, " ");
    if (view->icmp_type >= NEIGHBOUR_SOLICITATION && view->icmp_type <= REDIRECT) {
        write_neighbour(text, view, language);
        return;
    }
    if (view->icmp_type == ROUTER_ADVERTISEMENT) {
        text_format(text, phrase(PHRASE_ROUTER_HERE, language), (unsigned)(view->icmp_word & 0xFFFF));
        return;
    }
    if (view->icmp_type >= UNREACHABLE && view->icmp_type <= PARAMETER_PROBLEM) {
        text_add(text, phrase(error_phrase(view->icmp_type), language));
        if (view->icmp_type == PACKET_TOO_BIG)
            text_format(text, ", MTU %lu", (unsigned long)view->icmp_word);
        else
            text_format(text, " (%u/%u)", view->icmp_type, view->icmp_code);
    } else if (words != PHRASE_COUNT) {
        text_add(text, phrase(words, language));
    } else {
        text_format(text, "%u/%u", view->icmp_type, view->icmp_code);
    }
    text_add(text, ", ");
    text_format(text, phrase(PHRASE_OCTETS, language), view->length);
}
