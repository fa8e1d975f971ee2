/* posix/stack.c: one stack with its mutex and its thread.
 *
 * The thread sleeps in ppoll on the device's descriptor, an eventfd and the next deadline, without the mutex. Awake,
 * it takes the mutex, lets the core take frames and run timers, and wakes the threads whose descriptors changed. A
 * call that arms an earlier deadline than the one the thread sleeps for, or leaves frames unsent, rings the eventfd.
 *
 * A thread that waits puts a node into the list of its descriptor and sleeps on a condition of its own; whatever it
 * is woken by, it tries its call again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

enum { MMAP_FROM = 1 << 18 /* slabs from here up come untouched from the kernel */ };

static const struct baro_instant never = { INT64_MAX };

struct baro_instant posix_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct baro_instant){ (int64_t)now.tv_sec * 1000000000 + now.tv_nsec };
}

static void *take_slab(void *context, size_t bytes)
{
    void *slab;

    (void)context;
    if (bytes >= MMAP_FROM) {
        slab = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return slab == MAP_FAILED ? NULL : slab;
    }
    slab = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    if (slab != NULL)
        memset(slab, 0, bytes);
    return slab;
}

static void give_slab_back(void *context, void *slab, size_t bytes)
{
    (void)context;
    if (bytes >= MMAP_FROM)
        munmap(slab, bytes);
    else
        free(slab);
}

/* ---- waiting and waking ---- */

void posix_waiter_init(struct posix_waiter *waiter)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&waiter->condition, &attributes);
    pthread_condattr_destroy(&attributes);
    waiter->woken = false;
}

void posix_waiter_release(struct posix_waiter *waiter)
{
    pthread_cond_destroy(&waiter->condition);
}

void posix_node_add(struct baro_posix_stack *stack, struct posix_wait_node *node, struct posix_waiter *waiter, int fd)
{
    struct posix_file *file = posix_file(stack, fd);

    *node = (struct posix_wait_node){ .waiter = waiter, .fd = fd };
    if (file == NULL) {
        node->closed = true;
        waiter->woken = true;
        return;
    }
    node->next = file->waiting;
    if (node->next != NULL)
        node->next->previous = node;
    file->waiting = node;
    node->listed = true;
}

void posix_node_remove(struct baro_posix_stack *stack, struct posix_wait_node *node)
{
    if (!node->listed)
        return;
    if (node->previous != NULL)
        node->previous->next = node->next;
    else
        stack->file[node->fd].waiting = node->next;
    if (node->next != NULL)
        node->next->previous = node->previous;
    node->listed = false;
}

static void wake(struct posix_waiter *waiter)
{
    waiter->woken = true;
    pthread_cond_signal(&waiter->condition);
}

/* Wakes the threads whose descriptors the core says something has happened to. */
static void wake_ready(struct baro_posix_stack *stack)
{
    struct baro_ready ready;

    while (baro_next_ready(stack->core, &ready)) {
        struct posix_file *file = posix_file(stack, ready.fd);

        for (struct posix_wait_node *n = file == NULL ? NULL : file->waiting; n != NULL; n = n->next)
            wake(n->waiter);
    }
}

static void ring(struct baro_posix_stack *stack)
{
    uint64_t one = 1;

    if (write(stack->wake_descriptor, &one, sizeof one) < 0)
        return; /* full: it rings already */
}

/* Does the device have to be writable before something can go on? */
static bool waits_to_write(const struct baro_posix_stack *stack)
{
    if (stack->line != NULL)
        return posix_line_is_waiting(stack->line);
    return stack->device != NULL && stack->device->tx_room(stack->device->context) < BARO_BURST_LIMIT;
}

/* Sends what calls decided and tells whoever has to know. */
static void settle(struct baro_posix_stack *stack)
{
    struct baro_instant deadline;

    baro_stack_flush(stack->core);
    wake_ready(stack);
    if (!stack->sleeping)
        return;
    if ((baro_stack_next_deadline(stack->core, &deadline) && deadline.ns < stack->sleeping_until.ns) ||
        waits_to_write(stack)) {
        stack->sleeping = false;
        ring(stack);
    }
}

bool posix_enter(struct baro_posix_stack *stack)
{
    if (stack == NULL) {
        errno = ENOMEM;
        return false;
    }
    pthread_mutex_lock(&stack->mutex);
    if (stack->ending) {
        pthread_mutex_unlock(&stack->mutex);
        errno = EBADF;
        return false;
    }
    stack->inside++;
    baro_stack_poll(stack->core, posix_now());
    return true;
}

ssize_t posix_leave(struct baro_posix_stack *stack, ssize_t result)
{
    settle(stack);
    if (--stack->inside == 0 && stack->ending)
        pthread_cond_signal(&stack->empty);
    pthread_mutex_unlock(&stack->mutex);
    if (result >= 0)
        return result;
    errno = (int)-result;
    return -1;
}

struct baro_instant posix_deadline(struct baro_duration timeout)
{
    return timeout.ns == 0 ? never : (struct baro_instant){ posix_now().ns + timeout.ns };
}

