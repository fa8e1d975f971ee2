/* pcapng, as draft-ietf-opsawg-pcapng describes it: one section, little-endian, nanoseconds.
 *
 * A frame is written when its block is complete, so that its comment can hold all the words up to
 * FRAME_END; what the adapter says of a sent frame comes later and is not in it. Interfaces are
 * described when their first frame comes: (host, device), INTERFACE_LIMIT at most, the last stands
 * for all further ones. Comments end at 65,535 octets, the length field's limit, between two
 * characters. A bare IP packet of the loopback inside gets an Ethernet header of zeros, as Linux's
 * lo shows it. The first error is kept and nothing is written after it. */
#include "story.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SECTION_HEADER = 0x0A0D0D0A, INTERFACE_DESCRIPTION = 1, ENHANCED_PACKET = 6 };
enum {
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_FLAGS = 2,
    OPTION_NAME = 2,
    OPTION_APPLICATION = 4,
    OPTION_RESOLUTION = 9
};
enum { INTERFACE_LIMIT = 256, COMMENT_LIMIT = 65535, SNAP_LENGTH = 262144 };

struct baro_pcapng {
    struct baro_pcapng_config config;
    struct story *story;
    struct {
        uint32_t host, interface;
    } interface[INTERFACE_LIMIT];
    uint32_t interfaces;
    uint8_t *block; /* being put together */
    size_t length, room;
    char *comment; /* COMMENT_LIMIT + 1 */
    int error;
};

static void put(struct baro_pcapng *pcapng, const void *bytes, size_t length)
{
    if (pcapng->room - pcapng->length < length) {
        size_t room = (pcapng->length + length) * 2;
        uint8_t *block = realloc(pcapng->block, room);
        if (block == NULL) {
            pcapng->error = pcapng->error != 0 ? pcapng->error : -ENOMEM;
            return;
        }
        pcapng->block = block;
        pcapng->room = room;
    }
    if (length > 0)
        memcpy(pcapng->block + pcapng->length, bytes, length);
    pcapng->length += length;
}

static void put_number(struct baro_pcapng *pcapng, uint64_t number, unsigned octets)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < octets; i++)
        bytes[i] = (uint8_t)(number >> (8 * i));
    put(pcapng, bytes, octets);
}

static void put_padded(struct baro_pcapng *pcapng, const void *bytes, size_t length)
{
    put(pcapng, bytes, length);
    put(pcapng, "\0\0\0", (4 - length % 4) % 4);
}

static void put_option(struct baro_pcapng *pcapng, unsigned code, const void *bytes, size_t length)
{
    put_number(pcapng, code, 2);
    put_number(pcapng, length, 2);
    put_padded(pcapng, bytes, length);
}

static void block_begin(struct baro_pcapng *pcapng, uint32_t type)
{
    pcapng->length = 0;
    put_number(pcapng, type, 4);
    put_number(pcapng, 0, 4); /* the length, known at the end */
}

static void block_end(struct baro_pcapng *pcapng)
{
    size_t length = pcapng->length + 4;
    put_number(pcapng, length, 4);
    if (pcapng->error != 0)
        return;
    for (unsigned i = 0; i < 4; i++)
        pcapng->block[4 + i] = (uint8_t)(length >> (8 * i));
    if (fwrite(pcapng->block, 1, pcapng->length, pcapng->config.out) != pcapng->length)
        pcapng->error = errno != 0 ? -errno : -EIO;
}

static void write_section(struct baro_pcapng *pcapng)
{
    block_begin(pcapng, SECTION_HEADER);
    put_number(pcapng, 0x1A2B3C4D, 4); /* tells the byte order */
    put_number(pcapng, 1, 2);          /* version 1.0 */
    put_number(pcapng, 0, 2);
    put_number(pcapng, UINT64_MAX, 8); /* section length not given */
    put_option(pcapng, OPTION_APPLICATION, "baro", 4);
    put_number(pcapng, OPTION_END, 4);
    block_end(pcapng);
}

static uint32_t interface_get(struct baro_pcapng *pcapng, const struct story_block *block)
{
    char name[96];
    struct text out;
    uint32_t i = 0;
    while (i < pcapng->interfaces &&
           (pcapng->interface[i].host != block->host || pcapng->interface[i].interface != block->interface))
        i++;
    if (i < pcapng->interfaces)
        return i;
    if (i == INTERFACE_LIMIT)
        return INTERFACE_LIMIT - 1;
    pcapng->interfaces++;
    pcapng->interface[i].host = block->host;
    pcapng->interface[i].interface = block->interface;
    text_init(&out, name, sizeof name);
    text_add(&out, block->host_name);
    if (block->wire != NULL)
        text_format(&out, "@%s", block->wire);
    else if (block->interface == 0)
        text_add(&out, "/lo");
    else
        text_format(&out, "/%u", (unsigned)block->interface);
    uint8_t resolution = 9; /* 10^-9 s */
    block_begin(pcapng, INTERFACE_DESCRIPTION);
    put_number(pcapng, 1, 2); /* Ethernet */
    put_number(pcapng, 0, 2);
    put_number(pcapng, pcapng->config.snap_length, 4);
    put_option(pcapng, OPTION_NAME, name, out.length);
    put_option(pcapng, OPTION_RESOLUTION, &resolution, 1);
    put_number(pcapng, OPTION_END, 4);
    block_end(pcapng);
    return i;
}

