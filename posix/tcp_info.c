/* posix/tcp_info.c: Linux' struct tcp_info from what the stack tells of a connection: the one translation of the
 * blocking library and of `baro run`.
 *
 * The structure has grown with the kernels; a caller gets as much of it as it has room for, as from them. What came
 * after the header that this was compiled with is written here. Linux counts segments where we count octets: they are
 * divided by the MSS in force, what is begun counts whole. Fields that the stack knows nothing of stay 0: `fackets` (as
 * in Linux itself by now), the delivery rate and the times that a sender was limited. */
#include <linux/tcp.h>
#include <stddef.h>
#include <string.h>

#include "baro/posix.h"
#include "baro/socket.h"

/* Linux' numbers of RFC 9293's states, from net/tcp_states.h, which is no public header. */
static uint8_t state_number(enum baro_tcp_state state)
{
    static const uint8_t number[BARO_TCP_STATE_COUNT] = {
        [BARO_TCP_ESTABLISHED] = 1, [BARO_TCP_SYN_SENT] = 2,   [BARO_TCP_SYN_RECEIVED] = 3,
        [BARO_TCP_FIN_WAIT_1] = 4,  [BARO_TCP_FIN_WAIT_2] = 5, [BARO_TCP_TIME_WAIT] = 6,
        [BARO_TCP_CLOSED] = 7,      [BARO_TCP_CLOSE_WAIT] = 8, [BARO_TCP_LAST_ACK] = 9,
        [BARO_TCP_LISTEN] = 10,     [BARO_TCP_CLOSING] = 11,
    };

    return (unsigned)state < BARO_TCP_STATE_COUNT ? number[state] : number[BARO_TCP_CLOSED];
}

static uint32_t microseconds(struct baro_duration span)
{
    int64_t count = span.ns / 1000;

    return count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
}

static uint32_t milliseconds(struct baro_duration span)
{
    return (uint32_t)(span.ns / 1000000);
}

static uint8_t octet(uint32_t number)
{
    return number > UINT8_MAX ? UINT8_MAX : (uint8_t)number;
}

static uint32_t segments(uint64_t octets, uint32_t mss)
{
    return (uint32_t)((octets + mss - 1) / mss);
}

enum { THRESHOLD_INFINITE = 0x7fffffff, THRESHOLD_UNSET = 1 << 30, MSS_FIRST = 536 };

/* What kernels since 6.2 and 6.7 tell behind the last field of the header's. */
struct later_fields {
    uint32_t rcv_wnd, rehash;
    uint16_t total_rto, total_rto_recoveries;
    uint32_t total_rto_time;
};

static void fill_flight(struct tcp_info *told, const struct baro_tcp_info *info)
{
    uint32_t mss = info->snd_mss != 0 ? info->snd_mss : MSS_FIRST;

    told->tcpi_snd_mss = info->snd_mss;
    told->tcpi_rcv_mss = info->rcv_mss != 0 || info->advmss < MSS_FIRST ? info->rcv_mss : MSS_FIRST;
    told->tcpi_advmss = info->advmss;
    told->tcpi_pmtu = info->path_mtu;
    told->tcpi_unacked = segments(info->flight, mss);
    told->tcpi_sacked = segments(info->sacked, mss);
    told->tcpi_lost = segments(info->lost, mss);
    told->tcpi_retrans = segments(info->retransmitted, mss);
    told->tcpi_reordering = info->duplicate_threshold;
    told->tcpi_snd_cwnd = info->cwnd / mss;
    told->tcpi_snd_ssthresh = info->ssthresh >= THRESHOLD_UNSET ? THRESHOLD_INFINITE : info->ssthresh / mss;
    told->tcpi_rcv_ssthresh = info->rcv_ssthresh;
    told->tcpi_rcv_space = info->rcv_space;
    told->tcpi_rcv_rtt = microseconds(info->rcv_rtt);
    told->tcpi_snd_wnd = info->snd_wnd;
    told->tcpi_delivered = segments(info->bytes_delivered, mss);
    if (info->state == BARO_TCP_LISTEN) { /* the accept queue, and its most */
        told->tcpi_unacked = info->queued;
        told->tcpi_sacked = info->backlog;
    }
}

