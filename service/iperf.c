/* service/iperf.c: see service/iperf.h: the control connection, and the beginning and end of a test. */
#include "iperf.h"

#include <errno.h>
#include <string.h>

bool iperf_is_client(const struct baro_iperf *iperf)
{
    return iperf->config.server.address.family != BARO_FAMILY_NONE;
}

bool iperf_is_sender(const struct baro_iperf *iperf)
{
    return iperf_is_client(iperf) != iperf->test.reverse;
}

unsigned iperf_streams(const struct baro_iperf *iperf)
{
    return (unsigned)iperf->test.streams;
}

void iperf_enter(struct baro_iperf *iperf, enum iperf_phase phase, struct baro_instant now)
{
    iperf->phase = phase;
    iperf->until.ns = now.ns + IPERF_PATIENCE_S * INT64_C(1000000000);
}

static void report(struct baro_iperf *iperf, const char *error)
{
    struct baro_iperf_result result = { .peer = iperf->peer, .sender = iperf_is_sender(iperf),
                                        .streams = iperf_streams(iperf), .error = error };

    result.time.ns = iperf->ended.ns - iperf->began.ns;
    for (unsigned i = 0; i < iperf->opened; i++) {
        result.octets += iperf->stream[i].octets - iperf->stream[i].omitted;
        result.retransmits += iperf->stream[i].retransmits;
    }
    if (iperf->peer_octets >= 0 && iperf->peer_octets < 1e18)
        result.peer_octets = (uint64_t)iperf->peer_octets;
    if (iperf->config.report != NULL)
        iperf->config.report(iperf->config.context, &result);
}

void iperf_end(struct baro_iperf *iperf, const char *error)
{
    if (iperf->phase == IPERF_IDLE)
        return;
    iperf->phase = IPERF_IDLE;
    iperf_close_streams(iperf, iperf->ended);
    if (iperf->control >= 0)
        baro_close(iperf->config.stack, iperf->control);
    iperf->control = -1;
    report(iperf, error);
    iperf->opened = 0;
    iperf->moved = 0;
    iperf->peer_octets = 0;
    iperf->in_octets = iperf->out_octets = iperf->said = 0;
    iperf->ending = iperf->omitting = false;
    iperf->began = iperf->ended = (struct baro_instant){ 0 };
}

bool iperf_flush(struct baro_iperf *iperf)
{
    while (iperf->said != iperf->out_octets) {
        ptrdiff_t octets = baro_send(iperf->config.stack, iperf->control, iperf->out + iperf->said,
                                     iperf->out_octets - iperf->said, 0);

        if (octets == -EAGAIN)
            return true;
        if (octets < 0) {
            iperf_end(iperf, "the control connection broke");
            return false;
        }
        iperf->said += (size_t)octets;
    }
    iperf->said = iperf->out_octets = 0;
    return true;
}

void iperf_say(struct baro_iperf *iperf, const void *octets, size_t length)
{
    if (length > sizeof iperf->out - iperf->out_octets) {
        iperf_end(iperf, "the peer reads nothing");
        return;
    }
    memcpy(iperf->out + iperf->out_octets, octets, length);
    iperf->out_octets += length;
}

void iperf_say_state(struct baro_iperf *iperf, uint8_t state)
{
    iperf_say(iperf, &state, 1);
}

/* Reads on until `wanted` octets are there. */
static bool fill(struct baro_iperf *iperf, size_t wanted)
{
    while (iperf->in_octets < wanted) {
        ptrdiff_t octets = baro_recv(iperf->config.stack, iperf->control, iperf->in + iperf->in_octets,
                                     wanted - iperf->in_octets, 0);

        if (octets == -EAGAIN)
            return false;
        if (octets <= 0) {
            iperf_end(iperf, octets == 0 ? "the peer closed the control connection" : "the control connection broke");
            return false;
        }
        iperf->in_octets += (size_t)octets;
    }
    return true;
}

bool iperf_hear(struct baro_iperf *iperf, size_t wanted)
{
    if (!fill(iperf, wanted))
        return false;
    iperf->in_octets = 0;
    return true;
}

