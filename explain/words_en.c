/* The words in English. The format is described in words.h. */
#include "words.h"

#define CODE "{code#10BASE-T (Manchester)|100BASE-TX (scrambled 4B5B, MLT-3)}"
#define TIMER "{timer#retransmission|zero-window probe|delayed ACK|keepalive|TIME-WAIT|user timeout|" \
              "FIN-WAIT-2|linger|cork|reordering|tail probe|pacing}"
#define NEIGHBOUR(which) "{" which "#unknown|asked for|known|stale|checked again|not reachable|fixed}"
#define PROTOCOL "{protocol=6?TCP|{protocol=17?UDP|{protocol=1?ICMP|{protocol=58?ICMPv6|{protocol=2?IGMP|no software of ours}}}}}"
#define DATA "{length?with {length} octets of data|control information only}"
#define TYPE_NAME "{type=2048?IPv4|{type=2054?ARP|{type=34525?IPv6|no software of ours}}}"
#define ICMP_NAME_V4                                                                                    \
    "{type#echo reply|1|2|destination unreachable|source quench|redirect|6|7|echo request|9|10|"     \
    "time exceeded|parameter problem}"
#define ICMP_NAME_V6 \
    "{type<5?{type#0|destination unreachable|packet too big|time exceeded|parameter problem}|{type=143?multicast listener report|" \
    "{type<128?{type}|{type>137?{type}|{type=128?echo request|{type=129?echo reply|{type=130?multicast listener query|" \
    "{type=131?multicast listener report|{type=132?multicast listener done|{type=133?router solicitation|{type=134?router advertisement|" \
    "{type=135?neighbour solicitation|{type=136?neighbour advertisement|redirect}}}}}}}}}}}}}"
#define ICMP_NAME "{~ipv6?" ICMP_NAME_V6 "|" ICMP_NAME_V4 "}"

