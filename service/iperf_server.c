/* service/iperf_server.c: the server's side: it hears a cookie and what is asked for, says when streams may come, when
 * the test starts, and after the client's end asks for what that counted. */
#include "iperf.h"

#include <errno.h>
#include <string.h>

int iperf_listen(struct baro_iperf *iperf)
{
    struct baro_endpoint any = { .address = baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0) }; /* both families */
    struct baro_stack *stack = iperf->config.stack;
    const int one = 1;
    int result;

    any.port.number = iperf->config.port == 0 ? (uint16_t)BARO_IPERF_PORT : iperf->config.port;
    iperf->listener = baro_socket(stack, BARO_FAMILY_IPV6, BARO_STREAM);
    if (iperf->listener < 0)
        return iperf->listener;
    (void)baro_setsockopt(stack, iperf->listener, BARO_SO_REUSE_ADDRESS, &one, sizeof one);
    result = baro_bind(stack, iperf->listener, &any);
    if (result == 0)
        result = baro_listen(stack, iperf->listener, BARO_IPERF_STREAMS);
    if (result != 0)
        baro_close(stack, iperf->listener);
    return result;
}

/* Says no to one that comes while another is served. What he says is read to its end, so that he hears the answer and
 * no reset; of more than a few the oldest is closed. */
static void deny(struct baro_iperf *iperf, int fd)
{
    const uint8_t denied = IPERF_ACCESS_DENIED;

    (void)baro_send(iperf->config.stack, fd, &denied, 1, 0);
    (void)baro_shutdown(iperf->config.stack, fd, BARO_SHUT_WRITE);
    if (iperf->denials == IPERF_DENIED) {
        baro_close(iperf->config.stack, iperf->denied[0]);
        memmove(iperf->denied, iperf->denied + 1, sizeof iperf->denied - sizeof iperf->denied[0]);
        iperf->denials--;
    }
    iperf->denied[iperf->denials++] = fd;
}

static void read_denied(struct baro_iperf *iperf)
{
    for (unsigned i = 0; i < iperf->denials;) {
        ptrdiff_t octets = baro_recv(iperf->config.stack, iperf->denied[i], iperf->in, IPERF_COOKIE, BARO_MSG_TRUNCATE);

        if (octets > 0 || octets == -EAGAIN) {
            i++;
            continue;
        }
        baro_close(iperf->config.stack, iperf->denied[i]);
        iperf->denied[i] = iperf->denied[--iperf->denials];
    }
}

static bool accept_all(struct baro_iperf *iperf, struct baro_instant now)
{
    struct baro_endpoint peer;
    bool any = false;
    int fd;

    while ((fd = baro_accept(iperf->config.stack, iperf->listener, &peer)) >= 0) {
        any = true;
        if (iperf->phase == IPERF_IDLE) {
            const int one = 1;

            iperf->test = (struct iperf_test){ .congestion = -1 };
            iperf->control = fd;
            iperf->peer = peer;
            (void)baro_setsockopt(iperf->config.stack, fd, BARO_TCP_NODELAY, &one, sizeof one);
            iperf_enter(iperf, IPERF_COOKIE_IN, now);
        } else if (iperf->phase == IPERF_STREAMS_IN && iperf->opened < iperf_streams(iperf)) {
            iperf->stream[iperf->opened++] = (struct iperf_stream){ .fd = fd };
        } else {
            deny(iperf, fd);
        }
    }
    return any;
}

/* The client hears which of its errors it made. */
static void refuse(struct baro_iperf *iperf, uint8_t number, const char *why)
{
    const uint8_t said[9] = { IPERF_SERVER_ERROR, 0, 0, 0, number };

    iperf_say(iperf, said, sizeof said);
    if (iperf_flush(iperf))
        iperf_end(iperf, why);
}

static void hear_params(struct baro_iperf *iperf, struct baro_instant now)
{
    ptrdiff_t length = iperf_hear_text(iperf, IPERF_PARAMS_LIMIT);
    struct iperf_test *test = &iperf->test;

    if (length < 0)
        return;
    if (!iperf_read_params(test, (const char *)iperf->in + 4, (size_t)length)) {
        *test = (struct iperf_test){ .streams = 0 };
        refuse(iperf, IPERF_ERROR_PARAMS, "parameters that are no JSON");
        return;
    }
    if (test->blocks > 0 && test->octets == 0)
        test->octets = test->blocks * test->block;
    if (test->refused || test->congestion == -2)
        refuse(iperf, IPERF_ERROR_NOT_IMPLEMENTED, "asked for what is not implemented: UDP, SCTP, both ways at once, "
               "a password or an unknown congestion control");
    else if (!(test->streams >= 1 && test->streams <= BARO_IPERF_STREAMS))
        refuse(iperf, IPERF_ERROR_STREAMS, "asked for too many streams");
    else if (!(test->block >= 1 && test->block <= BARO_IPERF_BLOCK))
        refuse(iperf, IPERF_ERROR_BLOCK, "asked for a block that is too long");
    else if (!(test->time_s >= 0 && test->time_s <= IPERF_DAY_S && test->omit_s >= 0 && test->omit_s <= IPERF_DAY_S &&
               test->octets >= 0 && test->octets < 1e18))
        refuse(iperf, IPERF_ERROR_PARAMS, "asked for a time or an amount out of range");
    else {
        iperf_say_state(iperf, IPERF_CREATE_STREAMS);
        iperf_enter(iperf, IPERF_STREAMS_IN, now);
    }
}

