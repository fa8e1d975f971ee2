/* user/options.c: socket options: what each may be, where it is kept, and who is told.
 *
 * TCP's and UDP's settings both stand in every socket, so an option that both have is written to both. */
#include "user/user_private.h"

#include <errno.h>

enum { BUFFER_LEAST = 2048, BUFFER_MOST = 64 << 20, INTERFACE_MOST = 16, SNAP_MOST = 262144, TTL_DEFAULT = 64,
       MSS_DEFAULT = 536 /* RFC 9293 §3.7.1 */, FRAGMENT_LEAST = 1280 /* RFC 8200 §5 */ };

int user_settings_apply(struct user *user, struct user_socket *socket, const struct user_details *details)
{
    if (socket->type == BARO_PACKET)
        capture_change(user->captures, socket->handle, &details->capture);
    else if (socket->type != BARO_STREAM)
        udp_change(user_udp(user, socket), socket->handle, &details->udp);
    else if (socket->phase != USER_FRESH) /* a listener's connections get them when they are accepted */
        return tcp_change(user->tcp, socket->handle, &details->tcp);
    return 0;
}

/* The octets of an option's value; 0: not an option of ours. */
static size_t value_size(enum baro_option option)
{
    switch (option) {
    case BARO_SO_LINGER:
        return sizeof(struct baro_linger);
    case BARO_TCP_INFO:
        return sizeof(struct baro_tcp_info);
    case BARO_PACKET_STATISTICS:
        return sizeof(struct baro_packet_statistics);
    case BARO_TCP_KEEPALIVE_IDLE:
    case BARO_TCP_KEEPALIVE_INTERVAL:
    case BARO_TCP_USER_TIMEOUT:
    case BARO_TCP_ORPHAN_TIME:
        return sizeof(struct baro_duration);
    case BARO_SO_MAX_PACING_RATE:
        return sizeof(uint64_t);
    case BARO_IP_ADD_GROUP:
    case BARO_IP_DROP_GROUP:
    case BARO_IP_ADD_SOURCE:
    case BARO_IP_DROP_SOURCE:
    case BARO_IP_BLOCK_SOURCE:
    case BARO_IP_UNBLOCK_SOURCE:
    case BARO_IP_GROUP_FILTER:
        return 0; /* group_calls.c */
    default:
        return option < BARO_OPTION_COUNT ? sizeof(int) : 0;
    }
}

static bool is_datagram_option(enum baro_option option)
{
    return option >= BARO_IP_DONT_FRAGMENT && option <= BARO_IP_MULTICAST_INTERFACE;
}

static bool is_packet_option(enum baro_option option)
{
    return option == BARO_SO_BIND_INTERFACE || option == BARO_PACKET_SNAP_LENGTH ||
           option == BARO_PACKET_STATISTICS;
}

static bool has_option(const struct user_socket *socket, enum baro_option option)
{
    if (socket->type == BARO_PACKET)
        return is_packet_option(option) || option == BARO_SO_ERROR || option == BARO_SO_TYPE ||
               option == BARO_SO_ACCEPTING || option == BARO_SO_RECV_BUFFER;
    if (is_packet_option(option))
        return false;
    if ((option == BARO_IPV6_ONLY || option == BARO_IP_FRAGMENT_SIZE) && socket->family != BARO_FAMILY_IPV6)
        return false;
    return socket->type == BARO_STREAM ? !is_datagram_option(option) : !user_is_tcp_option(option);
}

