/* options_tcp.c: TCP_CONGESTION, which goes by name.
 *
 * The stack's numbers have names (baro_congestion_name); what is kept to be repeated on a new descriptor is the number.
 * As with Linux a name may come without its NUL, is cut at 15 octets, and one that is not known is ENOENT. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "run/internal.h"

int option_congestion_number(const void *bytes, size_t length)
{
    char wanted[OPTION_CONGESTION_NAME] = "";
    const char *name;
    if (length < 1)
        return -EINVAL;
    memcpy(wanted, bytes, length < sizeof wanted ? length : sizeof wanted - 1);
    for (int number = 0; (name = baro_congestion_name((enum baro_congestion)number)) != NULL; number++) {
        if (strcmp(name, wanted) == 0)
            return number;
    }
    return -ENOENT;
}

int option_congestion_name(const struct socket *s, void *bytes)
{
    int number = option_kept(s, IPPROTO_TCP, TCP_CONGESTION, BARO_CONGESTION_CUBIC);
    size_t length = sizeof number;
    int result = s->fd < 0 ? 0
                           : baro_getsockopt(s->host->config.stack, s->fd, BARO_TCP_CONGESTION, &number, &length);
    if (result != 0)
        return result;
    memset(bytes, 0, OPTION_CONGESTION_NAME);
    strncpy(bytes, baro_congestion_name((enum baro_congestion)number), OPTION_CONGESTION_NAME - 1);
    return OPTION_CONGESTION_NAME;
}
