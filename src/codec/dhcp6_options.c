/* codec/dhcp6_options.c: see dhcp6_options.h. */
#include "codec/dhcp6_options.h"

#include <errno.h>

enum { OPTION_HEADER = 4, OPTION_LIMIT = 65535 };

bool dhcp6_option_next(struct baro_bytes *options, struct dhcp6_option *option)
{
    size_t length;

    if (options->length < OPTION_HEADER)
        return false;
    length = read_be16(options->data + 2);
    if (length > options->length - OPTION_HEADER)
        return false;
    option->code = read_be16(options->data);
    option->value = (struct baro_bytes){ options->data + OPTION_HEADER, length };
    options->data += OPTION_HEADER + length;
    options->length -= OPTION_HEADER + length;
    return true;
}

bool dhcp6_options_are_whole(struct baro_bytes options)
{
    struct dhcp6_option option;

    while (dhcp6_option_next(&options, &option))
        ;
    return options.length == 0;
}

static bool put(struct dhcp6_writer *writer, uint16_t code, const void *value, size_t length)
{
    uint8_t *at = writer->to.data + writer->used;

    if (length > OPTION_LIMIT || writer->to.length - writer->used < OPTION_HEADER + length)
        return false;
    write_be16(at, code);
    write_be16(at + 2, (uint16_t)length);
    if (length != 0)
        memcpy(at + OPTION_HEADER, value, length);
    writer->used += OPTION_HEADER + length;
    return true;
}

void dhcp6_need(struct dhcp6_writer *writer, uint16_t code, const void *value, size_t length)
{
    if (!put(writer, code, value, length) && writer->error == 0)
        writer->error = -ENOSPC;
}

void dhcp6_offer(struct dhcp6_writer *writer, uint16_t code, const void *value, size_t length)
{
    if (length != 0)
        (void)put(writer, code, value, length);
}

size_t dhcp6_open(struct dhcp6_writer *writer, uint16_t code, const void *fixed, size_t length)
{
    size_t opened = writer->used;

    dhcp6_need(writer, code, fixed, length);
    return opened;
}

void dhcp6_close(struct dhcp6_writer *writer, size_t opened)
{
    if (writer->error == 0)
        write_be16(writer->to.data + opened + 2, (uint16_t)(writer->used - opened - OPTION_HEADER));
}