static void fill_times(struct tcp_info *told, const struct baro_tcp_info *info)
{
    told->tcpi_rto = microseconds(info->rto);
    told->tcpi_ato = microseconds(info->ack_delay);
    told->tcpi_rtt = microseconds(info->srtt);
    told->tcpi_rttvar = microseconds(info->rttvar);
    told->tcpi_min_rtt = microseconds(info->min_rtt);
    told->tcpi_pacing_rate = info->pacing_rate != 0 ? info->pacing_rate : UINT64_MAX;
    told->tcpi_max_pacing_rate = info->max_pacing_rate != 0 ? info->max_pacing_rate : UINT64_MAX;
    told->tcpi_last_data_sent = milliseconds(info->last_data_sent);
    told->tcpi_last_data_recv = milliseconds(info->last_data_recv);
    told->tcpi_last_ack_recv = milliseconds(info->last_ack_recv);
}

static void fill_counts(struct tcp_info *told, const struct baro_tcp_info *info)
{
    told->tcpi_total_retrans = (uint32_t)info->retransmits;
    told->tcpi_bytes_acked = info->bytes_acked;
    told->tcpi_bytes_received = info->bytes_received;
    told->tcpi_bytes_sent = info->bytes_sent;
    told->tcpi_bytes_retrans = info->bytes_retransmitted;
    told->tcpi_segs_in = (uint32_t)info->segments_in;
    told->tcpi_segs_out = (uint32_t)info->segments_out;
    told->tcpi_data_segs_in = (uint32_t)info->data_segments_in;
    told->tcpi_data_segs_out = (uint32_t)info->data_segments_out;
    told->tcpi_notsent_bytes = info->unsent;
    told->tcpi_dsack_dups = (uint32_t)info->duplicates_told;
    told->tcpi_reord_seen = (uint32_t)info->reordered;
    told->tcpi_rcv_ooopack = (uint32_t)info->out_of_order;
}

static uint8_t options_of(const struct baro_tcp_info *info)
{
    return (uint8_t)((info->timestamps ? TCPI_OPT_TIMESTAMPS : 0) | (info->sack_permitted ? TCPI_OPT_SACK : 0) |
                     (info->scaled ? TCPI_OPT_WSCALE : 0) | (info->ecn ? TCPI_OPT_ECN : 0) |
                     (info->ecn_seen ? TCPI_OPT_ECN_SEEN : 0));
}

size_t baro_posix_tcp_info(const struct baro_tcp_info *info, void *room, size_t length)
{
    struct {
        struct tcp_info told;
        struct later_fields later;
    } whole;
    size_t known = offsetof(struct tcp_info, tcpi_snd_wnd) + sizeof whole.told.tcpi_snd_wnd;
    struct later_fields later = { .rcv_wnd = info->rcv_wnd,
                                  .total_rto = (uint16_t)(info->timeouts < UINT16_MAX ? info->timeouts : UINT16_MAX) };

    memset(&whole, 0, sizeof whole);
    whole.told.tcpi_state = state_number(info->state);
    whole.told.tcpi_ca_state = (uint8_t)info->ca_state;
    whole.told.tcpi_retransmits = octet(info->consecutive_timeouts);
    whole.told.tcpi_probes = octet(info->probes);
    whole.told.tcpi_backoff = octet(info->backoff);
    whole.told.tcpi_options = options_of(info);
    whole.told.tcpi_snd_wscale = info->snd_scale & 15U;
    whole.told.tcpi_rcv_wscale = info->rcv_scale & 15U;
    fill_flight(&whole.told, info);
    fill_times(&whole.told, info);
    fill_counts(&whole.told, info);
    memcpy((uint8_t *)&whole + known, &later, sizeof later);
    if (length > known + sizeof later)
        length = known + sizeof later;
    memcpy(room, &whole, length);
    return length;
}
