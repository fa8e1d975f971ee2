/* See traffic.h. */
#include "sim/traffic.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baro/trace.h"
#include "support/chance.h"

enum { CHUNK = 4096, DATAGRAM_PORT = 9, DATAGRAM_LIMIT = 4000, STEP_MS = 10, PING_ID = 99 };

static const int64_t ns_per_ms = 1000000;

static void failed(struct traffic *traffic, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void failed(struct traffic *traffic, const char *format, ...)
{
    va_list arguments;

    if (traffic->failure[0] != '\0')
        return;
    va_start(arguments, format);
    vsnprintf(traffic->failure, sizeof traffic->failure, format, arguments);
    va_end(arguments);
}

/* What stands at `offset`: the first octet tells the stream (the low octet of its number). */
static uint8_t octet_at(unsigned id, bool from_client, uint32_t offset)
{
    uint32_t mixed = (offset + 1) * 2654435761U + id * 40503U + (from_client ? 77U : 0U);

    return offset == 0 ? (uint8_t)id : (uint8_t)(mixed >> 16 ^ mixed >> 8);
}

static struct baro_address address_of(unsigned host)
{
    return baro_ipv4(10, 0, 0, (uint8_t)(host + 1));
}

static struct baro_stack *stack_of(const struct agent *agent)
{
    return baro_host_stack(agent->host);
}

/* ---- streams ---- */

static struct stream *stream_new(struct agent *agent, int fd, int id, bool client)
{
    struct stream *stream = &agent->stream[agent->streams];

    if (agent->streams == TRAFFIC_STREAMS) {
        failed(agent->traffic, "more than %d streams", TRAFFIC_STREAMS);
        return NULL;
    }
    agent->streams++;
    *stream = (struct stream){ .fd = fd, .id = id, .client = client, .connecting = client };
    return stream;
}

static void stream_failed(struct agent *agent, struct stream *stream, const char *call, ptrdiff_t result)
{
    failed(agent->traffic, "%s, stream %d: %s: %s after %u octets out and %u in", baro_host_name(agent->host),
           stream->id, call, strerror((int)-result), stream->sent, stream->received);
    stream->over = true;
}

static void stream_write(struct agent *agent, struct stream *stream)
{
    uint8_t octets[CHUNK];
    uint32_t total = agent->traffic->plan.octets;

    while (!stream->sent_all && stream->id >= 0) {
        uint32_t count = total - stream->sent < CHUNK ? total - stream->sent : CHUNK;
        ptrdiff_t result;

        if (count == 0) {
            int error = baro_shutdown(stack_of(agent), stream->fd, BARO_SHUT_WRITE);

            stream->sent_all = true;
            if (error != 0)
                stream_failed(agent, stream, "shutdown", error);
            return;
        }
        for (uint32_t i = 0; i < count; i++)
            octets[i] = octet_at((unsigned)stream->id, stream->client, stream->sent + i);
        result = baro_send(stack_of(agent), stream->fd, octets, count, 0);
        if (result == -EAGAIN)
            return;
        if (result <= 0) {
            stream_failed(agent, stream, "send", result);
            return;
        }
        stream->sent += (uint32_t)result;
    }
}

static void stream_check(struct agent *agent, struct stream *stream, const uint8_t *octets, uint32_t count)
{
    if (stream->id < 0)
        stream->id = octets[0];
    for (uint32_t i = 0; i < count; i++)
        if (octets[i] != octet_at((unsigned)stream->id, !stream->client, stream->received + i)) {
            failed(agent->traffic, "%s, stream %d: octet %u is wrong", baro_host_name(agent->host),
                   stream->id, stream->received + i);
            return;
        }
    stream->received += count;
}

static void stream_read(struct agent *agent, struct stream *stream)
{
    struct traffic *traffic = agent->traffic;
    bool limited = traffic->plan.read_limit != 0 && agent == &traffic->agent[1];
    uint8_t octets[CHUNK];

    while (!stream->received_all) {
        size_t most = limited && traffic->read_left < CHUNK ? traffic->read_left : CHUNK;
        ptrdiff_t result;

        if (most == 0)
            return;
        result = baro_recv(stack_of(agent), stream->fd, octets, most, 0);
        if (result == -EAGAIN)
            return;
        if (result < 0) {
            stream_failed(agent, stream, "recv", result);
            return;
        }
        if (result == 0) {
            stream->received_all = true;
            if (stream->received != traffic->plan.octets)
                failed(traffic, "%s, stream %d: ends after %u octets", baro_host_name(agent->host),
                       stream->id, stream->received);
            return;
        }
        if (limited)
            traffic->read_left -= (uint32_t)result;
        stream_check(agent, stream, octets, (uint32_t)result);
    }
}

/* As a careful program does, it keeps what it sent all of until the peer has it: a connection that nobody has any more
 * gives up after eight attempts. */
static bool is_heard(struct agent *agent, const struct stream *stream)
{
    struct baro_tcp_info info;
    size_t size = sizeof info;

    baro_getsockopt(stack_of(agent), stream->fd, BARO_TCP_INFO, &info, &size);
    return info.state == BARO_TCP_TIME_WAIT || info.state == BARO_TCP_CLOSED;
}

/* A socket that connects to the other host, or -1. */
static int connect_new(struct agent *agent)
{
    struct traffic *traffic = agent->traffic;
    struct baro_endpoint peer = { address_of(agent == &traffic->agent[0] ? 1 : 0), { TRAFFIC_PORT } };
    int fd = baro_socket(stack_of(agent), BARO_FAMILY_IPV4, BARO_STREAM), result;

    if (fd < 0) {
        failed(traffic, "socket: %s", strerror(-fd));
        return -1;
    }
    result = baro_connect(stack_of(agent), fd, &peer);
    if (result != -EINPROGRESS)
        failed(traffic, "connect: %s", strerror(-result));
    return fd;
}

static void stream_step(struct agent *agent, struct stream *stream)
{
    if (stream->over)
        return;
    if (stream->connecting) {
        int error = 0;
        size_t length = sizeof error;

        if ((baro_poll(stack_of(agent), stream->fd) & (BARO_EVENT_OUT | BARO_EVENT_ERROR)) == 0)
            return;
        baro_getsockopt(stack_of(agent), stream->fd, BARO_SO_ERROR, &error, &length);
        if (error == EHOSTUNREACH) { /* all ARP requests or answers were lost: a careful program tries again */
            baro_close(stack_of(agent), stream->fd);
            stream->fd = connect_new(agent);
            return;
        }
        stream->connecting = false;
        if (error != 0) {
            stream_failed(agent, stream, "connect", -error);
            return;
        }
    }
    stream_read(agent, stream);
    stream_write(agent, stream);
    if (stream->sent_all && stream->received_all && !stream->over && is_heard(agent, stream)) {
        stream->over = true;
        baro_close(stack_of(agent), stream->fd);
        stream->fd = -1;
    }
    if (stream->over)
        agent->over++;
}

struct stream *traffic_open(struct traffic *traffic, unsigned host)
{
    struct agent *agent = &traffic->agent[host];
    int fd = connect_new(agent);

    return fd < 0 ? NULL : stream_new(agent, fd, (int)(agent->streams % 256), true);
}

static void accept_all(struct agent *agent)
{
    int fd;

    while ((fd = baro_accept(stack_of(agent), agent->listener, NULL)) >= 0) {
        struct stream *stream = stream_new(agent, fd, -1, false);

        if (stream == NULL)
            return;
        stream_step(agent, stream);
    }
    if (fd != -EAGAIN)
        failed(agent->traffic, "accept: %s", strerror(-fd));
}

/* ---- datagrams ---- */

/* Datagram n: its number in four octets, then octets made of it; its length follows from n as well. */
static size_t datagram_make(const struct traffic *traffic, uint32_t number, uint8_t *octets)
{
    uint32_t limit = traffic->plan.datagram_limit != 0 ? traffic->plan.datagram_limit : DATAGRAM_LIMIT;
    size_t length = 4 + number * 977 % (limit - 4);

    for (size_t i = 0; i < 4; i++)
        octets[i] = (uint8_t)(number >> (8 * i));
    for (size_t i = 4; i < length; i++)
        octets[i] = octet_at(number, true, (uint32_t)i);
    return length;
}

/* Host 1 sends back what it gets. */
static void datagrams_read(struct agent *agent)
{
    static uint8_t octets[DATAGRAM_LIMIT + 1], wanted[DATAGRAM_LIMIT];
    struct baro_endpoint peer;
    ptrdiff_t length;

    while ((length = baro_recvfrom(stack_of(agent), agent->datagrams, octets, sizeof octets, 0, &peer)) >=
           0) {
        uint32_t number = length < 4 ? 0
                                     : octets[0] | (uint32_t)octets[1] << 8 | (uint32_t)octets[2] << 16 |
                                           (uint32_t)octets[3] << 24;

        if (length < 4 || datagram_make(agent->traffic, number, wanted) != (size_t)length ||
            memcmp(octets, wanted, (size_t)length) != 0)
            failed(agent->traffic, "%s: datagram %u is damaged", baro_host_name(agent->host), number);
        agent->datagrams_in++;
        if (agent == &agent->traffic->agent[1])
            baro_sendto(stack_of(agent), agent->datagrams, octets, (size_t)length, 0, &peer);
    }
}

/* ---- programs ---- */

static void program(void *context, struct baro_host *host)
{
    struct agent *agent = context;
    struct baro_ready ready;
    struct baro_ping_result ping;

    (void)host;
    while (baro_next_ready(stack_of(agent), &ready)) {
        if (ready.fd == agent->listener)
            accept_all(agent);
        else if (ready.fd == agent->datagrams)
            datagrams_read(agent);
        else
            for (unsigned i = 0; i < agent->streams; i++)
                if (agent->stream[i].fd == ready.fd)
                    stream_step(agent, &agent->stream[i]);
    }
    while (baro_stack_ping_result(stack_of(agent), &ping)) {
        if (ping.id != PING_ID)
            failed(agent->traffic, "a ping of another's came back");
        agent->pings_in++;
    }
    baro_stack_check_invariants(stack_of(agent));
}

static int listen_on(struct traffic *traffic, struct agent *agent)
{
    struct baro_endpoint local = { .address = { .family = BARO_FAMILY_IPV4 }, .port = { TRAFFIC_PORT } };
    int fd = baro_socket(stack_of(agent), BARO_FAMILY_IPV4, BARO_STREAM);
    int size = traffic->plan.receive_buffer;

    if (size != 0 && agent == &traffic->agent[1])
        baro_setsockopt(stack_of(agent), fd, BARO_SO_RECV_BUFFER, &size, sizeof size);
    if (baro_bind(stack_of(agent), fd, &local) != 0 || baro_listen(stack_of(agent), fd, TRAFFIC_STREAMS) != 0)
        failed(traffic, "the listener cannot be made");
    return fd;
}

static int datagrams_on(struct traffic *traffic, struct agent *agent)
{
    struct baro_endpoint local = { .address = { .family = BARO_FAMILY_IPV4 }, .port = { DATAGRAM_PORT } };
    int fd = baro_socket(stack_of(agent), BARO_FAMILY_IPV4, BARO_DATAGRAM);

    if (baro_bind(stack_of(agent), fd, &local) != 0)
        failed(traffic, "the datagram socket cannot be bound");
    return fd;
}

/* ---- memory and trace ---- */

static void *take(void *context, size_t bytes)
{
    struct traffic *traffic = context;
    void *slab = aligned_alloc(64, (bytes + 63) / 64 * 64);

    if (slab != NULL) {
        memset(slab, 0, bytes);
        traffic->slab_bytes += bytes;
    }
    return slab;
}

static void give_back(void *context, void *slab, size_t bytes)
{
    struct traffic *traffic = context;

    traffic->slab_bytes -= bytes;
    free(slab);
}

static void mix(struct traffic *traffic, const void *data, size_t length)
{
    chance_note(&traffic->hash, data, length);
}

static void hash_event(void *context, const struct baro_trace_event *event)
{
    struct traffic *traffic = context;
    const char *type = baro_trace_arguments(event->kind);

    mix(traffic, &event->kind, sizeof event->kind);
    mix(traffic, &event->at.ns, sizeof event->at.ns);
    mix(traffic, &event->host, sizeof event->host);
    for (unsigned i = 0; i < event->count; i++) {
        type = strchr(type, ':') + 1;
        if (*type == 'a' || *type == 'e')
            mix(traffic, &event->value[i].as.endpoint, sizeof event->value[i].as.endpoint);
        else if (*type == 'm')
            mix(traffic, &event->value[i].as.mac, sizeof event->value[i].as.mac);
        else
            mix(traffic, &event->value[i].as.number, sizeof event->value[i].as.number);
    }
    mix(traffic, event->bytes.data, event->bytes.length);
}

/* ---- the whole ---- */

static void host_make(struct traffic *traffic, unsigned index)
{
    struct agent *agent = &traffic->agent[index];
    struct baro_host_config config = { .wire = traffic->wire,
                                       .address = address_of(index),
                                       .prefix_length = 24,
                                       .program = program,
                                       .program_context = agent,
                                       .trace_host = index };
    int error = 0;

    if (traffic->plan.trace)
        config.trace = (struct baro_trace_sink){ traffic, hash_event };
    agent->traffic = traffic;
    agent->listener = agent->datagrams = -1;
    agent->stream = calloc(TRAFFIC_STREAMS, sizeof *agent->stream);
    agent->host = baro_host_create(traffic->network, &config, &error);
    if (agent->host == NULL || agent->stream == NULL) {
        fprintf(stderr, "the host cannot be made: %s\n", strerror(-error));
        abort();
    }
    agent->listener = listen_on(traffic, agent);
    agent->datagrams = datagrams_on(traffic, agent);
}

void traffic_start(struct traffic *traffic, const struct traffic_plan *plan)
{
    struct baro_network_config config = { .memory = { traffic, take, give_back },
                                          .seed = plan->seed,
                                          .now = { INT64_C(1000000000) } };
    struct baro_wire_config wire;
    char error[200];

    *traffic = (struct traffic){ .plan = *plan, .hash = UINT64_C(14695981039346656037) };
    if (baro_wire_parse(plan->wire, &wire, error, sizeof error) != 0) {
        fprintf(stderr, "%s\n", error);
        abort();
    }
    traffic->read_left = plan->read_limit;
    traffic->network = baro_network_create(&config);
    traffic->wire = baro_wire_create(traffic->network, &wire);
    for (unsigned i = 0; i < 2; i++)
        host_make(traffic, i);
    for (unsigned i = 0; i < 2; i++)
        for (unsigned j = 0; j < plan->streams[i]; j++)
            traffic_open(traffic, i);
}

static bool all_over(const struct traffic *traffic)
{
    unsigned wanted = traffic->plan.streams[0] + traffic->plan.streams[1];

    return traffic->agent[0].over == wanted && traffic->agent[1].over == wanted;
}

/* What does not come by itself: datagrams, pings, and a slow reader's next portion. */
static void every_step(struct traffic *traffic, uint32_t step)
{
    struct agent *agent = &traffic->agent[0];
    struct baro_endpoint peer = { address_of(1), { DATAGRAM_PORT } };
    uint8_t octets[DATAGRAM_LIMIT];

    if (step < traffic->plan.datagrams)
        baro_sendto(stack_of(agent), agent->datagrams, octets, datagram_make(traffic, step, octets), 0,
                    &peer);
    if (step < traffic->plan.pings)
        baro_stack_ping(stack_of(agent), address_of(1), PING_ID, (uint16_t)step, step * 31 % 3000);
    if (traffic->plan.read_limit == 0)
        return;
    traffic->read_left = traffic->plan.read_limit;
    agent = &traffic->agent[1];
    for (unsigned i = 0; i < agent->streams; i++)
        stream_step(agent, &agent->stream[i]);
}

bool traffic_run(struct traffic *traffic, int64_t limit_s)
{
    struct baro_instant now = baro_network_now(traffic->network);
    uint32_t least =
        traffic->plan.datagrams > traffic->plan.pings ? traffic->plan.datagrams : traffic->plan.pings;

    for (uint32_t step = 0; step < limit_s * 1000 / STEP_MS && traffic->failure[0] == '\0'; step++) {
        if (step > least + 100 && all_over(traffic))
            return true;
        every_step(traffic, step);
        now.ns += STEP_MS * ns_per_ms;
        baro_network_run_until(traffic->network, now, NULL, NULL);
    }
    if (!all_over(traffic))
        failed(traffic, "after %lld s %u and %u streams of %u are over", (long long)limit_s,
               traffic->agent[0].over, traffic->agent[1].over,
               traffic->plan.streams[0] + traffic->plan.streams[1]);
    return traffic->failure[0] == '\0';
}

void traffic_wait(struct traffic *traffic, int64_t seconds)
{
    struct baro_instant until = baro_network_now(traffic->network);

    until.ns += seconds * 1000 * ns_per_ms;
    baro_network_run_until(traffic->network, until, NULL, NULL);
}

void traffic_close(struct traffic *traffic)
{
    for (unsigned i = 0; i < 2; i++) {
        struct agent *agent = &traffic->agent[i];

        for (unsigned j = 0; j < agent->streams; j++)
            if (agent->stream[j].fd >= 0)
                baro_close(stack_of(agent), agent->stream[j].fd);
        agent->streams = 0;
        baro_close(stack_of(agent), agent->listener);
        baro_close(stack_of(agent), agent->datagrams);
        agent->listener = agent->datagrams = -1;
    }
    traffic_wait(traffic, 1);
}

void traffic_free(struct traffic *traffic)
{
    baro_network_free(traffic->network);
    for (unsigned i = 0; i < 2; i++)
        free(traffic->agent[i].stream);
}
