/* drill/call_pipes.c: pipe, open, splice and sendfile, and read and write of what they make.
 *
 * A pipe is a count of octets up to 65536, and a file is without end, whatever its path: neither is the system's. What
 * is in them is not kept, for a packet line has no contents to compare: what leaves a socket is checked against the
 * pattern of its stream, and what goes into one is the pattern of that. So a position in a file means nothing, and no
 * contents can be written or read by name.
 *
 * Only a socket is waited for. What Linux would let wait for a pipe is refused, unless the pipe's end is non-blocking
 * or the call has SPLICE_F_NONBLOCK, which is about the pipe alone there, too. */
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { PIPE_CAPACITY = 65536, PIPE_ATOMIC = 4096, COUNT_LIMIT = 16 << 20 };

static const struct value any = { .kind = VALUE_ANY };

/* ---- making them ---- */

static bool is_free(const struct run *run, const struct value *number)
{
    return number->kind == VALUE_NUMBER && number->number >= 0 && number->number < DESCRIPTORS_LIMIT &&
           !run->descriptor[number->number].used;
}

static void make_end(struct run *run, long long number, enum drill_end end, int pipe)
{
    run->descriptor[number] = (struct descriptor){
        .used = true, .live = NOBODY, .end = end, .pipe = pipe, .connection = NOBODY, .epoll = NOBODY
    };
}

ptrdiff_t drill_call_pipe(struct run *run, const struct call_line *call)
{
    const struct value *ends = &call->argument[0];

    if (ends->kind != VALUE_ARRAY || ends->count != 2 || !is_free(run, &ends->items[0]) ||
        !is_free(run, &ends->items[1]) || ends->items[0].number == ends->items[1].number)
        return drill_run_fail(run, "expected pipe([5, 6]) with two descriptors that are not in use"), -EINVAL;
    if (run->pipes == PIPES_LIMIT)
        return drill_run_fail(run, "more than %d pipes in one script", PIPES_LIMIT), -EMFILE;
    run->pipe[run->pipes] = (struct pipe){ .readable = true, .writable = true };
    make_end(run, ends->items[0].number, END_PIPE_OUT, run->pipes);
    make_end(run, ends->items[1].number, END_PIPE_IN, run->pipes);
    run->pipes++;
    return 0;
}

ptrdiff_t drill_call_open(struct run *run, const struct call_line *call)
{
    ptrdiff_t number;

    if (call->argument[0].kind != VALUE_STRING || call->argument[1].kind != VALUE_NUMBER ||
        call->argument[1].number != O_RDONLY)
        return drill_run_fail(run, "expected open(\"name\", O_RDONLY): files are only read here"), -EACCES;
    number = drill_call_number(run, call);
    if (number > 0)
        make_end(run, number, END_FILE, NOBODY);
    return number;
}

void drill_call_close_end(struct run *run, struct descriptor *descriptor)
{
    descriptor->used = false;
    if (descriptor->end == END_PIPE_OUT)
        run->pipe[descriptor->pipe].readable = false;
    else if (descriptor->end == END_PIPE_IN)
        run->pipe[descriptor->pipe].writable = false;
}

/* ---- how much can move ---- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The result of a call that the pipe keeps from going on. */
static ptrdiff_t pipe_keeps(struct run *run, const struct call_line *call, bool nonblocking)
{
    run->dont_wait = true;
    if (!nonblocking)
        drill_run_fail(run, "%s would wait for the pipe, and only sockets are waited for here", call->name);
    return -EAGAIN;
}

/* How many octets, up to `wanted`, a pipe or file gives; 0 at its end; -errno. */
static ptrdiff_t can_give(struct run *run, const struct call_line *call, const struct descriptor *from, size_t wanted,
                          bool nonblocking)
{
    const struct pipe *pipe;

    if (from->end == END_FILE || wanted == 0)
        return (ptrdiff_t)wanted;
    pipe = &run->pipe[from->pipe];
    if (pipe->count == 0 && pipe->writable)
        return pipe_keeps(run, call, nonblocking || from->nonblocking);
    return (ptrdiff_t)least(wanted, pipe->count);
}

/* How many octets, up to `wanted`, a pipe takes; -errno. */
static ptrdiff_t can_take(struct run *run, const struct call_line *call, const struct descriptor *to, size_t wanted,
                          bool nonblocking)
{
    const struct pipe *pipe = &run->pipe[to->pipe];

    if (!pipe->readable)
        return -EPIPE;
    if (pipe->count == PIPE_CAPACITY && wanted != 0)
        return pipe_keeps(run, call, nonblocking || to->nonblocking);
    return (ptrdiff_t)least(wanted, PIPE_CAPACITY - pipe->count);
}

