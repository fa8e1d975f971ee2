/* bench/print.c: results as lines for people, as JSON for programs, and as the tables of a page. */
#include "results.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void text_of(char text[120], const struct bench_result *result)
{
    snprintf(text, 120, "%s%s", result->row->text, result->family == BARO_FAMILY_IPV6 ? ", IPv6" : "");
}

/* A number with the digits that a reader needs: 1234567 is "1.23 M". */
static const char *number(char text[24], double value)
{
    if (value >= 1e6)
        snprintf(text, 24, "%.3g M", value / 1e6);
    else if (value >= 1e4)
        snprintf(text, 24, "%.3g k", value / 1e3);
    else if (value < 0.01)
        snprintf(text, 24, "%.1g", value);
    else
        snprintf(text, 24, "%.*f", value >= 100 ? 0 : value >= 10 ? 1 : 2, value);
    return text;
}

void bench_print_lines(FILE *to, const struct bench_results *results)
{
    const struct bench_result *ours = NULL;

    for (const struct bench_result *result = results->result; result < results->result + results->count; result++) {
        char text[120], a[24], b[24], c[24];

        text_of(text, result);
        if (result->other == NULL)
            ours = result;
        else
            snprintf(text, sizeof text, "  %5.2f times %s", bench_ratio(ours, result), result->other->name);
        if (result->reason[0] != '\0' && result->other == NULL)
            fprintf(to, "%-66s not measured: %s\n", text, result->reason);
        else if (result->reason[0] != '\0')
            fprintf(to, "        %s: not measured: %s\n", result->other->name, result->reason);
        else
            fprintf(to, "%-66s %10s  (%s to %s) %s\n", text, number(a, bench_median(result)),
                    number(b, bench_least(result)), number(c, bench_most(result)), bench_unit_name(result->row->unit));
        if (result->instructions > 0)
            fprintf(to, "%-66s %10s  instructions a %s\n", "", number(a, result->instructions), result->row->counted);
    }
}

void bench_print_json(FILE *to, const struct bench_results *results)
{
    const struct bench_result *ours = NULL;

    fputs("[\n", to);
    for (unsigned i = 0; i < results->count; i++) {
        const struct bench_result *result = &results->result[i];
        char text[120];

        text_of(text, result);
        if (result->other == NULL)
            ours = result;
        fprintf(to, "  {\"name\": \"%s\", \"by\": \"%s\", \"text\": \"%s\", \"unit\": \"%s\"", result->name,
                bench_by(result), text, bench_unit_name(result->row->unit));
        if (result->other != NULL && bench_ratio(ours, result) > 0)
            fprintf(to, ", \"ratio\": %.4g", bench_ratio(ours, result));
        if (result->reason[0] != '\0')
            fprintf(to, ", \"not_measured\": \"%s\"", result->reason);
        else
            fprintf(to, ", \"median\": %.6g, \"least\": %.6g, \"most\": %.6g, \"runs\": [", bench_median(result),
                    bench_least(result), bench_most(result));
        for (unsigned j = 0; j < result->runs; j++)
            fprintf(to, "%s%.6g", j == 0 ? "" : ", ", result->figure[j]);
        fprintf(to, "%s%s", result->reason[0] != '\0' ? "" : "]",
                result->instructions > 0 ? ", \"instructions\": " : "");
        if (result->instructions > 0)
            fprintf(to, "%.1f", result->instructions);
        fprintf(to, "}%s\n", i + 1 < results->count ? "," : "");
    }
    fputs("]\n", to);
}

/* ---- the tables of a page ---- */

/* One line: this stack, its instructions, and in `others` the ratio to each peer with the peer's own figure. */
static void print_page_row(FILE *to, const struct bench_results *results, unsigned at)
{
    const struct bench_result *ours = &results->result[at];
    const char *between = " ";
    char text[120], a[24], b[24], c[24], d[24];

    text_of(text, ours);
    if (ours->reason[0] != '\0') {
        fprintf(to, "| %s | not measured: %s | | |\n", text, ours->reason);
        return;
    }
    fprintf(to, "| %s | **%s** (%s to %s) %s | %s |", text, number(a, bench_median(ours)), number(b, bench_least(ours)),
            number(c, bench_most(ours)), bench_unit_name(ours->row->unit),
            ours->instructions > 0 ? number(d, ours->instructions) : "");
    for (unsigned i = at + 1; i < results->count && results->result[i].other != NULL; i++) {
        const struct bench_result *result = &results->result[i];

        if (result->reason[0] != '\0')
            continue;
        fprintf(to, "%s**%.2f** x %s %s (%s to %s)", between, bench_ratio(ours, result), result->other->name,
                number(a, bench_median(result)), number(b, bench_least(result)), number(c, bench_most(result)));
        between = "; ";
    }
    fputs(" |\n", to);
}

