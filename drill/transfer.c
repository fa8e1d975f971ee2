/* drill/transfer.c: read, write and their kin.
 *
 * Where the script gives no contents, what is written is the pattern of the stream (of each datagram), and
 * what is read must be the pattern the peer's lines carry. A waiting write goes on until all is taken, as a
 * blocking socket does. */
#include "calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { TRANSFER_LIMIT = 16 << 20 };

/* Flags of send and recv as the core has them. False after a run_fail. */
static bool flags_of(struct run *run, const struct value *value, unsigned *flags)
{
    static const struct {
        int linux_flag;
        unsigned flag;
    } table[] = { { MSG_PEEK, BARO_MSG_PEEK },      { MSG_OOB, BARO_MSG_OOB }, { MSG_MORE, BARO_MSG_MORE },
                  { MSG_TRUNC, BARO_MSG_TRUNCATE }, { MSG_NOSIGNAL, 0 },       { MSG_DONTWAIT, 0 } };
    long long rest = value->number;

    *flags = 0;
    run->dont_wait = (rest & MSG_DONTWAIT) != 0;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if ((rest & table[i].linux_flag) == 0)
            continue;
        *flags |= table[i].flag;
        rest &= ~(long long)table[i].linux_flag;
    }
    return rest == 0 || drill_run_fail(run, "a flag of this call is not supported yet");
}

/* The count of octets a call names, and memory for them. NULL after a run_fail. */
static uint8_t *memory_for(struct run *run, const struct value *length)
{
    uint8_t *memory;

    if (length->kind != VALUE_NUMBER || length->number < 0 || length->number > TRANSFER_LIMIT) {
        drill_run_fail(run, "expected a count of octets up to %d", TRANSFER_LIMIT);
        return NULL;
    }
    memory = calloc(1, (size_t)length->number + 1);
    if (memory == NULL)
        abort();
    return memory;
}

static struct connection *connection_of(struct run *run, const struct descriptor *descriptor)
{
    return descriptor->connection == NOBODY ? NULL : &run->connection[descriptor->connection];
}

/* ---- reading ---- */

static bool check_octets(struct run *run, const struct value *contents, struct descriptor *descriptor,
                         const uint8_t *octets, size_t count)
{
    const struct connection *connection = connection_of(run, descriptor);
    uint64_t begin = descriptor->type == BARO_STREAM ? descriptor->taken : 0;

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

static ptrdiff_t receive(struct run *run, const struct call_line *call, const struct value *flags_value,
                         const struct value *peer_value)
{
    static const struct value none = { .kind = VALUE_NUMBER };
    struct descriptor *descriptor = drill_call_descriptor(run, call);
    struct baro_endpoint peer = { .port = { 0 } };
    unsigned flags;
    uint8_t *octets;
    ptrdiff_t result;

    if (descriptor == NULL || !flags_of(run, flags_value == NULL ? &none : flags_value, &flags))
        return -EINVAL;
    octets = memory_for(run, &call->argument[2]);
    if (octets == NULL)
        return -EINVAL;
    result =
        baro_recvfrom(run->stack, descriptor->live, octets, (size_t)call->argument[2].number, flags, &peer);
    if (result > 0 && (flags & BARO_MSG_OOB) == 0) {
        size_t count = result <= call->argument[2].number ? (size_t)result : (size_t)call->argument[2].number;

        check_octets(run, &call->argument[1], descriptor, octets, count);
        if ((flags & BARO_MSG_PEEK) == 0)
            descriptor->taken += (uint64_t)result;
        if (peer_value != NULL)
            drill_call_check_peer(run, peer_value, &peer);
    }
    free(octets);
    return result;
}

ptrdiff_t drill_call_read(struct run *run, const struct call_line *call)
{
    return receive(run, call, call->arguments > 3 ? &call->argument[3] : NULL, NULL);
}

ptrdiff_t drill_call_recvfrom(struct run *run, const struct call_line *call)
{
    return receive(run, call, &call->argument[3], &call->argument[4]);
}

/* ---- writing ---- */

static void contents_of(struct run *run, const struct value *contents, struct descriptor *descriptor,
                        uint8_t *octets, size_t count)
{
    struct connection *connection = connection_of(run, descriptor);
    uint64_t begin = descriptor->type == BARO_STREAM ? descriptor->written : 0;

    if (contents->kind == VALUE_STRING) {
        memcpy(octets, contents->text, contents->length < count ? contents->length : count);
        if (connection != NULL)
            connection->own_words = true;
        return;
    }
    for (size_t i = 0; i < count; i++)
        octets[i] = drill_pattern_at(begin + i);
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

static ptrdiff_t transmit(struct run *run, const struct call_line *call, const struct value *flags_value,
                          const struct baro_endpoint *peer)
{
    static const struct value none = { .kind = VALUE_NUMBER };
    struct descriptor *descriptor = drill_call_descriptor(run, call);
    size_t count, done = run->waiting.again ? (size_t)run->waiting.progress : 0;
    unsigned flags;
    uint8_t *octets;
    ptrdiff_t result;

    if (descriptor == NULL || !flags_of(run, flags_value == NULL ? &none : flags_value, &flags))
        return -EINVAL;
    octets = memory_for(run, &call->argument[2]);
    if (octets == NULL)
        return -EINVAL;
    count = (size_t)call->argument[2].number;
    contents_of(run, &call->argument[1], descriptor, octets, count - done);
    result = peer == NULL ? baro_send(run->stack, descriptor->live, octets, count - done, flags)
                          : baro_sendto(run->stack, descriptor->live, octets, count - done, flags, peer);
    free(octets);
    if (result < 0)
        return result;
    descriptor->written += (uint64_t)result;
    if (peer != NULL)
        follow(run, descriptor, peer);
    if (descriptor->type == BARO_STREAM && !descriptor->nonblocking && !run->dont_wait &&
        done + (size_t)result < count) {
        run->waiting.progress = done + (size_t)result;
        return -EAGAIN;
    }
    return (ptrdiff_t)done + result;
}

ptrdiff_t drill_call_write(struct run *run, const struct call_line *call)
{
    return transmit(run, call, call->arguments > 3 ? &call->argument[3] : NULL, NULL);
}

ptrdiff_t drill_call_sendto(struct run *run, const struct call_line *call)
{
    const struct settings *settings = &run->script->settings;
    struct baro_endpoint peer;

    if (call->argument[4].kind == VALUE_NULL)
        return transmit(run, call, &call->argument[3], NULL);
    if (!drill_call_endpoint(run, &call->argument[4],
                             (struct baro_endpoint){ settings->remote, { settings->connect_port } }, &peer))
        return -EINVAL;
    return transmit(run, call, &call->argument[3], &peer);
}
