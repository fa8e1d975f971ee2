/* baro/drop_reasons.h: why a frame, packet or segment goes no further.
 *
 * One list feeds the counters, the trace, the docs and the tests. A line is
 * X(NAME, step, "what a person reads", "source"), ordered by the way up.
 * Steps are those of a frame's way up, 1 signal to 10 protocol number; 11 is the socket. */
#ifndef BARO_DROP_REASONS_H
#define BARO_DROP_REASONS_H

#define BARO_DROP_REASONS(X)                                                                        \
    /* 1 signal */                                                                                  \
    X(SIGNAL_NO_LOCK, 1, "no clock or descrambler lock", "IEEE 802.3 §14.3, §24.2")                 \
    X(SIGNAL_BAD_SYMBOL, 1, "a symbol that the line code does not have", "IEEE 802.3 §7.3, §24.2")  \
    X(SIGNAL_FALSE_CARRIER, 1, "carrier without a start delimiter", "IEEE 802.3 §24.2")             \
    X(SIGNAL_NO_START, 1, "no start of frame delimiter", "IEEE 802.3 §3.2.2")                       \
    X(LINK_DOWN, 1, "the link is down", "IEEE 802.3 §14.2.1.7")                                     \
    /* 2 FCS */                                                                                     \
    X(FCS_WRONG, 2, "frame check sequence wrong", "IEEE 802.3 §3.2.9")                              \
    X(FRAME_RUNT, 2, "frame shorter than 64 octets", "IEEE 802.3 §3.2.8")                           \
    X(FRAME_GIANT, 2, "frame longer than allowed", "IEEE 802.3 §3.2.7")                             \
    /* 3 MAC filter */                                                                              \
    X(MAC_NOT_MINE, 3, "destination MAC address is not mine", "IEEE 802.3 §3.2.3")                  \
    /* 4 rings */                                                                                   \
    X(RX_RING_FULL, 4, "receive ring full (overrun)", "-")                                          \
    X(TX_RING_FULL, 4, "transmit ring full", "-")                                                   \
    /* 6 type field */                                                                              \
    X(ETHERNET_TRUNCATED, 6, "frame shorter than its header", "IEEE 802.3 §3.1.1")                  \
    X(ETHERNET_LENGTH_FIELD, 6, "802.3 length field, no type", "RFC 894, RFC 1042")                 \
    X(ETHERNET_TYPE_UNKNOWN, 6, "type field names no software of ours", "RFC 894")                  \
    X(VLAN_NESTED, 6, "more than one VLAN tag", "IEEE 802.1Q")                                      \
    X(SOURCE_MAC_GROUP, 6, "source MAC is a group address", "IEEE 802.3 §3.2.3")                    \
    X(SOURCE_MAC_MINE, 6, "source MAC is my own", "IEEE 802.3 §3.2.3")                              \
    X(ARP_MALFORMED, 7, "ARP packet malformed", "RFC 826")                                          \
    X(ARP_BAD_SENDER, 7, "ARP sender address unusable", "RFC 826, RFC 5227")                        \
    X(ARP_NOT_FOR_ME, 7, "ARP for another host", "RFC 826")                                         \
    X(ARP_CONFLICT, 7, "another host uses my address", "RFC 5227 §2.4")                             \
    X(NEIGHBOUR_QUEUE_FULL, 7, "too many packets wait for the neighbour", "RFC 1122 §2.3.2.2")      \
    X(NEIGHBOUR_UNREACHABLE, 7, "nobody answered the neighbour request", "RFC 1122 §2.3.2.1")       \
    /* 8 IP header */                                                                               \
    X(IP_TRUNCATED, 8, "packet shorter than its header says", "RFC 791 §3.1")                       \
    X(IP_VERSION, 8, "IP version wrong", "RFC 1122 §3.2.1.1")                                       \
    X(IP_HEADER_LENGTH, 8, "header length below 20 or above the total length", "RFC 791 §3.1")      \
    X(IP_CHECKSUM, 8, "IP header checksum wrong", "RFC 1122 §3.2.1.2")                              \
    X(IP_BAD_OPTION, 8, "malformed IP option", "RFC 791 §3.1")                                      \
    X(IP_SOURCE_ROUTE, 8, "source route refused", "RFC 7126 §4.3")                                  \
    X(IP_MARTIAN_SOURCE, 8, "source address impossible here", "RFC 1122 §3.2.1.3")                  \
    X(IP_MARTIAN_DESTINATION, 8, "destination address impossible here", "RFC 1122 §3.2.1.3")        \
    X(IP_NOT_FOR_ME, 8, "destination address is not mine", "RFC 1122 §3.2.1.3")                     \
    X(IP_NOT_FORWARDED, 8, "a group's, a broadcast's or a link's own: not passed on", "RFC 1812 §5.3.4") \
    X(IP_UNICAST_IN_BROADCAST, 8, "unicast packet in a broadcast frame", "RFC 1122 §3.3.6")         \
    X(IP_TTL_EXPIRED, 8, "time to live exceeded", "RFC 791 §3.2")                                   \
    X(IP_NO_ROUTE, 8, "no route to the destination", "RFC 1122 §3.3.1")                             \
    X(IP_TOO_BIG, 8, "larger than the path allows and not to be fragmented", "RFC 1191 §4")         \
    X(IP_GROUP_STAYS, 8, "to a group on this host only, which nobody here is in", "RFC 1112 §6.1")      \
    X(IP_BROADCAST_REFUSED, 8, "broadcast not permitted on this socket", "RFC 1122 §3.3.6")         \
    X(IPV6_CHAIN_TRUNCATED, 8, "an extension header runs past the packet", "RFC 8200 §4")           \
    X(IPV6_CHAIN_TOO_LONG, 8, "more extension headers, options or padding than is looked at", "RFC 8504 §5.3") \
    X(IPV6_HOP_BY_HOP, 8, "hop-by-hop header not in the first place", "RFC 8200 §4.1")              \
    X(IPV6_UNKNOWN_OPTION, 8, "unknown option that says: discard the packet", "RFC 8200 §4.2")      \
    X(IPV6_ROUTING_HEADER, 8, "routing header with segments left", "RFC 8200 §4.4, RFC 5095 §3")    \
    X(IPV6_NOTHING_FOLLOWS, 8, "no next header: nothing to deliver", "RFC 8200 §4.7")               \
    X(IPV6_UNFINISHED, 8, "left for a device to finish, behind extension headers: not passed on", "RFC 8200 §8.1") \
    /* 9 fragments */                                                                               \
    X(FRAGMENT_MALFORMED, 9, "fragment length not a multiple of eight, or empty", "RFC 791 §3.2")   \
    X(FRAGMENT_OVERLAP, 9, "fragments overlap", "RFC 5722, RFC 8900")                               \
    X(FRAGMENT_DUPLICATE, 9, "fragment held already", "RFC 815")                                    \
    X(FRAGMENT_TOO_LONG, 9, "fragments add up to more than 65535", "RFC 791 §3.2")                  \
    X(FRAGMENT_MEMORY, 9, "no memory for another fragment", "RFC 1122 §3.3.2")                      \
    X(FRAGMENT_TIMEOUT, 9, "fragments did not all come in time", "RFC 1122 §3.3.2")                 \
    X(FRAGMENT_MARKS, 9, "a fragment is marked as congested, another not ECN-capable", "RFC 3168 §5.3") \
    X(FRAGMENT_CHAIN, 9, "first fragment without all of the headers", "RFC 7112 §5, RFC 8200 §4.5") \
    X(FRAGMENT_NESTED, 9, "a fragment within a fragment", "RFC 8200 §4.5")                          \
    /* 10 protocol number */                                                                        \
    X(SHARD_OTHER, 10, "the flow of another stack behind this address", "-")                        \
    X(PROTOCOL_UNKNOWN, 10, "protocol number names no software of ours", "RFC 1122 §3.2.2.1")       \
    X(ICMP_TRUNCATED, 10, "ICMP message too short", "RFC 792")                                      \
    X(ICMP_CHECKSUM, 10, "ICMP checksum wrong", "RFC 792")                                          \
    X(ICMP_TYPE_UNKNOWN, 10, "ICMP type not spoken here", "RFC 1122 §3.2.2, RFC 6918")              \
    X(ICMP_TO_GROUP, 10, "echo request to a broadcast or multicast address", "RFC 1122 §3.2.2.6")   \
    X(ICMP_NO_MATCH, 10, "ICMP error about nothing of ours", "RFC 5927 §4")                         \
    X(ICMP_NOT_OURS, 10, "echo request to a host behind this gateway", "RFC 1812 §5.2.7.1")           \
    X(ICMP_RATE_LIMIT, 10, "ICMP rate limit", "RFC 1812 §4.3.2.8")                                  \
    X(ND_FRAGMENTED, 10, "neighbour discovery in fragments", "RFC 6980 §5")                         \
    X(ND_HOP_LIMIT, 10, "neighbour discovery from beyond a router: hop limit not 255", "RFC 4861 §6.1, §7.1, §8.1")\
    X(ND_MALFORMED, 10, "neighbour discovery message malformed", "RFC 4861 §6.1, §7.1, §8.1")       \
    X(ND_BAD_SOURCE, 10, "neighbour discovery from a source that may not say that", "RFC 4861 §6.1, §7.1, §8.1")\
    X(ND_DUPLICATE, 10, "another host has the address that I ask for", "RFC 4862 §5.4")             \
    X(ND_LOOPED, 10, "my own question about an address came back to me", "RFC 7527 §4.1")            \
    X(ND_NOT_FOR_ME, 10, "neighbour solicitation for an address that is not mine", "RFC 4861 §7.2.3") \
    X(ND_NOT_LISTENING, 10, "what a router says and this interface does not take from it", "RFC 4861 §6.2.2, §6.3.4, §8.1") \
    X(ND_NOT_ADVERTISING, 10, "a host asks for routers, and I am none here", "RFC 4861 §6.1.1")       \
    X(ND_BAD_ADDRESS, 10, "neighbour discovery about an address that cannot be meant", "RFC 4861 §7.1, §8.1")\
    X(GROUP_MALFORMED, 10, "group membership message malformed, or in fragments", "RFC 3376 §4, §7.1, RFC 3810 §5, §8.1") \
    X(GROUP_CHECKSUM, 10, "group membership message's checksum wrong", "RFC 3376 §4.1.2, RFC 3810 §5.1.2") \
    X(GROUP_TYPE_UNKNOWN, 10, "IGMP type not spoken here", "RFC 3376 §4")                           \
    X(GROUP_HOP_LIMIT, 10, "group membership message from beyond a router: TTL or hop limit not 1", "RFC 3376 §4, RFC 3810 §6.2") \
    X(GROUP_BAD_SOURCE, 10, "multicast listener message from a source that is not link-local", "RFC 3810 §5.1.14") \
    X(GROUP_NO_ALERT, 10, "group membership query without the router alert option", "RFC 3376 §9.1, RFC 3810 §6.2") \
    X(GROUP_BAD_DESTINATION, 10, "query about all groups that went to one of them", "RFC 3376 §9.1, RFC 3810 §5.1.15") \
    X(GROUP_FOR_ROUTERS, 10, "group membership message that only routers hear", "RFC 3376 §5, RFC 3810 §6") \
    X(UDP_TRUNCATED, 10, "UDP length wrong", "RFC 768")                                             \
    X(UDP_CHECKSUM, 10, "UDP checksum wrong", "RFC 1122 §4.1.3.4")                                  \
    X(UDP_NO_SOCKET, 10, "no socket on that UDP port", "RFC 1122 §4.1.3.1")                         \
    X(GROUP_SOURCE_REFUSED, 10, "no member of the group wants to hear that source", "RFC 3376 §3.1, RFC 3810 §4.2") \
    X(UDP_QUEUE_FULL, 10, "the socket's receive buffer is full", "-")                               \
    X(TCP_TRUNCATED, 10, "TCP header longer than the segment", "RFC 9293 §3.1")                     \
    X(TCP_CHECKSUM, 10, "TCP checksum wrong", "RFC 9293 §3.1 MUST-3")                               \
    X(TCP_TO_GROUP, 10, "segment to a broadcast or multicast address", "RFC 9293 §3.9.2.3 MUST-57") \
    X(TCP_BAD_SOURCE, 10, "segment from an impossible source", "RFC 9293 §3.9.2.3 MUST-63")         \
    X(TCP_LAND, 10, "source and destination are the same", "RFC 9293 §3.9.2.3")                     \
    X(TCP_NO_CONNECTION, 10, "no connection or listener for the four-tuple", "RFC 9293 §3.10.7.1")  \
    X(TCP_BAD_FLAGS, 10, "flags that make no sense in this state", "RFC 9293 §3.10.7")              \
    X(TCP_OUT_OF_WINDOW, 10, "segment outside the receive window", "RFC 9293 §3.10.7.4")            \
    X(TCP_BAD_ACK, 10, "acknowledgement not acceptable", "RFC 5961 §5")                             \
    X(TCP_PAWS, 10, "timestamp too old", "RFC 7323 §5.3")                                           \
    X(TCP_NO_TIMESTAMP, 10, "timestamp missing after it was agreed on", "RFC 7323 §3.2")            \
    X(TCP_RST_IN_WINDOW, 10, "RST inside the window but not at its start", "RFC 5961 §3")           \
    X(TCP_SYN_IN_WINDOW, 10, "SYN on a synchronised connection", "RFC 5961 §4")                     \
    X(TCP_DUPLICATE, 10, "nothing new in the segment", "RFC 9293 §3.10.7.4")                        \
    X(TCP_NO_MEMORY, 10, "no buffer memory", "-")                                                   \
    X(TCP_DATA_AFTER_CLOSE, 10, "data after the program closed", "RFC 9293 §3.10.4 SHLD-3")         \
    X(TCP_TIME_WAIT, 10, "segment for a connection in TIME-WAIT", "RFC 1337, RFC 9293 §3.10.7.4")   \
    X(TCP_DEFERRED, 10, "an ACK without data, which the listener waits for", "-")                   \
    X(ACCEPT_QUEUE_FULL, 11, "the queue of waiting connections is full", "RFC 9293 §3.9.1.2")       \
    X(SYN_QUEUE_FULL, 11, "too many half-open connections", "RFC 4987 §3")                          \
    X(NO_SOCKET_MEMORY, 11, "the stack's memory budget is spent", "-")                              \
    X(INTENT_QUEUE_FULL, 11, "too much decided in one burst", "-")

enum baro_drop_reason {
    BARO_DROP_NONE = 0, /* not dropped */
#define BARO_DROP_ENUM(name, step, text, source) BARO_DROP_##name,
    BARO_DROP_REASONS(BARO_DROP_ENUM)
#undef BARO_DROP_ENUM
    BARO_DROP_COUNT
};

#ifdef __cplusplus
extern "C" {
#endif

/* The reason's name ("FCS_WRONG"), its words, its source and its step (1 to 11).
 * A value that is no reason gives "NONE", "", "" and 0. */
const char *baro_drop_name(enum baro_drop_reason reason);
const char *baro_drop_text(enum baro_drop_reason reason);
const char *baro_drop_source(enum baro_drop_reason reason);
int baro_drop_step(enum baro_drop_reason reason);

#ifdef __cplusplus
}
#endif
#endif