/* Where a yes-or-no option is kept; *second: the other transport's, or NULL. NULL: it is none. */
static bool *flag_place(struct user_details *details, enum baro_option option, bool **second)
{
    *second = NULL;
    switch (option) {
    case BARO_SO_REUSE_ADDRESS:
        *second = &details->udp.reuse_address;
        return &details->tcp.reuse_address;
    case BARO_SO_REUSE_PORT:
        *second = &details->udp.reuse_port;
        return &details->tcp.reuse_port;
    case BARO_SO_TRANSPARENT:
        *second = &details->udp.transparent;
        return &details->tcp.transparent;
    case BARO_SO_BROADCAST:
        return &details->udp.broadcast;
    case BARO_SO_KEEPALIVE:
        return &details->tcp.keepalive;
    case BARO_SO_OOB_INLINE:
        return &details->tcp.oob_inline;
    case BARO_SO_HOLD_SYN:
        return &details->tcp.hold_syn;
    case BARO_IP_DONT_FRAGMENT:
        return &details->udp.dont_fragment;
    case BARO_IP_IGNORE_PATH_MTU:
        return &details->udp.ignore_path_mtu;
    case BARO_IP_MULTICAST_LOOP:
        return &details->udp.multicast_loop;
    case BARO_IP_RECV_ERROR:
        *second = &details->udp.recv_error;
        return &details->tcp.recv_error;
    case BARO_TCP_NODELAY:
        return &details->tcp.nodelay;
    case BARO_TCP_CORK:
        return &details->tcp.cork;
    case BARO_TCP_QUICKACK:
        return &details->tcp.quickack;
    default:
        return NULL;
    }
}

static int take_error(struct user *user, struct user_socket *socket)
{
    if (!user_has_ends(socket))
        return 0;
    if (socket->type != BARO_STREAM)
        return udp_take_error(user_udp(user, socket), socket->handle);
    if (socket->phase == USER_CONNECTING || socket->phase == USER_CONNECTED)
        return tcp_take_error(user->tcp, socket->handle);
    return 0;
}

static void get_info(struct user *user, struct user_socket *socket, struct baro_tcp_info *info)
{
    if (socket->phase == USER_CONNECTING || socket->phase == USER_CONNECTED)
        tcp_info(user->tcp, socket->handle, info);
    else if (socket->phase == USER_LISTENING)
        tcp_listener_info(user->tcp, socket->handle, info);
    else
        *info = (struct baro_tcp_info){ .state = BARO_TCP_CLOSED };
}

static int max_segment(struct user *user, struct user_socket *socket, const struct user_details *details)
{
    struct baro_tcp_info info;

    get_info(user, socket, &info);
    if (info.snd_mss != 0)
        return (int)info.snd_mss;
    return details->tcp.mss_ceiling != 0 ? details->tcp.mss_ceiling : MSS_DEFAULT;
}

/* 0 with the number, or -ENOPROTOOPT. */
static int get_number(struct user *user, struct user_socket *socket, struct user_details *details,
                      enum baro_option option, int *number)
{
    bool *second, *flag = flag_place(details, option, &second);

    if (flag != NULL) {
        *number = *flag;
        return 0;
    }
    switch (option) {
    case BARO_SO_ERROR:
        *number = take_error(user, socket);
        return 0;
    case BARO_SO_TYPE:
        *number = socket->type;
        return 0;
    case BARO_SO_ACCEPTING:
        *number = socket->phase == USER_LISTENING;
        return 0;
    case BARO_SO_SEND_BUFFER:
        *number = (int)(socket->type == BARO_STREAM ? details->tcp.send_buffer : details->udp.send_buffer);
        return 0;
    case BARO_SO_RECV_BUFFER:
        *number = (int)(socket->type == BARO_STREAM   ? details->tcp.recv_buffer
                        : socket->type == BARO_PACKET ? details->capture.recv_buffer
                                                      : details->udp.recv_buffer);
        return 0;
    case BARO_SO_BIND_INTERFACE:
        *number = details->capture.interface;
        return 0;
    case BARO_PACKET_SNAP_LENGTH:
        *number = (int)details->capture.snap_length;
        return 0;
    case BARO_IP_TTL:
        *number = socket->type == BARO_STREAM ? details->tcp.ttl : details->udp.ttl;
        *number = *number < 0 ? TTL_DEFAULT : *number;
        return 0;
    case BARO_IP_TOS:
        *number = socket->type == BARO_STREAM ? details->tcp.tos : details->udp.tos;
        return 0;
    case BARO_IPV6_ONLY:
        *number = (socket->flags & USER_IPV6_ONLY) != 0;
        return 0;
    case BARO_IP_MULTICAST_TTL:
        *number = details->udp.multicast_ttl;
        return 0;
    case BARO_IP_MULTICAST_INTERFACE:
        *number = details->udp.multicast_interface;
        return 0;
    case BARO_IP_FRAGMENT_SIZE:
        *number = details->udp.fragment_size;
        return 0;
    case BARO_TCP_MAXSEG:
        *number = max_segment(user, socket, details);
        return 0;
    default:
        return user_get_tcp_number(&details->tcp, option, number);
    }
}