ptrdiff_t iperf_hear_text(struct baro_iperf *iperf, size_t limit)
{
    const uint8_t *in = iperf->in;
    size_t length;

    if (!fill(iperf, 4))
        return -1;
    length = (size_t)in[0] << 24 | (size_t)in[1] << 16 | (size_t)in[2] << 8 | in[3];
    if (length > limit) {
        iperf_end(iperf, "a text that is too long");
        return -1;
    }
    if (!fill(iperf, 4 + length))
        return -1;
    iperf->in_octets = 0;
    return (ptrdiff_t)length;
}

bool iperf_hear_results(struct baro_iperf *iperf)
{
    ptrdiff_t length = iperf_hear_text(iperf, IPERF_RESULTS_LIMIT);

    if (length < 0)
        return false;
    if (iperf_read_results((const char *)iperf->in + 4, (size_t)length, &iperf->peer_octets))
        return true;
    iperf_end(iperf, "results that are no JSON");
    return false;
}

/* What a client is to do, as if it had come as a text. */
static int settle(struct baro_iperf *iperf)
{
    const struct baro_iperf_config *config = &iperf->config;
    int64_t seconds = config->time.ns / 1000000000;

    if (config->streams > BARO_IPERF_STREAMS || config->block > BARO_IPERF_BLOCK || config->time.ns < 0 ||
        seconds > IPERF_DAY_S || config->octets > UINT64_C(1) << 50)
        return -EINVAL;
    iperf->test = (struct iperf_test){ .reverse = config->reverse, .congestion = -1 };
    iperf->test.streams = config->streams == 0 ? 1 : config->streams;
    iperf->test.block = config->block == 0 ? IPERF_CHUNK : config->block;
    iperf->test.octets = (double)config->octets;
    if (config->octets == 0)
        iperf->test.time_s = seconds == 0 ? 10 : (double)seconds;
    return 0;
}

struct baro_iperf *baro_iperf_create(const struct baro_iperf_config *config, int *error)
{
    struct baro_iperf *iperf = config->memory.take(config->memory.context, sizeof *iperf);
    int result = -ENOMEM;

    if (iperf != NULL) {
        memset(iperf, 0, sizeof *iperf);
        iperf->config = *config;
        iperf->listener = iperf->control = -1;
        service_random_init(&iperf->random, config->seed);
        for (size_t i = 0; i < sizeof iperf->chunk; i++)
            iperf->chunk[i] = (uint8_t)('0' + i % 10);
        result = settle(iperf);
        if (result == 0)
            result = iperf_is_client(iperf) ? iperf_connect(iperf) : iperf_listen(iperf);
    }
    if (error != NULL)
        *error = result;
    if (result == 0)
        return iperf;
    if (iperf != NULL)
        config->memory.give_back(config->memory.context, iperf, sizeof *iperf);
    return NULL;
}

void baro_iperf_free(struct baro_iperf *iperf)
{
    if (iperf == NULL)
        return;
    iperf->config.report = NULL;
    iperf_end(iperf, "freed");
    if (iperf->listener >= 0)
        baro_close(iperf->config.stack, iperf->listener);
    while (iperf->denials != 0)
        baro_close(iperf->config.stack, iperf->denied[--iperf->denials]);
    iperf->config.memory.give_back(iperf->config.memory.context, iperf, sizeof *iperf);
}

bool baro_iperf_poll(struct baro_iperf *iperf, struct baro_instant now)
{
    if (iperf_is_client(iperf))
        return iperf->phase != IPERF_IDLE && iperf_ask(iperf, now);
    return iperf_serve(iperf, now);
}

bool baro_iperf_next_deadline(const struct baro_iperf *iperf, struct baro_instant *deadline)
{
    const struct baro_instant *stops = &iperf->until;
    struct baro_instant end;

    if (iperf->phase == IPERF_IDLE)
        return false;
    *deadline = *stops;
    if (iperf->phase != IPERF_RUN)
        return true;
    if (iperf->omitting && iperf->omitted_until.ns < deadline->ns)
        *deadline = iperf->omitted_until;
    end.ns = iperf->omitted_until.ns + (int64_t)(iperf->test.time_s * 1e9);
    if (iperf_is_client(iperf) && iperf->test.time_s > 0 && end.ns < deadline->ns)
        *deadline = end;
    return true;
}

bool baro_iperf_finished(const struct baro_iperf *iperf)
{
    return iperf->phase == IPERF_IDLE;
}