static size_t comment_make(struct baro_pcapng *pcapng, const struct story_block *block)
{
    struct text out;
    text_init(&out, pcapng->comment, COMMENT_LIMIT + 1);
    text_add(&out, block->summary);
    for (size_t i = 0; i < block->lines; i++) {
        const struct story_line *line = &block->line[i];
        text_format(&out, "\n%2d ", line->step);
        text_format(&out, "%s: ", line->label);
        text_add(&out, line->text);
        if (strcmp(line->source, "-") != 0 && line->source[0] != '\0')
            text_format(&out, " (%s)", line->source);
    }
    return out.length;
}

static void block_write(void *context, const struct story_block *block)
{
    struct baro_pcapng *pcapng = context;
    uint8_t bare_header[14] = { [12] = 0x08 };
    if (!block->has_frame || pcapng->error != 0)
        return;
    struct baro_bytes frame = { block->frame, block->captured };
    bool bare = block->captured == block->octets && frame_is_bare(frame);
    if (bare && frame.data[0] >> 4 == 6) {
        bare_header[12] = 0x86;
        bare_header[13] = 0xDD;
    }
    size_t header = bare ? sizeof bare_header : 0, captured = block->captured + header;
    if (captured > pcapng->config.snap_length)
        captured = pcapng->config.snap_length;
    if (captured < header)
        header = captured;
    uint32_t interface = interface_get(pcapng, block);
    int64_t ns = block->at.ns + pcapng->config.epoch.ns;
    uint64_t stamp = ns < 0 ? 0 : (uint64_t)ns;
    block_begin(pcapng, ENHANCED_PACKET);
    put_number(pcapng, interface, 4);
    put_number(pcapng, stamp >> 32, 4);
    put_number(pcapng, stamp & UINT32_MAX, 4);
    put_number(pcapng, captured, 4);
    put_number(pcapng, block->octets + (bare ? sizeof bare_header : 0), 4);
    put(pcapng, bare_header, header);
    put(pcapng, block->frame, captured - header);
    put(pcapng, "\0\0\0", (4 - captured % 4) % 4);
    put_option(pcapng, OPTION_COMMENT, pcapng->comment, comment_make(pcapng, block));
    put_number(pcapng, OPTION_FLAGS, 2);
    put_number(pcapng, 4, 2);
    put_number(pcapng, block->kind == STORY_IN ? 1 : 2, 4); /* inbound, outbound */
    put_number(pcapng, OPTION_END, 4);
    block_end(pcapng);
}

static void pcapng_event(void *context, const struct baro_trace_event *event)
{
    struct baro_pcapng *pcapng = context;
    story_event(pcapng->story, event);
}

struct baro_pcapng *baro_pcapng_create(const struct baro_pcapng_config *config)
{
    struct baro_pcapng *pcapng = calloc(1, sizeof *pcapng);
    if (pcapng == NULL)
        return NULL;
    pcapng->config = *config;
    if (pcapng->config.snap_length == 0)
        pcapng->config.snap_length = SNAP_LENGTH;
    struct story_config story = { .language = config->language,
                                  .hosts = config->hosts,
                                  .host_count = config->host_count,
                                  .interfaces = config->interfaces,
                                  .interface_count = config->interface_count,
                                  .capture = pcapng->config.snap_length,
                                  .absolute_sequence = config->absolute_sequence,
                                  .context = pcapng,
                                  .block = block_write };
    pcapng->story = story_create(&story);
    pcapng->comment = malloc(COMMENT_LIMIT + 1);
    if (pcapng->story == NULL || pcapng->comment == NULL) {
        story_free(pcapng->story);
        free(pcapng->comment);
        free(pcapng);
        return NULL;
    }
    write_section(pcapng);
    return pcapng;
}

struct baro_trace_sink baro_pcapng_sink(struct baro_pcapng *pcapng)
{
    struct baro_trace_sink sink = { pcapng, pcapng_event };
    return sink;
}

int baro_pcapng_finish(struct baro_pcapng *pcapng)
{
    int result = story_finish(pcapng->story);
    if (fflush(pcapng->config.out) != 0 && pcapng->error == 0)
        pcapng->error = errno != 0 ? -errno : -EIO;
    return pcapng->error != 0 ? pcapng->error : result;
}

void baro_pcapng_free(struct baro_pcapng *pcapng)
{
    if (pcapng == NULL)
        return;
    (void)baro_pcapng_finish(pcapng);
    story_free(pcapng->story);
    free(pcapng->comment);
    free(pcapng->block);
    free(pcapng);
}
