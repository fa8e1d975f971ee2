/* Trace events for tests, written as text. */
#include "tell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void value_read(struct baro_trace_value *value, char type, const char *text)
{
    unsigned o[6] = { 0 }, port = 0;
    if (type == 'a' || type == 'e') {
        int read = sscanf(text, "%u.%u.%u.%u:%u", &o[0], &o[1], &o[2], &o[3], &port);
        if (read < 4)
            abort();
        value->as.endpoint.address = baro_ipv4((uint8_t)o[0], (uint8_t)o[1], (uint8_t)o[2], (uint8_t)o[3]);
        value->as.endpoint.port.number = (uint16_t)port;
    } else if (type == 'm') {
        int read = sscanf(text, "%x:%x:%x:%x:%x:%x", &o[0], &o[1], &o[2], &o[3], &o[4], &o[5]);
        if (read != 6)
            abort();
        for (int i = 0; i < 6; i++)
            value->as.mac.octet[i] = (uint8_t)o[i];
    } else {
        value->as.signed_number = strtoll(text, NULL, 0);
    }
}

/* The place and type of an argument in the event's list. */
static unsigned argument_place(enum baro_trace_kind kind, const char *name, size_t length, char *type)
{
    unsigned place = 0;
    for (const char *at = baro_trace_arguments(kind); *at != '\0'; place++) {
        const char *colon = strchr(at, ':');
        *type = colon[1];
        if ((size_t)(colon - at) == length && memcmp(at, name, length) == 0)
            return place;
        at = colon + 2;
        at += *at == ' ';
    }
    fprintf(stderr, "%s has no argument %.*s\n", baro_trace_name(kind), (int)length, name);
    abort();
}

void tell_frame(struct baro_trace_sink sink, uint32_t host, int64_t at_ns, const char *words,
                const uint8_t *frame, size_t length)
{
    struct baro_trace_event event;
    memset(&event, 0, sizeof event);
    size_t name = strcspn(words, " ");
    while (strlen(baro_trace_name(event.kind)) != name ||
           memcmp(baro_trace_name(event.kind), words, name) != 0) {
        event.kind = (enum baro_trace_kind)(event.kind + 1);
        if (event.kind == BARO_TRACE_COUNT)
            abort();
    }
    event.at.ns = at_ns;
    event.host = host;
    event.bytes = (struct baro_bytes){ frame, length };
    for (const char *at = baro_trace_arguments(event.kind); (at = strchr(at, ':')) != NULL; at++)
        event.count++;
    for (const char *at = words + name; *at == ' ';) {
        char text[64], type = 0;
        size_t key = strcspn(++at, "="), span = strcspn(at, " ");
        unsigned place = argument_place(event.kind, at, key, &type);
        snprintf(text, sizeof text, "%.*s", (int)(span - key - 1), at + key + 1);
        value_read(&event.value[place], type, text);
        at += span;
    }
    sink.event(sink.context, &event);
}

void tell(struct baro_trace_sink sink, uint32_t host, int64_t at_ns, const char *words)
{
    tell_frame(sink, host, at_ns, words, NULL, 0);
}

static uint32_t sum(const uint8_t *bytes, size_t length, uint32_t start)
{
    for (size_t i = 0; i < length; i++)
        start += (uint32_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
    return start;
}

static void fold_into(uint8_t *at, uint32_t total)
{
    while (total >> 16 != 0)
        total = (total & 0xFFFF) + (total >> 16);
    at[0] = (uint8_t)(~total >> 8);
    at[1] = (uint8_t)~total;
}

static void put_32(uint8_t *at, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(number >> (24 - 8 * i));
}

size_t tell_segment(uint8_t *frame, uint8_t flags, uint32_t seq, uint32_t ack, size_t data)
{
    static const uint8_t headers[54] = {
        2,    0,    0,  0,  0, 2, 2,    0, 0,  0, 0, 1, 8,    0, /* MAC, IPv4 */
        0x45, 0,    0,  0,  0, 7, 0x40, 0, 64, 6, 0, 0, 10,   0,
        0,    1,    10, 0,  0, 2, /* IP: TTL 64, DF, TCP */
        0x9C, 0x40, 0,  80, 0, 0, 0,    0, 0,  0, 0, 0, 0x50, 0,
        0xFF, 0xFF, 0,  0,  0, 0
    };
    memcpy(frame, headers, sizeof headers);
    for (size_t i = 0; i < data; i++)
        frame[54 + i] = (uint8_t)('a' + i % 26);
    frame[16] = (uint8_t)((40 + data) >> 8);
    frame[17] = (uint8_t)(40 + data);
    fold_into(frame + 24, sum(frame + 14, 20, 0));
    put_32(frame + 38, seq);
    put_32(frame + 42, ack);
    frame[47] = flags;
    fold_into(frame + 50, sum(frame + 34, 20 + data, sum(frame + 26, 8, (uint32_t)(6 + 20 + data))));
    return 54 + data;
}