static void gave(struct run *run, const struct descriptor *from, size_t count)
{
    if (from->end == END_PIPE_OUT)
        run->pipe[from->pipe].count -= count;
}

/* ---- moving ---- */

static uint8_t *memory_of(size_t count)
{
    uint8_t *memory = calloc(1, count + 1);

    if (memory == NULL)
        abort();
    return memory;
}

/* Names the connection that the call is about. False after a run_fail. */
static bool is_stream(struct run *run, const struct descriptor *descriptor)
{
    if (descriptor->type != BARO_STREAM)
        return drill_run_fail(run, "splice and sendfile are of TCP here");
    if (descriptor->connection != NOBODY)
        run->tcp_spoken = descriptor->connection;
    return true;
}

/* A blocking socket takes all that is there and wanted, with waits in between. */
static ptrdiff_t to_socket(struct run *run, const struct call_line *call, const struct descriptor *from,
                           struct descriptor *socket, size_t wanted, bool nonblocking, unsigned flags)
{
    size_t done = run->present->again ? (size_t)run->present->progress : 0;
    struct transfer transfer = { .flags = flags };
    ptrdiff_t count, result;
    uint8_t *octets;

    if (!is_stream(run, socket))
        return -EINVAL;
    if (done != 0 && from->end == END_PIPE_OUT && run->pipe[from->pipe].count == 0)
        return (ptrdiff_t)done; /* another call has emptied it meanwhile */
    count = can_give(run, call, from, wanted - done, nonblocking);
    if (count <= 0)
        return count;
    transfer.total = done + (size_t)count;
    octets = memory_of((size_t)count);
    for (size_t i = 0; i < (size_t)count; i++)
        octets[i] = drill_pattern_at(socket->written + i);
    result = baro_send(run->stack, socket->live, octets, (size_t)count, flags);
    free(octets);
    if (result > 0)
        gave(run, from, (size_t)result);
    return drill_call_sent(run, socket, &transfer, NULL, result);
}

/* What is there and finds room, at once; a wait is for the first octet. */
static ptrdiff_t from_socket(struct run *run, const struct call_line *call, struct descriptor *socket,
                             const struct descriptor *to, size_t wanted, bool nonblocking)
{
    struct transfer transfer = { .pieces = 1 };
    struct baro_endpoint peer;
    ptrdiff_t count, result;
    uint8_t *octets;

    if (!is_stream(run, socket))
        return -EINVAL;
    count = can_take(run, call, to, wanted, nonblocking);
    if (count <= 0)
        return count;
    transfer.total = (size_t)count;
    transfer.piece[0] = (struct piece){ &any, (size_t)count };
    octets = memory_of((size_t)count);
    result = baro_recvfrom(run->stack, socket->live, octets, (size_t)count, 0, &peer);
    if (result > 0) {
        drill_call_check_octets(run, &transfer, socket, octets, (size_t)result);
        socket->taken += (uint64_t)result;
        run->pipe[to->pipe].count += (size_t)result;
    }
    free(octets);
    return result;
}

/* A pipe or a file into a pipe. */
static ptrdiff_t to_pipe(struct run *run, const struct call_line *call, const struct descriptor *from,
                         const struct descriptor *to, size_t wanted, bool nonblocking)
{
    ptrdiff_t count = can_give(run, call, from, wanted, nonblocking);

    if (count > 0)
        count = can_take(run, call, to, (size_t)count, nonblocking);
    if (count <= 0)
        return count;
    gave(run, from, (size_t)count);
    run->pipe[to->pipe].count += (size_t)count;
    return count;
}

/* ---- splice and sendfile ---- */

/* A count of octets. False after a run_fail. */
static bool read_count(struct run *run, const struct value *value, size_t *count)
{
    if (value->kind != VALUE_NUMBER || value->number < 0 || value->number > COUNT_LIMIT)
        return drill_run_fail(run, "expected a count of octets up to %d", COUNT_LIMIT);
    *count = (size_t)value->number;
    return true;
}

/* Whether an offset is given, [0]; -1 after a run_fail. */
static int read_offset(struct run *run, const struct value *value)
{
    if (value->kind == VALUE_NULL)
        return 0;
    if (value->kind == VALUE_ARRAY && value->count == 1 && value->items[0].kind == VALUE_NUMBER &&
        value->items[0].number >= 0)
        return 1;
    return drill_run_fail(run, "expected an offset: NULL or [0]"), -1;
}

static bool can_be_read(const struct descriptor *descriptor)
{
    return descriptor != NULL && descriptor->epoll == NOBODY && descriptor->end != END_PIPE_IN;
}

