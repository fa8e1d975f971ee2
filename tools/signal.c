/* tools/signal.c: `baro signal`: what noise does to frames on a 10BASE-T and a 100BASE-TX line, and a
 * picture.
 *
 * The table sends random frames of 64 to 1518 octets from a sender whose clock is 100 ppm fast, then slow,
 * with some jitter, through more and more noise. Each frame is delivered, or lost with its reason, or, which
 * must never be, delivered wrong: other octets than were sent with a right FCS.
 *
 * The picture (SVG) has the start of one frame, as sent and as it arrives, with bits and symbols named. */
#include "tools.h"

#include "baro/fcs.h"
#include "baro/signal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OFFSET_PPM 100
#define SHORTEST 64
#define LONGEST 1518
#define LEVELS 11

struct code_setup {
    enum baro_line_code code;
    uint32_t jitter_ps;
    uint32_t noise_mv[LEVELS];
};

static const struct code_setup setups[] = {
    { BARO_LINE_10BASE_T, 1000, { 0, 250, 500, 600, 700, 800, 900, 1000, 1200, 1600, 2500 } },
    { BARO_LINE_100BASE_TX, 100, { 0, 50, 100, 120, 140, 160, 180, 200, 250, 300, 500 } },
};

struct options {
    bool code[2]; /* 10, 100 */
    uint32_t frames;
    uint64_t seed;
    const char *svg;
};

/* A line with all its buffers, the link up. */
struct line {
    struct baro_signal_transmitter transmitter;
    struct baro_signal_channel channel;
    struct baro_signal_receiver receiver;
    struct baro_instant now;
    uint64_t random;
    uint8_t frame[LONGEST], heard[BARO_SIGNAL_FRAME_LIMIT];
    int16_t sent[BARO_SIGNAL_BURST_LIMIT], arrived[BARO_SIGNAL_BURST_LIMIT + BARO_SIGNAL_CHANNEL_SLACK];
    uint32_t sent_count, arrived_count;
};

static uint32_t draw(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*random >> 33);
}

static void line_init(struct line *line, enum baro_line_code code, uint64_t seed)
{
    line->random = seed;
    line->now = (struct baro_instant){ 0 };
    baro_signal_transmitter_init(&line->transmitter, code, draw(&line->random));
    baro_signal_channel_init(&line->channel, code, seed);
    baro_signal_receiver_init(&line->receiver, code);
    for (int i = 0; i < 3; i++) {
        uint32_t count = baro_signal_send_link(&line->transmitter, line->sent, BARO_SIGNAL_BURST_LIMIT);
        line->now.ns += BARO_SIGNAL_LINK_INTERVAL_NS;
        baro_signal_receive(&line->receiver, line->now, line->sent, count, line->heard, 0);
    }
}

static void line_seal(struct line *line, uint32_t length)
{
    uint32_t fcs = baro_fcs(line->frame, length - BARO_FCS_OCTETS);
    for (uint32_t i = 0; i < BARO_FCS_OCTETS; i++)
        line->frame[length - BARO_FCS_OCTETS + i] = (uint8_t)(fcs >> 8 * i);
}

static struct baro_signal_result line_trip(struct line *line, uint32_t length)
{
    line->sent_count =
        baro_signal_send_frame(&line->transmitter, line->frame, length, line->sent, BARO_SIGNAL_BURST_LIMIT);
    line->arrived_count =
        baro_signal_channel_apply(&line->channel, line->sent, line->sent_count, line->arrived,
                                  BARO_SIGNAL_BURST_LIMIT + BARO_SIGNAL_CHANNEL_SLACK);
    return baro_signal_receive(&line->receiver, line->now, line->arrived, line->arrived_count, line->heard,
                               sizeof line->heard);
}

/* ---- the table ---- */

struct tally {
    uint32_t delivered, wrong, lost[BARO_DROP_COUNT];
    int32_t clock_error_ppm; /* the largest */
};

