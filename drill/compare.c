/* drill/compare.c: the packet that a line expects beside the one that was sent, field by field. */
#include "run.h"
#include "words.h"

#include <string.h>

static uint32_t read32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* ---- rows ---- */

static struct row *row_add(struct comparison *comparison, const char *name)
{
    struct row *row = &comparison->row[comparison->rows < ROWS_LIMIT ? comparison->rows++ : ROWS_LIMIT - 1];

    *row = (struct row){ .name = name };
    return row;
}

static void mark(struct comparison *comparison, struct row *row, bool differs)
{
    row->differs = differs;
    comparison->differs = comparison->differs || differs;
}

/* A number that the line may leave open. */
static void compare_number(struct comparison *comparison, const char *name, bool said, long long expected,
                           bool has, long long seen)
{
    struct row *row = row_add(comparison, name);

    snprintf(row->expected, sizeof row->expected, "*");
    snprintf(row->seen, sizeof row->seen, "-");
    if (said)
        snprintf(row->expected, sizeof row->expected, "%lld", expected);
    if (has)
        snprintf(row->seen, sizeof row->seen, "%lld", seen);
    mark(comparison, row, said && (!has || expected != seen));
}

static void compare_words(struct comparison *comparison, const char *name, const char *expected,
                          const char *seen, bool differs)
{
    struct row *row = row_add(comparison, name);

    snprintf(row->expected, sizeof row->expected, "%s", expected);
    snprintf(row->seen, sizeof row->seen, "%s", seen);
    mark(comparison, row, differs);
}

/* ---- TCP options ---- */

/* The stack's clock ticks in milliseconds, and `seen` counts them from the same first number. */
static bool same_stamp(uint32_t expected, uint32_t seen, const struct stamp_rule *rule)
{
    int64_t expected_ns = (int64_t)(int32_t)(expected - rule->first) * rule->tick_ns;
    int64_t seen_ns = (int64_t)(int32_t)(seen - rule->first) * 1000000, difference = expected_ns - seen_ns;

    return rule->tick_ns == 0 || (difference <= rule->tolerance_ns && -difference <= rule->tolerance_ns);
}

enum { KIND_TIMESTAMPS = 8 };

static bool same_option(const struct baro_tcp_option *expected, const struct baro_tcp_option *seen,
                        const struct packet_line *line, const struct stamp_rule *rule)
{
    if (expected->kind != seen->kind || expected->value.length != seen->value.length)
        return false;
    if (expected->kind == KIND_TIMESTAMPS && expected->value.length == 8)
        return (line->any_stamp ||
                same_stamp(read32(expected->value.data), read32(seen->value.data), rule)) &&
               (line->any_echo || read32(expected->value.data + 4) == read32(seen->value.data + 4));
    return expected->value.length == 0 ||
           memcmp(expected->value.data, seen->value.data, expected->value.length) == 0;
}

/* A row an option, as they stand. */
static void compare_options(struct comparison *comparison, const struct packet_line *expected,
                            const struct packet_line *seen, const struct stamp_rule *rule)
{
    struct baro_bytes left = { expected->options, expected->options_length };
    struct baro_bytes right = { seen->options, seen->options_length };
    const char *name = "options";

    if (expected->any_options) {
        char words[ROW_WORDS] = "-";

        if (seen->options_length != 0)
            drill_view_options(seen, words, sizeof words);
        compare_words(comparison, name, "...", words, false);
        return;
    }
    for (;; name = "") {
        struct baro_tcp_option a, b;
        bool has_a = baro_tcp_option_next(&left, &a), has_b = baro_tcp_option_next(&right, &b);
        char wanted[ROW_WORDS] = "-", told[ROW_WORDS] = "-";

        if (!has_a && !has_b)
            break;
        if (has_a)
            drill_view_option(&a, wanted, sizeof wanted);
        if (has_b)
            drill_view_option(&b, told, sizeof told);
        compare_words(comparison, name, wanted, told,
                      !has_a || !has_b || !same_option(&a, &b, expected, rule));
    }
    if (left.length != 0 || right.length != 0)
        compare_words(comparison, name, left.length != 0 ? "malformed" : "-",
                      right.length != 0 ? "malformed" : "-",
                      left.length != right.length || memcmp(left.data, right.data, left.length) != 0);
}

/* ---- protocols ---- */

static void compare_tcp(struct comparison *comparison, const struct packet_line *expected,
                        const struct packet_line *seen, const struct stamp_rule *rule)
{
    char wanted[ROW_WORDS], told[ROW_WORDS];

    drill_view_flags(expected, wanted, sizeof wanted);
    drill_view_flags(seen, told, sizeof told);
    compare_words(comparison, "flags", wanted, told,
                  expected->flags != seen->flags || expected->accurate_ecn != seen->accurate_ecn);
    compare_number(comparison, "seq", true, expected->range.first, true, seen->range.first);
    compare_number(comparison, "length", true, expected->range.length, true, seen->range.length);
    /* An ack number without its flag is no ack: the flags differ then. */
    compare_number(comparison, "ack", expected->has_ack && seen->has_ack, expected->ack, seen->has_ack,
                   seen->ack);
    compare_number(comparison, "win", expected->has_window, expected->window, true, seen->window);
    if (expected->has_urgent || seen->has_urgent)
        compare_number(comparison, "urg", expected->has_urgent, expected->urgent, true, seen->urgent);
    if (expected->any_options || expected->options_length != 0 || seen->options_length != 0)
        compare_options(comparison, expected, seen, rule);
}

