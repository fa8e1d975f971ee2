/* codec/dhcp6.c: DHCPv6 messages as values, see baro/dhcp6_message.h.
 *
 * An option is a code, a length and as many octets (RFC 8415 §21.1); IA_NA and the addresses in it hold options of
 * their own. A list of options is first looked at as a whole, so that whoever takes them one after the other need not
 * ask whether the next one fits. */
#include "baro/dhcp6_message.h"

#include <errno.h>

#include "codec/dhcp6_options.h"
#include "codec/domain_name.h"

enum { HEADER = 4, IA_NA_FIXED = 12, IA_ADDRESS_FIXED = 24, DUID_LEAST = 3, MAX_RT_LEAST_S = 60, MAX_RT_MOST_S = 86400,
       TYPE_LL = 3, TYPE_UUID = 4, HARDWARE_ETHERNET = 1 };

/* ---- small things ---- */

bool baro_dhcp6_asks(const struct baro_dhcp6_message *message, enum baro_dhcp6_option option)
{
    for (unsigned i = 0; i < message->asks; i++) {
        if (message->asked[i] == (uint16_t)option)
            return true;
    }
    return false;
}

void baro_dhcp6_ask(struct baro_dhcp6_message *message, enum baro_dhcp6_option option)
{
    if (message->asks < BARO_DHCP6_ASKED && !baro_dhcp6_asks(message, option))
        message->asked[message->asks++] = (uint16_t)option;
}

bool baro_dhcp6_duid_equal(const struct baro_dhcp6_duid *a, const struct baro_dhcp6_duid *b)
{
    return a->length == b->length && memcmp(a->octet, b->octet, a->length) == 0;
}

struct baro_dhcp6_duid baro_dhcp6_duid_of_mac(struct baro_mac mac)
{
    struct baro_dhcp6_duid duid = { .length = 10 };

    write_be16(duid.octet, TYPE_LL);
    write_be16(duid.octet + 2, HARDWARE_ETHERNET);
    write_mac(duid.octet + 4, mac);
    return duid;
}

struct baro_dhcp6_duid baro_dhcp6_duid_of_uuid(const uint8_t uuid[16])
{
    struct baro_dhcp6_duid duid = { .length = 18 };

    write_be16(duid.octet, TYPE_UUID);
    memcpy(duid.octet + 2, uuid, 16);
    return duid;
}

const char *baro_dhcp6_type_name(enum baro_dhcp6_type type)
{
    static const char *const name[] = { "?",      "SOLICIT", "ADVERTISE", "REQUEST", "CONFIRM",
                                        "RENEW",  "REBIND",  "REPLY",     "RELEASE", "DECLINE",
                                        "RECONFIGURE", "INFORMATION-REQUEST", "RELAY-FORW", "RELAY-REPL" };

    return type >= BARO_DHCP6_SOLICIT && type <= BARO_DHCP6_RELAY_REPLY ? name[type] : name[0];
}

const char *baro_dhcp6_status_name(unsigned status)
{
    static const char *const name[] = { "Success",   "UnspecFail",   "NoAddrsAvail", "NoBinding",
                                        "NotOnLink", "UseMulticast", "NoPrefixAvail" };

    return status < sizeof name / sizeof name[0] ? name[status] : "?";
}

/* ---- reading ---- */

static bool read_duid(struct baro_bytes value, struct baro_dhcp6_duid *duid)
{
    if (value.length < DUID_LEAST || value.length > BARO_DHCP6_DUID)
        return false;
    if (duid->length != 0)
        return true; /* the first counts */
    duid->length = (uint8_t)value.length;
    memcpy(duid->octet, value.data, value.length);
    return true;
}

/* The first status code among an option's own; SUCCESS without one. */
static uint16_t read_status(struct baro_bytes options)
{
    struct dhcp6_option option;

    while (dhcp6_option_next(&options, &option)) {
        if (option.code == BARO_DHCP6_OPTION_STATUS && option.value.length >= 2)
            return read_be16(option.value.data);
    }
    return BARO_DHCP6_SUCCESS;
}

