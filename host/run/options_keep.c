/* options_keep.c: what a program has set, and what it asked for that is not there.
 *
 * Set options are kept as octets: a failed connect takes a new descriptor of the stack, on which they are set again, a
 * connection begins with its listener's, and what means nothing here is read as it was written. An option that is
 * refused is said once, for setting and for getting it. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "run/internal.h"

const struct kept_option *option_find_kept(const struct socket *s, int level, int name)
{
    for (unsigned i = 0; i < s->options; i++) {
        if (s->option[i].level == level && s->option[i].name == name)
            return &s->option[i];
    }
    return NULL;
}

int option_kept(const struct socket *s, int level, int name, int otherwise)
{
    const struct kept_option *kept = option_find_kept(s, level, name);
    return kept ? kept->value : otherwise;
}

static struct kept_option *place(struct socket *s, int level, int name)
{
    for (unsigned i = 0; i < s->options; i++) {
        if (s->option[i].level == level && s->option[i].name == name)
            return &s->option[i];
    }
    if (s->options == s->option_room) {
        unsigned room = s->option_room ? s->option_room * 2 : 4;
        struct kept_option *grown = realloc(s->option, room * sizeof *grown);
        if (!grown)
            return NULL;
        s->option = grown;
        s->option_room = room;
    }
    return &s->option[s->options++];
}

void option_keep(struct socket *s, int level, int name, int value, const void *bytes, size_t length)
{
    struct kept_option *kept = place(s, level, name);
    if (!kept)
        return;
    *kept = (struct kept_option){ .level = level, .name = name, .value = value };
    kept->length = (unsigned)(length < sizeof kept->bytes ? length : sizeof kept->bytes);
    memcpy(kept->bytes, bytes, kept->length);
}

void options_inherit(struct socket *s, const struct socket *listener, int a, int listener_a)
{
    static const int passed[] = { SO_RCVTIMEO, SO_SNDTIMEO };
    if (listener->options) {
        s->option = malloc(listener->options * sizeof *s->option);
        if (s->option) {
            memcpy(s->option, listener->option, listener->options * sizeof *s->option);
            s->options = s->option_room = listener->options;
        }
    }
    option_low_waters(s, a);
    for (size_t i = 0; i < sizeof passed / sizeof *passed && listener->patient && listener_a >= 0; i++) {
        struct timeval limit;
        socklen_t length = sizeof limit;
        if (getsockopt(listener_a, SOL_SOCKET, passed[i], &limit, &length) == 0)
            setsockopt(a, SOL_SOCKET, passed[i], &limit, length);
    }
}

/* SO_RCVLOWAT is also A's, where a blocking receive waits. With TCP_NOTSENT_LOWAT A must hold little: what lies in it
 * is not sent either. The kernel doubles what it is told; half of A's buffer may be filled before A is no longer
 * writable. */
void option_low_waters(struct socket *s, int a)
{
    int receive = option_kept(s, SOL_SOCKET, SO_RCVLOWAT, 0),
        unsent = option_kept(s, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 0);
    if (s->type != SOCK_STREAM || a < 0)
        return;
    if (receive > 0)
        setsockopt(a, SOL_SOCKET, SO_RCVLOWAT, &receive, sizeof receive);
    s->recv_low_water = receive;
    if (unsent > 0)
        setsockopt(a, SOL_SOCKET, SO_SNDBUF, &unsent, sizeof unsent);
}

bool option_wants_more(const struct socket *s)
{
    int unread = 0;
    return s->recv_low_water > 1 && s->b >= 0 && ioctl(s->b, TIOCOUTQ, &unread) == 0 && unread == 0 &&
           !(baro_poll(s->host->config.stack, s->fd) & BARO_EVENT_IN);
}

int option_refuse(struct socket *s, bool set, int level, int name, int error)
{
    struct baro_run *run = s->host->run;
    for (unsigned i = 0; i < run->refusals; i++) {
        const struct refused_option *said = &run->refused[i];
        if (said->level == level && said->name == name && said->set == set)
            return -error;
    }
    if (run->refusals == run->refused_room) {
        unsigned room = run->refused_room ? run->refused_room * 2 : 16;
        struct refused_option *grown = realloc(run->refused, room * sizeof *grown);
        if (!grown)
            return -error;
        run->refused = grown;
        run->refused_room = room;
    }
    run->refused[run->refusals++] = (struct refused_option){ level, name, set };
    run_say(run, "%s(level %d, option %d): %s, not there yet", set ? "setsockopt" : "getsockopt", level, name,
            strerror(error));
    return -error;
}