bool posix_sleep(struct baro_posix_stack *stack, struct posix_waiter *waiter, struct baro_instant deadline)
{
    struct timespec until = { deadline.ns / 1000000000, deadline.ns % 1000000000 };
    int error = 0;

    settle(stack);
    while (!waiter->woken && error == 0 && !stack->ending)
        error = deadline.ns == never.ns ? pthread_cond_wait(&waiter->condition, &stack->mutex)
                                        : pthread_cond_timedwait(&waiter->condition, &stack->mutex, &until);
    baro_stack_poll(stack->core, posix_now());
    return waiter->woken || stack->ending;
}

int posix_wait(struct baro_posix_stack *stack, int fd, struct baro_instant deadline)
{
    struct posix_waiter waiter;
    struct posix_wait_node node;
    bool in_time;

    posix_waiter_init(&waiter);
    posix_node_add(stack, &node, &waiter, fd);
    in_time = posix_sleep(stack, &waiter, deadline);
    posix_node_remove(stack, &node);
    posix_waiter_release(&waiter);
    if (node.closed || stack->ending)
        return -EBADF;
    return in_time ? 0 : -EAGAIN;
}

/* ---- descriptors ---- */

struct posix_file *posix_file(struct baro_posix_stack *stack, int fd)
{
    return fd < 0 || fd >= stack->files || !stack->file[fd].open ? NULL : &stack->file[fd];
}

int posix_file_open(struct baro_posix_stack *stack, int fd, enum baro_socket_type type, bool is_ipv6,
                    bool nonblocking)
{
    if (fd >= stack->files) {
        int files = fd * 2 + 16;
        struct posix_file *grown = realloc(stack->file, (size_t)files * sizeof *grown);

        if (grown == NULL)
            return -ENOMEM;
        memset(grown + stack->files, 0, (size_t)(files - stack->files) * sizeof *grown);
        stack->file = grown;
        stack->files = files;
    }
    stack->file[fd] = (struct posix_file){ .open = true, .nonblocking = nonblocking,
                                            .is_stream = type == BARO_STREAM, .is_ping = type == BARO_PING,
                                            .is_ipv6 = is_ipv6,
                                            .discover = IP_PMTUDISC_WANT, .discover_v6 = IP_PMTUDISC_WANT };
    return 0;
}

void posix_file_close(struct baro_posix_stack *stack, int fd)
{
    struct posix_wait_node *node, *next;

    for (node = stack->file[fd].waiting; node != NULL; node = next) {
        next = node->next;
        node->listed = false;
        node->closed = true;
        wake(node->waiter);
    }
    stack->file[fd] = (struct posix_file){ .open = false };
}

/* ---- the thread ---- */

/* Lets the core do all that is due. The wait that follows ends at the instant returned. */
static struct baro_instant work(struct baro_posix_stack *stack)
{
    struct baro_instant deadline = never, now, tick;

    while (baro_stack_poll(stack->core, now = posix_now()) >= BARO_BURST_LIMIT)
        wake_ready(stack);
    wake_ready(stack);
    baro_stack_flush(stack->core); /* programs are other threads: what waits for their turn would wait for a poll */
    if (!baro_stack_next_deadline(stack->core, &deadline))
        deadline = never;
    if (stack->device != NULL && stack->device_descriptor < 0) {
        tick.ns = now.ns + stack->device_tick.ns;
        if (tick.ns < deadline.ns)
            deadline = tick;
    }
    return deadline;
}

static void sleep_until(struct baro_posix_stack *stack, struct baro_instant deadline, short device_events)
{
    struct pollfd poll_for[2] = { { .fd = stack->wake_descriptor, .events = POLLIN },
                                  { .fd = device_events == 0 ? -1 : stack->device_descriptor,
                                    .events = device_events } };
    struct timespec timeout, *limit = NULL;
    uint64_t rings;

    if (deadline.ns != never.ns) {
        int64_t left = deadline.ns - posix_now().ns;

        left = left < 0 ? 0 : left;
        timeout = (struct timespec){ left / 1000000000, left % 1000000000 };
        limit = &timeout;
    }
    if (ppoll(poll_for, 2, limit, NULL) > 0 && poll_for[0].revents != 0 &&
        read(stack->wake_descriptor, &rings, sizeof rings) < 0)
        return;
}

static void *device_thread(void *context)
{
    struct baro_posix_stack *stack = context;
    const struct baro_device *device = stack->device;

    pthread_mutex_lock(&stack->mutex);
    while (!stack->ending) {
        struct baro_instant deadline = work(stack);
        short events = 0;

        if (device != NULL && (device->link_up == NULL || device->link_up(device->context)))
            events = waits_to_write(stack) ? POLLIN | POLLOUT : POLLIN;
        stack->sleeping_until = deadline;
        stack->sleeping = true;
        pthread_mutex_unlock(&stack->mutex);
        sleep_until(stack, deadline, events);
        pthread_mutex_lock(&stack->mutex);
        stack->sleeping = false;
    }
    pthread_mutex_unlock(&stack->mutex);
    return NULL;
}

