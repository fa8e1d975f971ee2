/* tcp_info.c: TCP_INFO of a program's socket, as the blocking library tells it (baro_posix_tcp_info). */
#include "baro/posix.h"

#include "run/internal.h"

int tcp_info_fill(struct socket *s, void *room, size_t length)
{
    struct baro_tcp_info known = { .state = BARO_TCP_CLOSED };
    size_t known_length = sizeof known;
    int result = s->fd < 0 ? 0
                           : baro_getsockopt(s->host->config.stack, s->fd, BARO_TCP_INFO, &known, &known_length);
    return result < 0 ? result : (int)baro_posix_tcp_info(&known, room, length);
}