/* The reasons that a line can give, in the order of the columns. */
static const struct column {
    enum baro_drop_reason reason;
    const char *title;
} columns[] = {
    { BARO_DROP_SIGNAL_NO_LOCK, "no lock" },   { BARO_DROP_SIGNAL_FALSE_CARRIER, "false carrier" },
    { BARO_DROP_SIGNAL_NO_START, "no start" }, { BARO_DROP_SIGNAL_BAD_SYMBOL, "bad symbol" },
    { BARO_DROP_FRAME_GIANT, "giant" },        { BARO_DROP_FCS_WRONG, "FCS" },
};
#define COLUMNS (sizeof columns / sizeof columns[0])

static void tally_frame(struct tally *tally, const struct line *line, struct baro_signal_result result,
                        uint32_t length)
{
    if (result.event == BARO_SIGNAL_LOST) {
        tally->lost[result.reason]++;
    } else if (result.event == BARO_SIGNAL_LINK) { /* all of it taken for idle */
        tally->lost[BARO_DROP_SIGNAL_NO_START]++;
    } else if (result.length < BARO_FCS_OCTETS || baro_fcs(line->heard, result.length) != BARO_FCS_RESIDUE) {
        tally->lost[BARO_DROP_FCS_WRONG]++;
    } else if (result.length != length || memcmp(line->heard, line->frame, length) != 0) {
        tally->wrong++;
    } else {
        int32_t error = result.offset_ppm - line->channel.offset_ppm;
        error = error < 0 ? -error : error;
        tally->delivered++;
        if (error > tally->clock_error_ppm)
            tally->clock_error_ppm = error;
    }
}

static struct tally run_level(struct line *line, const struct code_setup *setup, uint32_t noise_mv,
                              const struct options *options)
{
    struct tally tally = { 0 };
    line_init(line, setup->code, options->seed + noise_mv);
    line->channel.noise_mv = noise_mv;
    line->channel.jitter_ps = setup->jitter_ps;
    for (uint32_t i = 0; i < options->frames; i++) {
        uint32_t length = SHORTEST + draw(&line->random) % (LONGEST - SHORTEST + 1);
        for (uint32_t k = 0; k < length; k++)
            line->frame[k] = (uint8_t)draw(&line->random);
        line_seal(line, length);
        line->channel.offset_ppm = i % 2 == 0 ? OFFSET_PPM : -OFFSET_PPM;
        tally_frame(&tally, line, line_trip(line, length), length);
    }
    return tally;
}

static bool print_table(struct line *line, const struct code_setup *setup, const struct options *options)
{
    const struct baro_line_properties *code = baro_line_properties(setup->code);
    const uint32_t peak_mv = (uint32_t)(int)code->amplitude_mv;
    uint32_t wrong = 0;
    printf("%s: %" PRIu32 " frames of %d to %d octets a line, peak %d mV, clock %d ppm off, jitter %" PRIu32
           " ps, seed %" PRIu64 "\n",
           code->name, options->frames, SHORTEST, LONGEST, code->amplitude_mv, OFFSET_PPM, setup->jitter_ps,
           options->seed);
    printf("%9s %7s %10s", "noise mV", "of peak", "delivered");
    for (size_t c = 0; c < COLUMNS; c++)
        printf("  %s", columns[c].title);
    printf("  wrong    loss  clock error\n");
    for (unsigned level = 0; level < LEVELS; level++) {
        uint32_t noise_mv = setup->noise_mv[level];
        struct tally tally = run_level(line, setup, noise_mv, options);
        uint64_t loss_permille = (uint64_t)(options->frames - tally.delivered) * 1000 / options->frames;
        printf("%9" PRIu32 " %6" PRIu32 "%% %10" PRIu32, noise_mv, noise_mv * 100 / peak_mv, tally.delivered);
        for (size_t c = 0; c < COLUMNS; c++)
            printf("  %*" PRIu32, (int)strlen(columns[c].title), tally.lost[columns[c].reason]);
        printf("  %5" PRIu32 "  %3" PRIu64 ".%" PRIu64 "%%", tally.wrong, loss_permille / 10,
               loss_permille % 10);
        if (tally.delivered > 0)
            printf("  +-%" PRId32 " ppm\n", tally.clock_error_ppm);
        else
            printf("  -\n");
        wrong += tally.wrong;
    }
    return wrong == 0;
}

