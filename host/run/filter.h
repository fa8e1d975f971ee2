/* filter.h: which system calls of a program are trapped. */
#ifndef BARO_HOST_RUN_FILTER_H
#define BARO_HOST_RUN_FILTER_H

#include <stdbool.h>
#include <linux/filter.h>

/* Datagram sockets live in descriptors FIRST to FIRST + COUNT - 1, so that one masked comparison in the
 * filter finds the message calls on them. Below the usual RLIMIT_NOFILE and FD_SETSIZE of 1024. */
#define DATAGRAM_FIRST 896
#define DATAGRAM_COUNT 128

/* The filter's code; false with errno. Free with filter_release. */
bool filter_init(struct sock_fprog *code, bool trap_every_message);
void filter_release(struct sock_fprog *code);

/* Installs it in the calling thread, `killable` if wanted and there. The listener's descriptor or -errno;
 * *killable says what was got. */
int filter_install(const struct sock_fprog *code, bool *killable);

/* Asks for synchronous wake-ups; false where the kernel has none. */
bool filter_sync_wake_up(int listener);

#endif
