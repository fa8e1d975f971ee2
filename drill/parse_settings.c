/* drill/parse_settings.c: `--name=value` lines in front of a script, and those of the command line, which override
 * them.
 *
 * The IP version decides what is not said: which addresses there are, and of which family the script's sockets and
 * packets are. With ipv4-mapped-ipv6 the sockets are IPv6's and the packets IPv4's. */
#include "parser.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum {
    TOLERANCE_NS = 4000000,
    DEFAULT_MTU = 1500,
    DEFAULT_PORT = 8080,
    BUFFER_OCTETS = 262144, /* buffers stay so, and windows with them, until tcp_rmem and tcp_wmem let them grow */
    IPV4_PREFIX = 16,
    IPV6_PREFIX = 48,
    LONGER_HEADER = 20 /* IPv6's than IPv4's */
};

bool drill_read_address_text(const char *text, size_t length, struct baro_address *address)
{
    char copy[INET6_ADDRSTRLEN];

    *address = (struct baro_address){ .family = BARO_FAMILY_NONE };
    if (length >= sizeof copy)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (inet_pton(AF_INET, copy, address->octet) == 1)
        address->family = BARO_FAMILY_IPV4;
    else if (inet_pton(AF_INET6, copy, address->octet) == 1)
        address->family = BARO_FAMILY_IPV6;
    return address->family != BARO_FAMILY_NONE;
}

static bool setting_number(struct lexer *lexer, const struct token *token, const char *value, size_t length,
                           long least, long most, long *number)
{
    char digits[16], *end = digits;

    if (length > 0 && length < sizeof digits) {
        memcpy(digits, value, length);
        digits[length] = '\0';
        *number = strtol(digits, &end, 10);
    }
    if (end == digits || *end != '\0' || *number < least || *number > most)
        return drill_lexer_error(lexer, token->at, "%.*s: expected a number from %ld to %ld",
                                 (int)token->length, token->text, least, most);
    return true;
}

static bool name_is(const struct token *token, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(token->text + 2, name, length) == 0;
}

/* Settings that are addresses; `remote_ip` may have a prefix length behind it. False without an error: another name, or
 * no address. */
static bool apply_address(struct settings *settings, const struct token *token, size_t name, const char *value,
                          size_t length)
{
    struct baro_address *place = NULL;
    const char *slash = memchr(value, '/', length);

    if (name_is(token, name, "local_ip"))
        place = &settings->local;
    else if (name_is(token, name, "remote_ip"))
        place = &settings->remote;
    else if (name_is(token, name, "gateway_ip"))
        place = &settings->gateway;
    if (place == &settings->remote && slash != NULL)
        length = (size_t)(slash - value);
    return place != NULL && drill_read_address_text(value, length, place);
}

static bool apply_netmask(struct settings *settings, const char *value, size_t length)
{
    struct baro_address mask;
    uint32_t bits;

    if (!drill_read_address_text(value, length, &mask) || mask.family != BARO_FAMILY_IPV4)
        return false;
    bits = (uint32_t)mask.octet[0] << 24 | (uint32_t)mask.octet[1] << 16 | (uint32_t)mask.octet[2] << 8 |
           mask.octet[3];
    settings->prefix_length = 0;
    for (; (bits & 0x80000000U) != 0; bits <<= 1)
        settings->prefix_length++;
    return bits == 0;
}

