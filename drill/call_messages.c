/* drill/call_messages.c: sendmsg and recvmsg.
 *
 *     {msg_name(...)=..., msg_iov(1)=[{..., 1000}], msg_flags=0, msg_control=[{cmsg_level=L, cmsg_type=T,
 * cmsg_data=V}]}
 *
 * Control messages are those that the stack gives with a datagram or takes for one: hop limit and traffic
 * class of either family, and error reports (MSG_ERRQUEUE). Another is refused by its name. What a script
 * does not list is not compared. */
#include "calls.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const struct value *field(const struct value *structure, const char *name)
{
    for (size_t i = 0; i < structure->count; i++)
        if (structure->items[i].name != NULL && strcmp(structure->items[i].name, name) == 0)
            return &structure->items[i];
    return NULL;
}

/* The pieces and flags of argument 1. False after a run_fail. */
static bool read_header(struct run *run, const struct call_line *call, struct transfer *transfer)
{
    const struct value *vector = field(&call->argument[1], "msg_iov");

    *transfer = (struct transfer){ .pieces = 0 };
    if (call->argument[1].kind != VALUE_STRUCT || vector == NULL)
        return drill_run_fail(run, "expected {msg_name(...)=..., msg_iov(1)=[{..., 1000}], msg_flags=0}");
    return drill_call_flags(run, &call->argument[2], transfer) && drill_call_vector(run, vector, transfer);
}

enum control { CONTROL_TTL, CONTROL_TOS, CONTROL_ERROR };

/* Which control message an item is, and its data. False after a run_fail. */
static bool read_control(struct run *run, const struct value *item, enum control *control,
                         const struct value **data)
{
    static const struct {
        int level, type;
        enum control control;
    } table[] = { { IPPROTO_IP, IP_TTL, CONTROL_TTL },        { IPPROTO_IP, IP_TOS, CONTROL_TOS },
                  { IPPROTO_IP, IP_RECVERR, CONTROL_ERROR },  { IPPROTO_IPV6, IPV6_HOPLIMIT, CONTROL_TTL },
                  { IPPROTO_IPV6, IPV6_TCLASS, CONTROL_TOS }, { IPPROTO_IPV6, IPV6_RECVERR, CONTROL_ERROR } };
    const struct value *level = field(item, "cmsg_level"), *type = field(item, "cmsg_type");

    *data = field(item, "cmsg_data");
    if (item->kind != VALUE_STRUCT || level == NULL || type == NULL || *data == NULL)
        return drill_run_fail(run, "expected {cmsg_level=L, cmsg_type=T, cmsg_data=V}");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].level != level->number || table[i].type != type->number)
            continue;
        *control = table[i].control;
        return true;
    }
    return drill_run_fail(run, "the control message %s is not supported",
                          type->text == NULL ? "?" : type->text);
}

static bool same(struct run *run, const char *name, const struct value *expected, long long actual)
{
    if (expected == NULL || expected->kind != VALUE_NUMBER || expected->number == actual)
        return true;
    drill_run_fail(run, "%s is another", name);
    drill_run_detail(run, drill_run_words(run, WORD_EXPECTED), "%lld", expected->number);
    drill_run_detail(run, drill_run_words(run, WORD_ACTUAL), "%lld", actual);
    return false;
}

/* {ee_errno=..., ee_origin=..., ee_type=..., ee_code=..., ee_info=...} of struct sock_extended_err. */
static bool check_error(struct run *run, const struct value *expected, const struct baro_message *message)
{
    const struct baro_error_report *report = message->report;
    bool v6 = report->from.family == BARO_FAMILY_IPV6 || message->peer.address.family == BARO_FAMILY_IPV6;
    long long origin = report->from.family == BARO_FAMILY_NONE ? 1
                       : v6                                    ? 3
                                                               : 2; /* SO_EE_ORIGIN_LOCAL, _ICMP6, _ICMP */

    if (expected->kind == VALUE_ANY)
        return true;
    if (expected->kind != VALUE_STRUCT)
        return drill_run_fail(
            run, "expected {ee_errno=ECONNREFUSED, ee_origin=2, ee_type=3, ee_code=3, ee_info=0}");
    return same(run, "ee_errno", field(expected, "ee_errno"), report->error) &&
           same(run, "ee_origin", field(expected, "ee_origin"), origin) &&
           same(run, "ee_type", field(expected, "ee_type"), report->type) &&
           same(run, "ee_code", field(expected, "ee_code"), report->code) &&
           same(run, "ee_info", field(expected, "ee_info"), report->mtu);
}

