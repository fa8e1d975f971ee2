/* codec/dhcp_options.c: see dhcp_options.h. */
#include "codec/dhcp_options.h"

#include "baro/dhcp_message.h"

enum { PAD = 0, END = 255, PIECE_LIMIT = 255, IN_FILE = 1, IN_SNAME = 2, OVERLOAD_SIZE = 3 };

/* Takes the next option off the front; false: the end, or a length that leads beyond it. */
static bool next(struct baro_bytes *rest, uint8_t *code, struct baro_bytes *value)
{
    while (rest->length != 0 && rest->data[0] == PAD) {
        rest->data++;
        rest->length--;
    }
    if (rest->length < 2 || rest->data[0] == END || rest->data[1] > rest->length - 2)
        return false;
    *code = rest->data[0];
    *value = (struct baro_bytes){ rest->data + 2, rest->data[1] };
    rest->data += 2 + value->length;
    rest->length -= 2 + value->length;
    return true;
}

void dhcp_areas_find(struct dhcp_areas *areas, struct baro_bytes message)
{
    struct baro_bytes rest = { message.data + DHCP_OPTIONS, message.length - DHCP_OPTIONS }, value;
    uint8_t overload = 0, code;

    *areas = (struct dhcp_areas){ .area = { rest } };
    while (next(&rest, &code, &value)) {
        if (code == BARO_DHCP_OPTION_OVERLOAD && value.length == 1)
            overload = value.data[0];
    }
    if (overload > (IN_FILE | IN_SNAME))
        return;
    if ((overload & IN_FILE) != 0)
        areas->area[1] = (struct baro_bytes){ message.data + DHCP_FILE, DHCP_FILE_SIZE };
    if ((overload & IN_SNAME) != 0)
        areas->area[2] = (struct baro_bytes){ message.data + DHCP_SNAME, DHCP_SNAME_SIZE };
}

int dhcp_options_find(const struct dhcp_areas *areas, uint8_t wanted, uint8_t to[DHCP_OPTION_LIMIT])
{
    bool found = false;
    size_t length = 0;

    for (unsigned i = 0; i < 3; i++) {
        struct baro_bytes rest = areas->area[i], value;
        uint8_t code;

        while (next(&rest, &code, &value)) {
            if (code != wanted)
                continue;
            if (value.length > DHCP_OPTION_LIMIT - length)
                return -1;
            memcpy(to + length, value.data, value.length);
            length += value.length;
            found = true;
        }
    }
    return found ? (int)length : -1;
}

void dhcp_options_begin(struct dhcp_options_writer *writer, struct baro_buffer message)
{
    /* Room is kept for the end of each area, and in the first for option 52. */
    const size_t kept = DHCP_OPTIONS + OVERLOAD_SIZE + 1;

    *writer = (struct dhcp_options_writer){ .area = { { message.data + DHCP_OPTIONS, message.length - kept },
                                                      { message.data + DHCP_FILE, DHCP_FILE_SIZE - 1 },
                                                      { message.data + DHCP_SNAME, DHCP_SNAME_SIZE - 1 } } };
}

bool dhcp_options_put(struct dhcp_options_writer *writer, uint8_t code, const void *value, size_t length)
{
    struct dhcp_options_writer before = *writer;
    const uint8_t *from = value;
    unsigned area = 0;

    do {
        size_t piece = length < PIECE_LIMIT ? length : PIECE_LIMIT;
        uint8_t *at;

        /* The pieces of one option keep their order, so a later one does not go back to an earlier area. */
        while (area < 3 && writer->area[area].length - writer->used[area] < 2 + piece)
            area++;
        if (area == 3) {
            memcpy(writer->used, before.used, sizeof writer->used);
            return false;
        }
        at = writer->area[area].data + writer->used[area];
        at[0] = code;
        at[1] = (uint8_t)piece;
        if (piece != 0)
            memcpy(at + 2, from, piece);
        writer->used[area] += 2 + piece;
        from += piece;
        length -= piece;
    } while (length != 0);
    return true;
}

size_t dhcp_options_end(struct dhcp_options_writer *writer)
{
    uint8_t *at = writer->area[0].data + writer->used[0];
    uint8_t overload = 0;

    for (unsigned i = 1; i < 3; i++) {
        uint8_t *end = writer->area[i].data + writer->used[i];

        /* What a put that was taken back had left there goes, too. */
        memset(end, 0, writer->area[i].length + 1 - writer->used[i]);
        if (writer->used[i] == 0)
            continue;
        *end = END;
        overload |= (uint8_t)(i == 1 ? IN_FILE : IN_SNAME);
    }
    if (overload != 0) {
        *at++ = BARO_DHCP_OPTION_OVERLOAD;
        *at++ = 1;
        *at++ = overload;
    }
    *at++ = END;
    memset(at, 0, (size_t)(writer->area[0].data + writer->area[0].length + OVERLOAD_SIZE + 1 - at));
    return DHCP_OPTIONS + (size_t)(at - writer->area[0].data);
}