static bool apply_number(struct lexer *lexer, const struct token *token, size_t name, const char *value,
                         size_t length, bool *known)
{
    struct settings *settings = &lexer->script->settings;
    long number = 0;

    if (name_is(token, name, "tolerance_usecs")) {
        if (!setting_number(lexer, token, value, length, 0, 60000000, &number))
            return false;
        settings->tolerance_ns = number * 1000;
    } else if (name_is(token, name, "mtu")) {
        if (!setting_number(lexer, token, value, length, 68, 65535, &number))
            return false;
        settings->mtu = (uint32_t)number;
    } else if (name_is(token, name, "bind_port")) {
        if (!setting_number(lexer, token, value, length, 1, 65535, &number))
            return false;
        settings->bind_port = (uint16_t)number;
    } else if (name_is(token, name, "connect_port")) {
        if (!setting_number(lexer, token, value, length, 1, 65535, &number))
            return false;
        settings->connect_port = (uint16_t)number;
    } else if (name_is(token, name, "tcp_ts_tick_usecs")) {
        if (!setting_number(lexer, token, value, length, 0, 1000000, &number))
            return false;
        settings->timestamp_tick_ns = number * 1000;
    } else if (name_is(token, name, "speed")) { /* of a device; what is in memory has none */
        return setting_number(lexer, token, value, length, 0, 1000000000, &number);
    } else {
        *known = false;
    }
    return true;
}

static bool apply_version(struct lexer *lexer, const struct token *token, const char *value, size_t length)
{
    static const char *const names[] = { "ipv4", "ipv4-mapped-ipv6", "ipv6" };

    for (unsigned i = 0; i < 3; i++) {
        if (strlen(names[i]) == length && memcmp(names[i], value, length) == 0) {
            lexer->script->settings.version = (enum drill_version)i;
            return true;
        }
    }
    return drill_lexer_error(lexer, token->at, "%.*s: expected ipv4, ipv4-mapped-ipv6 or ipv6", (int)token->length,
                             token->text);
}

/* --define=NAME=VALUE: one word of the script for another. */
static bool apply_define(struct lexer *lexer, const struct token *token, const char *value, size_t length)
{
    struct settings *settings = &lexer->script->settings;
    const char *equals = memchr(value, '=', length);
    struct arena *arena = &lexer->script->arena;
    struct define *place = settings->define;
    const char *name;

    if (equals == NULL || equals == value || value + length == equals + 1)
        return drill_lexer_error(lexer, token->at, "%.*s: expected NAME=VALUE", (int)token->length, token->text);
    name = drill_arena_copy(arena, value, (size_t)(equals - value));
    while (place < settings->define + settings->defines && strcmp(place->name, name) != 0)
        place++;
    if (place < settings->define + settings->defines) /* the command line's word counts, which came first */
        return true;
    if (settings->defines == DEFINES_LIMIT)
        return drill_lexer_error(lexer, token->at, "more than %d definitions", DEFINES_LIMIT);
    *place = (struct define){ name, drill_arena_copy(arena, equals + 1, (size_t)(value + length - equals - 1)) };
    settings->defines++;
    return true;
}

static bool apply_non_fatal(struct lexer *lexer, const struct token *token, const char *value, size_t length)
{
    struct settings *settings = &lexer->script->settings;

    while (length > 0) {
        const char *comma = memchr(value, ',', length);
        size_t word = comma == NULL ? length : (size_t)(comma - value);

        if (word == 6 && memcmp(value, "packet", word) == 0)
            settings->packets_not_fatal = true;
        else if (word == 7 && memcmp(value, "syscall", word) == 0)
            settings->calls_not_fatal = true;
        else
            return drill_lexer_error(lexer, token->at, "%.*s: expected packet, syscall or both", (int)token->length,
                                     token->text);
        word += comma != NULL;
        value += word;
        length -= word;
    }
    return true;
}

/* Settings without a value. */
static bool apply_flag(struct settings *settings, const struct token *token, size_t name)
{
    if (name_is(token, name, "dry_run"))
        settings->dry_run = true;
    else if (name_is(token, name, "verbose"))
        settings->verbose = true;
    else
        return false;
    return true;
}

