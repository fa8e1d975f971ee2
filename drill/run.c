/* drill/run.c: the events of a script one after the other, and the clock between them. */
#include "calls.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Polls at one instant before a stack is said not to come to rest. */
enum { POLLS_LIMIT = 1000 };

bool drill_run_fail(struct run *run, const char *format, ...)
{
    va_list arguments;
    struct baro_bytes line;

    if (run->failed)
        return false;
    run->failed = true;
    if (run->out == NULL)
        return false;
    fprintf(run->out, "%s:%d: at %.6f: ", run->script->name, run->event == NULL ? 1 : run->event->at.line,
            (double)run->now_ns / 1e9);
    va_start(arguments, format);
    vfprintf(run->out, format, arguments);
    va_end(arguments);
    fputc('\n', run->out);
    if (run->event == NULL)
        return false;
    line = drill_script_line(run->script, run->event->at.line);
    drill_run_detail(run, drill_run_words(run, WORD_LINE), "%.*s", (int)line.length, (const char *)line.data);
    return false;
}

void drill_run_detail(struct run *run, const char *label, const char *format, ...)
{
    va_list arguments;

    if (run->out == NULL)
        return;
    fputs("    ", run->out);
    drill_words_column(run->out, label, 10);
    va_start(arguments, format);
    vfprintf(run->out, format, arguments);
    va_end(arguments);
    fputc('\n', run->out);
}

const char *drill_run_words(const struct run *run, enum drill_word word)
{
    return drill_words(word, run->options.language);
}

/* Takes what the stack says about descriptors; is the waiting call's among them? */
static bool woken(struct run *run)
{
    struct baro_ready ready;
    bool found = false;

    while (baro_next_ready(run->stack, &ready)) {
        drill_call_changed(run, ready.fd);
        found = found || (run->waiting.event != NULL &&
                          (run->waiting.live == NOBODY || ready.fd == run->waiting.live));
    }
    return found || (run->waiting.event != NULL && run->now_ns >= run->waiting.timeout_ns);
}

bool drill_run_settle(struct run *run, bool poll)
{
    for (int i = 0; i < POLLS_LIMIT; i++) {
        if (poll)
            baro_stack_poll(run->stack, drill_device_now(run));
        else
            baro_stack_flush(run->stack);
        baro_stack_check_invariants(run->stack);
        if (woken(run)) {
            if (!drill_call_retry(run))
                return false;
            poll = false;
            continue;
        }
        if (run->incoming == NULL)
            return !run->failed;
    }
    return drill_run_fail(run, "the stack does not come to rest");
}

bool drill_run_advance(struct run *run, int64_t until_ns)
{
    int64_t deadline;
    int same = 0;

    while (drill_run_deadline(run, &deadline) && deadline <= until_ns) {
        same = deadline > run->now_ns ? 0 : same + 1;
        if (same > POLLS_LIMIT)
            return drill_run_fail(run, "the stack asks again and again to be polled now");
        if (deadline > run->now_ns)
            run->now_ns = deadline;
        if (!drill_run_settle(run, true))
            return false;
    }
    if (until_ns > run->now_ns) {
        run->now_ns = until_ns;
        if (!drill_run_settle(run, true)) /* so that calls find the stack's clock right */
            return false;
    }
    if (run->waiting.event != NULL && run->now_ns > run->waiting.end_ns + run->tolerance_ns) {
        run->event = run->waiting.event;
        return drill_run_fail(run, "the call has not returned by %.6f", (double)run->waiting.end_ns / 1e9);
    }
    return !run->failed;
}

static bool do_event(struct run *run, const struct event *event)
{
    int64_t base = event->time == TIME_RELATIVE ? run->base_ns : 0;
    int64_t from = base + event->from_ns, to = base + event->to_ns;
    bool good;

    run->event = event;
    if (event->time != TIME_ANY && from < run->base_ns)
        return drill_run_fail(run, "this event lies before the one above it");
    if (event->time != TIME_ANY)
        run->base_ns = from;
    if (event->kind == EVENT_PACKET && !event->as.packet.inbound)
        return drill_packet_expect(run, event, from, to);
    if (!drill_run_advance(run, from))
        return false;
    /* A timer at this very instant goes first, as it would have in the stack's own loop. */
    run->event = event;
    if (event->kind == EVENT_NOTHING)
        return true;
    /* The stack is told the time before it is called, as a host's loop tells it. */
    if (event->kind == EVENT_CALL && !drill_run_settle(run, true))
        return false;
    good = event->kind == EVENT_PACKET ? drill_packet_inject(run, &event->as.packet)
           : event->kind == EVENT_CODE ? drill_code_run(run, event->as.code)
                                       : drill_call_make(run, event, from);
    return good && !run->failed;
}

/* --non_fatal: what went wrong was said, and the script goes on. */
static bool is_forgiven(struct run *run, const struct event *event)
{
    const struct settings *settings = &run->script->settings;

    if (!(event->kind == EVENT_PACKET && settings->packets_not_fatal) &&
        !(event->kind == EVENT_CALL && settings->calls_not_fatal))
        return false;
    drill_run_detail(run, drill_run_words(run, WORD_NOTE), "--non_fatal: the script goes on");
    run->failed = false;
    return true;
}

static void tell(struct run *run, const struct event *event)
{
    struct baro_bytes line = drill_script_line(run->script, event->at.line);

    fprintf(run->out, "%12.6f  %.*s\n", (double)run->base_ns / 1e9, (int)line.length,
            (const char *)line.data);
}