static bool can_be_written(const struct descriptor *descriptor)
{
    return descriptor != NULL && descriptor->epoll == NOBODY &&
           (descriptor->end == END_SOCKET || descriptor->end == END_PIPE_IN);
}

/* In the order of Linux' checks. */
static int check_splice(const struct descriptor *in, bool offset_in, const struct descriptor *out, bool offset_out)
{
    bool from_pipe, to_pipe;

    if (!can_be_read(in) || !can_be_written(out))
        return -EBADF;
    from_pipe = in->end == END_PIPE_OUT;
    to_pipe = out->end == END_PIPE_IN;
    if ((from_pipe && offset_in) || (to_pipe && offset_out))
        return -ESPIPE;
    if ((!from_pipe && !to_pipe) || (from_pipe && to_pipe && in->pipe == out->pipe) || offset_out ||
        (offset_in && in->end == END_SOCKET))
        return -EINVAL;
    return 0;
}

ptrdiff_t drill_call_splice(struct run *run, const struct call_line *call)
{
    const long long known = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT;
    struct descriptor *in = drill_call_at(run, call, 0), *out = drill_call_at(run, call, 2);
    int offset_in = read_offset(run, &call->argument[1]), offset_out = read_offset(run, &call->argument[3]), error;
    long long flags = call->argument[5].number;
    bool nonblocking = (flags & SPLICE_F_NONBLOCK) != 0;
    size_t count = 0;

    if (run->failed || !read_count(run, &call->argument[4], &count))
        return -EINVAL;
    if (call->argument[5].kind != VALUE_NUMBER)
        return drill_run_fail(run, "expected flags of splice"), -EINVAL;
    if (count == 0)
        return 0;
    if ((flags & ~known) != 0)
        return -EINVAL;
    error = check_splice(in, offset_in != 0, out, offset_out != 0);
    if (error != 0)
        return error;
    if (in->end == END_SOCKET)
        return from_socket(run, call, in, out, count, nonblocking);
    if (out->end == END_SOCKET)
        return to_socket(run, call, in, out, count, nonblocking, (flags & SPLICE_F_MORE) != 0 ? BARO_MSG_MORE : 0);
    return to_pipe(run, call, in, out, count, nonblocking);
}

ptrdiff_t drill_call_sendfile(struct run *run, const struct call_line *call)
{
    struct descriptor *out = drill_call_at(run, call, 0), *in = drill_call_at(run, call, 1);
    int offset = read_offset(run, &call->argument[2]);
    size_t count = 0;

    if (offset < 0 || !read_count(run, &call->argument[3], &count))
        return -EINVAL;
    if (!can_be_read(in))
        return -EBADF;
    if (in->end != END_FILE && offset != 0)
        return -ESPIPE;
    if (!can_be_written(out))
        return -EBADF;
    if (in->end != END_FILE)
        return -EINVAL;
    if (out->end == END_SOCKET)
        return to_socket(run, call, in, out, count, false, 0);
    return to_pipe(run, call, in, out, count, false);
}

/* ---- read and write of what is no socket ---- */

ptrdiff_t drill_call_read_end(struct run *run, const struct call_line *call, const struct descriptor *descriptor)
{
    ptrdiff_t count;
    size_t wanted = 0;

    if (descriptor->end == END_PIPE_IN)
        return -EBADF;
    if (!read_count(run, &call->argument[2], &wanted))
        return -EINVAL;
    if (call->argument[1].kind != VALUE_ANY)
        return drill_run_fail(run, "what is in a pipe or a file is not kept: expected ... for it"), -EINVAL;
    count = can_give(run, call, descriptor, wanted, false);
    if (count > 0)
        gave(run, descriptor, (size_t)count);
    return count;
}

ptrdiff_t drill_call_write_end(struct run *run, const struct call_line *call, const struct descriptor *descriptor)
{
    ptrdiff_t count;
    size_t wanted = 0;

    if (descriptor->end != END_PIPE_IN)
        return -EBADF;
    if (!read_count(run, &call->argument[2], &wanted))
        return -EINVAL;
    if (call->argument[1].kind != VALUE_ANY)
        return drill_run_fail(run, "what is in a pipe is not kept: expected ... for it"), -EINVAL;
    count = can_take(run, call, descriptor, wanted, false);
    /* A blocking end takes all or waits; up to PIPE_BUF there are no halves (POSIX write). */
    if (count >= 0 && (size_t)count < wanted && (!descriptor->nonblocking || wanted <= PIPE_ATOMIC))
        count = pipe_keeps(run, call, descriptor->nonblocking);
    if (count > 0)
        run->pipe[descriptor->pipe].count += (size_t)count;
    return count;
}
