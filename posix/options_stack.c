/* posix/options_stack.c: the options of SOL_SOCKET and IPPROTO_TCP that the core keeps, in Linux' shape and within
 * Linux' limits: for the blocking library and for `baro run`, which both know a descriptor of the core.
 *
 * Limits: buffer sizes are each face's own (`baro run` doubles them), and so is what needs more than the core:
 * time-outs of waiting, SO_TYPE. TCP_QUICKACK reads as it was set; Linux tells of a mode that changes by itself. */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "baro/posix.h"
#include "baro/socket.h"

enum shape { FLAG, NUMBER, SECONDS, MILLISECONDS, ORPHAN_SECONDS, DEFER_SECONDS, OWN };

struct line {
    int level, name;
    enum baro_option option;
    enum shape shape;
    int least, most; /* EINVAL outside */
};

enum { ANY = INT32_MIN, MORE = INT32_MAX, TIME_MOST = 32767, COUNT_MOST = 127 };

static const struct line lines[] = {
    { SOL_SOCKET, SO_ERROR, BARO_SO_ERROR, NUMBER, ANY, MORE },
    { SOL_SOCKET, SO_ACCEPTCONN, BARO_SO_ACCEPTING, NUMBER, ANY, MORE },
    { SOL_SOCKET, SO_REUSEADDR, BARO_SO_REUSE_ADDRESS, FLAG, ANY, MORE },
    { SOL_SOCKET, SO_REUSEPORT, BARO_SO_REUSE_PORT, FLAG, ANY, MORE },
    { SOL_SOCKET, SO_BROADCAST, BARO_SO_BROADCAST, FLAG, ANY, MORE },
    { SOL_SOCKET, SO_KEEPALIVE, BARO_SO_KEEPALIVE, FLAG, ANY, MORE },
    { SOL_SOCKET, SO_OOBINLINE, BARO_SO_OOB_INLINE, FLAG, ANY, MORE },
    { SOL_SOCKET, SO_RCVLOWAT, BARO_SO_RECV_LOW_WATER, NUMBER, ANY, MORE },
    { SOL_SOCKET, SO_LINGER, BARO_SO_LINGER, OWN, ANY, MORE },
    { SOL_SOCKET, SO_MAX_PACING_RATE, BARO_SO_MAX_PACING_RATE, OWN, ANY, MORE },
    { IPPROTO_TCP, TCP_NODELAY, BARO_TCP_NODELAY, FLAG, ANY, MORE },
    { IPPROTO_TCP, TCP_CORK, BARO_TCP_CORK, FLAG, ANY, MORE },
    { IPPROTO_TCP, TCP_QUICKACK, BARO_TCP_QUICKACK, FLAG, ANY, MORE },
    { IPPROTO_TCP, TCP_MAXSEG, BARO_TCP_MAXSEG, NUMBER, ANY, MORE },
    { IPPROTO_TCP, TCP_KEEPCNT, BARO_TCP_KEEPALIVE_COUNT, NUMBER, 1, COUNT_MOST },
    { IPPROTO_TCP, TCP_KEEPIDLE, BARO_TCP_KEEPALIVE_IDLE, SECONDS, 1, TIME_MOST },
    { IPPROTO_TCP, TCP_KEEPINTVL, BARO_TCP_KEEPALIVE_INTERVAL, SECONDS, 1, TIME_MOST },
    { IPPROTO_TCP, TCP_USER_TIMEOUT, BARO_TCP_USER_TIMEOUT, MILLISECONDS, 0, MORE },
    { IPPROTO_TCP, TCP_SYNCNT, BARO_TCP_SYN_RETRIES, NUMBER, 1, COUNT_MOST },
    { IPPROTO_TCP, TCP_LINGER2, BARO_TCP_ORPHAN_TIME, ORPHAN_SECONDS, ANY, MORE },
    { IPPROTO_TCP, TCP_DEFER_ACCEPT, BARO_TCP_DEFER_ACCEPT, DEFER_SECONDS, ANY, MORE },
    { IPPROTO_TCP, TCP_WINDOW_CLAMP, BARO_TCP_WINDOW_CLAMP, NUMBER, ANY, MORE },
    { IPPROTO_TCP, TCP_NOTSENT_LOWAT, BARO_TCP_NOTSENT_LOW_WATER, NUMBER, ANY, MORE },
    { IPPROTO_TCP, TCP_CONGESTION, BARO_TCP_CONGESTION, OWN, ANY, MORE },
    { IPPROTO_TCP, TCP_INFO, BARO_TCP_INFO, OWN, ANY, MORE },
};

