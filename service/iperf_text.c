/* service/iperf_text.c: the JSON texts of iperf3: what a client asks for, and what each end counted.
 *
 * Each goes behind its length, 4 octets. Unknown keys are passed over: newer versions add some. Stream numbers are 1,
 * 3, 4 and so on, as iperf3 counts. */
#include "iperf.h"

#include <stdio.h>
#include <string.h>

#include "json.h"

/* Keys with a number, and where it goes. */
static double *number_of(struct iperf_test *test, const struct json_path *path)
{
    const struct {
        const char *key;
        double *number;
    } known[] = { { "time", &test->time_s },     { "omit", &test->omit_s },   { "num", &test->octets },
                  { "blockcount", &test->blocks }, { "len", &test->block },   { "parallel", &test->streams },
                  { "MSS", &test->mss },         { "window", &test->window }, { "bandwidth", &test->rate },
                  { "fqrate", &test->fair_rate } };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (json_is(path, 0, known[i].key))
            return known[i].number;
    }
    return NULL;
}

static int congestion_of(const struct json_value *value)
{
    for (int i = 0; i < BARO_CONGESTION_COUNT; i++) {
        const char *name = baro_congestion_name((enum baro_congestion)i);

        if (strlen(name) == value->length && memcmp(name, value->text, value->length) == 0)
            return i;
    }
    return -2;
}

static void take_param(void *context, const struct json_path *path, const struct json_value *value)
{
    struct iperf_test *test = context;
    bool on = value->kind == JSON_TRUE || (value->kind == JSON_NUMBER && value->number != 0);
    double *number;

    if (path->depth != 1)
        return;
    number = number_of(test, path);
    if (number != NULL && value->kind == JSON_NUMBER)
        *number = value->number;
    if (json_is(path, 0, "reverse"))
        test->reverse = on;
    if (json_is(path, 0, "nodelay"))
        test->nodelay = on;
    if (json_is(path, 0, "udp") || json_is(path, 0, "sctp") || json_is(path, 0, "bidirectional"))
        test->refused = test->refused || on;
    if (json_is(path, 0, "authtoken"))
        test->refused = true;
    if (json_is(path, 0, "congestion") && value->kind == JSON_STRING)
        test->congestion = congestion_of(value);
}

bool iperf_read_params(struct iperf_test *test, const char *text, size_t length)
{
    *test = (struct iperf_test){ .streams = 1, .block = IPERF_CHUNK, .congestion = -1 };
    return json_read(text, length, take_param, test);
}

static void take_result(void *context, const struct json_path *path, const struct json_value *value)
{
    double *octets = context;

    if (path->depth == 3 && json_is(path, 0, "streams") && json_is(path, 2, "bytes") && value->kind == JSON_NUMBER)
        *octets += value->number;
}

bool iperf_read_results(const char *text, size_t length, double *octets)
{
    *octets = 0;
    return json_read(text, length, take_result, octets);
}

static void say_text(struct baro_iperf *iperf, const char *text, size_t length)
{
    const uint8_t head[4] = { (uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8),
                              (uint8_t)length };

    iperf_say(iperf, head, sizeof head);
    iperf_say(iperf, text, length);
}

void iperf_say_params(struct baro_iperf *iperf)
{
    const struct iperf_test *test = &iperf->test;
    char text[400];
    int length = snprintf(text, sizeof text,
                          "{\"tcp\":true,\"omit\":0,\"time\":%.0f,\"num\":%.0f,\"blockcount\":0,\"parallel\":%.0f,%s"
                          "\"len\":%.0f,\"pacing_timer\":1000,\"client_version\":\"3.12\"}",
                          test->time_s, test->octets, test->streams, test->reverse ? "\"reverse\":true," : "",
                          test->block);

    say_text(iperf, text, (size_t)length);
}

void iperf_say_results(struct baro_iperf *iperf)
{
    bool sender = iperf_is_sender(iperf);
    double seconds = (double)(iperf->ended.ns - iperf->began.ns) / 1e9;
    char text[160 + BARO_IPERF_STREAMS * 200];
    size_t length = (size_t)snprintf(text, 160, "{\"cpu_util_total\":0,\"cpu_util_user\":0,\"cpu_util_system\":0,"
                                     "\"sender_has_retransmits\":%d,\"congestion_used\":\"cubic\",\"streams\":[",
                                     sender ? 1 : -1);

    for (unsigned i = 0; i < iperf->opened; i++) {
        const struct iperf_stream *stream = &iperf->stream[i];

        length += (size_t)snprintf(text + length, 200, "%s{\"id\":%u,\"bytes\":%llu,\"retransmits\":%lld,\"jitter\":0,"
                                   "\"errors\":0,\"packets\":0,\"start_time\":0,\"end_time\":%.6f}",
                                   i == 0 ? "" : ",", i == 0 ? 1 : i + 2,
                                   (unsigned long long)(stream->octets - stream->omitted),
                                   sender ? (long long)stream->retransmits : -1, seconds);
    }
    memcpy(text + length, "]}", 2);
    say_text(iperf, text, length + 2);
}
