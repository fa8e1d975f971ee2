/* What differs between IPv4 and IPv6 in the telling of one event: the source it cites and the label of its line.
 *
 * The core has one event for both families wherever it has one way for both; the list of events cites what holds for
 * IPv4 or for both. An event's family is that of its addresses, or the Ethernet type; one without any (a protocol
 * number, a drop) is of the family of the block it stands in. Here stand the citations that hold for IPv6 instead;
 * an event or a reason without a line here cites the same for both. */
#include "words.h"

#include <string.h>

enum { TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806, TYPE_IPV6 = 0x86DD };

static uint8_t family_of_type(uint64_t type)
{
    return type == TYPE_IPV6 ? BARO_FAMILY_IPV6 : type == TYPE_IPV4 || type == TYPE_ARP ? BARO_FAMILY_IPV4 : 0;
}

uint8_t event_family(const struct baro_trace_event *event)
{
    const char *at = event->kind < BARO_TRACE_COUNT ? baro_trace_arguments(event->kind) : "";
    for (int i = 0; *at != '\0' && i < BARO_TRACE_ARGUMENTS; i++) {
        at += strcspn(at, ":");
        uint8_t family = event->value[i].as.endpoint.address.family;
        if (at[0] == ':' && (at[1] == 'a' || at[1] == 'e') && family != BARO_FAMILY_NONE)
            return family;
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    if (event->kind == BARO_TRACE_ETHERNET_IN || event->kind == BARO_TRACE_ETHERNET_OUT)
        return family_of_type(event->value[2].as.number);
    return BARO_FAMILY_NONE;
}

static const char *const sources[BARO_TRACE_COUNT] = {
    [BARO_TRACE_ETHERNET_IN] = "RFC 2464 §3",
    [BARO_TRACE_ETHERNET_OUT] = "RFC 2464 §3",
    [BARO_TRACE_NEIGHBOUR] = "RFC 4861 §7.3.2",
    [BARO_TRACE_NEIGHBOUR_WAIT] = "RFC 4861 §7.2.2",
    [BARO_TRACE_IP_IN] = "RFC 8200 §3",
    [BARO_TRACE_IP_OUT] = "RFC 8200 §3",
    [BARO_TRACE_IP_OPTIONS] = "RFC 8200 §4.2",
    [BARO_TRACE_IP_DELIVERY] = "RFC 4291 §2.8",
    [BARO_TRACE_ROUTE] = "RFC 4861 §5.2",
    [BARO_TRACE_FORWARDED] = "RFC 8200 §3",
    [BARO_TRACE_PATH_MTU] = "RFC 8201 §4",
    [BARO_TRACE_FRAGMENT_HELD] = "RFC 8200 §4.5",
    [BARO_TRACE_FRAGMENTS_WHOLE] = "RFC 8200 §4.5",
    [BARO_TRACE_FRAGMENTS_TIMEOUT] = "RFC 8200 §4.5",
    [BARO_TRACE_FRAGMENT_OUT] = "RFC 8200 §4.5",
    [BARO_TRACE_LOOPBACK] = "RFC 4291 §2.5.3",
    [BARO_TRACE_ICMP_IN] = "RFC 4443 §2.1",
    [BARO_TRACE_ICMP_OUT] = "RFC 4443 §2.1",
    [BARO_TRACE_ICMP_ECHO] = "RFC 4443 §4.2",
    [BARO_TRACE_ICMP_ERROR_MATCHED] = "RFC 4443 §2.4 (d), RFC 5927 §4",
    [BARO_TRACE_ICMP_SUPPRESSED] = "RFC 4443 §2.4 (e), (f)",
    [BARO_TRACE_GROUP_HEARD] = "RFC 3810 §4.2",
    [BARO_TRACE_GROUP_VERSION] = "RFC 3810 §8.2.1",
    [BARO_TRACE_GROUP_MESSAGE_IN] = "RFC 3810 §5",
    [BARO_TRACE_GROUP_MESSAGE_OUT] = "RFC 3810 §5",
    [BARO_TRACE_PROTOCOL] = "RFC 8200 §4",
    [BARO_TRACE_UDP_IN] = "RFC 768, RFC 8200 §8.1",
    [BARO_TRACE_UDP_OUT] = "RFC 768, RFC 8200 §8.1",
};

static const char *const drop_sources[BARO_DROP_COUNT] = {
    [BARO_DROP_NEIGHBOUR_QUEUE_FULL] = "RFC 4861 §7.2.2",
    [BARO_DROP_NEIGHBOUR_UNREACHABLE] = "RFC 4861 §7.2.2",
    [BARO_DROP_IP_TRUNCATED] = "RFC 8200 §3",
    [BARO_DROP_IP_VERSION] = "RFC 8200 §3",
    [BARO_DROP_IP_BAD_OPTION] = "RFC 8200 §4.2",
    [BARO_DROP_IP_SOURCE_ROUTE] = "RFC 5095 §3",
    [BARO_DROP_IP_MARTIAN_SOURCE] = "RFC 4291 §2.5.3, §2.7",
    [BARO_DROP_IP_MARTIAN_DESTINATION] = "RFC 4291 §2.5.2, §2.5.3",
    [BARO_DROP_IP_NOT_FOR_ME] = "RFC 8200 §3",
    [BARO_DROP_IP_NOT_FORWARDED] = "RFC 4291 §2.5.6, §2.7",
    [BARO_DROP_IP_TTL_EXPIRED] = "RFC 8200 §3",
    [BARO_DROP_IP_NO_ROUTE] = "RFC 4861 §5.2",
    [BARO_DROP_IP_TOO_BIG] = "RFC 8200 §5",
    [BARO_DROP_IP_GROUP_STAYS] = "RFC 4291 §2.7",
    [BARO_DROP_FRAGMENT_MALFORMED] = "RFC 8200 §4.5",
    [BARO_DROP_FRAGMENT_OVERLAP] = "RFC 5722 §4",
    [BARO_DROP_FRAGMENT_DUPLICATE] = "RFC 8200 §4.5",
    [BARO_DROP_FRAGMENT_TOO_LONG] = "RFC 8200 §4.5",
    [BARO_DROP_FRAGMENT_MEMORY] = "RFC 8200 §4.5",
    [BARO_DROP_FRAGMENT_TIMEOUT] = "RFC 8200 §4.5",
    [BARO_DROP_PROTOCOL_UNKNOWN] = "RFC 8200 §4",
    [BARO_DROP_ICMP_TRUNCATED] = "RFC 4443 §2.1",
    [BARO_DROP_ICMP_CHECKSUM] = "RFC 4443 §2.3",
    [BARO_DROP_ICMP_TYPE_UNKNOWN] = "RFC 4443 §2.4 (b)",
    [BARO_DROP_ICMP_RATE_LIMIT] = "RFC 4443 §2.4 (f)",
    [BARO_DROP_UDP_CHECKSUM] = "RFC 8200 §8.1",
    [BARO_DROP_UDP_NO_SOCKET] = "RFC 4443 §3.1",
};

const char *event_source(const struct baro_trace_event *event, bool ipv6)
{
    const char *source = NULL;
    if (event->kind == BARO_TRACE_DROP) { /* where and why it ended is the reason's own */
        uint64_t reason = event->value[0].as.number;
        if (ipv6 && reason < BARO_DROP_COUNT)
            source = drop_sources[reason];
        return source != NULL ? source : baro_drop_source((enum baro_drop_reason)reason);
    }
    if (ipv6 && event->kind < BARO_TRACE_COUNT)
        source = sources[event->kind];
    return source != NULL ? source : baro_trace_source(event->kind);
}

const char *event_label(enum baro_trace_kind kind, enum baro_language language, bool ipv6)
{
    if (ipv6 && (kind == BARO_TRACE_NEIGHBOUR || kind == BARO_TRACE_NEIGHBOUR_WAIT))
        return phrase(PHRASE_NEIGHBOURS, language);
    if (ipv6 && kind >= BARO_TRACE_ICMP_IN && kind <= BARO_TRACE_ICMP_SUPPRESSED)
        return "ICMPv6";
    return words_of(kind, language)->label;
}
