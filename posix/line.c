/* posix/line.c: a device over a descriptor whose every read and write is one frame: an end of a SOCK_SEQPACKET pair,
 * a TAP. What the descriptor does not take at once waits in a small queue, so the stack loses nothing to it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "internal.h"

enum { LINE_QUEUE = 128, LINE_HEADERS = 22 /* MAC header and a VLAN tag, rounded */ };

struct posix_line {
    struct baro_device device;
    int fd;
    bool ended;                  /* the other end is gone */
    uint32_t frame_size;
    uint8_t *received;           /* BARO_BURST_LIMIT frames */
    uint8_t *waiting;            /* LINE_QUEUE frames, a ring */
    uint32_t length[LINE_QUEUE];
    unsigned first, count;
    uint64_t arrivals;
};

static bool is_busy(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == EINTR;
}

/* Writes what waits, as far as the descriptor takes it. A frame that it refuses altogether is lost, as on a wire. */
static void write_waiting(struct posix_line *line)
{
    while (line->count != 0) {
        const uint8_t *data = line->waiting + (size_t)line->first * line->frame_size;

        if (!line->ended && write(line->fd, data, line->length[line->first]) < 0 && is_busy(errno))
            return;
        line->first = (line->first + 1) % LINE_QUEUE;
        line->count--;
    }
}

static unsigned rx_burst(void *context, struct baro_rx_frame *frames, unsigned limit)
{
    struct posix_line *line = context;
    unsigned taken = 0;

    /* Each poll of the stack begins here, and while frames wait it is polled when the descriptor is writable. A stack
     * that waits for room looks at the next poll, so room is made nowhere else. */
    write_waiting(line);
    if (limit > BARO_BURST_LIMIT)
        limit = BARO_BURST_LIMIT;
    while (taken < limit && !line->ended) {
        uint8_t *data = line->received + (size_t)taken * line->frame_size;
        ssize_t length = read(line->fd, data, line->frame_size);

        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (length <= 0) {
            line->ended = true;
            break;
        }
        frames[taken++] = (struct baro_rx_frame){ .data = data, .length = (uint32_t)length,
                                                  .arrival_id = ++line->arrivals };
    }
    return taken;
}

static unsigned tx_room(void *context)
{
    const struct posix_line *line = context;

    return LINE_QUEUE - line->count;
}

static bool write_now(struct posix_line *line, const struct baro_tx_frame *frame)
{
    struct iovec piece[3];

    for (unsigned i = 0; i < frame->parts; i++) {
        piece[i].iov_base = (void *)(uintptr_t)frame->part[i].data;
        piece[i].iov_len = frame->part[i].length;
    }
    return writev(line->fd, piece, (int)frame->parts) >= 0 || !is_busy(errno);
}

static void keep(struct posix_line *line, const struct baro_tx_frame *frame)
{
    unsigned place = (line->first + line->count) % LINE_QUEUE;
    uint8_t *to = line->waiting + (size_t)place * line->frame_size;
    uint32_t length = 0;

    for (unsigned i = 0; i < frame->parts; i++) {
        if (frame->part[i].length > line->frame_size - length)
            return; /* longer than the MTU allows: the stack does not make such */
        memcpy(to + length, frame->part[i].data, frame->part[i].length);
        length += (uint32_t)frame->part[i].length;
    }
    line->length[place] = length;
    line->count++;
}

static unsigned tx_burst(void *context, const struct baro_tx_frame *frames, unsigned count)
{
    struct posix_line *line = context;
    unsigned taken;

    for (taken = 0; taken < count; taken++) {
        if (line->ended || (line->count == 0 && write_now(line, &frames[taken])))
            continue;
        if (line->count == LINE_QUEUE)
            break;
        keep(line, &frames[taken]);
    }
    return taken;
}

static bool link_up(void *context)
{
    return !((struct posix_line *)context)->ended;
}

struct posix_line *posix_line_create(int fd, struct baro_mac mac, uint32_t mtu)
{
    struct posix_line *line = calloc(1, sizeof *line);
    int flags = fcntl(fd, F_GETFL);

    if (line == NULL || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        free(line);
        return NULL;
    }
    line->fd = fd;
    line->frame_size = mtu + LINE_HEADERS;
    line->received = malloc((size_t)BARO_BURST_LIMIT * line->frame_size);
    line->waiting = malloc((size_t)LINE_QUEUE * line->frame_size);
    line->device = (struct baro_device){ .context = line, .mac = mac, .mtu = mtu, .rx_burst = rx_burst,
                                         .tx_room = tx_room, .tx_burst = tx_burst, .link_up = link_up };
    if (line->received != NULL && line->waiting != NULL)
        return line;
    posix_line_free(line);
    errno = ENOMEM;
    return NULL;
}

void posix_line_free(struct posix_line *line)
{
    if (line == NULL)
        return;
    free(line->received);
    free(line->waiting);
    free(line);
}

bool posix_line_is_waiting(const struct posix_line *line)
{
    return line->count != 0;
}

const struct baro_device *posix_line_device(struct posix_line *line)
{
    return &line->device;
}

int baro_posix_wire_pair(int end[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, end);
}

/* Waits at the path, on a socket that is already bound, for the other end. */
static int wait_for_other(int listener, const char *path)
{
    int fd = -1;

    if (listen(listener, 1) == 0) {
        do
            fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        while (fd < 0 && errno == EINTR);
    }
    unlink(path);
    return fd;
}

int baro_posix_wire(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), other;

    if (fd < 0)
        return -1;
    if (snprintf(address.sun_path, sizeof address.sun_path, "%s", path) >= (int)sizeof address.sun_path) {
        close(fd);
        errno = ENAMETOOLONG;
        return -1;
    }
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (errno == ECONNREFUSED) /* left over by one who is gone */
        unlink(path);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        int error = errno;

        close(fd);
        errno = error;
        return -1;
    }
    other = wait_for_other(fd, path);
    close(fd);
    return other;
}