/* ---- the picture ---- */

enum {
    WIDE = 3,
    TALL = 100,
    LEFT = 60,
    PANEL = 330
}; /* pixels: a sample, half a trace, margin, a line code */

static const char *const group_bits[16] = { "11110", "01001", "10100", "10101", "01010", "01011",
                                            "01110", "01111", "10010", "10011", "10110", "10111",
                                            "11010", "11011", "11100", "11101" };

struct panel {
    FILE *file;
    const struct line *line;
    const struct baro_line_properties *code;
    uint32_t first, count; /* the samples drawn */
    int top;               /* pixels */
};

static int at_x(uint32_t sample)
{
    return LEFT + (int)sample * WIDE;
}

static void draw_text(const struct panel *panel, int x, int row, const char *style, const char *text)
{
    fprintf(panel->file, "<text x=\"%d\" y=\"%d\" class=\"%s\">%s</text>\n", x, panel->top + row, style,
            text);
}

static void draw_trace(const struct panel *panel, const int16_t *samples, const char *style)
{
    fprintf(panel->file, "<polyline class=\"%s\" points=\"", style);
    for (uint32_t i = 0; i < panel->count; i++)
        fprintf(panel->file, "%d,%d ", at_x(i),
                panel->top + 60 + TALL -
                    samples[panel->first + i] * TALL * 4 / (panel->code->amplitude_mv * 5));
    fprintf(panel->file, "\"/>\n");
}

static void draw_axes(const struct panel *panel)
{
    char text[32];
    for (int level = -1; level <= 1; level++) {
        int y = 60 + TALL - level * TALL * 4 / 5;
        snprintf(text, sizeof text, "%+d mV", level * panel->code->amplitude_mv);
        fprintf(panel->file, "<line class=\"axis\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n", LEFT,
                panel->top + y, at_x(panel->count), panel->top + y);
        draw_text(panel, LEFT - 32, y + 4, "mark", text);
    }
    for (uint32_t i = 0; i <= panel->count; i += 80) {
        snprintf(text, sizeof text, "%" PRIu32 " ns", i * panel->code->sample_period_ps / 1000);
        draw_text(panel, at_x(i), 60 + 2 * TALL + 50, "mark", text);
    }
}

/* A line across the trace where an octet or code group begins, its name above. */
static void draw_border(const struct panel *panel, uint32_t sample, uint32_t span, const char *name)
{
    fprintf(panel->file, "<line class=\"border\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n", at_x(sample),
            panel->top + 34, at_x(sample), panel->top + 60 + 2 * TALL + 34);
    draw_text(panel, at_x(sample) + (int)span * WIDE / 2, 46, "name", name);
}

static void draw_bit(const struct panel *panel, uint32_t sample, uint32_t span, int row, char bit)
{
    const char text[2] = { bit, 0 };
    draw_text(panel, at_x(sample) + (int)span * WIDE / 2, row, "bit", text);
}

/* Eight octets of 10BASE-T: the end of the preamble, the SFD, and how the frame begins. */
static void draw_ten(struct panel *panel)
{
    const uint32_t bit = 8, octet = 64;
    panel->first = 8 + 5 * octet;
    panel->count = 8 * octet;
    draw_text(panel, LEFT, 20, "title",
              "10BASE-T: octets, their bits lowest first, Manchester: a rise in mid-bit is 1");
    draw_axes(panel);
    for (uint32_t i = 0; i < 8; i++) {
        unsigned value = i < 2 ? 0x55 : i == 2 ? 0xD5 : panel->line->frame[i - 3];
        char name[32];
        snprintf(name, sizeof name, "%s %02X", i < 2 ? "preamble" : i == 2 ? "SFD" : "octet", value);
        draw_border(panel, i * octet, octet, name);
        for (uint32_t b = 0; b < 8; b++)
            draw_bit(panel, i * octet + b * bit, bit, 60 + 2 * TALL + 14, (char)('0' + (value >> b & 1)));
    }
}

