/* The arguments of events: found by the names in the list of events, written by their types. */
#include "words.h"

#include "baro/socket.h"

#include <string.h>

int argument_find(enum baro_trace_kind kind, const char *name, size_t length, char *type)
{
    const char *at = baro_trace_arguments(kind);
    for (int index = 0; *at != '\0'; index++) {
        size_t span = strcspn(at, ":");
        if (at[span] == '\0')
            return -1;
        if (span == length && memcmp(at, name, length) == 0) {
            if (type != NULL)
                *type = at[span + 1];
            return index < BARO_TRACE_ARGUMENTS ? index : -1;
        }
        at += span;
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    return -1;
}

static void endpoint_write(struct text *text, const struct telling *telling,
                           const struct baro_endpoint *endpoint)
{
    if (endpoint->address.family == BARO_FAMILY_NONE && endpoint->port.number == 0)
        text_add(text, phrase(PHRASE_NOBODY, telling->language));
    else
        text_endpoint(text, endpoint);
}

void argument_write(struct text *text, const struct telling *telling, int index, char type)
{
    const struct baro_trace_value *value = &telling->event->value[index];
    switch (type) {
    case 'n':
        if (telling->base[index] != 0)
            text_format(text, "%lu", (unsigned long)((uint32_t)value->as.number - telling->base[index]));
        else
            text_format(text, "%llu", (unsigned long long)value->as.number);
        break;
    case 'd':
        text_format(text, "%lld", (long long)value->as.signed_number);
        break;
    case 'x':
        text_format(text, "0x%04llx", (unsigned long long)value->as.number);
        break;
    case 'a':
        text_address(text, &value->as.endpoint.address);
        break;
    case 'e':
        endpoint_write(text, telling, &value->as.endpoint);
        break;
    case 'm':
        text_mac(text, &value->as.mac);
        break;
    case 's':
        text_add(text, baro_tcp_state_name((enum baro_tcp_state)value->as.number));
        break;
    case 'r':
        text_add(text, baro_drop_words((enum baro_drop_reason)value->as.number, telling->language));
        break;
    case 'f':
        text_flags(text, value->as.number);
        break;
    case 't':
        text_duration(text, value->as.signed_number);
        break;
    case 'i':
        text_format(text, "%.6f s", (double)value->as.signed_number / 1e9);
        break;
    default:
        text_add(text, "?");
    }
}