/* False: a length leads beyond the end. */
static bool read_ia_address(struct baro_bytes value, struct baro_dhcp6_ia *ia)
{
    struct baro_dhcp6_ia_address *address = &ia->address[ia->addresses];
    struct baro_bytes rest;

    if (value.length < IA_ADDRESS_FIXED)
        return true; /* as if it were not there */
    rest = (struct baro_bytes){ value.data + IA_ADDRESS_FIXED, value.length - IA_ADDRESS_FIXED };
    if (!dhcp6_options_are_whole(rest))
        return false;
    if (ia->addresses == BARO_DHCP6_IA_ADDRESSES)
        return true;
    address->address = read_ipv6(value.data);
    address->preferred_s = read_be32(value.data + 16);
    address->valid_s = read_be32(value.data + 20);
    address->status = read_status(rest);
    ia->addresses++;
    return true;
}

static bool read_ia(struct baro_bytes value, struct baro_dhcp6_message *message)
{
    struct baro_dhcp6_ia beyond = { .iaid = 0 }, *ia = &beyond;
    struct dhcp6_option option;
    struct baro_bytes rest;

    if (value.length < IA_NA_FIXED)
        return true;
    rest = (struct baro_bytes){ value.data + IA_NA_FIXED, value.length - IA_NA_FIXED };
    if (!dhcp6_options_are_whole(rest))
        return false;
    if (message->ias < BARO_DHCP6_IAS)
        ia = &message->ia[message->ias++];
    ia->iaid = read_be32(value.data);
    ia->renew_s = read_be32(value.data + 4);
    ia->rebind_s = read_be32(value.data + 8);
    ia->status = read_status(rest);
    while (dhcp6_option_next(&rest, &option)) {
        if (option.code == BARO_DHCP6_OPTION_IA_ADDRESS && !read_ia_address(option.value, ia))
            return false;
    }
    return true;
}

static void read_dns(struct baro_bytes value, struct baro_dhcp6_parameters *parameters)
{
    if (value.length % 16 != 0 || parameters->dns_servers != 0)
        return;
    for (size_t i = 0; i < value.length && parameters->dns_servers < BARO_DHCP6_DNS; i += 16)
        parameters->dns[parameters->dns_servers++] = read_ipv6(value.data + i);
}

/* One name that is none makes all of them none. */
static void read_searches(struct baro_bytes value, struct baro_dhcp6_parameters *parameters)
{
    size_t at = 0;

    if (parameters->searches != 0)
        return;
    while (at < value.length && parameters->searches < BARO_DHCP6_SEARCH) {
        if (!domain_name_read_plain(value, &at, parameters->search[parameters->searches])) {
            memset(parameters->search, 0, sizeof parameters->search);
            parameters->searches = 0;
            return;
        }
        parameters->searches++;
    }
}

static void read_asked(struct baro_bytes value, struct baro_dhcp6_message *message)
{
    for (size_t i = 0; value.length % 2 == 0 && i < value.length; i += 2)
        baro_dhcp6_ask(message, read_be16(value.data + i));
}

/* §21.24, §21.25: values beyond their range are ignored. */
static void read_max_rt(struct baro_bytes value, uint32_t *max_rt_s)
{
    if (value.length == 4 && *max_rt_s == 0 && read_be32(value.data) >= MAX_RT_LEAST_S &&
        read_be32(value.data) <= MAX_RT_MOST_S)
        *max_rt_s = read_be32(value.data);
}

static void read_numbers(const struct dhcp6_option *option, struct baro_dhcp6_message *message)
{
    struct baro_bytes value = option->value;

    if (option->code == BARO_DHCP6_OPTION_PREFERENCE && value.length == 1 && message->preference == 0)
        message->preference = value.data[0];
    if (option->code == BARO_DHCP6_OPTION_ELAPSED && value.length == 2 && !message->has_elapsed) {
        message->has_elapsed = true;
        message->elapsed_cs = read_be16(value.data);
    }
    if (option->code == BARO_DHCP6_OPTION_STATUS && value.length >= 2 && !message->has_status) {
        message->has_status = true;
        message->status = read_be16(value.data);
    }
    if (option->code == BARO_DHCP6_OPTION_REFRESH && value.length == 4 && !message->has_refresh) {
        message->has_refresh = true;
        message->refresh_s = read_be32(value.data);
    }
    if (option->code == BARO_DHCP6_OPTION_SOL_MAX_RT)
        read_max_rt(value, &message->sol_max_rt_s);
    if (option->code == BARO_DHCP6_OPTION_INF_MAX_RT)
        read_max_rt(value, &message->inf_max_rt_s);
}

