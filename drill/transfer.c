/* drill/transfer.c: read, write and their kin.
 *
 * Where the script gives no contents, what is written is the pattern of the stream (of each datagram), and
 * what is read must be the pattern the peer's lines carry. A waiting write goes on until all is taken, as a
 * blocking socket does, and so does a read with MSG_WAITALL. Pieces of readv, writev and messages lie in one
 * buffer: how a program cuts its memory is no stack's business. */
#include "calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { TRANSFER_LIMIT = 16 << 20 };

bool drill_call_flags(struct run *run, const struct value *value, struct transfer *transfer)
{
    static const struct {
        int linux_flag;
        unsigned flag;
    } table[] = { { MSG_PEEK, BARO_MSG_PEEK },      { MSG_OOB, BARO_MSG_OOB }, { MSG_MORE, BARO_MSG_MORE },
                  { MSG_TRUNC, BARO_MSG_TRUNCATE }, { MSG_NOSIGNAL, 0 },       { MSG_DONTWAIT, 0 },
                  { MSG_ERRQUEUE, BARO_MSG_ERROR }, { MSG_WAITALL, 0 } };
    long long rest = value->number;

    transfer->flags = 0;
    transfer->wait_all = (rest & MSG_WAITALL) != 0;
    run->dont_wait = (rest & (MSG_DONTWAIT | MSG_ERRQUEUE)) != 0;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if ((rest & table[i].linux_flag) == 0)
            continue;
        transfer->flags |= table[i].flag;
        rest &= ~(long long)table[i].linux_flag;
    }
    if (value->kind != VALUE_NUMBER || rest != 0)
        return drill_run_fail(run, "a flag of this call is not supported: %s",
                              value->text == NULL ? "?" : value->text);
    return true;
}

/* ---- pieces ---- */

static bool add_piece(struct run *run, struct transfer *transfer, const struct value *contents,
                      const struct value *length)
{
    if (transfer->pieces == PIECES_LIMIT)
        return drill_run_fail(run, "more than %d pieces", PIECES_LIMIT);
    if (length->kind != VALUE_NUMBER || length->number < 0 ||
        length->number > TRANSFER_LIMIT - (long long)transfer->total)
        return drill_run_fail(run, "expected a count of octets up to %d", TRANSFER_LIMIT);
    transfer->piece[transfer->pieces++] = (struct piece){ contents, (size_t)length->number };
    transfer->total += (size_t)length->number;
    transfer->fault = transfer->fault || (contents->kind == VALUE_NULL && length->number != 0);
    return true;
}

bool drill_call_vector(struct run *run, const struct value *vector, struct transfer *transfer)
{
    if (vector->kind != VALUE_ARRAY)
        return drill_run_fail(run, "expected [{..., 1000}]");
    for (size_t i = 0; i < vector->count; i++) {
        const struct value *item = &vector->items[i];

        if (item->kind != VALUE_STRUCT || item->count != 2)
            return drill_run_fail(run, "expected {..., 1000}");
        if (!add_piece(run, transfer, &item->items[0], &item->items[1]))
            return false;
    }
    return true;
}

/* What the call reads or writes, from its arguments. False after a run_fail. */
static bool transfer_of(struct run *run, const struct call_line *call, struct transfer *transfer)
{
    static const struct value none = { .kind = VALUE_NUMBER };
    bool vector = call->kind == CALL_readv || call->kind == CALL_writev;

    *transfer = (struct transfer){ .pieces = 0 };
    if (!drill_call_flags(run, call->arguments > 3 ? &call->argument[3] : &none, transfer))
        return false;
    if (!vector)
        return add_piece(run, transfer, &call->argument[1], &call->argument[2]);
    return (call->argument[2].kind == VALUE_NUMBER && call->argument[1].kind == VALUE_ARRAY &&
            call->argument[2].number == (long long)call->argument[1].count)
               ? drill_call_vector(run, &call->argument[1], transfer)
               : drill_run_fail(run, "expected as many pieces as are announced");
}

static uint8_t *memory_for(const struct transfer *transfer)
{
    uint8_t *memory = calloc(1, transfer->total + 1);

    if (memory == NULL)
        abort();
    return memory;
}

