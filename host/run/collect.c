/* collect.c: finds out that a descriptor is gone when B cannot tell.
 *
 * A socket whose connection failed has no B any more, and one that was shut down both ways looks closed to B
 * although it is not. So once a second the kernel is asked, by UNIX_DIAG, whether the inode of A still lives.
 *
 * Limit: a kernel without UNIX_DIAG keeps such entries (a few hundred bytes each) until the inode's number
 * comes again or the run ends; a connection of theirs goes on as if the descriptor were open. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/internal.h"

#define EVERY_NS 1000000000

/* 1: lives, 0: gone, -1: no answer. */
static int inode_lives(int diagnosis, uint64_t inode)
{
    struct {
        struct nlmsghdr header;
        struct unix_diag_req body;
    } request = {
        .header = { .nlmsg_len = sizeof request,
                    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                    .nlmsg_flags = NLM_F_REQUEST },
        .body = { .sdiag_family = AF_UNIX,
                  .udiag_states = ~0u,
                  .udiag_ino = (uint32_t)inode,
                  .udiag_show = UDIAG_SHOW_NAME,
                  .udiag_cookie = { ~0u, ~0u } },
    };
    union {
        struct nlmsghdr header;
        char bytes[1024];
    } reply;
    if (send(diagnosis, &request, sizeof request, 0) < 0)
        return -1;
    ssize_t count = recv(diagnosis, &reply, sizeof reply, 0);
    if (count < (ssize_t)sizeof reply.header)
        return -1;
    if (reply.header.nlmsg_type == SOCK_DIAG_BY_FAMILY)
        return 1;
    if (reply.header.nlmsg_type != NLMSG_ERROR || count < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)))
        return -1;
    const struct nlmsgerr *error = NLMSG_DATA(&reply.header);
    return error->error == -ENOENT ? 0 : -1;
}

void collect_init(struct baro_run *run)
{
    int pair[2] = { -1, -1 };
    struct stat status;
    run->diagnosis = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (run->diagnosis < 0)
        return;
    /* A kernel without UNIX_DIAG says ENOENT to everything: ask for one that lives. */
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0) {
        if (fstat(pair[0], &status) == 0 && inode_lives(run->diagnosis, status.st_ino) != 1) {
            close(run->diagnosis);
            run->diagnosis = -1;
        }
        close(pair[0]);
        close(pair[1]);
    }
    if (run->diagnosis < 0 && run->config.verbose)
        run_say(run, "no UNIX_DIAG: entries of closed sockets may stay until the end");
}

bool collect_is_gone(const struct socket *socket)
{
    int diagnosis = socket->host->run->diagnosis;
    return diagnosis >= 0 && inode_lives(diagnosis, socket->inode) == 0;
}

void collect(struct baro_run *run, int64_t now_ns)
{
    if (!run->next_collect_ns || now_ns < run->next_collect_ns)
        return;
    for (struct socket *socket = run->doubtful, *next; socket; socket = next) {
        next = socket->next_doubtful;
        if (collect_is_gone(socket))
            socket_free(socket);
    }
    run->next_collect_ns = run->doubtful && run->diagnosis >= 0 ? now_ns + EVERY_NS : 0;
}

int64_t collect_next(const struct baro_run *run)
{
    return run->next_collect_ns;
}