const struct words words_en[BARO_TRACE_COUNT] = {
    /* adapter */
    [BARO_TRACE_SIGNAL_OUT] = { "electric signal", "the bits of {octets} octets leave as an electric signal: " CODE
                                ", {samples} samples" },
    [BARO_TRACE_SIGNAL_IN] = { "electric signal", CODE ": {samples} samples give the bits of {octets} octets, "
                               "clock {clock_ppm} ppm off" },
    [BARO_TRACE_SIGNAL_LOST] = { "electric signal", CODE ": lost at sample {sample}: {reason}" },
    [BARO_TRACE_LINK_CHANGED] = { "link", "{up?up: the other side is heard|down: nothing is heard}" },
    [BARO_TRACE_FCS_OUT] = { "FCS", "CRC-32 over the frame, {fcs}, appended for the receiver to check" },
    [BARO_TRACE_FCS_IN] = { "FCS", "received {received}, computed {computed}: {received=computed?equal, the frame is "
                            "whole|they differ, the frame is damaged and dropped}" },
    [BARO_TRACE_MAC_FILTER] = { "MAC address", "to {destination}, mine is {mine}: {accepted?taken{why#|, my own|, for all "
                                "(broadcast)|, for a group I joined|, I take all (promiscuous)}|not for me, dropped}" },
    [BARO_TRACE_RX_RING] = { "buffer memory", "into slot {slot} of the receive ring {used/size}" },
    [BARO_TRACE_TX_RING] = { "buffer memory", "into slot {slot} of the transmit ring {used/size}" },
    [BARO_TRACE_INTERRUPT] = { "interrupt", "the LAN adapter interrupts {~waiting?{~waiting}, which waits|the processor, "
                               "no call waits}: {frames} {frames=1?frame|frames}{waited?, after {waited}|}"
                               "{masked?; no more interrupts until the driver is done|}" },
    [BARO_TRACE_DRIVER_BURST] = { "LAN driver", "takes {frames} {frames=1?frame|frames} out of buffer memory, "
                                  "{polling?by polling|called by the interrupt}" },
    /* Ethernet */
    [BARO_TRACE_PACKET_OUT] = { "packet", "a packet is to be sent" },
    [BARO_TRACE_FRAME_IN] = { "protocol stack", "the driver hands up {octets} octets from interface {interface}"
                              "{arrival?, frame {arrival}|}" },
    [BARO_TRACE_FRAME_OUT] = { "LAN driver", "{octets} octets to interface {interface}{departure?, frame {departure}|}" },
    [BARO_TRACE_FRAME_END] = { "frame", "done" },
    [BARO_TRACE_DROP] = { "dropped", "{reason}" },
    [BARO_TRACE_ETHERNET_IN] = { "type field", "{type}, so " TYPE_NAME "; MAC {source} to {destination}"
                                 "{vlan<0?|, VLAN tag {vlan}}" },
    [BARO_TRACE_ETHERNET_OUT] = { "MAC header", "from {source} to {destination?{destination}|an address not known yet}, type field {type} (" TYPE_NAME ")" },
    [BARO_TRACE_ARP_IN] = { "ARP", "{operation=1?{sender=target?{sender} ({sender_mac}) tells everybody that it has this address|{sender} ({sender_mac}) asks who has {target}}|{sender} tells {target}: "
                            "my MAC address is {sender_mac}}" },
    [BARO_TRACE_ARP_OUT] = { "ARP", "{operation=1?{sender=target?{sender} tells everybody that it has this address|{sender} asks everybody who has {target}}|{sender} tells {target} its MAC "
                             "address}" },
    [BARO_TRACE_ARP_CONFLICT] = { "ARP", "{other} uses my address {address}: {defended?I defend it|I give it up}" },
    [BARO_TRACE_NEIGHBOUR] = { "ARP cache", "{address}: " NEIGHBOUR("before") " -> " NEIGHBOUR("after")
                               "{mac?, MAC address {mac}|}" },
    [BARO_TRACE_NEIGHBOUR_WAIT] = { "ARP cache", "the MAC address of {address} is not known: {waiting} "
                                    "{waiting=1?packet waits|packets wait}" },
    /* IP */
    [BARO_TRACE_IP_IN] = { "IP software", "{source} > {destination}, {~ipv6?next header {protocol}, hop limit|protocol {protocol}, TTL} "
                           "{ttl}, {length} octets{~ipv6?|, header checksum {checksum}}" },
    [BARO_TRACE_IP_OUT] = { "IP header", "{source} > {destination}, {~ipv6?next header {protocol}, hop limit|protocol {protocol}, TTL} "
                            "{ttl}, {length} octets{~ipv6?|, id {id}, {dont_fragment?not to be fragmented|may be fragmented}}" },
    [BARO_TRACE_IP_OPTIONS] = { "IP software", "{octets} octets of options, the first of type {first}; none is obeyed" },
    [BARO_TRACE_IP_DELIVERY] = { "IP software", "{destination} is {how#not my address|my address|a broadcast|a group I "
                                 "joined|my own loopback|taken for anybody (gateway)}" },
    [BARO_TRACE_ROUTE] = { "route", "{destination} matches a prefix of {prefix_length} bits: next hop {next_hop}, interface "
                           "{interface}, MTU {mtu}" },
    [BARO_TRACE_FORWARDED] = { "router", "{source} > {destination} is passed on to {next_hop} by interface {interface}, TTL now "
                               "{ttl}" },
    [BARO_TRACE_PATH_MTU] = { "path MTU", "to {destination}: {before} -> {after} octets" },
    [BARO_TRACE_FRAGMENT_HELD] = { "fragments", "of packet {id} from {source}: octets from {offset}, {length} long, "
                                   "{more?more follow|the last}; held, {held} so far" },
    [BARO_TRACE_FRAGMENTS_WHOLE] = { "fragments", "packet {id} from {source} is whole: {fragments} fragments, {length} octets" },
    [BARO_TRACE_FRAGMENTS_TIMEOUT] = { "fragments", "packet {id} from {source} did not become whole in time: {held} octets "
                                       "thrown away{first?, time exceeded is reported|, the first is missing: no report}" },
    [BARO_TRACE_FRAGMENT_OUT] = { "fragments", "of packet {id} to {destination}: octets from {offset}, {length} long, "
                                  "{more?more follow|the last}" },
    [BARO_TRACE_LOOPBACK] = { "IP software", "{destination} is this host: {length} octets return without a wire" },
    [BARO_TRACE_ICMP_IN] = { "ICMP", ICMP_NAME " (type {type}, code {code}) from {source}, {length} octets" },
    [BARO_TRACE_ICMP_OUT] = { "ICMP", ICMP_NAME " (type {type}, code {code}) to {destination}, {length} octets" },
    [BARO_TRACE_ICMP_ECHO] = { "ICMP", "{source} asks for an echo: id {id}, sequence {sequence}, {length} octets come back" },
    [BARO_TRACE_ICMP_ERROR_MATCHED] = { "ICMP", "it is about protocol {protocol}, {local} > {remote}: type {type}, code "
                                        "{code}, {hard?a hard error|a soft error, only remembered}" },
    [BARO_TRACE_ICMP_SUPPRESSED] = { "ICMP", "type {type}, code {code} not sent: {why#about an ICMP error|the packet went to "
                                     "many|the frame went to many|the source is nobody|a later fragment|rate limit}" },
    [BARO_TRACE_GROUP_HEARD] = { "groups", "interface {interface}{exclude? hears {group} from {sources?all but {sources} sources|everybody}|{sources? hears {group} "
                                 "from {sources} {sources=1?source|sources} only| hears {group} no longer}}; {members} {members=1?member|members}" },
    [BARO_TRACE_GROUP_VERSION] = { "groups", "{ipv6?MLD|IGMP} on interface {interface}: version {before} -> {after}" },
    [BARO_TRACE_GROUP_MESSAGE_IN] = { "groups", "{~ipv6?MLD|IGMP} version {version}: {source} {kind#asks who listens to {group?{group}|any "
                                      "group}{sources? from {sources} sources|}, answer within {within}|listens to {group}}" },
    [BARO_TRACE_GROUP_MESSAGE_OUT] = { "groups", "{~ipv6?MLD|IGMP} version {version}: {kind#query|I listen to {group}|I leave {group}|what I listen to"
                                       ", {records} {records=1?group|groups}, the first {group}}; to {destination}" },
    [BARO_TRACE_PROTOCOL] = { "protocol number", "{protocol}, so " PROTOCOL },
    /* Neighbour discovery */
    [BARO_TRACE_ADDRESS_PROBE] = { "my address", "{address}: I ask whether another host has it ({probe} of {of})" },
    [BARO_TRACE_ADDRESS_VERDICT] = { "my address", "{address}: {verdict#nobody else has it, it is mine from now on|another "
                                     "host has it or wants it, too{other? ({other})|}: I let it go|my own question came back: the "
                                     "network gives me what I send, I ask again}" },
    [BARO_TRACE_ROUTER_QUESTION] = { "routers", "I ask by interface {interface} who is a router; if nobody answers, again in "
                                     "{next}" },
    [BARO_TRACE_ROUTER_HEARD] = { "routers", "{router} {lifetime?is a default router for {lifetime} s, preference "
                                  "{rank#low|medium|high}|is no default router}; it tells of {prefixes} {prefixes=1?prefix|prefixes}, {routes} {routes=1?route|routes}, "
                                  "{servers} name {servers=1?server|servers}" },
    [BARO_TRACE_ROUTER_REACHABLE] = { "routers", "{router} {answers?answers again|does not answer: another one goes before it}" },
    [BARO_TRACE_REDIRECTED] = { "routers", "{router} says: what is for {destination} goes to {next_hop} at once" },
    [BARO_TRACE_ROUTER_ASKED] = { "I am a router", "{host} asks for routers: I answer all hosts in {delay}" },
    [BARO_TRACE_ROUTER_SAID] = { "I am a router", "I say so by interface {interface}: {lifetime?default router for {lifetime} s|"
                                 "no default router (any longer)}, {prefixes} {prefixes=1?prefix|prefixes}, {servers} name {servers=1?server|servers}{next?; again in "
                                 "{next}|}" },
    [BARO_TRACE_ROUTER_DIFFERS] = { "I am a router", "{router} is one, too, and says something else of {what#the hop limit|the "
                                    "flags for DHCPv6|the reachable time|the retransmission time|the MTU|the lifetimes of a "
                                    "prefix}" },
    /* UDP */
    [BARO_TRACE_UDP_IN] = { "UDP software", "{source} > {destination}, {length} octets of data, checksum {checksum}"
                            "{checksum=0? (none sent)|}" },
    [BARO_TRACE_UDP_OUT] = { "UDP header", "{source} > {destination}, {length} octets of data" },
    [BARO_TRACE_UDP_QUEUED] = { "socket", "{length} octets for descriptor {descriptor}; {queued} of {limit} octets of its "
                                "receive buffer used" },
    /* TCP */
    [BARO_TRACE_TCP_IN] = { "TCP software", "{source} > {destination}, {flags}, seq {seq}, ack {ack}, window {window}, " DATA },
    [BARO_TRACE_TCP_OUT] = { "TCP header", "{source} > {destination}, {flags}, seq {seq}, ack {ack}, window {window}, " DATA },
    [BARO_TRACE_TCP_OPTIONS] = { "TCP options", "in the header{mss?, MSS {mss}|}{scale<0?|, window scale {scale}}"
                                 "{ts_value?, timestamp {ts_value}, echo {ts_echo}|{ts_echo?, timestamp 0, echo {ts_echo}|}}"
                                 "{sack_permitted?, SACK permitted|}" },
    [BARO_TRACE_TCP_FOUND] = { "four-tuple", "{how#nobody has it: {state}|connection {connection}, {state}|no connection yet, "
                               "but a socket in {state}|connection {connection} that rests in {state}}" },
    [BARO_TRACE_TCP_BEFORE] = { "variables", "{state}, SND.UNA {snd_una}, SND.NXT {snd_nxt}, SND.WND {snd_wnd}, RCV.NXT "
                                "{rcv_nxt}, RCV.WND {rcv_wnd}, cwnd {cwnd}, ssthresh {ssthresh}, RTO {rto}" },
    [BARO_TRACE_TCP_AFTER] = { "variables", "{state}, SND.UNA {snd_una}, SND.NXT {snd_nxt}, SND.WND {snd_wnd}, RCV.NXT "
                               "{rcv_nxt}, RCV.WND {rcv_wnd}, cwnd {cwnd}, ssthresh {ssthresh}, RTO {rto}" },
    [BARO_TRACE_TCP_STATE] = { "TCP state", "{before} -> {after}" },
    [BARO_TRACE_TCP_SEQUENCE_TEST] = { "TCP software", "seq {seq}, length {length}; expected {rcv_nxt}, window {rcv_wnd}: "
                                       "{acceptable?inside the window|outside the window}" },
    [BARO_TRACE_TCP_ACK_TEST] = { "TCP software", "ACK {ack}; sent and not acknowledged: {snd_una} to {snd_nxt}: "
                                  "{acceptable?acceptable|not acceptable}" },
    [BARO_TRACE_TCP_PAWS_TEST] = { "TCP software", "timestamp {ts_value}, the last was {ts_recent}: {acceptable?not older|"
                                   "older, an old duplicate}" },
    [BARO_TRACE_TCP_ISN] = { "TCP software", "the first sequence number is {isn}, not to be guessed" },
    [BARO_TRACE_TCP_BUFFERS] = { "buffer memory", "{charged} octets charged; {budget_left} left in the stack's budget" },
    [BARO_TRACE_TCP_DELIVERED] = { "socket", "{octets} octets into the receive buffer, where {waiting} wait for the program" },
    [BARO_TRACE_TCP_OUT_OF_ORDER] = { "TCP software", "{length} octets from seq {seq} came too early: kept, {holes} "
                                      "{holes=1?hole|holes} before them" },
    [BARO_TRACE_TCP_RTT] = { "round trip", "{sample} measured: SRTT {srtt}, RTTVAR {rttvar}, so RTO {rto}" },
    [BARO_TRACE_TCP_CONGESTION] = { "congestion", "{phase#slow start|congestion avoidance|reduction for a mark|fast recovery|after a loss}: cwnd "
                                    "{cwnd}, ssthresh {ssthresh}, {flight} octets under way" },
    [BARO_TRACE_TCP_FAST_RETRANSMIT] = { "congestion", "{duplicates} duplicate ACKs: seq {seq} is lost, sent again at once" },
    [BARO_TRACE_TCP_LOSS] = { "congestion", "seq {seq} is lost: later ones were delivered; {lost} octets lost, {sacked} held by "
                              "the peer, {pipe} on their way" },
    [BARO_TRACE_TCP_UNDO] = { "congestion", "nothing was lost: cwnd {cwnd}, ssthresh {ssthresh} as before" },
    [BARO_TRACE_TCP_FRTO] = { "congestion", "F-RTO: {new?new text instead of old, up to two segments: the next ACK tells whether "
                              "the timeout was a mistake|{spurious?the timeout was a mistake|the loss is genuine}}" },
    [BARO_TRACE_TCP_ECN] = { "ECN", "{what#the SYN asks for marks instead of losses (ECE, CWR)|no answer to the SYN: the next one "
                             "does not ask, it may be that which does not get through|agreed: new data goes out as ECN-capable, "
                             "routers may mark it|not agreed: losses alone tell of congestion|a router has marked this segment "
                             "(CE): every ACK says ECE until the peer has slowed down|marked (CE), too: the ACKs say ECE "
                             "already|the peer has slowed down (CWR): no more ECE|CWR tells the peer that the window was "
                             "reduced}" },
    [BARO_TRACE_TCP_MARK_REACTION] = { "congestion", "ECE: a router has marked our data, {flight} octets under way: the window "
                                       "goes down to {window}, ssthresh {ssthresh}; nothing is lost{waits?; it was one segment "
                                       "already, the next waits for the retransmission timer|}" },
    [BARO_TRACE_TCP_BLACK_HOLE] = { "TCP software", "{after<before?large segments are lost in silence: {before} -> {after} octets of text in "
                                    "each|{before} -> {after} octets of text in each segment: the size was not to blame, or its time is over}" },
    [BARO_TRACE_TCP_TAIL_PROBE] = { "TCP software", "no news of the end of the flight: {again?its last segment again|one new "
                                    "segment} as a probe" },
    [BARO_TRACE_TCP_RETRANSMIT] = { "TCP software", "seq {seq}, {length} octets again, attempt {attempt}" },
    [BARO_TRACE_TCP_TIMER_ARMED] = { "timer", TIMER " timer started: {delay}" },
    [BARO_TRACE_TCP_TIMER_CANCELLED] = { "timer", TIMER " timer cancelled" },
    [BARO_TRACE_TCP_TIMER_FIRED] = { "timer", TIMER " timer is up" },
    [BARO_TRACE_TCP_ACK_OF_BURST] = { "TCP software", "no ACK of {ack}: one of {later} follows in the same burst" },
    [BARO_TRACE_TCP_ACK_WAITS] = { "TCP software", "the ACK waits for what the program says to it" },
    [BARO_TRACE_TCP_CHALLENGE_ACK] = { "TCP software", "{why}: {sent?answered with a challenge ACK|no challenge ACK, the limit "
                                       "is reached}" },
    [BARO_TRACE_TCP_WINDOW_PROBE] = { "TCP software", "the peer's window is 0: probe {attempt}" },
    [BARO_TRACE_TCP_KEEPALIVE] = { "TCP software", "nothing heard for long: keepalive {attempt}" },
    [BARO_TRACE_TCP_RESTED] = { "socket", "nothing happens on connection {connection}: it rests in {octets} octets" },
    [BARO_TRACE_TCP_WOKEN] = { "socket", "connection {connection} wakes from its rest" },
    [BARO_TRACE_TCP_PROMOTED] = { "socket", "the dialogue is done: the half-open record becomes connection {connection}, "
                                  "and only now takes memory for its buffers" },
    [BARO_TRACE_TCP_COOKIE_SENT] = { "SYN cookie", "no place is taken for the SYN of {remote}: ISN {isn} itself says "
                                     "MSS {mss}{timestamps?, the timestamp the other options|}" },
    [BARO_TRACE_TCP_COOKIE_TEST] = { "SYN cookie", "ack {ack}: {valid?a SYN cookie of ours, MSS {mss}{scale<0?|, window scale {scale}}"
                                     "{sack_permitted?, SACK permitted|}|no SYN cookie of ours}" },
    [BARO_TRACE_TCP_HELD] = { "socket", "the SYN of {remote} to {local} is held: no answer until the outside has answered" },
    [BARO_TRACE_ACCEPT_QUEUE] = { "accept queue", "{waiting/limit} waiting, {half_open} half open" },
    /* user */
    [BARO_TRACE_CALL] = { "call", "{call!call}{descriptor<0?| on descriptor {descriptor}}" },
    [BARO_TRACE_CALL_END] = { "call", "{result<0?gives {result!error}|returns {result}}" },
    [BARO_TRACE_SOCKET_NEW] = { "socket", "descriptor {descriptor}, a new {type#|TCP|UDP|ping|packet} socket: it knows nobody, the protocol "
                                "stack hears nothing of it" },
    [BARO_TRACE_SOCKET_CONTROL] = { "socket", "control information of descriptor {descriptor}: local {local_before=local_after?|{local_before} -> }"
                                    "{local_after}, remote {remote_before=remote_after?|{remote_before} -> }{remote_after}" },
    [BARO_TRACE_SOCKET_ACCEPTED] = { "socket", "first of the queue of {listener} becomes the new descriptor {descriptor}: "
                                     "{local}, remote {remote}; {listener} goes on listening" },
    [BARO_TRACE_SOCKET_CLOSED] = { "socket", "descriptor {descriptor} is free again" },
    [BARO_TRACE_WOKE] = { "socket", "descriptor {descriptor}: {events!ready}{~waiting?; {~waiting} wakes|}" },
};