static void compare_icmp(struct comparison *comparison, const struct packet_line *expected,
                         const struct packet_line *seen)
{
    bool echo = drill_view_is_echo(expected);

    compare_number(comparison, "type", true, expected->icmp_type, true, seen->icmp_type);
    compare_number(comparison, "code", expected->has_icmp_code, expected->icmp_code, true, seen->icmp_code);
    if (expected->icmp_rest != 0 && echo) {
        compare_number(comparison, "id", true, expected->icmp_rest >> 16, true, seen->icmp_rest >> 16);
        compare_number(comparison, "seq", true, expected->icmp_rest & UINT16_MAX, true,
                       seen->icmp_rest & UINT16_MAX);
    } else if (expected->icmp_rest != 0) {
        compare_number(comparison, "mtu", true, expected->icmp_rest, true, seen->icmp_rest);
    }
    if (echo)
        compare_number(comparison, "length", true, expected->length, true, seen->length);
}

static void compare_ports(struct comparison *comparison, const struct packet_line *expected,
                          const struct packet_line *seen)
{
    char wanted[ROW_WORDS], told[ROW_WORDS];

    if (expected->source_port < 0)
        return;
    snprintf(wanted, sizeof wanted, "%d > %d", expected->source_port, expected->destination_port);
    snprintf(told, sizeof told, "%d > %d", seen->source_port, seen->destination_port);
    compare_words(comparison, "ports", wanted, told,
                  expected->source_port != seen->source_port ||
                      expected->destination_port != seen->destination_port);
}

/* What a line says of the IP header; ECN also where it was not asked for and is there. */
static void compare_ip(struct comparison *comparison, const struct packet_line *expected,
                       const struct packet_line *seen)
{
    if (expected->ecn >= 0 || seen->ecn > 0)
        compare_words(comparison, "ECN", expected->ecn < 0 ? "*" : drill_view_ecn(expected->ecn),
                      drill_view_ecn(seen->ecn),
                      expected->ecn >= 0 && expected->ecn != seen->ecn &&
                          !(expected->ecn == ECN_EITHER && (seen->ecn == 1 || seen->ecn == 2)));
    if (expected->tos >= 0)
        compare_number(comparison, "TOS", true, expected->tos, true, seen->tos);
    if (expected->ttl >= 0)
        compare_number(comparison, "TTL", true, expected->ttl, true, seen->ttl);
    if (expected->flow_label >= 0)
        compare_number(comparison, "flow label", true, expected->flow_label, true, seen->flow_label);
}

bool drill_compare(const struct packet_line *expected, const struct packet_line *seen,
                   const struct stamp_rule *rule, struct comparison *comparison)
{
    static const char *const kinds[] = { "TCP", "UDP", "ICMP" };

    *comparison = (struct comparison){ .rows = 0 };
    if (expected->kind != seen->kind) {
        compare_words(comparison, "protocol", kinds[expected->kind], kinds[seen->kind], true);
        return false;
    }
    if (expected->kind != PACKET_ICMP)
        compare_ports(comparison, expected, seen);
    compare_ip(comparison, expected, seen);
    if (expected->kind == PACKET_TCP)
        compare_tcp(comparison, expected, seen, rule);
    else if (expected->kind == PACKET_UDP)
        compare_number(comparison, "length", true, expected->length, true, seen->length);
    else
        compare_icmp(comparison, expected, seen);
    return !comparison->differs;
}

void drill_compare_names(const struct comparison *comparison, char *to, size_t size)
{
    const char *name = "";
    size_t used = 0;

    to[0] = '\0';
    for (int i = 0; i < comparison->rows; i++) {
        const struct row *row = &comparison->row[i];

        if (row->name[0] != '\0')
            name = row->name;
        if (!row->differs || name == NULL || used + strlen(name) + 3 > size)
            continue;
        used += (size_t)snprintf(to + used, size - used, "%s%s", used == 0 ? "" : ", ", name);
        name = NULL; /* said once, however many rows it has */
    }
}

/* ---- side by side ---- */

enum { LEFT_COLUMNS = 30 };

void drill_compare_print(struct run *run, const struct comparison *comparison)
{
    enum baro_language language = run->options.language;

    if (run->out == NULL)
        return;
    fprintf(run->out, "    ");
    drill_words_column(run->out, "", 12);
    drill_words_column(run->out, drill_words(WORD_EXPECTED, language), LEFT_COLUMNS);
    fprintf(run->out, "%s\n", drill_words(WORD_ACTUAL, language));
    for (int i = 0; i < comparison->rows; i++) {
        const struct row *row = &comparison->row[i];

        fprintf(run->out, row->differs ? "  * " : "    ");
        drill_words_column(run->out, row->name, 12);
        drill_words_column(run->out, row->expected, LEFT_COLUMNS);
        fprintf(run->out, "%s\n", row->seen);
    }
}
