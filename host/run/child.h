/* child.h: what happens between clone and execve, inside the new namespaces. */
#ifndef BARO_HOST_RUN_CHILD_H
#define BARO_HOST_RUN_CHILD_H

#include <linux/filter.h>
#include <signal.h>
#include <stdbool.h>

#include "baro/run.h"

/* Reports of the namespace's init and of the program to the supervisor, one a packet of the control socket.
 */
enum report_kind {
    REPORT_LISTENER = 1, /* comes with the listener's descriptor; value: 1 if it waits killably */
    REPORT_FAILED,       /* value: errno, step: where */
    REPORT_STARTED,      /* value: the program's process, told by the credentials that come along */
    REPORT_ENDED,        /* value: wait status */
    REPORT_NOTE          /* step: something that could not be had; the run goes on */
};
enum child_step {
    STEP_NONE,
    STEP_MOUNT,
    STEP_RESOLVER,
    STEP_PROC,
    STEP_INTERFACE,
    STEP_FILTER,
    STEP_FORK,
    STEP_EXEC
};

struct report {
    int kind, value, step;
};

/* Orders of the supervisor. */
enum order_kind {
    ORDER_GO,     /* once, when the maps of user IDs are written */
    ORDER_SIGNAL, /* value: its number */
    ORDER_SHOW,   /* the stack's interface `value` has that address from now on */
    ORDER_HIDE    /* and has it no more */
};

struct order {
    int kind, value;
    struct baro_run_address address;
};

struct child_plan {
    const struct baro_run_program *program;
    const struct baro_run_host *host;
    const struct sock_fprog *filter;
    const sigset_t *signal_mask; /* the program's */
    bool killable;               /* ask for it */
    int control;                 /* this side's end */
};

/* The life of the namespace's init. */
_Noreturn void child_init(const struct child_plan *plan);

/* Shows the host's interfaces in the program's namespace; false with errno if something of them is missing. */
bool child_show_interfaces(const struct baro_run_host *host);
/* Follows an ORDER_SHOW or ORDER_HIDE, as far as the kernel lets it. */
void child_change_address(const struct order *order);

/* Sends a report, with a descriptor (or -1) and our credentials. */
bool report_send(int control, struct report report, int descriptor);
/* Receives one; *descriptor -1 if none came, *process the sender. 1, 0 at the end, -errno. */
int report_recv(int control, struct report *report, int *descriptor, int *process, int flags);

#endif