static struct connection *connection_of(struct run *run, const struct descriptor *descriptor)
{
    return descriptor->connection == NOBODY ? NULL : &run->connection[descriptor->connection];
}

/* Calls of a blocking socket go on where they were. */
static size_t done_before(const struct run *run)
{
    return run->present->again ? (size_t)run->present->progress : 0;
}

static bool goes_on(const struct run *run, const struct descriptor *descriptor)
{
    return descriptor->type == BARO_STREAM && !descriptor->nonblocking && !run->dont_wait &&
           run->now_ns < run->present->timeout_ns;
}

/* ---- reading ---- */

/* `count` octets that stand at `begin` of the stream, against a piece's contents. */
static bool check_piece(struct run *run, const struct value *contents, const struct connection *connection,
                        const uint8_t *octets, size_t count, uint64_t begin)
{
    if (contents->kind == VALUE_STRING)
        return (contents->length >= count && memcmp(contents->text, octets, count) == 0) ||
               drill_run_fail(run, "other octets were read than the script says");
    if (connection == NULL || connection->own_words)
        return true;
    for (size_t i = 0; i < count; i++)
        if (octets[i] != drill_pattern_at(begin + i))
            return drill_run_fail(run, "octet %llu of what was read is %02x, not %02x as the peer sent",
                                  (unsigned long long)(begin + i), octets[i], drill_pattern_at(begin + i));
    return true;
}

bool drill_call_check_octets(struct run *run, const struct transfer *transfer,
                             const struct descriptor *descriptor, const uint8_t *octets, size_t count)
{
    uint64_t begin = descriptor->type == BARO_STREAM ? descriptor->taken : 0;
    size_t at = 0;

    for (size_t i = 0; i < transfer->pieces && at < count; i++) {
        size_t length = transfer->piece[i].length < count - at ? transfer->piece[i].length : count - at;

        if (!check_piece(run, transfer->piece[i].contents, connection_of(run, descriptor), octets + at,
                         length, begin + at))
            return false;
        at += length;
    }
    return true;
}

/* Counts what came, and decides whether the call has all that it wants. */
static ptrdiff_t received(struct run *run, struct descriptor *descriptor, const struct transfer *transfer,
                          ptrdiff_t result)
{
    size_t done = done_before(run);

    if (result > 0 && (transfer->flags & (BARO_MSG_PEEK | BARO_MSG_OOB)) == 0)
        descriptor->taken += (uint64_t)result;
    if (result <= 0)
        return done != 0 && !(result == -EAGAIN && goes_on(run, descriptor)) ? (ptrdiff_t)done : result;
    done += (size_t)result;
    if (!transfer->wait_all || done >= transfer->total || !goes_on(run, descriptor))
        return (ptrdiff_t)done;
    run->present->progress = done;
    return -EAGAIN;
}

static ptrdiff_t receive(struct run *run, const struct call_line *call, const struct value *peer_value)
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);
    struct baro_endpoint peer = { .port = { 0 } };
    struct transfer transfer;
    size_t room;
    uint8_t *octets;
    ptrdiff_t result;

    if (descriptor == NULL || !transfer_of(run, call, &transfer))
        return -EBADF;
    if (transfer.fault)
        return -EFAULT;
    room = transfer.total - done_before(run);
    octets = memory_for(&transfer);
    result = baro_recvfrom(run->stack, descriptor->live, octets, room, transfer.flags, &peer);
    if (result > 0 && (transfer.flags & BARO_MSG_OOB) == 0) {
        drill_call_check_octets(run, &transfer, descriptor, octets,
                                (size_t)result <= room ? (size_t)result : room);
        if (peer_value != NULL)
            drill_call_check_peer(run, peer_value, &peer);
    }
    free(octets);
    return received(run, descriptor, &transfer, result);
}

ptrdiff_t drill_call_read(struct run *run, const struct call_line *call)
{
    const struct descriptor *descriptor = drill_call_any(run, call);

    if (call->kind == CALL_read && descriptor != NULL && descriptor->end != END_SOCKET)
        return drill_call_read_end(run, call, descriptor);
    return receive(run, call, NULL);
}

ptrdiff_t drill_call_recvfrom(struct run *run, const struct call_line *call)
{
    return receive(run, call, &call->argument[4]);
}