const char *const phrases_en[PHRASE_COUNT] = {
    [PHRASE_IN] = "in",
    [PHRASE_OUT] = "out",
    [PHRASE_UNSENT] = "kept",
    [PHRASE_CALL] = "call",
    [PHRASE_LOST] = "lost",
    [PHRASE_WIRE] = "wire",
    [PHRASE_EVENT] = "-",
    [PHRASE_HOST] = "host %u",
    [PHRASE_LOOP] = "loop",
    [PHRASE_LOOP_TEXT] = "a packet to this host itself",
    [PHRASE_UNSENT_TEXT] = "a packet that is not sent now",
    [PHRASE_LOST_TEXT] = "frame %llu, lost in the LAN adapter",
    [PHRASE_FRAME] = "frame %llu",
    [PHRASE_CALL_TEXT] = "%s on descriptor %lld",
    [PHRASE_OF] = "%llu of %llu",
    [PHRASE_NOBODY] = "nobody",
    [PHRASE_CONTROL_ONLY] = "control only",
    [PHRASE_WITH_DATA] = "with %u octets of data",
    [PHRASE_FRAGMENT] = "fragment at octet %u of packet %u",
    [PHRASE_CUT] = "cut short",
    [PHRASE_OCTETS] = "%u octets",
    [PHRASE_ARP_ASK] = "who has %s? tell %s",
    [PHRASE_ARP_ANSWER] = "%s is at %s",
    [PHRASE_ARP_ANNOUNCE] = "%s announces itself at %s",
    [PHRASE_ARP_PROBE] = "does anybody use %s?",
    [PHRASE_ECHO_REQUEST] = "echo request",
    [PHRASE_ECHO_REPLY] = "echo reply",
    [PHRASE_CONNECTION] = "connection %llu: ",
    [PHRASE_UNCHANGED] = "nothing else changed",
    [PHRASE_WAITING] = "%s on descriptor %llu",
    [PHRASE_TYPE] = "type 0x%04x",
    [PHRASE_DROPS] = "dropped",
    [PHRASE_COUNTERS] = "counters",
    [PHRASE_NEIGHBOURS] = "neighbour cache",
    [PHRASE_ND_ASK] = "who has %s?",
    [PHRASE_ND_HERE] = "%s is here",
    [PHRASE_ND_REDIRECT] = "redirect: the way is by %s",
    [PHRASE_ROUTER_ASK] = "is there a router?",
    [PHRASE_ROUTER_HERE] = "I am a router, for %u s",
    [PHRASE_MLD_QUERY] = "multicast listener query",
    [PHRASE_MLD_REPORT] = "multicast listener report",
    [PHRASE_MLD_DONE] = "multicast listener done",
    [PHRASE_UNREACHABLE] = "destination unreachable",
    [PHRASE_TOO_BIG] = "packet too big",
    [PHRASE_TIME_EXCEEDED] = "time exceeded",
    [PHRASE_PARAMETER] = "parameter problem",
};

const char *const ready_en[7] = { "readable", "writable",     "urgent data",       "error",
                                  "hung up",  "peer finished", "no such descriptor" };
