/* test/support/asleep.h: waits until another thread is in the call that it has been created for.
 *
 * The thread says its number (asleep_number) as the last thing before the call; the other one looks until the kernel
 * says that it sleeps. No time is long enough for that on a busy machine. */
#ifndef TEST_ASLEEP_H
#define TEST_ASLEEP_H

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "baro/posix.h"

static inline void asleep_number(pid_t *thread)
{
    __atomic_store_n(thread, (pid_t)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
}

static inline void asleep_until_state(const pid_t *thread)
{
    char path[64], line[512];
    const char *name_end = NULL;

    while (name_end == NULL || name_end[2] != 'S') {
        FILE *file;

        usleep(1000);
        snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)__atomic_load_n(thread, __ATOMIC_SEQ_CST));
        file = fopen(path, "r"); /* not there before the number is said */
        name_end = file != NULL && fgets(line, sizeof line, file) != NULL ? strrchr(line, ')') : NULL;
        if (file != NULL)
            fclose(file);
    }
}

static inline void asleep_until(struct baro_posix_stack *stack, const pid_t *thread)
{
    asleep_until_state(thread);
    baro_posix_lock(stack); /* if it was this that it slept for, it has it next */
    baro_posix_unlock(stack);
    asleep_until_state(thread);
}

#endif
