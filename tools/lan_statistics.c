/* tools/lan_statistics.c: what `baro lan --stats` tells when the programs have ended. */
#include "lan.h"

#include <inttypes.h>
#include <stdio.h>

enum {
#define COUNT(name, text) COUNTER_##name,
    BARO_WIRE_COUNTERS(COUNT)
#undef COUNT
    WIRE_COUNTERS
};

/* A wire's counters in words, in the order of BARO_WIRE_COUNTERS; NULL: not told. */
static const char *const words[BARO_LANGUAGE_COUNT][WIRE_COUNTERS] = {
    { "frames sent", NULL, NULL, "lost", "dropped by the queue", "sent while the link was down", "overtaken",
      "duplicated", "with flipped bits", "marked", "swallowed for their size", NULL },
    { "보낸 프레임", NULL, NULL, "사라짐", "큐가 가득 차 버림", "링크가 끊긴 동안 보냄", "순서가 바뀜", "중복됨", "비트가 뒤집힘",
      "혼잡 표시", "커서 삼켜짐", NULL },
};

/* Of one wire: what stations sent into it, and what all its cables did to frames that is not nothing. */
static void print_wire(const struct lan *lan, const struct lan_wire *wire)
{
    struct baro_wire_counts sum = { 0 };
    uint64_t value[WIRE_COUNTERS];

    for (int i = 0; i < wire->cables; i++) {
        for (unsigned end = 0; end < 2; end++) {
            struct baro_wire_counts one;

            baro_wire_statistics(wire->cable[i], end, &one);
            if (wire->bridge != NULL && end == 0) /* the switch's end */
                one.offered = 0;
#define ADD(name, text) sum.name += one.name;
            BARO_WIRE_COUNTERS(ADD)
#undef ADD
        }
    }
    unsigned at = 0;
#define LIST(name, text) value[at++] = sum.name;
    BARO_WIRE_COUNTERS(LIST)
#undef LIST
    fprintf(stderr, lan->observe.language == BARO_LANGUAGE_KOREAN ? "전선 %s: " : "wire %s: ", wire->name);
    for (unsigned i = 0; i < at; i++) {
        if (words[lan->observe.language][i] != NULL && (i == 0 || value[i] != 0))
            fprintf(stderr, "%s%s %" PRIu64, i == 0 ? "" : ", ", words[lan->observe.language][i], value[i]);
    }
    fputc('\n', stderr);
}

static void add(struct baro_statistics *sum, const struct baro_statistics *one)
{
#define ADD(name, text) sum->name += one->name;
    BARO_COUNTERS(ADD)
#undef ADD
    for (int reason = 0; reason < BARO_DROP_COUNT; reason++)
        sum->drops[reason] += one->drops[reason];
}

static void print_station(const struct lan *lan, const struct lan_station *station)
{
    struct baro_statistics statistics;

    baro_stack_statistics(baro_host_stack(station->host), &statistics);
    fprintf(stderr, "%s: ", station->name);
    baro_statistics_print(stderr, &statistics, BARO_STATISTICS_LINE, lan->observe.language);
}

void lan_statistics(const struct lan *lan)
{
    struct baro_statistics sum = { 0 }, one;

    for (int i = 0; i < lan->stations; i++) {
        baro_stack_statistics(baro_host_stack(lan->station[i].host), &one);
        add(&sum, &one);
    }
    fprintf(stderr, "%d hosts: ", lan->stations);
    baro_statistics_print(stderr, &sum, BARO_STATISTICS_LINE, lan->observe.language);
    if (lan->wires == 1)
        return;
    for (int i = 0; i < lan->stations; i++)
        print_station(lan, &lan->station[i]);
    for (int i = 0; i < lan->wires; i++)
        print_wire(lan, &lan->wire[i]);
}