/* ---- writing ---- */

void drill_call_fill(struct run *run, const struct transfer *transfer, const struct descriptor *descriptor,
                     uint8_t *octets)
{
    struct connection *connection = connection_of(run, descriptor);
    uint64_t begin = (descriptor->type == BARO_STREAM ? descriptor->written : 0) - done_before(run);
    size_t at = 0;

    for (size_t i = 0; i < transfer->pieces; i++) {
        const struct piece *piece = &transfer->piece[i];

        if (piece->contents->kind == VALUE_STRING) {
            memcpy(octets + at, piece->contents->text,
                   piece->contents->length < piece->length ? piece->contents->length : piece->length);
            if (connection != NULL)
                connection->own_words = true;
        } else {
            for (size_t j = 0; j < piece->length; j++)
                octets[at + j] = drill_pattern_at(begin + at + j);
        }
        at += piece->length;
    }
}

/* Where a datagram goes decides whose its packet is. */
static void follow(struct run *run, struct descriptor *descriptor, const struct baro_endpoint *remote)
{
    struct baro_endpoint local;

    if (descriptor->type != BARO_DATAGRAM || baro_getsockname(run->stack, descriptor->live, &local) != 0)
        return;
    local.address = run->script->settings.local;
    if (descriptor->connection == NOBODY)
        descriptor->connection = drill_connection_new(run, true, local, drill_call_wire(*remote));
    else
        run->connection[descriptor->connection].remote = drill_call_wire(*remote);
    if (descriptor->connection != NOBODY)
        run->udp_now = descriptor->connection;
}

ptrdiff_t drill_call_sent(struct run *run, struct descriptor *descriptor, const struct transfer *transfer,
                          const struct baro_endpoint *peer, ptrdiff_t result)
{
    size_t done = done_before(run);

    if (result < 0)
        return done != 0 && !(result == -EAGAIN && goes_on(run, descriptor)) ? (ptrdiff_t)done : result;
    descriptor->written += (uint64_t)result;
    if (peer != NULL)
        follow(run, descriptor, peer);
    done += (size_t)result;
    if (done >= transfer->total || !goes_on(run, descriptor))
        return (ptrdiff_t)done;
    run->present->progress = done;
    return -EAGAIN;
}

static ptrdiff_t transmit(struct run *run, const struct call_line *call, const struct baro_endpoint *peer)
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);
    size_t done = done_before(run);
    struct transfer transfer;
    uint8_t *octets;
    ptrdiff_t result;

    if (descriptor == NULL || !transfer_of(run, call, &transfer))
        return -EBADF;
    if (transfer.fault)
        return -EFAULT;
    octets = memory_for(&transfer);
    drill_call_fill(run, &transfer, descriptor, octets);
    result = peer == NULL ? baro_send(run->stack, descriptor->live, octets + done, transfer.total - done,
                                      transfer.flags)
                          : baro_sendto(run->stack, descriptor->live, octets + done, transfer.total - done,
                                        transfer.flags, peer);
    free(octets);
    return drill_call_sent(run, descriptor, &transfer, peer, result);
}

ptrdiff_t drill_call_write(struct run *run, const struct call_line *call)
{
    const struct descriptor *descriptor = drill_call_any(run, call);

    if (call->kind == CALL_write && descriptor != NULL && descriptor->end != END_SOCKET)
        return drill_call_write_end(run, call, descriptor);
    return transmit(run, call, NULL);
}

ptrdiff_t drill_call_sendto(struct run *run, const struct call_line *call)
{
    const struct settings *settings = &run->script->settings;
    const struct descriptor *descriptor = drill_call_descriptor(run, call);
    struct baro_endpoint peer;

    if (descriptor == NULL)
        return -EBADF;
    if (call->argument[4].kind == VALUE_NULL ||
        (call->argument[4].kind == VALUE_ANY && descriptor->type == BARO_STREAM))
        return transmit(run, call, NULL);
    if (!drill_call_endpoint(run, &call->argument[4],
                             (struct baro_endpoint){ settings->remote, { settings->connect_port } }, &peer))
        return -EINVAL;
    return transmit(run, call, &peer);
}
