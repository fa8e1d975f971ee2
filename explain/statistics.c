/* Counters for a person: one line, or a table.
 *
 * The English words are those of the list of counters; the Korean ones stand here, by name, and a
 * counter without any is told in English. Counters that are 0 are left out of the table. */
#include "words.h"

#include <errno.h>

struct counter {
    const char *words;
    uint64_t value;
};

enum counter_index {
#define COUNTER_INDEX(name, text) COUNTER_##name,
    BARO_COUNTERS(COUNTER_INDEX)
#undef COUNTER_INDEX
        COUNTER_COUNT
};

static const char *const korean[COUNTER_COUNT] = {
    [COUNTER_frames_in] = "받은 프레임",
    [COUNTER_frames_out] = "보낸 프레임",
    [COUNTER_octets_in] = "받은 바이트, 이더넷 헤더 포함",
    [COUNTER_octets_out] = "보낸 바이트, 이더넷 헤더 포함",
    [COUNTER_arp_in] = "받은 ARP 패킷",
    [COUNTER_arp_out] = "보낸 ARP 패킷",
    [COUNTER_nd_in] = "받은 이웃 탐색(ND) 메시지",
    [COUNTER_nd_out] = "보낸 이웃 탐색(ND) 메시지",
    [COUNTER_ip_in] = "받은 IP 패킷",
    [COUNTER_ip_delivered] = "프로토콜에 넘긴 IP 패킷",
    [COUNTER_ip_out] = "보낸 IP 패킷",
    [COUNTER_ip_forwarded] = "다른 호스트로 중계한 IP 패킷",
    [COUNTER_fragments_in] = "받은 조각(프래그먼트)",
    [COUNTER_fragments_whole] = "조각을 모아 복원한 패킷",
    [COUNTER_fragments_out] = "보낸 조각(프래그먼트)",
    [COUNTER_icmp_in] = "받은 ICMP 메시지",
    [COUNTER_icmp_out] = "보낸 ICMP 메시지",
    [COUNTER_groups_in] = "받은 그룹 관리 메시지",
    [COUNTER_groups_out] = "보낸 그룹 관리 메시지",
    [COUNTER_udp_in] = "소켓에 넘긴 UDP 데이터그램",
    [COUNTER_udp_out] = "보낸 UDP 데이터그램",
    [COUNTER_tcp_in] = "받은 TCP 세그먼트",
    [COUNTER_tcp_out] = "보낸 TCP 세그먼트",
    [COUNTER_tcp_data_in] = "순서대로 받은 TCP 데이터 바이트",
    [COUNTER_tcp_data_out] = "처음 보낸 TCP 데이터 바이트",
    [COUNTER_tcp_retransmitted] = "다시 보낸 TCP 세그먼트",
    [COUNTER_tcp_rto] = "재전송 타이머가 다 된 횟수",
    [COUNTER_tcp_fast_retransmits] = "빠른 재전송",
    [COUNTER_tcp_marks_in] = "혼잡 표시(CE)를 달고 온 TCP 세그먼트",
    [COUNTER_tcp_mark_reductions] = "혼잡 표시 때문에 윈도우를 줄인 횟수",
    [COUNTER_tcp_active_opens] = "connect로 맺은 접속",
    [COUNTER_tcp_passive_opens] = "기다리던 소켓이 맺은 접속",
    [COUNTER_tcp_resets_in] = "받아들인 RST 세그먼트",
    [COUNTER_tcp_resets_out] = "보낸 RST 세그먼트",
    [COUNTER_tcp_challenge_acks] = "되묻는 ACK",
    [COUNTER_tcp_cookies_sent] = "보낸 SYN 쿠키",
    [COUNTER_tcp_cookies_accepted] = "SYN 쿠키로 맺어진 접속",
    [COUNTER_tcp_cookies_failed] = "SYN 쿠키가 아닌 ACK",
    [COUNTER_tcp_connections] = "지금의 접속(TIME-WAIT 제외)",
    [COUNTER_tcp_resting] = "그 가운데 쉬고 있는 접속",
    [COUNTER_tcp_woken] = "쉬다가 깨어난 접속",
    [COUNTER_tcp_time_wait] = "TIME-WAIT 상태의 접속",
    [COUNTER_tcp_undone] = "손실로 잘못 알고 한 복구를 되돌린 횟수",
    [COUNTER_tcp_spurious_timeouts] = "F-RTO가 잘못으로 밝힌 재전송 타임아웃",
    [COUNTER_tcp_black_holes] = "큰 세그먼트가 소리 없이 사라져 크기를 줄인 횟수",
    [COUNTER_tcp_tail_repairs] = "꼬리 손실 탐사(TLP)로 복구한 손실",
    [COUNTER_tcp_time_wait_reused] = "같은 두 끝의 새 접속이 이어받은 TIME-WAIT 기록(RFC 6191)",
    [COUNTER_tcp_time_wait_evicted] = "너무 많아서 일찍 끝낸 TIME-WAIT 기록",
    [COUNTER_buffer_bytes] = "지금 확보된 버퍼 메모리 바이트",
    [COUNTER_slab_bytes] = "지금 받아 둔 슬랩 바이트",
};

