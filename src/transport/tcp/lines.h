/* transport/tcp/lines.h: a connection's lines are asked for ahead of who touches them: of many connections each is a
 * miss of its own. */
#ifndef TRANSPORT_TCP_LINES_H
#define TRANSPORT_TCP_LINES_H

#include "transport/tcp/connection.h"

/* What a segment with text touches is on its way: of `c` nothing is looked at. NULL: nothing is. */
static inline void tcp_lines_prefetch(const struct tcp_connection *c)
{
    const uint8_t *at = (const uint8_t *)c;

    if (c == NULL)
        return;
    prefetch_line(at);
    for (size_t line = 1; line <= 4; line++)
        prefetch_line(at + TCP_LINE(line));
    prefetch_line(at + TCP_LINE(6));
}

/* And where the wheel is asked for a deadline. */
static inline void tcp_lines_prefetch_wheel(const struct tcp_connection *c)
{
    prefetch_line((const uint8_t *)c + TCP_LINE(12));
}

/* And what text that leaves, and its ACK, touch besides. */
static inline void tcp_lines_prefetch_flight(const struct tcp_connection *c)
{
    const uint8_t *at = (const uint8_t *)c;

    for (size_t line = 7; line <= 10; line++)
        prefetch_line(at + TCP_LINE(line));
}

/* What a timer that fires touches, where the wheel's own line is there already. */
static inline void tcp_lines_prefetch_timer(const struct tcp_connection *c)
{
    const uint8_t *at = (const uint8_t *)c;

    prefetch_line(at);
    for (size_t line = 6; line <= 7; line++)
        prefetch_line(at + TCP_LINE(line));
}

/* The same, and the wheel's line. */
static inline void tcp_lines_prefetch_late(const struct tcp_connection *c)
{
    tcp_lines_prefetch_timer(c);
    tcp_lines_prefetch_wheel(c);
}

/* And where it is the look whether it may rest. */
static inline void tcp_lines_prefetch_rest(const struct tcp_connection *c)
{
    const uint8_t *at = (const uint8_t *)c;

    prefetch_line(at + TCP_LINE(4));
    prefetch_line(at + TCP_LINE(8));
}

/* And an ACK alone that leaves then. */
static inline void tcp_lines_prefetch_ack(const struct tcp_connection *c)
{
    const uint8_t *at = (const uint8_t *)c;

    for (size_t line = 1; line <= 4; line++)
        prefetch_line(at + TCP_LINE(line));
    prefetch_line(at + TCP_LINE(6));
}

/* And what text that a program sends touches before it leaves. */
static inline void tcp_lines_prefetch_text_out(const struct tcp_connection *c)
{
    if (c == NULL)
        return;
    tcp_lines_prefetch(c);
    tcp_lines_prefetch_flight(c);
    tcp_lines_prefetch_wheel(c);
}

#endif
