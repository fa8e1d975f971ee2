/* `baro journey`: blocks as text for a person.
 *
 *     +--    0.000123  client  out   TCP 10.0.0.1:40000 > 10.0.0.2:80 SYN seq 0 win 65535, control only
 *     | 10 TCP header       10.0.0.1:40000 > ... (RFC 9293 §3.1)
 *
 * One heading a block: seconds since the first event, host, direction, summary; then a line a step:
 * the step's number (11 is the socket), what it is about, what was decided, the source. Lines are
 * broken at spaces to fit the width; Hangul counts two columns. The frame drawing is plain ASCII. */
#include "story.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    LABEL_COLUMNS = 16,
    INDENT_COLUMNS = 5,
    TIME_COLUMNS = 17,
    HOST_COLUMNS = 8,
    WAY_COLUMNS = 5,
    LINE_LIMIT = 2048
};

struct baro_journey {
    struct baro_journey_config config;
    struct story *story;
    struct baro_instant first;
    bool started;
    unsigned frames;
    int error;
};

static void write_out(struct baro_journey *journey, const char *bytes, size_t length)
{
    if (fwrite(bytes, 1, length, journey->config.out) != length && journey->error == 0)
        journey->error = errno != 0 ? -errno : -EIO;
}

static void print(struct baro_journey *journey, const char *string)
{
    write_out(journey, string, strlen(string));
}

static void colour(struct baro_journey *journey, const char *code)
{
    if (journey->config.colour)
        print(journey, code);
}

#define COLOUR_OFF "\x1b[0m"
#define COLOUR_HEADING "\x1b[1m"
#define COLOUR_LABEL "\x1b[36m"
#define COLOUR_DROP "\x1b[31m"

/* A column: text, then spaces up to its width, at least one. */
static void print_column(struct baro_journey *journey, const char *string, size_t columns)
{
    size_t used = text_columns(string, strlen(string));
    print(journey, string);
    do
        print(journey, " ");
    while (++used <= columns);
}

/* Who, and on which wire where that has a name. */
static void print_host(struct baro_journey *journey, const struct story_block *block)
{
    char name[128];
    struct text out;
    text_init(&out, name, sizeof name);
    text_add(&out, block->host_name);
    if (block->wire != NULL)
        text_format(&out, "@%s", block->wire);
    print_column(journey, name, HOST_COLUMNS);
}

/* Prints text, broken at spaces so that each line ends before the width; `used` columns are taken already,
 * `indent` are filled with a bar and spaces on the following lines. A source in parentheses at the end stays
 * in one piece: spaces in it do not count. */
static void print_wrapped(struct baro_journey *journey, const char *string, size_t used, size_t indent)
{
    const char *source = strrchr(string, '(');
    size_t width = journey->config.width, room = width > used + 20 ? width - used : 20;
    while (width != 0 && text_columns(string, strlen(string)) > room) {
        size_t at = 0, columns = 0, space = 0;
        while (columns < room || space == 0) {
            size_t bytes = text_character(string + at, strlen(string + at));
            if (string[at] == '\0')
                break;
            if (string[at] == ' ' && at > 0 && (source == NULL || string + at < source))
                space = at;
            columns += text_columns(string + at, bytes);
            at += bytes;
        }
        if (space == 0) /* one word to the end */
            break;
        write_out(journey, string, space);
        string += space + 1;
        room = width > indent + 20 ? width - indent : 20;
        print(journey, "\n|");
        for (size_t i = 1; i < indent; i++)
            print(journey, " ");
    }
    print(journey, string);
    print(journey, "\n");
}

static void with_source(char *text, size_t size, const struct story_line *line)
{
    struct text out;
    text_init(&out, text, size);
    text_add(&out, line->text);
    if (line->source[0] != '\0' && strcmp(line->source, "-") != 0)
        text_format(&out, " (%s)", line->source);
}

static void print_line(struct baro_journey *journey, const struct story_line *line, bool dropped)
{
    char text[LINE_LIMIT], number[16];
    with_source(text, sizeof text, line);
    if (line->step == 0)
        memcpy(number, "|    ", 6);
    else
        snprintf(number, sizeof number, "| %2d ", line->step);
    print(journey, number);
    colour(journey, dropped ? COLOUR_DROP : COLOUR_LABEL);
    print_column(journey, line->label, LABEL_COLUMNS);
    colour(journey, COLOUR_OFF);
    print_wrapped(journey, text, INDENT_COLUMNS + LABEL_COLUMNS + 1, INDENT_COLUMNS + LABEL_COLUMNS + 1);
}

