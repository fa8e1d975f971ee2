/* drill/code_names.c: what code blocks may name: fields of Linux' struct tcp_info, and constants.
 *
 * A field is a member of struct baro_tcp_info with the unit that Linux has for it: segments instead of
 * octets, microseconds or milliseconds instead of nanoseconds. */
#include "code.h"

#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>

#include "baro/socket.h"
#include "symbols.h"

enum unit {
    UNIT_PLAIN,
    UNIT_SEGMENTS,     /* from octets, whole ones */
    UNIT_SEGMENTS_UP,  /* from octets, begun ones too */
    UNIT_MICROSECONDS, /* from a duration */
    UNIT_MILLISECONDS,
    UNIT_STATE,
    UNIT_OPTIONS,  /* TCPI_OPT_ bits */
    UNIT_PEER_MSS, /* as Linux guesses it before data came */
    UNIT_THRESHOLD /* segments, and Linux' infinity */
};

#define FIELD(name, member, unit)                                                                            \
    {                                                                                                        \
        name, offsetof(struct baro_tcp_info, member), sizeof(((struct baro_tcp_info *)0)->member), unit      \
    }

static const struct {
    const char *name;
    size_t offset, size;
    enum unit unit;
} fields[] = {
    FIELD("tcpi_state", state, UNIT_STATE),
    FIELD("tcpi_ca_state", ca_state, UNIT_PLAIN),
    FIELD("tcpi_retransmits", consecutive_timeouts, UNIT_PLAIN),
    FIELD("tcpi_probes", probes, UNIT_PLAIN),
    FIELD("tcpi_backoff", backoff, UNIT_PLAIN),
    FIELD("tcpi_options", timestamps, UNIT_OPTIONS),
    FIELD("tcpi_snd_wscale", snd_scale, UNIT_PLAIN),
    FIELD("tcpi_rcv_wscale", rcv_scale, UNIT_PLAIN),
    FIELD("tcpi_rto", rto, UNIT_MICROSECONDS),
    FIELD("tcpi_ato", ack_delay, UNIT_MICROSECONDS),
    FIELD("tcpi_snd_mss", snd_mss, UNIT_PLAIN),
    FIELD("tcpi_rcv_mss", rcv_mss, UNIT_PEER_MSS),
    FIELD("tcpi_unacked", flight, UNIT_SEGMENTS_UP),
    FIELD("tcpi_sacked", sacked, UNIT_SEGMENTS_UP),
    FIELD("tcpi_lost", lost, UNIT_SEGMENTS_UP),
    FIELD("tcpi_retrans", retransmitted, UNIT_SEGMENTS_UP),
    FIELD("tcpi_last_data_sent", last_data_sent, UNIT_MILLISECONDS),
    FIELD("tcpi_last_data_recv", last_data_recv, UNIT_MILLISECONDS),
    FIELD("tcpi_last_ack_recv", last_ack_recv, UNIT_MILLISECONDS),
    FIELD("tcpi_pmtu", path_mtu, UNIT_PLAIN),
    FIELD("tcpi_rcv_ssthresh", rcv_ssthresh, UNIT_PLAIN),
    FIELD("tcpi_rtt", srtt, UNIT_MICROSECONDS),
    FIELD("tcpi_rttvar", rttvar, UNIT_MICROSECONDS),
    FIELD("tcpi_snd_ssthresh", ssthresh, UNIT_THRESHOLD),
    FIELD("tcpi_snd_cwnd", cwnd, UNIT_SEGMENTS),
    FIELD("tcpi_advmss", advmss, UNIT_PLAIN),
    FIELD("tcpi_reordering", duplicate_threshold, UNIT_PLAIN),
    FIELD("tcpi_total_retrans", retransmits, UNIT_PLAIN),
    FIELD("tcpi_bytes_acked", bytes_acked, UNIT_PLAIN),
    FIELD("tcpi_bytes_received", bytes_received, UNIT_PLAIN),
    FIELD("tcpi_segs_out", segments_out, UNIT_PLAIN),
    FIELD("tcpi_segs_in", segments_in, UNIT_PLAIN),
    FIELD("tcpi_notsent_bytes", unsent, UNIT_PLAIN),
    FIELD("tcpi_min_rtt", min_rtt, UNIT_MICROSECONDS),
    FIELD("tcpi_data_segs_in", data_segments_in, UNIT_PLAIN),
    FIELD("tcpi_data_segs_out", data_segments_out, UNIT_PLAIN),
    FIELD("tcpi_delivered", bytes_delivered, UNIT_SEGMENTS_UP),
    FIELD("tcpi_bytes_sent", bytes_sent, UNIT_PLAIN),
    FIELD("tcpi_bytes_retrans", bytes_retransmitted, UNIT_PLAIN),
    FIELD("tcpi_dsack_dups", duplicates_told, UNIT_PLAIN),
    FIELD("tcpi_reord_seen", reordered, UNIT_PLAIN),
    FIELD("tcpi_rcv_ooopack", out_of_order, UNIT_PLAIN),
    FIELD("tcpi_pacing_rate", pacing_rate, UNIT_PLAIN),
    FIELD("tcpi_max_pacing_rate", max_pacing_rate, UNIT_PLAIN),
    FIELD("tcpi_snd_wnd", snd_wnd, UNIT_PLAIN),
    FIELD("tcpi_rcv_wnd", rcv_wnd, UNIT_PLAIN),
    FIELD("tcpi_total_rto", timeouts, UNIT_PLAIN),
};

enum { FIRST_MSS = 536, FIELDS = sizeof fields / sizeof fields[0] };