/* Hears the cookie of a stream that came. False: it is not this test's. */
static bool hear_cookie(struct baro_iperf *iperf, struct iperf_stream *stream)
{
    char heard[IPERF_COOKIE];

    while (!stream->connected) {
        ptrdiff_t octets = baro_recv(iperf->config.stack, stream->fd, heard, IPERF_COOKIE - stream->cookie_octets, 0);

        if (octets == -EAGAIN)
            break;
        if (octets <= 0 || memcmp(heard, iperf->cookie + stream->cookie_octets, (size_t)octets) != 0)
            return false;
        stream->cookie_octets += (unsigned)octets;
        stream->connected = stream->cookie_octets == IPERF_COOKIE;
        if (stream->connected)
            iperf_prepare(iperf, stream->fd);
    }
    return true;
}

static bool hear_streams(struct baro_iperf *iperf, struct baro_instant now)
{
    unsigned connected = 0;

    if (iperf_hear(iperf, 1))
        iperf_end(iperf, iperf->in[0] == IPERF_CLIENT_TERMINATE ? "the client gave up" : "an unknown state");
    if (iperf->phase == IPERF_IDLE)
        return true;
    for (unsigned i = 0; i < iperf->opened; i++) {
        if (!hear_cookie(iperf, &iperf->stream[i])) {
            deny(iperf, iperf->stream[i].fd);
            iperf->stream[i--] = iperf->stream[--iperf->opened];
            continue;
        }
        connected += iperf->stream[i].connected;
    }
    if (connected != iperf_streams(iperf))
        return false;
    iperf_say_state(iperf, IPERF_TEST_START);
    iperf_say_state(iperf, IPERF_TEST_RUNNING);
    iperf_begin(iperf, now);
    return true;
}

static bool run(struct baro_iperf *iperf, struct baro_instant now)
{
    bool any = iperf_move(iperf, now);

    if (!iperf_hear(iperf, 1))
        return any;
    if (iperf->in[0] != IPERF_TEST_END) {
        iperf->ended = now;
        iperf_end(iperf, iperf->in[0] == IPERF_CLIENT_TERMINATE ? "the client gave up" : "an unknown state");
        return true;
    }
    iperf_close_streams(iperf, now);
    iperf_say_state(iperf, IPERF_EXCHANGE_RESULTS);
    iperf_enter(iperf, IPERF_RESULTS_IN, now);
    return true;
}

static void hear_results(struct baro_iperf *iperf, struct baro_instant now)
{
    if (!iperf_hear_results(iperf))
        return;
    iperf_say_results(iperf);
    iperf_say_state(iperf, IPERF_DISPLAY_RESULTS);
    iperf_enter(iperf, IPERF_DONE_IN, now);
}

/* One step of the phase; whether there may be another at once. */
static bool step(struct baro_iperf *iperf, struct baro_instant now)
{
    enum iperf_phase before = iperf->phase;

    switch (before) {
    case IPERF_COOKIE_IN:
        if (iperf_hear(iperf, IPERF_COOKIE)) {
            memcpy(iperf->cookie, iperf->in, IPERF_COOKIE);
            iperf_say_state(iperf, IPERF_PARAM_EXCHANGE);
            iperf_enter(iperf, IPERF_PARAMS_IN, now);
        }
        break;
    case IPERF_PARAMS_IN:
        hear_params(iperf, now);
        break;
    case IPERF_STREAMS_IN:
        hear_streams(iperf, now);
        break;
    case IPERF_RUN:
        return run(iperf, now) && iperf->phase != before;
    case IPERF_RESULTS_IN:
        hear_results(iperf, now);
        break;
    case IPERF_DONE_IN:
        if (iperf_hear(iperf, 1))
            iperf_end(iperf, iperf->in[0] == IPERF_DONE ? NULL : "an unknown state at the end");
        break;
    default:
        return false;
    }
    return iperf->phase != before;
}

bool iperf_serve(struct baro_iperf *iperf, struct baro_instant now)
{
    uint64_t moved = iperf->moved;
    bool any = accept_all(iperf, now);

    read_denied(iperf);
    while (step(iperf, now))
        any = true;
    if (iperf->phase == IPERF_IDLE || !iperf_flush(iperf))
        return any;
    if (now.ns >= iperf->until.ns) {
        iperf->ended = now;
        iperf_end(iperf, "the client was silent for too long");
    }
    return any || iperf->moved != moved;
}