/* False: the message is none. */
static bool read_option(const struct dhcp6_option *option, struct baro_dhcp6_message *message)
{
    switch (option->code) {
    case BARO_DHCP6_OPTION_CLIENT_ID:
        return read_duid(option->value, &message->client_id);
    case BARO_DHCP6_OPTION_SERVER_ID:
        return read_duid(option->value, &message->server_id);
    case BARO_DHCP6_OPTION_IA_NA:
        return read_ia(option->value, message);
    case BARO_DHCP6_OPTION_IA_TA:
    case BARO_DHCP6_OPTION_IA_PD:
        message->other_ia = true;
        break;
    case BARO_DHCP6_OPTION_REQUEST:
        read_asked(option->value, message);
        break;
    case BARO_DHCP6_OPTION_RAPID_COMMIT:
        message->rapid_commit |= option->value.length == 0;
        break;
    case BARO_DHCP6_OPTION_DNS:
        read_dns(option->value, &message->parameters);
        break;
    case BARO_DHCP6_OPTION_SEARCH:
        read_searches(option->value, &message->parameters);
        break;
    default:
        read_numbers(option, message);
        break;
    }
    return true;
}

int baro_dhcp6_parse(struct baro_dhcp6_message *message, struct baro_bytes octets)
{
    struct dhcp6_option option;
    struct baro_bytes rest;

    memset(message, 0, sizeof *message);
    if (octets.length == 0)
        return -EBADMSG;
    if (octets.data[0] == BARO_DHCP6_RELAY_FORWARD || octets.data[0] == BARO_DHCP6_RELAY_REPLY)
        return -EPROTONOSUPPORT;
    if (octets.length < HEADER || octets.data[0] < BARO_DHCP6_SOLICIT ||
        octets.data[0] > BARO_DHCP6_INFORMATION_REQUEST)
        return -EBADMSG;
    rest = (struct baro_bytes){ octets.data + HEADER, octets.length - HEADER };
    if (!dhcp6_options_are_whole(rest))
        return -EBADMSG;
    message->type = (enum baro_dhcp6_type)octets.data[0];
    message->transaction = read_be32(octets.data) & 0xffffff;
    while (dhcp6_option_next(&rest, &option)) {
        if (!read_option(&option, message))
            return -EBADMSG;
    }
    return 0;
}

/* ---- writing ---- */

static void write_status(struct dhcp6_writer *writer, uint16_t status)
{
    const char *text = baro_dhcp6_status_name(status);
    size_t length = strlen(text);
    uint8_t octets[2 + 16];

    write_be16(octets, status);
    memcpy(octets + 2, text, length);
    dhcp6_need(writer, BARO_DHCP6_OPTION_STATUS, octets, 2 + length);
}

static void write_ia(struct dhcp6_writer *writer, const struct baro_dhcp6_ia *ia)
{
    uint8_t fixed[IA_ADDRESS_FIXED];
    size_t outer, inner;

    write_be32(fixed, ia->iaid);
    write_be32(fixed + 4, ia->renew_s);
    write_be32(fixed + 8, ia->rebind_s);
    outer = dhcp6_open(writer, BARO_DHCP6_OPTION_IA_NA, fixed, IA_NA_FIXED);
    for (unsigned i = 0; i < ia->addresses && i < BARO_DHCP6_IA_ADDRESSES; i++) {
        const struct baro_dhcp6_ia_address *address = &ia->address[i];

        write_ipv6(fixed, address->address);
        write_be32(fixed + 16, address->preferred_s);
        write_be32(fixed + 20, address->valid_s);
        inner = dhcp6_open(writer, BARO_DHCP6_OPTION_IA_ADDRESS, fixed, IA_ADDRESS_FIXED);
        if (address->status != BARO_DHCP6_SUCCESS)
            write_status(writer, address->status);
        dhcp6_close(writer, inner);
    }
    if (ia->status != BARO_DHCP6_SUCCESS)
        write_status(writer, ia->status);
    dhcp6_close(writer, outer);
}