/* ---- birth and death ---- */

void baro_posix_config_init(struct baro_posix_config *config)
{
    *config = (struct baro_posix_config){ .wire = -1, .device_descriptor = -1 };
}

static int random_fill(void *data, size_t length)
{
    return getrandom(data, length, 0) == (ssize_t)length ? 0 : -EAGAIN;
}

static int create_core(struct baro_posix_stack *stack, const struct baro_posix_config *config)
{
    struct baro_stack_config core = {
        .memory = { NULL, take_slab, give_slab_back },
        .now = posix_now(),
        .memory_limit = config->memory_limit,
        .descriptor_limit = config->descriptor_limit,
        .ecn = config->ecn,
        .black_holes = config->black_holes,
        .send_buffer = config->send_buffer,
        .recv_buffer = config->recv_buffer,
        .pacing = config->pacing,
        .trace = config->trace,
        .trace_host = config->trace_host,
    };
    int error = random_fill(core.seed, sizeof core.seed);

    if (error != 0)
        return error;
    stack->core = baro_stack_create(&core);
    return stack->core == NULL ? -ENOMEM : 0;
}

static bool mac_is_zero(struct baro_mac mac)
{
    static const struct baro_mac zero;

    return memcmp(&mac, &zero, sizeof mac) == 0;
}

static int find_device(struct baro_posix_stack *stack, const struct baro_posix_config *config)
{
    struct baro_mac mac = config->mac;

    stack->device = config->device;
    stack->device_descriptor = config->device_descriptor;
    stack->device_tick.ns = config->device_tick.ns == 0 ? 1000000 : config->device_tick.ns;
    stack->on_unknown_option = config->unknown_option;
    stack->unknown_context = config->unknown_context;
    if (config->wire < 0 || config->device != NULL)
        return 0;
    if (mac_is_zero(mac)) {
        if (random_fill(mac.octet, sizeof mac.octet) != 0)
            return -EAGAIN;
        mac.octet[0] = (uint8_t)((mac.octet[0] & 0xfc) | 0x02); /* locally administered, no group */
    }
    stack->line = posix_line_create(config->wire, mac, config->mtu == 0 ? 1500 : config->mtu);
    if (stack->line == NULL)
        return -errno;
    stack->device = posix_line_device(stack->line);
    stack->device_descriptor = config->wire;
    return 0;
}

static int join(struct baro_posix_stack *stack, const struct baro_posix_config *config)
{
    struct baro_address anywhere = { .family = config->gateway.family };
    int interface, error = find_device(stack, config);

    if (error != 0 || stack->device == NULL)
        return error;
    interface = baro_stack_add_interface(stack->core, stack->device);
    if (interface < 0)
        return interface;
    if (config->address.family != BARO_FAMILY_NONE)
        error = baro_stack_add_address(stack->core, interface, config->address, config->prefix_length, false);
    if (error == 0 && config->gateway.family != BARO_FAMILY_NONE)
        error = baro_stack_add_route(stack->core, anywhere, 0, config->gateway, interface);
    return error;
}

static void release(struct baro_posix_stack *stack)
{
    if (stack->core != NULL)
        baro_stack_free(stack->core);
    posix_line_free(stack->line);
    if (stack->wake_descriptor >= 0)
        close(stack->wake_descriptor);
    pthread_cond_destroy(&stack->empty);
    pthread_mutex_destroy(&stack->mutex);
    free(stack->file);
    free(stack);
}

struct baro_posix_stack *baro_posix_create(const struct baro_posix_config *config)
{
    struct baro_posix_stack *stack = calloc(1, sizeof *stack);
    int error;

    if (stack == NULL)
        return NULL;
    pthread_mutex_init(&stack->mutex, NULL);
    pthread_cond_init(&stack->empty, NULL);
    stack->wake_descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    error = stack->wake_descriptor < 0 ? -errno : create_core(stack, config);
    if (error == 0)
        error = join(stack, config);
    if (error == 0)
        error = -pthread_create(&stack->thread, NULL, device_thread, stack);
    if (error == 0)
        return stack;
    release(stack);
    errno = -error;
    return NULL;
}

void baro_posix_free(struct baro_posix_stack *stack)
{
    if (stack == NULL)
        return;
    pthread_mutex_lock(&stack->mutex);
    stack->ending = true;
    for (int fd = 0; fd < stack->files; fd++)
        if (stack->file[fd].open)
            posix_file_close(stack, fd);
    while (stack->inside != 0)
        pthread_cond_wait(&stack->empty, &stack->mutex);
    pthread_mutex_unlock(&stack->mutex);
    ring(stack);
    pthread_join(stack->thread, NULL);
    release(stack);
}

struct baro_stack *baro_posix_lock(struct baro_posix_stack *stack)
{
    pthread_mutex_lock(&stack->mutex);
    stack->inside++;
    baro_stack_poll(stack->core, posix_now());
    return stack->core;
}

void baro_posix_unlock(struct baro_posix_stack *stack)
{
    posix_leave(stack, 0);
}
