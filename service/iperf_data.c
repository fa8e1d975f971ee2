/* service/iperf_data.c: the streams of a test: what is sent counts when the socket took it, what is received when it
 * was read.
 *
 * Received octets are for nobody, but they are copied, as to a program: straight from their frames, to a place that is
 * said before they come and taken back in each turn; all streams have the same one. It has room for what a TAP hands
 * over at once, twice: where it is full the rest waits and is copied a second time. What waits unsent is held below
 * half a mebibyte a stream, so that it stays in the cache; a turn drains it a few times where the window takes so much.
 * For the same reason the send buffer of a path below a millisecond is fixed at 2 MiB, 16 Gbit/s at a whole one: one
 * that grows to 16 MiB because nothing is ever lost costs a quarter more time. Longer paths, and who asks for a window,
 * are as always. */
#include "iperf.h"

#include <errno.h>
#include <string.h>

enum { UNSENT = 524288, ROUNDS = 4, SUPER = 65435, NEAR_NS = 1000000, NEAR_BUFFER = 1 << 21 };

static void set_int(struct baro_iperf *iperf, int fd, enum baro_option option, double value)
{
    int number = value > 1 << 30 ? 1 << 30 : (int)value;

    (void)baro_setsockopt(iperf->config.stack, fd, option, &number, sizeof number);
}

void iperf_prepare(struct baro_iperf *iperf, int fd)
{
    const struct iperf_test *test = &iperf->test;
    double bits = test->rate > test->fair_rate ? test->rate : test->fair_rate;
    uint64_t rate = bits >= 8 && bits < 1e15 ? (uint64_t)(bits / 8) : 0;

    set_int(iperf, fd, BARO_TCP_NOTSENT_LOW_WATER, UNSENT);
    if (test->nodelay)
        set_int(iperf, fd, BARO_TCP_NODELAY, 1);
    if (test->mss >= 88)
        set_int(iperf, fd, BARO_TCP_MAXSEG, test->mss);
    if (test->window > 0) {
        set_int(iperf, fd, BARO_SO_SEND_BUFFER, test->window);
        set_int(iperf, fd, BARO_SO_RECV_BUFFER, test->window);
    }
    if (test->congestion >= 0)
        set_int(iperf, fd, BARO_TCP_CONGESTION, test->congestion);
    if (rate != 0)
        (void)baro_setsockopt(iperf->config.stack, fd, BARO_SO_MAX_PACING_RATE, &rate, sizeof rate);
}

static bool info_of(struct baro_iperf *iperf, int fd, struct baro_tcp_info *info)
{
    size_t length = sizeof *info;

    return baro_getsockopt(iperf->config.stack, fd, BARO_TCP_INFO, info, &length) == 0;
}

static void fit_buffer(struct baro_iperf *iperf, int fd)
{
    struct baro_tcp_info info;

    if (!info_of(iperf, fd, &info))
        return;
    if (info.snd_mss != 0 && info.snd_mss < SUPER) /* whole super-segments, no short one behind them */
        set_int(iperf, fd, BARO_TCP_NOTSENT_LOW_WATER, UNSENT / SUPER * (SUPER / info.snd_mss * info.snd_mss));
    if (iperf->test.window == 0 && info.srtt.ns != 0 && info.srtt.ns < NEAR_NS)
        set_int(iperf, fd, BARO_SO_SEND_BUFFER, NEAR_BUFFER);
}

void iperf_begin(struct baro_iperf *iperf, struct baro_instant now)
{
    double longest = iperf->test.time_s + iperf->test.omit_s + 3 * IPERF_PATIENCE_S;

    iperf_enter(iperf, IPERF_RUN, now);
    if (iperf->test.octets == 0)
        iperf->until.ns = now.ns + (int64_t)(longest * 1e9);
    iperf->began = iperf->ended = now;
    iperf->omitted_until.ns = now.ns + (int64_t)(iperf->test.omit_s * 1e9);
    iperf->omitting = iperf->test.omit_s > 0;
    for (unsigned i = 0; i < iperf->opened && iperf_is_sender(iperf); i++)
        fit_buffer(iperf, iperf->stream[i].fd);
}

