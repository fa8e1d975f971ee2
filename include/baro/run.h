/* baro/run.h: unmodified programs on hosts whose network is a baro stack (Linux, no root needed).
 *
 * A supervisor (this library, in one thread) starts programs in namespaces of their own, under a seccomp
 * filter that tells it of their control calls: socket, connect, bind, listen, accept and so on. A socket of
 * theirs is one end of a socketpair, a real descriptor of the kernel, so read, write, poll, epoll, fork, exec
 * and descriptor passing need nobody's help; the supervisor holds the other end and carries the bytes to and
 * from a stack.
 *
 * It fails closed: a program's network namespace is empty, its PID namespace ends with the supervisor, its
 * resolv.conf names the stack's resolver. What is not trapped reaches no network at all.
 *
 * Use: create it on a loop that also polls the stacks, add hosts, spawn programs, run the loop. The
 * supervisor takes every baro_next_ready() of the stacks given to it: a stack has one user. */
#ifndef BARO_RUN_H
#define BARO_RUN_H

#include "baro/loop.h"
#include "baro/stack.h"

#ifdef __cplusplus
extern "C" {
#endif

struct baro_run;

/* What newer kernels have and older ones lack. */
enum baro_run_feature {
    BARO_RUN_SYNC_WAKE_UP = 1 << 0, /* a trapped call is answered on the caller's processor (kernel 6.6) */
    BARO_RUN_WAIT_KILLABLE = 1 << 1 /* signals do not disturb a call that is being answered (kernel 5.19) */
};

struct baro_run_config {
    struct baro_loop *loop; /* required, borrowed */
    /* Trap sendmsg, recvmsg, sendmmsg and recvmmsg on every descriptor, for programs that move datagram
     * sockets out of descriptors 896 to 1023 by dup; costs every program that passes messages. */
    bool trap_every_message;
    unsigned without; /* enum baro_run_feature, ored: not to be used even where the kernel has it */
    bool verbose;     /* also say which features are missing */
    /* A line for the person, without newline; NULL: to standard error after "baro: ". */
    void (*say)(void *context, const char *line);
    /* A program ended; `wait_status` as waitpid gives it. Called from the loop. May be NULL. */
    void (*ended)(void *context, int program, int wait_status);
    void *context; /* of both functions */
};

/* A supervisor without programs, or NULL with errno. */
struct baro_run *baro_run_create(const struct baro_run_config *config);
/* Kills what still runs, closes all sockets of theirs, frees it. The loop must not be in a turn. */
void baro_run_free(struct baro_run *run);

/* What programs see when they ask for their interfaces (getifaddrs, `ip addr`, if_nametoindex): a mirror, set when a
 * program starts, of what the stack has. Interface 1 of the stack is eth0, and so on; the kernel's index is one more
 * than the stack's number, because 1 is the kernel's loopback. */
enum { BARO_RUN_ADDRESSES = 8, BARO_RUN_INTERFACES = 4 };
struct baro_run_address {
    struct baro_address address;
    unsigned prefix_length;
};
struct baro_run_interface {
    int number;          /* the stack's; 0: none, and none after it */
    struct baro_mac mac; /* all zero: the kernel's choice */
    uint32_t mtu;        /* 0: 1500 */
    struct baro_run_address address[BARO_RUN_ADDRESSES]; /* of both families; family NONE ends them */
    struct baro_address gateway[2];                      /* default routes; family NONE ends them */
};
struct baro_run_host {
    struct baro_stack *stack; /* required, borrowed until baro_run_free */
    struct baro_run_interface interface[BARO_RUN_INTERFACES];
    struct baro_address name_server; /* written to their resolv.conf; family NONE: an empty one */
    const char *search;          /* a domain in which names without a dot are looked for first; NULL: none. Borrowed,
                                    up to 63 octets */
};
/* A host for programs; its number, from 0, or -ENOMEM. */
int baro_run_add_host(struct baro_run *run, const struct baro_run_host *host);

struct baro_run_program {
    int host;                 /* its number */
    char *const *argument;    /* name and arguments, NULL at the end; the name is looked up in PATH */
    char *const *environment; /* NULL: ours */
    const int *descriptor;    /* its descriptors 0, 1 and 2; NULL: ours */
};
/* Starts a program; its number, from 0, or -errno after saying why in one line: -EPERM or another where
 * namespaces are refused, -EBUSY inside another run, execve's errors. Returns when the program was started or
 * could not be. */
int baro_run_spawn(struct baro_run *run, const struct baro_run_program *program);
/* Sends a signal to the program. 0, -ESRCH when it has ended. */
int baro_run_signal(struct baro_run *run, int program, int signal);
/* The program's process ID as this process sees it; 0 when it has ended. */
int baro_run_process(struct baro_run *run, int program);

/* What the supervisor holds now, and what it did. */
#define BARO_RUN_COUNTERS(X)                                                                                 \
    X(programs, "programs running")                                                                          \
    X(sockets, "sockets of programs")                                                                        \
    X(remains, "sockets whose connection is gone but not the descriptor")                                    \
    X(held, "calls held back until something happens")                                                       \
    X(calls, "calls answered")                                                                               \
    X(passed, "calls passed on to the kernel")

struct baro_run_statistics {
#define BARO_RUN_COUNTER_FIELD(name, text) uint64_t name;
    BARO_RUN_COUNTERS(BARO_RUN_COUNTER_FIELD)
#undef BARO_RUN_COUNTER_FIELD
};
void baro_run_statistics(const struct baro_run *run, struct baro_run_statistics *statistics);

#ifdef __cplusplus
}
#endif
#endif