/* What Linux says where ssthresh is still infinite, and from where on ours is. */
static const long long infinite = 0x7fffffff, infinite_from = 1 << 30;

int drill_code_field(const char *name, size_t length)
{
    for (int i = 0; i < (int)FIELDS; i++)
        if (strlen(fields[i].name) == length && memcmp(fields[i].name, name, length) == 0)
            return i;
    return -1;
}

const char *drill_code_field_name(int field)
{
    return field < (int)FIELDS ? fields[field].name : NULL;
}

static long long raw(int field, const struct baro_tcp_info *info)
{
    const unsigned char *at = (const unsigned char *)info + fields[field].offset;
    uint32_t word;
    int64_t wide;

    if (fields[field].size == 1)
        return *at;
    if (fields[field].size == sizeof word) {
        memcpy(&word, at, sizeof word);
        return word;
    }
    memcpy(&wide, at, sizeof wide);
    return wide;
}

static const struct {
    const char *name;
    enum baro_tcp_state state;
    long long number;
} states[] = { { "TCP_ESTABLISHED", BARO_TCP_ESTABLISHED, TCP_ESTABLISHED },
               { "TCP_SYN_SENT", BARO_TCP_SYN_SENT, TCP_SYN_SENT },
               { "TCP_SYN_RECV", BARO_TCP_SYN_RECEIVED, TCP_SYN_RECV },
               { "TCP_FIN_WAIT1", BARO_TCP_FIN_WAIT_1, TCP_FIN_WAIT1 },
               { "TCP_FIN_WAIT2", BARO_TCP_FIN_WAIT_2, TCP_FIN_WAIT2 },
               { "TCP_TIME_WAIT", BARO_TCP_TIME_WAIT, TCP_TIME_WAIT },
               { "TCP_CLOSE", BARO_TCP_CLOSED, TCP_CLOSE },
               { "TCP_CLOSE_WAIT", BARO_TCP_CLOSE_WAIT, TCP_CLOSE_WAIT },
               { "TCP_LAST_ACK", BARO_TCP_LAST_ACK, TCP_LAST_ACK },
               { "TCP_LISTEN", BARO_TCP_LISTEN, TCP_LISTEN },
               { "TCP_CLOSING", BARO_TCP_CLOSING, TCP_CLOSING } };

long long drill_code_field_value(int field, const struct baro_tcp_info *info)
{
    long long value = raw(field, info), mss = info->snd_mss != 0 ? info->snd_mss : FIRST_MSS;

    if (info->state == BARO_TCP_LISTEN && fields[field].offset == offsetof(struct baro_tcp_info, flight))
        return info->queued; /* of a listener the accept queue, and its most */
    if (info->state == BARO_TCP_LISTEN && fields[field].offset == offsetof(struct baro_tcp_info, sacked))
        return info->backlog;
    switch (fields[field].unit) {
    case UNIT_PLAIN:
        return value;
    case UNIT_SEGMENTS:
        return value / mss;
    case UNIT_SEGMENTS_UP:
        return (value + mss - 1) / mss;
    case UNIT_MICROSECONDS:
        return value / 1000;
    case UNIT_MILLISECONDS:
        return value / 1000000;
    case UNIT_OPTIONS:
        return (info->timestamps ? TCPI_OPT_TIMESTAMPS : 0) | (info->sack_permitted ? TCPI_OPT_SACK : 0) |
               (info->scaled ? TCPI_OPT_WSCALE : 0) | (info->ecn ? TCPI_OPT_ECN : 0) |
               (info->ecn_seen ? TCPI_OPT_ECN_SEEN : 0);
    case UNIT_PEER_MSS:
        return value != 0 || info->advmss < FIRST_MSS ? value : FIRST_MSS;
    case UNIT_THRESHOLD:
        return value >= infinite_from ? infinite : value / mss;
    case UNIT_STATE:
        break;
    }
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if ((long long)states[i].state == value)
            return states[i].number;
    return TCP_CLOSE;
}

#define CONSTANT(name)                                                                                       \
    {                                                                                                        \
#name, name                                                                                          \
    }

static const struct {
    const char *name;
    long long number;
} constants[] = { CONSTANT(TCP_CA_Open),       CONSTANT(TCP_CA_Disorder),
                  CONSTANT(TCP_CA_CWR),        CONSTANT(TCP_CA_Recovery),
                  CONSTANT(TCP_CA_Loss),       CONSTANT(TCPI_OPT_TIMESTAMPS),
                  CONSTANT(TCPI_OPT_SACK),     CONSTANT(TCPI_OPT_WSCALE),
                  CONSTANT(TCPI_OPT_ECN),      CONSTANT(TCPI_OPT_ECN_SEEN),
                  CONSTANT(TCPI_OPT_SYN_DATA), { "TCP_INFINITE_SSTHRESH", 0x7fffffff } };

const char *drill_code_field_word(int field, long long value)
{
    if (fields[field].unit == UNIT_STATE) {
        for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
            if (states[i].number == value)
                return states[i].name;
    }
    if (strcmp(fields[field].name, "tcpi_ca_state") == 0 && value >= TCP_CA_Open && value <= TCP_CA_Loss)
        return constants[value].name; /* the first of the table are these, in order */
    return NULL;
}

bool drill_code_constant(const char *name, size_t length, long long *number)
{
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++) {
        if (strlen(constants[i].name) == length && memcmp(constants[i].name, name, length) == 0) {
            *number = constants[i].number;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (strlen(states[i].name) == length && memcmp(states[i].name, name, length) == 0) {
            *number = states[i].number;
            return true;
        }
    }
    return drill_symbol_constant(name, length, number);
}