static bool check_control(struct run *run, const struct value *list, const struct baro_message *message)
{
    for (size_t i = 0; list != NULL && list->kind == VALUE_ARRAY && i < list->count; i++) {
        const struct value *data;
        enum control control;

        if (!read_control(run, &list->items[i], &control, &data))
            return false;
        if (control == CONTROL_ERROR && message->report == NULL)
            return drill_run_fail(run, "no error came with this message");
        if (control == CONTROL_ERROR
                ? !check_error(run, data, message)
                : !same(run, control == CONTROL_TTL ? "the hop limit" : "the type of service", data,
                        control == CONTROL_TTL ? message->ttl : message->tos))
            return false;
    }
    return true;
}

static int linux_flags(const struct baro_message *message)
{
    return ((message->flags & BARO_MSG_TRUNCATED) != 0 ? MSG_TRUNC : 0) |
           (message->report != NULL ? MSG_ERRQUEUE : 0);
}

/* What came with the octets, against what the script lists. */
static bool check_message(struct run *run, const struct value *header, const struct baro_message *message)
{
    const struct value *name = field(header, "msg_name");

    if (name != NULL && !drill_call_check_peer(run, name, &message->peer))
        return false;
    return same(run, "msg_flags", field(header, "msg_flags"), linux_flags(message)) &&
           check_control(run, field(header, "msg_control"), message);
}

ptrdiff_t drill_call_recvmsg(struct run *run, const struct call_line *call)
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);
    struct baro_error_report report = { .error = 0 };
    struct baro_message message = { .peer = { .port = { 0 } } };
    struct baro_buffer buffer;
    struct transfer transfer;
    ptrdiff_t result;

    if (descriptor == NULL || !read_header(run, call, &transfer))
        return -EBADF;
    if (transfer.fault)
        return -EFAULT;
    buffer = (struct baro_buffer){ calloc(1, transfer.total + 1), transfer.total };
    if (buffer.data == NULL)
        abort();
    message.buffer = &buffer;
    message.buffers = 1;
    message.report = (transfer.flags & BARO_MSG_ERROR) != 0 ? &report : NULL;
    result = baro_recvmsg(run->stack, descriptor->live, &message, transfer.flags);
    if (result >= 0 && (transfer.flags & (BARO_MSG_OOB | BARO_MSG_ERROR)) == 0) {
        drill_call_check_octets(run, &transfer, descriptor, buffer.data,
                                (size_t)result < transfer.total ? (size_t)result : transfer.total);
        if ((transfer.flags & BARO_MSG_PEEK) == 0)
            descriptor->taken += (uint64_t)result;
    }
    if (result >= 0)
        check_message(run, &call->argument[1], &message);
    free(buffer.data);
    return result;
}

/* What the script wants the datagram to say for itself. */
static bool give(struct run *run, const struct value *list, struct baro_message *message)
{
    for (size_t i = 0; list != NULL && list->kind == VALUE_ARRAY && i < list->count; i++) {
        const struct value *data;
        enum control control;

        if (!read_control(run, &list->items[i], &control, &data))
            return false;
        if (control == CONTROL_ERROR || data->kind != VALUE_NUMBER || data->number < 0 ||
            data->number > UINT8_MAX)
            return drill_run_fail(run, "this control message cannot be sent");
        message->given |= control == CONTROL_TTL ? BARO_GIVEN_TTL : BARO_GIVEN_TOS;
        *(control == CONTROL_TTL ? &message->ttl : &message->tos) = (uint8_t)data->number;
    }
    return true;
}

ptrdiff_t drill_call_sendmsg(struct run *run, const struct call_line *call)
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);
    const struct settings *settings = &run->script->settings;
    const struct value *name = field(&call->argument[1], "msg_name");
    struct baro_message message = { .peer = { .port = { 0 } } };
    size_t done = run->present->again ? (size_t)run->present->progress : 0;
    struct baro_buffer buffer;
    struct transfer transfer;
    bool named;
    ptrdiff_t result;

    if (descriptor == NULL || !read_header(run, call, &transfer) ||
        !give(run, field(&call->argument[1], "msg_control"), &message))
        return -EBADF;
    if (transfer.fault)
        return -EFAULT;
    /* `...` is the peer of a datagram that has no other, and nobody on a stream. */
    named = name != NULL &&
            (name->kind == VALUE_STRUCT || (name->kind == VALUE_ANY && descriptor->type == BARO_DATAGRAM));
    if (named && !drill_call_endpoint(run, name,
                                      (struct baro_endpoint){ settings->remote, { settings->connect_port } },
                                      &message.peer))
        return -EINVAL;
    buffer = (struct baro_buffer){ calloc(1, transfer.total + 1), transfer.total - done };
    if (buffer.data == NULL)
        abort();
    drill_call_fill(run, &transfer, descriptor, buffer.data);
    memmove(buffer.data, buffer.data + done, buffer.length);
    message.buffer = &buffer;
    message.buffers = 1;
    result = baro_sendmsg(run->stack, descriptor->live, &message, transfer.flags);
    free(buffer.data);
    return drill_call_sent(run, descriptor, &transfer, named ? &message.peer : NULL, result);
}