static void get_statistics(const struct user *user, const struct user_socket *socket, void *value)
{
    struct baro_packet_statistics statistics = capture_statistics(user->captures, socket->handle);

    memcpy(value, &statistics, sizeof statistics);
}

static void get_time(struct user_details *details, enum baro_option option, void *value)
{
    struct baro_duration span = user_get_tcp_time(&details->tcp, option);

    memcpy(value, &span, sizeof span);
}

static void get_linger(const struct user_details *details, void *value)
{
    const struct baro_linger linger = user_get_linger(&details->tcp);
    struct baro_linger told;

    memset(&told, 0, sizeof told); /* between its fields, too: the same call gives the same octets */
    told.on = linger.on;
    told.time = linger.time;
    memcpy(value, &told, sizeof told);
}

int user_getsockopt(struct user *user, int fd, enum baro_option option, void *value, size_t *length)
{
    struct user_socket *socket = user_find(user, fd);
    struct user_details scratch, *details;
    size_t size = value_size(option);
    int number, error = 0;

    if (socket == NULL)
        return -EBADF;
    if (size == 0 || !has_option(socket, option))
        return -ENOPROTOOPT;
    if (*length < size)
        return -EINVAL;
    details = user_details_or(user, socket, &scratch);
    if (user_is_tcp_time(option)) {
        get_time(details, option, value);
    } else if (option == BARO_SO_LINGER) {
        get_linger(details, value);
    } else if (option == BARO_SO_MAX_PACING_RATE) {
        memcpy(value, &details->tcp.max_pacing_rate, size);
    } else if (option == BARO_TCP_INFO) {
        get_info(user, socket, value);
    } else if (option == BARO_PACKET_STATISTICS) {
        get_statistics(user, socket, value);
    } else {
        error = get_number(user, socket, details, option, &number);
        if (error == 0)
            memcpy(value, &number, size);
    }
    if (error == 0)
        *length = size;
    return error;
}

/* A buffer's size: 2,048 octets to a quarter of the stack's memory. */
static uint32_t clamp_buffer(const struct user *user, int number)
{
    size_t most = user->core->slabs.limit / 4;

    if (most > BUFFER_MOST)
        most = BUFFER_MOST;
    if (number < BUFFER_LEAST)
        return BUFFER_LEAST;
    return (size_t)number > most ? (uint32_t)most : (uint32_t)number;
}

static bool within(int number, int least, int most)
{
    return number >= least && number <= most;
}

/* What only datagrams have. */
static int set_datagram_number(struct udp_settings *settings, enum baro_option option, int number)
{
    switch (option) {
    case BARO_IP_MULTICAST_TTL:
        if (!within(number, 0, 255))
            return -EINVAL;
        settings->multicast_ttl = (uint8_t)number;
        return 0;
    case BARO_IP_MULTICAST_INTERFACE:
        if (!within(number, 0, INTERFACE_MOST))
            return -ENODEV; /* whether there is one of that number calls.c knows */
        settings->multicast_interface = (uint8_t)number;
        return 0;
    case BARO_IP_FRAGMENT_SIZE:
        if (number != 0 && !within(number, FRAGMENT_LEAST, UINT16_MAX))
            return -EINVAL;
        settings->fragment_size = (uint16_t)number;
        return 0;
    default: /* read only */
        return -ENOPROTOOPT;
    }
}