/* The name and plain bits of a code group, counted from the second last of idle. */
static const char *group_of(const struct line *line, uint32_t index, char *name, size_t size)
{
    static const char *const delimiters[] = { "I", "I", "J", "K" }, *const bits[] = { "11111", "11111",
                                                                                      "11000", "10001" };
    if (index < 4) {
        snprintf(name, size, "/%s/", delimiters[index]);
        return bits[index];
    }
    uint32_t nibble = index - 4; /* after the preamble's first octet, whose place /J/K/ took */
    unsigned value = nibble < 13    ? 0x5
                     : nibble == 13 ? 0xD
                                    : (unsigned)line->frame[(nibble - 14) / 2] >> nibble % 2 * 4 & 0xFu;
    snprintf(name, size, nibble == 13 ? "SFD %X" : "%X", value);
    return group_bits[value];
}

/* The start of a frame of 100BASE-TX: idle, /J/K/, preamble, SFD, the first octets. */
static void draw_hundred(struct panel *panel)
{
    const uint32_t symbol = 4, group = 20, groups = 26, lead = 24;
    panel->first = (lead - 2) * group;
    panel->count = groups * group;
    draw_text(panel, LEFT, 20, "title",
              "100BASE-TX: code groups, their bits, the scrambled bits below, MLT-3: a change of level is 1");
    draw_axes(panel);
    for (uint32_t i = 0; i < groups; i++) {
        char name[16];
        const char *bits = group_of(panel->line, i, name, sizeof name);
        draw_border(panel, i * group, group, name);
        for (uint32_t b = 0; b < 5; b++) {
            uint32_t at = i * group + b * symbol, last = panel->first + at + symbol - 1;
            bool change = panel->line->sent[last] != panel->line->sent[last - symbol];
            draw_bit(panel, at, symbol, 60 + 2 * TALL + 14, bits[b]);
            draw_bit(panel, at, symbol, 60 + 2 * TALL + 28, change ? '1' : '0');
        }
    }
}

static void draw_code(FILE *file, struct line *line, const struct code_setup *setup, uint64_t seed, int top)
{
    static const uint8_t start[] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 0x52,
                                     0x54, 0x00, 0xAB, 0xCD, 0xEF, 0x08, 0x06 };
    struct panel panel = {
        .file = file, .line = line, .code = baro_line_properties(setup->code), .top = top
    };
    line_init(line, setup->code, seed);
    line->channel.noise_mv = (uint32_t)(panel.code->amplitude_mv / 16);
    memset(line->frame, 0, SHORTEST);
    memcpy(line->frame, start, sizeof start);
    line_seal(line, SHORTEST);
    line_trip(line, SHORTEST);
    if (setup->code == BARO_LINE_10BASE_T)
        draw_ten(&panel);
    else
        draw_hundred(&panel);
    draw_trace(&panel, line->arrived, "arrived");
    draw_trace(&panel, line->sent, "sent");
}

static bool print_svg(FILE *file, struct line *line, const struct options *options)
{
    int codes = options->code[0] + options->code[1], top = 0;
    fprintf(
        file,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\">\n"
        "<style>text{text-anchor:middle;fill:#222}.title{text-anchor:start;font-size:15px}.name{font-size:"
        "12px;"
        "font-weight:bold}.bit{font-size:11px;font-family:monospace}.mark{font-size:10px;fill:#777}"
        "polyline{fill:none}.sent{stroke:#1a5fb4;stroke-width:1.6}.arrived{stroke:#e66100;stroke-width:0.8}"
        ".axis{stroke:#ccc}.border{stroke:#bbb;stroke-dasharray:3 3}</style>\n"
        "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
        LEFT + 530 * WIDE + 20, codes * PANEL + 24);
    for (int c = 0; c < 2; c++) {
        if (!options->code[c])
            continue;
        draw_code(file, line, &setups[c], options->seed, top);
        top += PANEL;
    }
    fprintf(file,
            "<text x=\"%d\" y=\"%d\" class=\"title\" style=\"font-size:12px\">blue: as sent; orange: as it "
            "arrives "
            "with noise of a sixteenth of the peak, r.m.s.</text>\n</svg>\n",
            LEFT, top + 10);
    return fflush(file) == 0 && ferror(file) == 0;
}