static void write_duid(struct dhcp6_writer *writer, uint16_t code, const struct baro_dhcp6_duid *duid)
{
    if (duid->length == 0)
        return;
    if (duid->length < DUID_LEAST || duid->length > BARO_DHCP6_DUID)
        writer->error = -EINVAL;
    else
        dhcp6_need(writer, code, duid->octet, duid->length);
}

static void write_seconds(struct dhcp6_writer *writer, uint16_t code, bool there, uint32_t seconds)
{
    uint8_t octets[4];

    write_be32(octets, seconds);
    if (there)
        dhcp6_need(writer, code, octets, sizeof octets);
}

static void write_dialogue(struct dhcp6_writer *writer, const struct baro_dhcp6_message *message)
{
    uint8_t octets[BARO_DHCP6_ASKED * 2];
    unsigned asks = message->asks < BARO_DHCP6_ASKED ? message->asks : BARO_DHCP6_ASKED;

    write_duid(writer, BARO_DHCP6_OPTION_CLIENT_ID, &message->client_id);
    write_duid(writer, BARO_DHCP6_OPTION_SERVER_ID, &message->server_id);
    for (unsigned i = 0; i < message->ias && i < BARO_DHCP6_IAS; i++)
        write_ia(writer, &message->ia[i]);
    if (message->preference != 0)
        dhcp6_need(writer, BARO_DHCP6_OPTION_PREFERENCE, &message->preference, 1);
    write_be16(octets, message->elapsed_cs);
    if (message->has_elapsed)
        dhcp6_need(writer, BARO_DHCP6_OPTION_ELAPSED, octets, 2);
    if (message->has_status)
        write_status(writer, message->status);
    if (message->rapid_commit)
        dhcp6_need(writer, BARO_DHCP6_OPTION_RAPID_COMMIT, NULL, 0);
    for (unsigned i = 0; i < asks; i++)
        write_be16(octets + i * 2, message->asked[i]);
    if (asks != 0)
        dhcp6_need(writer, BARO_DHCP6_OPTION_REQUEST, octets, asks * 2u);
    write_seconds(writer, BARO_DHCP6_OPTION_REFRESH, message->has_refresh, message->refresh_s);
    write_seconds(writer, BARO_DHCP6_OPTION_SOL_MAX_RT, message->sol_max_rt_s != 0, message->sol_max_rt_s);
    write_seconds(writer, BARO_DHCP6_OPTION_INF_MAX_RT, message->inf_max_rt_s != 0, message->inf_max_rt_s);
}

static void write_parameters(struct dhcp6_writer *writer, const struct baro_dhcp6_parameters *parameters)
{
    uint8_t octets[BARO_DHCP6_SEARCH * BARO_DHCP6_NAME];
    size_t at = 0;

    for (unsigned i = 0; i < parameters->dns_servers && i < BARO_DHCP6_DNS; i++, at += 16)
        write_ipv6(octets + at, parameters->dns[i]);
    dhcp6_offer(writer, BARO_DHCP6_OPTION_DNS, octets, at);
    at = 0;
    for (unsigned i = 0; i < parameters->searches && i < BARO_DHCP6_SEARCH; i++) {
        ptrdiff_t length = domain_name_write(parameters->search[i],
                                             (struct baro_buffer){ octets + at, sizeof octets - at });

        if (length < 0) {
            writer->error = -EINVAL; /* there is room for the longest */
            return;
        }
        at += (size_t)length;
    }
    dhcp6_offer(writer, BARO_DHCP6_OPTION_SEARCH, octets, at);
}

ptrdiff_t baro_dhcp6_build(const struct baro_dhcp6_message *message, struct baro_buffer to)
{
    struct dhcp6_writer writer = { .to = to, .used = HEADER };

    if (message->type < BARO_DHCP6_SOLICIT || message->type > BARO_DHCP6_INFORMATION_REQUEST)
        return -EINVAL;
    if (to.length < HEADER)
        return -ENOSPC;
    write_be32(to.data, (uint32_t)message->type << 24 | (message->transaction & 0xffffff));
    write_dialogue(&writer, message);
    write_parameters(&writer, &message->parameters);
    return writer.error != 0 ? writer.error : (ptrdiff_t)writer.used;
}