/* 0, -EINVAL or -ENOPROTOOPT. */
static int set_number(struct user *user, struct user_socket *socket, struct user_details *details,
                      enum baro_option option, int number)
{
    bool *second, *flag = flag_place(details, option, &second);

    if (flag != NULL) {
        *flag = number != 0;
        if (second != NULL)
            *second = *flag;
        return 0;
    }
    switch (option) {
    case BARO_SO_SEND_BUFFER:
        details->tcp.send_fixed = true;
        details->tcp.send_buffer = details->udp.send_buffer = clamp_buffer(user, number);
        return 0;
    case BARO_SO_RECV_BUFFER:
        details->tcp.recv_fixed = true;
        details->tcp.recv_buffer = details->udp.recv_buffer = clamp_buffer(user, number);
        details->capture.recv_buffer = details->tcp.recv_buffer;
        return 0;
    case BARO_SO_BIND_INTERFACE:
        if (!within(number, -1, INTERFACE_MOST))
            return -ENODEV;
        details->capture.interface = number;
        return 0;
    case BARO_PACKET_SNAP_LENGTH:
        if (!within(number, 1, SNAP_MOST))
            return -EINVAL;
        details->capture.snap_length = (uint32_t)number;
        return 0;
    case BARO_IP_TTL:
        if (!within(number, -1, 255) || (number == 0 && socket->family != BARO_FAMILY_IPV6))
            return -EINVAL;
        details->tcp.ttl = details->udp.ttl = (int16_t)number;
        return 0;
    case BARO_IP_TOS:
        if (!within(number, 0, 255))
            return -EINVAL;
        details->udp.tos = (uint8_t)number;
        details->tcp.tos = (uint8_t)(number & ~ECN_BITS);
        return 0;
    case BARO_IPV6_ONLY:
        if (socket->phase != USER_FRESH || details->bound)
            return -EINVAL; /* what it is bound to is settled */
        socket->flags = (uint8_t)((socket->flags & ~USER_IPV6_ONLY) | (number != 0 ? USER_IPV6_ONLY : 0));
        return 0;
    default:
        return user_is_tcp_option(option) || option == BARO_SO_RECV_LOW_WATER
                   ? user_set_tcp_number(&details->tcp, option, number)
                   : set_datagram_number(&details->udp, option, number);
    }
}

static int set_linger(struct user_details *details, const void *value)
{
    struct baro_linger linger;

    memcpy(&linger, value, sizeof linger);
    return user_set_linger(&details->tcp, linger);
}

static int set_time(struct user_details *details, enum baro_option option, const void *value)
{
    struct baro_duration span;

    memcpy(&span, value, sizeof span);
    return user_set_tcp_time(&details->tcp, option, span);
}

int user_setsockopt(struct user *user, int fd, enum baro_option option, const void *value, size_t length)
{
    struct user_socket *socket = user_find(user, fd);
    struct user_details scratch, *details;
    size_t size = value_size(option);
    int number, error;

    if (socket == NULL)
        return -EBADF;
    if (size == 0 || !has_option(socket, option) || option == BARO_TCP_INFO ||
        option == BARO_PACKET_STATISTICS)
        return -ENOPROTOOPT;
    if (length != size)
        return -EINVAL;
    details = user_details_or(user, socket, &scratch);
    if (user_is_tcp_time(option)) {
        error = set_time(details, option, value);
    } else if (option == BARO_SO_LINGER) {
        error = set_linger(details, value);
    } else if (option == BARO_SO_MAX_PACING_RATE) {
        memcpy(&details->tcp.max_pacing_rate, value, size);
        error = 0;
    } else {
        memcpy(&number, value, sizeof number);
        error = set_number(user, socket, details, option, number);
    }
    return error == 0 ? user_settings_apply(user, socket, details) : error;
}
