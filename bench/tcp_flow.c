/* bench/tcp_flow.c: the programs on the two hosts: senders that always have more to send, and a sink that reads all at
 * once. What is sent is zeros; that octets arrive whole is other tests' subject. */
#include "tcp.h"

#include <errno.h>

enum { PORT = 5001, CHUNK = 65536 };

static int set_buffers(struct baro_stack *stack, int fd, int buffer)
{
    if (buffer == 0)
        return 0;
    int result = baro_setsockopt(stack, fd, BARO_SO_SEND_BUFFER, &buffer, sizeof buffer);

    return result == 0 ? baro_setsockopt(stack, fd, BARO_SO_RECV_BUFFER, &buffer, sizeof buffer) : result;
}

static void note_error(struct tcp_program *program, int result)
{
    if (result < 0 && program->error == 0)
        program->error = result;
}

/* Begins to listen. Accepted sockets have the listener's buffers. */
static void open_sink(struct tcp_program *program, struct baro_stack *stack)
{
    const struct baro_endpoint local = { { 0 }, { PORT } };
    int fd = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM);

    if (fd >= 0) {
        note_error(program, set_buffers(stack, fd, program->run->buffer));
        note_error(program, baro_bind(stack, fd, &local));
        note_error(program, baro_listen(stack, fd, TCP_FLOW_LIMIT));
    }
    note_error(program, fd);
    program->listener = fd;
}

static void sink(struct tcp_program *program, struct baro_stack *stack)
{
    static uint8_t data[CHUNK];
    int fd;

    if (program->listener < 0)
        open_sink(program, stack);
    while (program->flows < TCP_FLOW_LIMIT && (fd = baro_accept(stack, program->listener, NULL)) >= 0)
        program->fd[program->flows++] = fd;
    for (unsigned i = 0; i < program->flows; i++) {
        ptrdiff_t length;

        while ((length = baro_recv(stack, program->fd[i], data, sizeof data, 0)) > 0)
            program->received[i] += (uint64_t)length;
        note_error(program, length == -EAGAIN ? 0 : (int)length);
    }
}

static void begin_flow(struct tcp_program *program, struct baro_stack *stack)
{
    const int congestion = (int)program->run->congestion;
    int fd = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM), result;

    note_error(program, fd);
    program->fd[program->flows++] = fd;
    if (fd < 0)
        return;
    note_error(program, set_buffers(stack, fd, program->run->buffer));
    note_error(program, baro_setsockopt(stack, fd, BARO_TCP_CONGESTION, &congestion, sizeof congestion));
    result = baro_connect(stack, fd, &program->peer);
    note_error(program, result == -EINPROGRESS ? 0 : result);
}

static void send_all(struct tcp_program *program, struct baro_stack *stack)
{
    static const uint8_t data[CHUNK];
    const struct baro_instant now = baro_network_now(baro_host_network(program->host));

    while (program->flows < program->run->flows && program->begin[program->flows].ns <= now.ns)
        begin_flow(program, stack);
    for (unsigned i = 0; i < program->flows; i++) {
        ptrdiff_t length = 0;

        if (program->fd[i] < 0 || (baro_poll(stack, program->fd[i]) & BARO_EVENT_OUT) == 0)
            continue;
        do
            length = baro_send(stack, program->fd[i], data, sizeof data, 0);
        while (length > 0);
        note_error(program, length == -EAGAIN ? 0 : (int)length);
    }
}

void tcp_program_run(void *context, struct baro_host *host)
{
    struct tcp_program *program = context;

    program->host = host;
    if (program->error != 0)
        return;
    if (program->sink)
        sink(program, baro_host_stack(host));
    else
        send_all(program, baro_host_stack(host));
}

bool tcp_program_deadline(void *context, struct baro_instant *deadline)
{
    const struct tcp_program *program = context;

    if (program->sink || program->flows >= program->run->flows)
        return false;
    *deadline = program->begin[program->flows];
    return true;
}

static bool info_of(const struct tcp_program *program, unsigned flow, struct baro_tcp_info *info)
{
    size_t length = sizeof *info;

    return program->fd[flow] >= 0 && baro_getsockopt(baro_host_stack(program->host), program->fd[flow], BARO_TCP_INFO,
                                                     info, &length) == 0;
}

bool tcp_program_left_slow_start(const struct tcp_program *program)
{
    struct baro_tcp_info info;

    for (unsigned i = 0; i < program->flows; i++) {
        if (!info_of(program, i, &info) || info.cwnd < info.ssthresh)
            return false;
    }
    return program->flows == program->run->flows;
}

void tcp_program_count(const struct tcp_program *program, struct tcp_figures *figures)
{
    struct baro_tcp_info info;

    for (unsigned i = 0; i < program->flows; i++) {
        if (!info_of(program, i, &info))
            continue;
        figures->retransmits += info.retransmits;
        figures->timeouts += info.timeouts;
    }
}
