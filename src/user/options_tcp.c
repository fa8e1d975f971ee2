/* user/options_tcp.c: the options that only streams have: numbers and times of struct tcp_settings.
 *
 * Times are kept in whole milliseconds, rounded up; what is longer than 49 days is that. */
#include "user/user_private.h"

#include <errno.h>

enum { MSS_LEAST = 88, MSS_MOST = 32767, CLAMP_LEAST = 1152 /* as Linux': half of its least receive buffer */ };

static const int64_t DAY_S = 86400, MS = 1000000;

bool user_is_tcp_option(enum baro_option option)
{
    return (option >= BARO_TCP_NODELAY && option <= BARO_TCP_INFO) || option == BARO_SO_HOLD_SYN;
}

/* ---- numbers ---- */

int user_get_tcp_number(const struct tcp_settings *settings, enum baro_option option, int *number)
{
    switch (option) {
    case BARO_SO_RECV_LOW_WATER:
        *number = settings->recv_low_water != 0 ? (int)settings->recv_low_water : 1;
        return 0;
    case BARO_TCP_KEEPALIVE_COUNT:
        *number = settings->keepalive_count;
        return 0;
    case BARO_TCP_CONGESTION:
        *number = settings->congestion;
        return 0;
    case BARO_TCP_SYN_RETRIES:
        *number = settings->syn_retries;
        return 0;
    case BARO_TCP_DEFER_ACCEPT:
        *number = (int)settings->defer_accept_s;
        return 0;
    case BARO_TCP_WINDOW_CLAMP:
        *number = (int)settings->window_clamp;
        return 0;
    case BARO_TCP_NOTSENT_LOW_WATER:
        *number = (int)settings->notsent_low_water;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static bool within(int number, int least, int most)
{
    return number >= least && number <= most;
}

int user_set_tcp_number(struct tcp_settings *settings, enum baro_option option, int number)
{
    switch (option) {
    case BARO_SO_RECV_LOW_WATER: /* half of the buffer at most, as on Linux: more would never be there */
        settings->recv_low_water = number <= 0 ? 1 : (uint32_t)number;
        if (settings->recv_low_water > settings->recv_buffer / 2)
            settings->recv_low_water = settings->recv_buffer / 2;
        return 0;
    case BARO_TCP_MAXSEG:
        if (number != 0 && !within(number, MSS_LEAST, MSS_MOST))
            return -EINVAL;
        settings->mss_ceiling = (uint16_t)number;
        return 0;
    case BARO_TCP_KEEPALIVE_COUNT:
        if (!within(number, 1, 127))
            return -EINVAL;
        settings->keepalive_count = (uint8_t)number;
        return 0;
    case BARO_TCP_CONGESTION:
        if (!within(number, 0, BARO_CONGESTION_COUNT - 1))
            return -EINVAL;
        settings->congestion = (uint8_t)number;
        return 0;
    case BARO_TCP_SYN_RETRIES:
        if (!within(number, 0, 127))
            return -EINVAL;
        settings->syn_retries = (uint8_t)number;
        return 0;
    case BARO_TCP_DEFER_ACCEPT:
        settings->defer_accept_s = number > 0 ? (uint32_t)number : 0;
        return 0;
    case BARO_TCP_WINDOW_CLAMP:
        if (number < 0)
            return -EINVAL;
        settings->window_clamp = number != 0 && number < CLAMP_LEAST ? CLAMP_LEAST : (uint32_t)number;
        return 0;
    case BARO_TCP_NOTSENT_LOW_WATER:
        settings->notsent_low_water = (uint32_t)number;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

/* ---- times ---- */

/* Where a time is kept; NULL: it is none of these. */
static uint32_t *place_of(struct tcp_settings *settings, enum baro_option option)
{
    switch (option) {
    case BARO_TCP_KEEPALIVE_IDLE:
        return &settings->keepalive_idle_ms;
    case BARO_TCP_KEEPALIVE_INTERVAL:
        return &settings->keepalive_interval_ms;
    case BARO_TCP_USER_TIMEOUT:
        return &settings->user_timeout_ms;
    default:
        return NULL;
    }
}

bool user_is_tcp_time(enum baro_option option)
{
    return option == BARO_TCP_KEEPALIVE_IDLE || option == BARO_TCP_KEEPALIVE_INTERVAL ||
           option == BARO_TCP_USER_TIMEOUT || option == BARO_TCP_ORPHAN_TIME;
}

struct baro_duration user_get_tcp_time(struct tcp_settings *settings, enum baro_option option)
{
    const uint32_t *place = place_of(settings, option);

    return (struct baro_duration){ (place != NULL ? (int64_t)*place : settings->fin_wait_2_ms) * MS };
}

static uint32_t whole_ms(struct baro_duration span)
{
    return span.ns > 49 * DAY_S * 1000 * MS ? (uint32_t)(49 * DAY_S * 1000) : (uint32_t)((span.ns + MS - 1) / MS);
}

int user_set_tcp_time(struct tcp_settings *settings, enum baro_option option, struct baro_duration span)
{
    uint32_t *place = place_of(settings, option);

    if (place == NULL) { /* BARO_TCP_ORPHAN_TIME: below 0, none */
        uint32_t ms = span.ns < 0 ? 0 : whole_ms(span);

        settings->fin_wait_2_ms = span.ns < 0 ? -1 : ms > INT32_MAX ? INT32_MAX : (int32_t)ms;
        return 0;
    }
    if (span.ns < (option == BARO_TCP_USER_TIMEOUT ? 0 : 1))
        return -EINVAL;
    *place = whole_ms(span);
    return 0;
}

struct baro_linger user_get_linger(const struct tcp_settings *settings)
{
    return (struct baro_linger){ settings->linger, { settings->linger_ms * MS } };
}

int user_set_linger(struct tcp_settings *settings, struct baro_linger linger)
{
    if (linger.on && linger.time.ns < 0)
        return -EINVAL;
    settings->linger = linger.on != 0;
    if (linger.on)
        settings->linger_ms = whole_ms(linger.time);
    return 0;
}