static bool same_reason(const struct bench_result *a, const struct bench_result *b)
{
    return b->other != NULL && strcmp(a->reason, b->reason) == 0;
}

/* Who gives that reason, from `first` on, each once. */
static void print_peers_of(FILE *to, const struct bench_results *results, const struct bench_result *first)
{
    const char *between = "";

    for (const struct bench_other *other = bench_others; other->name != NULL; other++) {
        bool gives = false;

        for (const struct bench_result *at = first; at < results->result + results->count; at++)
            gives = gives || (at->other == other && same_reason(first, at));
        if (gives) {
            fprintf(to, "%s%s", between, other->name);
            between = ", ";
        }
    }
}

/* And for which rows: a few by name, how many more. */
static void print_rows_of(FILE *to, const struct bench_results *results, const struct bench_result *first)
{
    enum { NAMED = 3 };
    const char *last = "";
    unsigned rows = 0;

    for (const struct bench_result *at = first; at < results->result + results->count; at++) {
        if (!same_reason(first, at) || strcmp(at->name, last) == 0)
            continue;
        if (rows < NAMED)
            fprintf(to, "%s%s", rows == 0 ? "" : ", ", at->name);
        last = at->name;
        rows++;
    }
    if (rows > NAMED)
        fprintf(to, " and %u more", rows - NAMED);
}

/* Why a peer is not there, each reason once. */
static void print_page_reasons(FILE *to, const struct bench_results *results)
{
    fputs("Not measured:\n\n", to);
    for (unsigned i = 0; i < results->count; i++) {
        const struct bench_result *result = &results->result[i];
        bool told = result->other == NULL || result->reason[0] == '\0';

        for (unsigned j = 0; j < i && !told; j++)
            told = same_reason(result, &results->result[j]);
        if (told)
            continue;
        fputs("- ", to);
        print_peers_of(to, results, result);
        fputs(", ", to);
        print_rows_of(to, results, result);
        fprintf(to, ": %s\n", result->reason);
    }
}

void bench_print_page(FILE *to, const struct bench_results *results)
{
    fputs("| work | this stack: median (least to most) | instructions | times better than, and the peer's figure |\n"
          "|---|---|---|---|\n", to);
    for (unsigned i = 0; i < results->count; i++) {
        if (results->result[i].other == NULL)
            print_page_row(to, results, i);
    }
    fputs(
        "\nInstructions are a segment's, a round trip's and so on, of both ends; a row of more than 1,000 connections or in TIME-WAIT"
        "\nis counted with 1,000, of received segments with 10,000, that of reused ones with one port of the server. Without a count are"
        "\nratios, memory, what the machine allows, and what callgrind takes hours for.\n\n",
        to);
    print_page_reasons(to, results);
    fputs("\n![throughput against the size of messages](bench-sizes.svg)\n\n"
          "![time of a segment against connections](bench-segments.svg)\n\n"
          "![memory against connections](bench-memory.svg)\n", to);
}

/* ---- a page's text around them ---- */

static const char begin_mark[] = "<!-- baro bench: begin -->\n", end_mark[] = "<!-- baro bench: end -->\n";

static char *read_whole(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    long length;

    if (file == NULL)
        return NULL;
    if (fseek(file, 0, SEEK_END) == 0 && (length = ftell(file)) >= 0 && (text = malloc((size_t)length + 1)) != NULL) {
        rewind(file);
        text[fread(text, 1, (size_t)length, file)] = '\0';
    }
    fclose(file);
    return text;
}

int bench_page_replace(const char *path, const struct bench_results *results)
{
    char *text = read_whole(path), *begin, *end;
    FILE *to;

    if (text == NULL)
        return -errno;
    begin = strstr(text, begin_mark);
    end = begin == NULL ? NULL : strstr(begin, end_mark);
    to = end == NULL ? NULL : fopen(path, "w");
    if (to == NULL) {
        free(text);
        return end == NULL ? -EINVAL : -errno;
    }
    fwrite(text, 1, (size_t)(begin - text) + sizeof begin_mark - 1, to);
    bench_print_page(to, results);
    fputs(end, to);
    free(text);
    return fclose(to) == 0 ? 0 : -errno;
}