/* Nothing may be left over: a call that has not returned, a packet that nobody expected. */
static bool finish(struct run *run)
{
    const struct sent *sent;

    if (run->waiting.event != NULL && !drill_run_advance(run, run->waiting.end_ns + run->tolerance_ns + 1))
        return false;
    if (run->waiting.event != NULL)
        return drill_run_fail(run, "a call has not returned at the end");
    sent = drill_run_sent(run);
    if (sent != NULL && sent->at_ns < run->base_ns) {
        drill_run_fail(run, "%s", drill_run_words(run, WORD_UNEXPECTED));
        drill_packet_list_sent(run, 8);
    }
    return !run->failed;
}

/* The end of the connection that was spoken of last by which its packets are told from others: not the well-known
 * one. 0: there is none. */
static struct baro_port port_of(const struct run *run)
{
    bool udp = run->event != NULL && run->event->kind == EVENT_PACKET && run->event->as.packet.kind == PACKET_UDP;
    int index = udp || run->tcp_spoken == NOBODY ? run->udp_now : run->tcp_spoken;
    const struct connection *connection = &run->connection[index == NOBODY ? 0 : index];

    if (index == NOBODY)
        return (struct baro_port){ 0 };
    return connection->local.port.number == run->script->settings.bind_port ? connection->remote.port
                                                                           : connection->local.port;
}

static enum baro_drill_result run_script(struct script *script, const struct baro_drill_options *options,
                                         FILE *out, struct baro_trace_sink trace, struct baro_port *port)
{
    struct run *run = calloc(1, sizeof *run);
    bool passed;

    if (run == NULL)
        abort();
    run->script = script;
    run->out = out;
    run->trace = trace;
    run->tcp_now = run->udp_now = run->tcp_spoken = NOBODY;
    if (options != NULL)
        run->options = *options;
    run->tolerance_ns =
        run->options.tolerance.ns != 0 ? run->options.tolerance.ns : script->settings.tolerance_ns;
    drill_code_begin(run);
    passed = drill_device_open(run);
    for (const struct event *event = script->first; passed && event != NULL; event = event->next) {
        passed = do_event(run, event) || is_forgiven(run, event);
        if (passed && out != NULL && (run->options.verbose || script->settings.verbose))
            tell(run, event);
    }
    passed = passed && finish(run);
    drill_device_close(run);
    drill_code_end(run);
    if (passed && run->slab_bytes != 0)
        passed =
            drill_run_fail(run, "the stack kept %zu octets of memory when it was freed", run->slab_bytes);
    *port = port_of(run);
    free(run);
    return passed ? BARO_DRILL_PASSED : BARO_DRILL_FAILED;
}

struct again {
    struct script *script;
    const struct baro_drill_options *options;
};

static void run_again(void *context, struct baro_trace_sink trace)
{
    struct again *again = context;
    struct baro_port port;

    run_script(again->script, again->options, NULL, trace, &port);
}

/* Runs the script, and once more with the stack's own words if they are wanted. */
static enum baro_drill_result run_and_tell(struct script *script, const struct baro_drill_options *options, FILE *out)
{
    enum baro_language language = options == NULL ? BARO_LANGUAGE_ENGLISH : options->language;
    struct again again = { script, options };
    struct baro_port port;
    enum baro_drill_result result = run_script(script, options, out, (struct baro_trace_sink){ 0 }, &port);

    if (options != NULL && options->journey)
        drill_journey_all(out, language, run_again, &again);
    else if (result == BARO_DRILL_FAILED)
        drill_journey_last(out, port, language, run_again, &again);
    return result;
}

enum baro_drill_result baro_drill_run_text(const char *name, const char *text, size_t length,
                                           const struct baro_drill_options *options, FILE *out)
{
    struct script script;
    enum baro_drill_result result = BARO_DRILL_NOT_A_SCRIPT;

    if (drill_script_parse(&script, name, text, length, options) && script.settings.dry_run) {
        result = BARO_DRILL_PASSED;
    } else if (!script.failed) {
        result = run_and_tell(&script, options, out);
    } else {
        struct baro_bytes line = drill_script_line(&script, script.error_at.line);

        fprintf(out, "%s:%d:%d: %s\n    %.*s\n", name, script.error_at.line, script.error_at.column,
                script.error, (int)line.length, (const char *)line.data);
    }
    drill_script_release(&script);
    return result;
}

static char *read_all(FILE *file, size_t *length)
{
    size_t size = 4096;
    char *text = malloc(size);

    *length = 0;
    while (text != NULL) {
        char *larger;
        size_t got = fread(text + *length, 1, size - *length, file);

        *length += got;
        if (*length < size)
            break;
        size *= 2;
        larger = realloc(text, size);
        if (larger == NULL)
            free(text);
        text = larger;
    }
    return text;
}

enum baro_drill_result baro_drill_run_file(const char *path, const struct baro_drill_options *options,
                                           FILE *out)
{
    FILE *file = fopen(path, "rb");
    enum baro_drill_result result = BARO_DRILL_NOT_A_SCRIPT;
    size_t length;
    char *text;

    if (file == NULL) {
        fprintf(out, "%s: %s\n", path, strerror(errno));
        return result;
    }
    text = read_all(file, &length);
    if (text == NULL || ferror(file))
        fprintf(out, "%s: it cannot be read\n", path);
    else
        result = baro_drill_run_text(path, text, length, options, out);
    free(text);
    fclose(file);
    return result;
}