static const struct line *find_line(int level, int name)
{
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (lines[i].level == level && lines[i].name == name)
            return &lines[i];
    return NULL;
}

static bool is_time(enum shape shape)
{
    return shape == SECONDS || shape == MILLISECONDS || shape == ORPHAN_SECONDS;
}

/* Linux counts a deferred accept in retransmissions of the SYN+ACK, 1 s first and each twice the last, none longer than
 * 120 s: what is asked for is rounded up to the end of one. */
static int whole_retransmissions(int seconds)
{
    int until = 0, wait = 1;

    while (until < seconds && until < INT32_MAX / 2) {
        until += wait;
        wait = wait * 2 < 120 ? wait * 2 : 120;
    }
    return until;
}

/* ---- getting ---- */

/* Linux gives the octets that the caller has room for. */
static int give(void *value, socklen_t *length, const void *from, size_t size)
{
    if (*length > size)
        *length = (socklen_t)size;
    memcpy(value, from, *length);
    return 0;
}

enum { SYN_RETRIES = 7 /* the stack's, where nobody said */, CONGESTION_NAME = 16 /* TCP_CA_NAME_MAX, NUL included */ };

static int get_line(struct baro_stack *core, int fd, const struct line *line, void *value, socklen_t *length)
{
    struct baro_duration span = { 0 };
    int number = 0, error;
    size_t size = is_time(line->shape) ? sizeof span : sizeof number;

    error = baro_getsockopt(core, fd, line->option, is_time(line->shape) ? (void *)&span : &number, &size);
    if (error != 0)
        return error;
    if (line->shape == ORPHAN_SECONDS && span.ns < 0)
        number = -1;
    else if (is_time(line->shape))
        number = (int)(span.ns / (line->shape == MILLISECONDS ? 1000000 : 1000000000));
    else if (line->option == BARO_TCP_SYN_RETRIES && number == 0)
        number = SYN_RETRIES;
    return give(value, length, &number, sizeof number);
}

static int get_linger(struct baro_stack *core, int fd, void *value, socklen_t *length)
{
    struct baro_linger lingering;
    size_t size = sizeof lingering;
    int error = baro_getsockopt(core, fd, BARO_SO_LINGER, &lingering, &size);
    struct linger told;

    if (error != 0)
        return error;
    told = (struct linger){ lingering.on, (int)(lingering.time.ns / 1000000000) };
    return give(value, length, &told, sizeof told);
}

/* Eight octets for who has room for them, else four, as Linux; no limit is all ones. */
static int get_pacing(struct baro_stack *core, int fd, void *value, socklen_t *length)
{
    uint64_t rate = 0;
    size_t size = sizeof rate;
    int error = baro_getsockopt(core, fd, BARO_SO_MAX_PACING_RATE, &rate, &size);
    uint32_t narrow;

    if (error != 0)
        return error;
    rate = rate == 0 ? UINT64_MAX : rate;
    narrow = rate > UINT32_MAX ? UINT32_MAX : (uint32_t)rate;
    return *length >= sizeof rate ? give(value, length, &rate, sizeof rate)
                                  : give(value, length, &narrow, sizeof narrow);
}

static int get_congestion(struct baro_stack *core, int fd, void *value, socklen_t *length)
{
    char name[CONGESTION_NAME] = "";
    int number = 0, error;
    size_t size = sizeof number;

    error = baro_getsockopt(core, fd, BARO_TCP_CONGESTION, &number, &size);
    if (error != 0)
        return error;
    strncpy(name, baro_congestion_name((enum baro_congestion)number), sizeof name - 1);
    return give(value, length, name, sizeof name);
}

static int get_info(struct baro_stack *core, int fd, void *value, socklen_t *length)
{
    struct baro_tcp_info info;
    size_t size = sizeof info;
    int error = baro_getsockopt(core, fd, BARO_TCP_INFO, &info, &size);

    if (error == 0)
        *length = (socklen_t)baro_posix_tcp_info(&info, value, *length);
    return error;
}

int baro_posix_option_get(struct baro_stack *core, int fd, int level, int name, void *value, socklen_t *length)
{
    const struct line *line = find_line(level, name);

    if (line == NULL)
        return 1;
    switch (line->option) {
    case BARO_SO_LINGER:
        return get_linger(core, fd, value, length);
    case BARO_SO_MAX_PACING_RATE:
        return get_pacing(core, fd, value, length);
    case BARO_TCP_CONGESTION:
        return get_congestion(core, fd, value, length);
    case BARO_TCP_INFO:
        return get_info(core, fd, value, length);
    default:
        return get_line(core, fd, line, value, length);
    }
}