static bool send_on(struct baro_iperf *iperf, struct iperf_stream *stream)
{
    size_t block = iperf->test.block < IPERF_CHUNK ? (size_t)iperf->test.block : IPERF_CHUNK;
    bool any = false;

    while (iperf->test.octets == 0 || (double)iperf->moved < iperf->test.octets) {
        ptrdiff_t octets = baro_send(iperf->config.stack, stream->fd, iperf->chunk, block, 0);

        if (octets <= 0) {
            stream->over = octets != -EAGAIN;
            break;
        }
        stream->octets += (uint64_t)octets;
        iperf->moved += (uint64_t)octets;
        any = true;
    }
    return any;
}

static bool send_rounds(struct baro_iperf *iperf, struct iperf_stream *stream)
{
    bool any = false;

    for (unsigned round = 0; round < ROUNDS && !stream->over && send_on(iperf, stream); round++) {
        baro_stack_flush(iperf->config.stack);
        any = true;
    }
    return any;
}

static bool recv_on(struct baro_iperf *iperf, struct iperf_stream *stream)
{
    bool any = false;
    ptrdiff_t octets, waited;

    do {
        octets = baro_recv_collect(iperf->config.stack, stream->fd);
        if (octets > 0) {
            stream->octets += (uint64_t)octets;
            iperf->moved += (uint64_t)octets;
            any = true;
        } else if (octets != -EAGAIN && octets != -EINVAL) { /* the latter: there was nothing to take back yet */
            stream->over = true;
            break;
        }
        waited = baro_recv_post(iperf->config.stack, stream->fd, iperf->chunk, sizeof iperf->chunk);
        stream->over = waited < 0;
    } while (waited > 0);
    return any;
}

static uint64_t retransmits_of(struct baro_iperf *iperf, int fd)
{
    struct baro_tcp_info info;

    return info_of(iperf, fd, &info) ? info.retransmits : 0;
}

/* The omitted time is over: counting begins. */
static void begin_counting(struct baro_iperf *iperf, struct baro_instant now)
{
    for (unsigned i = 0; i < iperf->opened; i++)
        iperf->stream[i].omitted = iperf->stream[i].octets;
    iperf->omitting = false;
    iperf->began = now;
}

bool iperf_move(struct baro_iperf *iperf, struct baro_instant now)
{
    bool sender = iperf_is_sender(iperf), any = false;

    if (iperf->omitting && now.ns >= iperf->omitted_until.ns)
        begin_counting(iperf, now);
    for (unsigned i = 0; i < iperf->opened; i++) {
        struct iperf_stream *stream = &iperf->stream[i];

        if (stream->fd >= 0 && !stream->over && (sender ? send_rounds(iperf, stream) : recv_on(iperf, stream)))
            any = true;
    }
    if (any && iperf->test.octets != 0) /* with no time that was agreed on, moving is what keeps it going */
        iperf->until.ns = now.ns + IPERF_PATIENCE_S * INT64_C(1000000000);
    return any;
}

bool iperf_is_enough(const struct baro_iperf *iperf, struct baro_instant now)
{
    if (iperf->test.octets != 0)
        return (double)iperf->moved >= iperf->test.octets;
    return (double)(now.ns - iperf->omitted_until.ns) >= iperf->test.time_s * 1e9;
}

void iperf_close_streams(struct baro_iperf *iperf, struct baro_instant now)
{
    for (unsigned i = 0; i < iperf->opened; i++) {
        struct iperf_stream *stream = &iperf->stream[i];

        if (stream->fd < 0)
            continue;
        if (iperf_is_sender(iperf))
            stream->retransmits = retransmits_of(iperf, stream->fd);
        baro_close(iperf->config.stack, stream->fd);
        stream->fd = -1;
    }
    iperf->ended = now;
}
