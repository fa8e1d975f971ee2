/* Names and words of the X-macro lists: drop reasons, trace events, TCP states. */
#include "baro/socket.h"
#include "baro/trace.h"

struct drop_line {
    const char *name, *text, *source;
    int step;
};

static const struct drop_line drop_lines[BARO_DROP_COUNT] = {
    [BARO_DROP_NONE] = { "NONE", "", "", 0 },
#define DROP_LINE(name, step, text, source) [BARO_DROP_##name] = { #name, text, source, step },
    BARO_DROP_REASONS(DROP_LINE)
#undef DROP_LINE
};

struct trace_line {
    const char *name, *source, *arguments;
    int step;
};

static const struct trace_line trace_lines[BARO_TRACE_COUNT] = {
#define TRACE_LINE(name, step, source, arguments) [BARO_TRACE_##name] = { #name, source, arguments, step },
    BARO_TRACE_EVENTS(TRACE_LINE)
#undef TRACE_LINE
};

static const struct drop_line *drop_line(enum baro_drop_reason reason)
{
    return &drop_lines[reason < BARO_DROP_COUNT ? reason : BARO_DROP_NONE];
}

const char *baro_drop_name(enum baro_drop_reason reason)
{
    return drop_line(reason)->name;
}

const char *baro_drop_text(enum baro_drop_reason reason)
{
    return drop_line(reason)->text;
}

const char *baro_drop_source(enum baro_drop_reason reason)
{
    return drop_line(reason)->source;
}

int baro_drop_step(enum baro_drop_reason reason)
{
    return drop_line(reason)->step;
}

const char *baro_trace_name(enum baro_trace_kind kind)
{
    return kind < BARO_TRACE_COUNT ? trace_lines[kind].name : "";
}

int baro_trace_step(enum baro_trace_kind kind)
{
    return kind < BARO_TRACE_COUNT ? trace_lines[kind].step : 0;
}

const char *baro_trace_source(enum baro_trace_kind kind)
{
    return kind < BARO_TRACE_COUNT ? trace_lines[kind].source : "";
}

const char *baro_trace_arguments(enum baro_trace_kind kind)
{
    return kind < BARO_TRACE_COUNT ? trace_lines[kind].arguments : "";
}

const char *baro_tcp_state_name(enum baro_tcp_state state)
{
    static const char *const names[BARO_TCP_STATE_COUNT] = {
        "CLOSED",     "LISTEN",     "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
        "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",  "LAST-ACK",     "TIME-WAIT",
    };
    return state < BARO_TCP_STATE_COUNT ? names[state] : "";
}