static bool filtered(const struct baro_journey *journey, const struct story_block *block)
{
    const struct frame_view *view = &block->view;
    uint16_t port = journey->config.port.number;
    bool ports = view->transport && (view->protocol == 6 || view->protocol == 17);
    return port != 0 && ports && view->source.port.number != port && view->destination.port.number != port;
}

/* Single events, and calls that did nothing but return, need no lines of their own. */
static size_t heading_text(char *text, size_t size, const struct story_block *block)
{
    struct text out;
    char first[LINE_LIMIT];
    text_init(&out, text, size);
    if (block->kind == STORY_EVENT && block->lines > 0) {
        with_source(first, sizeof first, &block->line[0]);
        text_format(&out, "%s: ", block->line[0].label);
        text_add(&out, first);
        return 1;
    }
    text_add(&out, block->summary);
    if (block->kind != STORY_CALL || block->lines != 1)
        return 0;
    text_add(&out, ": ");
    text_add(&out, block->line[0].text);
    return 1;
}

static void block_print(void *context, const struct story_block *block)
{
    struct baro_journey *journey = context;
    char text[LINE_LIMIT + 256], time[40];
    if (baro_journey_done(journey) || filtered(journey, block))
        return;
    if (block->kind == STORY_IN || block->kind == STORY_OUT)
        journey->frames++;
    int64_t ns = block->at.ns - journey->first.ns;
    snprintf(time, sizeof time, "+-- %4lld.%06lld  ", (long long)(ns / 1000000000),
             (long long)(ns % 1000000000 / 1000));
    colour(journey, COLOUR_HEADING);
    print(journey, time);
    print_host(journey, block);
    print_column(journey, story_phrase_of(block->kind, journey->config.language), WAY_COLUMNS);
    size_t told = heading_text(text, sizeof text, block);
    print_wrapped(journey, text, TIME_COLUMNS + HOST_COLUMNS + 1 + WAY_COLUMNS + 1,
                  INDENT_COLUMNS + LABEL_COLUMNS + 1);
    colour(journey, COLOUR_OFF);
    const char *dropped = words_of(BARO_TRACE_DROP, journey->config.language)->label;
    for (size_t i = told; i < block->lines; i++)
        print_line(journey, &block->line[i], block->line[i].label == dropped);
}

static void journey_event(void *context, const struct baro_trace_event *event)
{
    struct baro_journey *journey = context;
    if (baro_journey_done(journey))
        return;
    if (!journey->started)
        journey->first = event->at;
    journey->started = true;
    story_event(journey->story, event);
}

struct baro_journey *baro_journey_create(const struct baro_journey_config *config)
{
    struct baro_journey *journey = calloc(1, sizeof *journey);
    if (journey == NULL)
        return NULL;
    journey->config = *config;
    struct story_config story = { .language = config->language,
                                  .hosts = config->hosts,
                                  .host_count = config->host_count,
                                  .interfaces = config->interfaces,
                                  .interface_count = config->interface_count,
                                  .absolute_sequence = config->absolute_sequence,
                                  .context = journey,
                                  .block = block_print };
    journey->story = story_create(&story);
    if (journey->story == NULL) {
        free(journey);
        return NULL;
    }
    return journey;
}

struct baro_trace_sink baro_journey_sink(struct baro_journey *journey)
{
    struct baro_trace_sink sink = { journey, journey_event };
    return sink;
}

bool baro_journey_done(const struct baro_journey *journey)
{
    return journey->config.frame_limit != 0 && journey->frames >= journey->config.frame_limit;
}

int baro_journey_finish(struct baro_journey *journey)
{
    int result = story_finish(journey->story);
    if (fflush(journey->config.out) != 0 && journey->error == 0)
        journey->error = errno != 0 ? -errno : -EIO;
    return journey->error != 0 ? journey->error : result;
}

void baro_journey_free(struct baro_journey *journey)
{
    if (journey == NULL)
        return;
    (void)baro_journey_finish(journey);
    story_free(journey->story);
    free(journey);
}
