/* service/iperf_client.c: the client's side: it says a cookie, does what the server's states tell it to, and ends the
 * test when it had enough. */
#include "iperf.h"

#include <errno.h>
#include <string.h>

/* Begins a connection to the server; its descriptor or -errno. */
static int begin_connection(struct baro_iperf *iperf, bool stream)
{
    struct baro_endpoint server = iperf->config.server;
    int fd = baro_socket(iperf->config.stack, server.address.family, BARO_STREAM), result;

    if (fd < 0)
        return fd;
    if (server.port.number == 0)
        server.port.number = BARO_IPERF_PORT;
    if (stream)
        iperf_prepare(iperf, fd);
    result = baro_connect(iperf->config.stack, fd, &server);
    if (result == -EINPROGRESS)
        return fd;
    baro_close(iperf->config.stack, fd);
    return result == 0 ? -EIO : result;
}

int iperf_connect(struct baro_iperf *iperf)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    int fd = begin_connection(iperf, false);

    if (fd < 0)
        return fd;
    for (unsigned i = 0; i < IPERF_COOKIE - 1; i++)
        iperf->cookie[i] = letters[service_random_below(&iperf->random, 32)];
    iperf->control = fd;
    iperf->peer = iperf->config.server;
    iperf->phase = IPERF_CONNECT; /* its patience is TCP's */
    iperf->until.ns = INT64_MAX;
    return 0;
}

/* 1: connected, 0: not yet, -errno. */
static int connected(struct baro_iperf *iperf, int fd)
{
    unsigned events = baro_poll(iperf->config.stack, fd);
    int error = 0;
    size_t length = sizeof error;

    if ((events & (BARO_EVENT_ERROR | BARO_EVENT_HANGUP)) != 0) {
        baro_getsockopt(iperf->config.stack, fd, BARO_SO_ERROR, &error, &length);
        return error == 0 ? -ECONNRESET : -error;
    }
    return (events & BARO_EVENT_OUT) != 0;
}

static bool finish_connect(struct baro_iperf *iperf, struct baro_instant now)
{
    int result = connected(iperf, iperf->control);
    const int one = 1;

    if (result < 0)
        iperf_end(iperf, result == -ECONNREFUSED ? "nobody listens there" : "no connection to the server");
    if (result <= 0)
        return result < 0;
    (void)baro_setsockopt(iperf->config.stack, iperf->control, BARO_TCP_NODELAY, &one, sizeof one);
    iperf_say(iperf, iperf->cookie, IPERF_COOKIE);
    iperf_enter(iperf, IPERF_STATE, now);
    return true;
}

static void open_streams(struct baro_iperf *iperf, struct baro_instant now)
{
    while (iperf->opened < iperf_streams(iperf)) {
        int fd = begin_connection(iperf, true);

        if (fd < 0) {
            iperf_end(iperf, "no socket for a stream");
            return;
        }
        iperf->stream[iperf->opened++] = (struct iperf_stream){ .fd = fd };
    }
    iperf_enter(iperf, IPERF_STREAMS_IN, now);
}

/* Says the cookie on each stream that has come up; all of them have: on with the server's states. */
static bool connect_streams(struct baro_iperf *iperf, struct baro_instant now)
{
    unsigned up = 0;

    for (unsigned i = 0; i < iperf->opened; i++) {
        struct iperf_stream *stream = &iperf->stream[i];
        int result = stream->connected ? 1 : connected(iperf, stream->fd);

        if (result > 0 && !stream->connected &&
            baro_send(iperf->config.stack, stream->fd, iperf->cookie, IPERF_COOKIE, 0) != IPERF_COOKIE)
            result = -ECONNRESET;
        if (result < 0) {
            iperf_end(iperf, "a stream was refused");
            return true;
        }
        stream->connected = result > 0;
        up += stream->connected;
    }
    if (up != iperf->opened)
        return false;
    iperf_enter(iperf, IPERF_STATE, now);
    return true;
}

static void hear_results(struct baro_iperf *iperf, struct baro_instant now)
{
    if (!iperf_hear_results(iperf))
        return;
    iperf_enter(iperf, IPERF_STATE, now);
}

/* After its states that are no order. */
static const char *why_not(uint8_t state)
{
    if (state == IPERF_ACCESS_DENIED)
        return "the server is busy";
    if (state == IPERF_SERVER_ERROR)
        return "the server refuses the test";
    return state == IPERF_SERVER_TERMINATE ? "the server gave up" : "the server says what is no state of a test";
}

/* The test runs: the server says nothing then, unless it gives up. */
static bool run(struct baro_iperf *iperf, struct baro_instant now)
{
    bool any = iperf_move(iperf, now);

    if (iperf_hear(iperf, 1)) {
        iperf->ended = now;
        iperf_end(iperf, why_not(iperf->in[0]));
    }
    if (iperf->phase != IPERF_RUN || !iperf_is_enough(iperf, now))
        return any;
    iperf->ended = now;
    iperf_say_state(iperf, IPERF_TEST_END);
    iperf->ending = true;
    iperf_enter(iperf, IPERF_STATE, now);
    return true;
}

static void obey(struct baro_iperf *iperf, uint8_t state, struct baro_instant now)
{
    if (state == IPERF_PARAM_EXCHANGE && iperf->opened == 0) {
        iperf_say_params(iperf);
    } else if (state == IPERF_CREATE_STREAMS && iperf->opened == 0) {
        open_streams(iperf, now);
    } else if (state == IPERF_TEST_START && iperf->opened != 0 && !iperf->ending) {
        iperf_enter(iperf, IPERF_STATE, now);
    } else if (state == IPERF_TEST_RUNNING && iperf->opened != 0 && !iperf->ending) {
        iperf_begin(iperf, now);
    } else if (state == IPERF_EXCHANGE_RESULTS && iperf->ending) {
        iperf_close_streams(iperf, iperf->ended);
        iperf_say_results(iperf);
        iperf_enter(iperf, IPERF_RESULTS_IN, now);
    } else if (state == IPERF_DISPLAY_RESULTS && iperf->ending) {
        iperf_say_state(iperf, IPERF_DONE);
        if (iperf_flush(iperf))
            iperf_end(iperf, NULL);
    } else {
        iperf_end(iperf, why_not(state));
    }
}

static bool hear_state(struct baro_iperf *iperf, struct baro_instant now)
{
    if (!iperf_hear(iperf, 1))
        return false;
    obey(iperf, iperf->in[0], now);
    return true;
}

/* One step; whether there may be another at once. */
static bool step(struct baro_iperf *iperf, struct baro_instant now)
{
    enum iperf_phase before = iperf->phase;

    switch (before) {
    case IPERF_CONNECT:
        return finish_connect(iperf, now);
    case IPERF_STATE:
        return hear_state(iperf, now);
    case IPERF_STREAMS_IN:
        return connect_streams(iperf, now);
    case IPERF_RUN:
        return run(iperf, now) && iperf->phase != before;
    case IPERF_RESULTS_IN:
        hear_results(iperf, now);
        return iperf->phase != before;
    default:
        return false;
    }
}

bool iperf_ask(struct baro_iperf *iperf, struct baro_instant now)
{
    uint64_t moved = iperf->moved;
    bool any = false;

    while (step(iperf, now))
        any = true;
    if (iperf->phase == IPERF_IDLE || !iperf_flush(iperf))
        return any;
    if (now.ns >= iperf->until.ns) {
        iperf->ended = now;
        iperf_end(iperf, "the server was silent for too long");
    }
    return any || iperf->moved != moved;
}