/* ---- setting ---- */

/* A clamp is taken away before there is a connection, not later. */
static bool may_unclamp(struct baro_stack *core, int fd)
{
    struct baro_tcp_info info;
    size_t size = sizeof info;

    return baro_getsockopt(core, fd, BARO_TCP_INFO, &info, &size) == 0 && info.state == BARO_TCP_CLOSED;
}

/* What Linux makes of a number before it keeps it. */
static int adjusted(const struct line *line, int number)
{
    switch (line->option) {
    case BARO_SO_RECV_LOW_WATER:
        return number < 0 ? INT32_MAX : number;
    case BARO_TCP_ORPHAN_TIME: /* 0: the usual; 120 s at most; below 0: none */
        return number < 0 ? -1 : number == 0 ? 60 : number > 120 ? 120 : number;
    case BARO_TCP_DEFER_ACCEPT:
        return whole_retransmissions(number);
    case BARO_TCP_WINDOW_CLAMP:
        return number < 0 ? 1 : number;
    default:
        return line->shape == FLAG ? number != 0 : number;
    }
}

static int set_line(struct baro_stack *core, int fd, const struct line *line, const void *value, socklen_t length)
{
    struct baro_duration span;
    int number;

    if (length < sizeof number)
        return -EINVAL;
    memcpy(&number, value, sizeof number);
    if (number < line->least || number > line->most ||
        (line->option == BARO_TCP_WINDOW_CLAMP && number == 0 && !may_unclamp(core, fd)))
        return -EINVAL;
    number = adjusted(line, number);
    if (!is_time(line->shape))
        return baro_setsockopt(core, fd, line->option, &number, sizeof number);
    span.ns = number * (line->shape == MILLISECONDS ? INT64_C(1000000) : INT64_C(1000000000));
    return baro_setsockopt(core, fd, line->option, &span, sizeof span);
}

static int set_linger(struct baro_stack *core, int fd, const void *value, socklen_t length)
{
    struct linger told;
    struct baro_linger lingering;

    if (length < sizeof told)
        return -EINVAL;
    memcpy(&told, value, sizeof told);
    lingering = (struct baro_linger){ told.l_onoff != 0, { (int64_t)told.l_linger * 1000000000 } };
    return baro_setsockopt(core, fd, BARO_SO_LINGER, &lingering, sizeof lingering);
}

static int set_pacing(struct baro_stack *core, int fd, const void *value, socklen_t length)
{
    uint64_t rate;
    uint32_t narrow;

    if (length < sizeof narrow)
        return -EINVAL;
    memcpy(&narrow, value, sizeof narrow);
    rate = narrow == UINT32_MAX ? UINT64_MAX : narrow;
    if (length >= sizeof rate)
        memcpy(&rate, value, sizeof rate);
    rate = rate == UINT64_MAX ? 0 : rate;
    return baro_setsockopt(core, fd, BARO_SO_MAX_PACING_RATE, &rate, sizeof rate);
}

/* A name may come without its NUL and is cut where Linux cuts it; one that is not known is ENOENT. */
static int set_congestion(struct baro_stack *core, int fd, const void *value, socklen_t length)
{
    char wanted[CONGESTION_NAME] = "";
    const char *name;

    if (length < 1)
        return -EINVAL;
    memcpy(wanted, value, length < sizeof wanted ? length : sizeof wanted - 1);
    for (int number = 0; (name = baro_congestion_name((enum baro_congestion)number)) != NULL; number++)
        if (strcmp(name, wanted) == 0)
            return baro_setsockopt(core, fd, BARO_TCP_CONGESTION, &number, sizeof number);
    return -ENOENT;
}

int baro_posix_option_set(struct baro_stack *core, int fd, int level, int name, const void *value, socklen_t length)
{
    const struct line *line = find_line(level, name);

    if (line == NULL)
        return 1;
    switch (line->option) {
    case BARO_SO_LINGER:
        return set_linger(core, fd, value, length);
    case BARO_SO_MAX_PACING_RATE:
        return set_pacing(core, fd, value, length);
    case BARO_TCP_CONGESTION:
        return set_congestion(core, fd, value, length);
    case BARO_TCP_INFO:
    case BARO_SO_ERROR:
    case BARO_SO_ACCEPTING:
        return -ENOPROTOOPT; /* read only */
    default:
        return set_line(core, fd, line, value, length);
    }
}