static uint64_t drops_total(const struct baro_statistics *statistics)
{
    uint64_t total = 0;
    for (int reason = 1; reason < BARO_DROP_COUNT; reason++)
        total += statistics->drops[reason];
    return total;
}

static int print_line(FILE *out, const struct baro_statistics *s, enum baro_language language)
{
    static const char *const formats[BARO_LANGUAGE_COUNT] = {
        "frames %llu in, %llu out; TCP %llu in, %llu out, %llu again; UDP %llu in, %llu out; ICMP %llu in, "
        "%llu out; dropped %llu",
        "프레임 수신 %llu, 송신 %llu; TCP 수신 %llu, 송신 %llu, 재전송 %llu; UDP 수신 %llu, 송신 %llu; ICMP "
        "수신 "
        "%llu, 송신 %llu; 버림 %llu",
    };
    typedef unsigned long long number;
    int result =
        fprintf(out, formats[language], (number)s->frames_in, (number)s->frames_out, (number)s->tcp_in,
                (number)s->tcp_out, (number)s->tcp_retransmitted, (number)s->udp_in, (number)s->udp_out,
                (number)s->icmp_in, (number)s->icmp_out, (number)drops_total(s));
    const char *before = " (";
    for (int reason = 1; reason < BARO_DROP_COUNT && result >= 0; reason++) {
        if (s->drops[reason] == 0)
            continue;
        result = fprintf(out, "%s%s %llu", before, baro_drop_words((enum baro_drop_reason)reason, language),
                         (number)s->drops[reason]);
        before = ", ";
    }
    if (result >= 0)
        result = fputs(before[0] == ',' ? ")\n" : "\n", out);
    return result;
}

static int print_table(FILE *out, const struct baro_statistics *statistics, enum baro_language language)
{
    const struct counter counters[COUNTER_COUNT] = {
#define COUNTER_LINE(name, text) [COUNTER_##name] = { text, statistics->name },
        BARO_COUNTERS(COUNTER_LINE)
#undef COUNTER_LINE
    };
    int result = 0;
    for (int i = 0; i < COUNTER_COUNT && result >= 0; i++) {
        bool use_korean = language == BARO_LANGUAGE_KOREAN && korean[i] != NULL;
        if (counters[i].value != 0)
            result = fprintf(out, "%14llu  %s\n", (unsigned long long)counters[i].value,
                             use_korean ? korean[i] : counters[i].words);
    }
    for (int i = 1; i < BARO_DROP_COUNT && result >= 0; i++)
        if (statistics->drops[i] != 0)
            result =
                fprintf(out, "%14llu  %s: %s\n", (unsigned long long)statistics->drops[i],
                        phrase(PHRASE_DROPS, language), baro_drop_words((enum baro_drop_reason)i, language));
    return result;
}

int baro_statistics_print(FILE *out, const struct baro_statistics *statistics, enum baro_statistics_form form,
                          enum baro_language language)
{
    int result = form == BARO_STATISTICS_LINE ? print_line(out, statistics, language)
                                              : print_table(out, statistics, language);
    if (result < 0 || fflush(out) != 0)
        return errno != 0 ? -errno : -EIO;
    return 0;
}