/* ---- the command line ---- */

static const char help[] =
    "usage: baro signal [--code 10|100|both] [--frames N] [--seed S] [--svg FILE]\n"
    "\n"
    "Prints how many frames are lost over noise, and why, on 10BASE-T and 100BASE-TX.\n"
    "  --code    the line code (both)\n"
    "  --frames  frames a line of the table, 1 to 1000000 (100)\n"
    "  --seed    of frames, noise and jitter (1); equal seeds give equal tables\n"
    "  --svg     draws the start of a frame on the line into FILE\n";

static bool parse_number(const char *text, uint64_t least, uint64_t most, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == 0 && errno == 0 && *value >= least && *value <= most;
}

/* 0, or the exit code of a mistake, which has been told. */
static int parse_option(const char *name, const char *value, struct options *options)
{
    uint64_t number;
    if (strcmp(name, "--code") != 0 && strcmp(name, "--frames") != 0 && strcmp(name, "--seed") != 0 &&
        strcmp(name, "--svg") != 0)
        return tool_usage("signal", "no option '%s'; `baro signal --help` lists them", name);
    if (value == NULL)
        return tool_usage("signal", "%s needs a value", name);
    if (strcmp(name, "--svg") == 0) {
        options->svg = value;
    } else if (strcmp(name, "--code") == 0) {
        options->code[0] = strcmp(value, "100") != 0;
        options->code[1] = strcmp(value, "10") != 0;
        if (options->code[0] && options->code[1] && strcmp(value, "both") != 0)
            return tool_usage("signal", "--code is 10, 100 or both, not '%s'", value);
    } else if (strcmp(name, "--frames") == 0) {
        if (!parse_number(value, 1, 1000000, &number))
            return tool_usage("signal", "--frames is a number from 1 to 1000000, not '%s'", value);
        options->frames = (uint32_t)number;
    } else if (!parse_number(value, 0, UINT64_MAX, &options->seed)) {
        return tool_usage("signal", "--seed is a number from 0 to %" PRIu64 ", not '%s'", UINT64_MAX, value);
    }
    return 0;
}

static int draw_picture(struct line *line, const struct options *options)
{
    FILE *file = fopen(options->svg, "w");
    if (file == NULL)
        return tool_usage("signal", "cannot write '%s': %s", options->svg, strerror(errno));
    bool drawn = print_svg(file, line, options);
    if (fclose(file) != 0 || !drawn) {
        fprintf(stderr, "baro signal: could not write all of '%s'\n", options->svg);
        return TOOL_FAILED;
    }
    return TOOL_OK;
}

int tool_signal(int argc, char **argv)
{
    struct options options = { { true, true }, 100, 1, NULL };
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            return TOOL_OK;
        }
        int mistake = parse_option(argv[i], i + 1 < argc ? argv[i + 1] : NULL, &options);
        if (mistake != 0)
            return mistake;
    }
    struct line *line = calloc(1, sizeof *line);
    if (line == NULL) {
        fprintf(stderr, "baro signal: no memory\n");
        return TOOL_FAILED;
    }
    int code = options.svg != NULL ? draw_picture(line, &options) : TOOL_OK;
    bool first = true;
    for (int c = 0; c < 2 && code == TOOL_OK; c++) {
        if (!options.code[c])
            continue;
        printf("%s", first ? "" : "\n");
        first = false;
        if (!print_table(line, &setups[c], &options))
            code = TOOL_FAILED;
    }
    free(line);
    return code;
}