bool drill_parse_setting(struct lexer *lexer, const struct token *token)
{
    struct settings *settings = &lexer->script->settings;
    const char *equals = memchr(token->text, '=', token->length);
    size_t name = (equals == NULL ? token->length : (size_t)(equals - token->text)) - 2;
    const char *value = equals == NULL ? "" : equals + 1;
    size_t length = equals == NULL ? 0 : token->length - (size_t)(value - token->text);
    bool known = true;

    if (name_is(token, name, "ip_version"))
        return apply_version(lexer, token, value, length);
    if (name_is(token, name, "define"))
        return apply_define(lexer, token, value, length);
    if (name_is(token, name, "non_fatal") && length != 0)
        return apply_non_fatal(lexer, token, value, length);
    if (equals == NULL && apply_flag(settings, token, name))
        return true;
    if (!apply_number(lexer, token, name, value, length, &known))
        return false;
    if (known || apply_address(settings, token, name, value, length) ||
        (name_is(token, name, "netmask_ip") && apply_netmask(settings, value, length)))
        return true;
    return drill_lexer_error(lexer, token->at, "the setting %.*s is not supported", (int)token->length,
                             token->text);
}

void drill_settings_init(struct settings *settings)
{
    memset(settings, 0, sizeof *settings); /* whole, so that two can be compared */
    settings->tolerance_ns = TOLERANCE_NS;
    settings->mtu = DEFAULT_MTU;
    settings->config.black_holes = BARO_BLACK_HOLES_IGNORED;
    settings->config.send_buffer = settings->config.recv_buffer =
        (struct baro_buffer_size){ BUFFER_OCTETS, BUFFER_OCTETS };
    settings->bind_port = settings->connect_port = DEFAULT_PORT;
    settings->config.ecn = BARO_ECN_ANSWER; /* as Linux */
    settings->config.pacing = BARO_PACING_OFF; /* as Linux where the queue is not fq */
}

/* An option of the command line as the token that it would be. */
static struct token token_of(const char *text)
{
    return (struct token){ TOKEN_OPTION, { 1, 1 }, text, strlen(text), 0 };
}

bool drill_settings_defines(struct lexer *lexer, const struct baro_drill_options *options)
{
    for (size_t i = 0; options != NULL && i < options->setting_count; i++) {
        const struct token token = token_of(options->setting[i]);

        if (strncmp(token.text, "--define=", 9) == 0 && !drill_parse_setting(lexer, &token))
            return false;
    }
    return true;
}

static void otherwise(struct baro_address *address, struct baro_address usual)
{
    if (address->family == BARO_FAMILY_NONE)
        *address = usual;
}

/* packetdrill's addresses, where none are given. */
static void fill_in(struct settings *settings)
{
    bool v6 = settings->version == DRILL_IPV6;

    otherwise(&settings->local, v6 ? baro_ipv6(0xfd3d, 0xfa7b, 0xd17d, 0, 0, 0, 0, 1) : baro_ipv4(192, 168, 0, 1));
    otherwise(&settings->remote, v6 ? baro_ipv6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1) : baro_ipv4(192, 0, 2, 1));
    otherwise(&settings->gateway, v6 ? baro_ipv6(0xfd3d, 0xfa7b, 0xd17d, 0, 0, 0, 0, 2) : baro_ipv4(192, 168, 0, 2));
    if (settings->prefix_length == 0)
        settings->prefix_length = v6 ? IPV6_PREFIX : IPV4_PREFIX;
}

bool drill_settings_finish(struct lexer *lexer, const struct baro_drill_options *options)
{
    struct settings *settings = &lexer->script->settings;
    const struct location start = { 1, 1 };
    enum baro_family family;

    if (options != NULL && options->ipv6) {
        settings->version = DRILL_IPV6;
        settings->mtu += LONGER_HEADER;
    }
    for (size_t i = 0; options != NULL && i < options->setting_count; i++) {
        const struct token token = token_of(options->setting[i]);

        if (!drill_parse_setting(lexer, &token))
            return false;
    }
    fill_in(settings);
    family = settings->version == DRILL_IPV6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4;
    if (settings->local.family != family || settings->remote.family != family || settings->gateway.family != family)
        return drill_lexer_error(lexer, start, "local_ip, remote_ip and gateway_ip are not all of the IP version");
    return true;
}
