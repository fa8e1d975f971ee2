/* bench/tap_calls.c: what a frame costs through a TAP by a call of read(2) or write(2), and by io_uring, one submission
 * for a burst.
 *
 * Nothing is behind the device: what is read was sent there by a packet socket, outside of the measured time, and of
 * what is written the kernel has nobody to give it to. Both ways take turns on the same TAP, with virtio-net headers,
 * as the stack has them. The ring is used as it costs least: the TAP is a registered file, and one call submits a burst
 * and waits for all of it. */
#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LARGEST = 64000, VIRTIO_HEADER = 10, TYPE = 0x88b5 /* IEEE 802: for experiments */, MTU = 65521 };

struct ring {
    int fd;
    uint8_t *rings;
    size_t rings_bytes, sqes_bytes;
    struct io_uring_sqe *sqe;
    struct io_uring_cqe *cqe;
    uint32_t *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
};

struct tap_calls {
    struct baro_tap *device; /* as the stack opens it */
    int tap, packet;
    struct ring ring;
    struct sockaddr_ll to;
    uint8_t frame[TAP_CALLS_MOST][VIRTIO_HEADER + LARGEST];
};

/* ---- io_uring, by its three calls ---- */

static bool ring_map(struct ring *ring, const struct io_uring_params *told)
{
    size_t submissions = told->sq_off.array + told->sq_entries * sizeof(uint32_t);
    size_t completions = told->cq_off.cqes + told->cq_entries * sizeof(struct io_uring_cqe);

    ring->rings_bytes = submissions > completions ? submissions : completions;
    ring->sqes_bytes = told->sq_entries * sizeof *ring->sqe;
    ring->rings =
        mmap(NULL, ring->rings_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQ_RING);
    ring->sqe =
        mmap(NULL, ring->sqes_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQES);
    if (ring->rings == MAP_FAILED || ring->sqe == MAP_FAILED)
        return false;
    ring->sq_tail = (uint32_t *)(void *)(ring->rings + told->sq_off.tail);
    ring->sq_mask = (uint32_t *)(void *)(ring->rings + told->sq_off.ring_mask);
    ring->sq_array = (uint32_t *)(void *)(ring->rings + told->sq_off.array);
    ring->cq_head = (uint32_t *)(void *)(ring->rings + told->cq_off.head);
    ring->cq_tail = (uint32_t *)(void *)(ring->rings + told->cq_off.tail);
    ring->cq_mask = (uint32_t *)(void *)(ring->rings + told->cq_off.ring_mask);
    ring->cqe = (struct io_uring_cqe *)(void *)(ring->rings + told->cq_off.cqes);
    return true;
}

static bool ring_open(struct ring *ring, int file)
{
    struct io_uring_params told = { 0 };

    ring->fd = (int)syscall(SYS_io_uring_setup, TAP_CALLS_MOST, &told);
    if (ring->fd < 0)
        return false;
    if ((told.features & IORING_FEAT_SINGLE_MMAP) == 0) {
        errno = ENOSYS;
        return false;
    }
    return ring_map(ring, &told) && syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_FILES, &file, 1) == 0;
}

static void ring_close(struct ring *ring)
{
    if (ring->fd < 0)
        return;
    if (ring->rings != NULL && ring->rings != MAP_FAILED)
        munmap(ring->rings, ring->rings_bytes);
    if (ring->sqe != NULL && ring->sqe != MAP_FAILED)
        munmap(ring->sqe, ring->sqes_bytes);
    close(ring->fd);
}

/* A burst by one call. Whether all of it went, whole. */
static bool ring_burst(struct tap_calls *calls, const struct tap_calls_job *job)
{
    struct ring *ring = &calls->ring;
    uint32_t tail = *ring->sq_tail, octets = job->octets + VIRTIO_HEADER, head;
    bool whole = true;

    for (uint32_t i = 0; i < job->burst; i++) {
        uint32_t at = (tail + i) & *ring->sq_mask;

        ring->sqe[at] = (struct io_uring_sqe){ .opcode = job->out ? IORING_OP_WRITE : IORING_OP_READ,
                                               .flags = IOSQE_FIXED_FILE,
                                               .fd = 0,
                                               .addr = (uint64_t)(uintptr_t)calls->frame[i],
                                               .len = octets };
        ring->sq_array[at] = at;
    }
    __atomic_store_n(ring->sq_tail, tail + job->burst, __ATOMIC_RELEASE);
    if (syscall(SYS_io_uring_enter, ring->fd, job->burst, job->burst, IORING_ENTER_GETEVENTS, NULL, 0) !=
        (long)job->burst)
        return false;
    head = *ring->cq_head;
    if (__atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) - head != job->burst)
        return false;
    for (uint32_t i = 0; i < job->burst; i++)
        whole = whole && ring->cqe[(head + i) & *ring->cq_mask].res == (int32_t)octets;
    __atomic_store_n(ring->cq_head, head + job->burst, __ATOMIC_RELEASE);
    return whole;
}

/* ---- the TAP ---- */

static bool open_all(struct tap_calls *calls)
{
    const int room = 16 << 20;
    struct ifreq request = { .ifr_name = "bench2" };

    calls->packet = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); /* 0: it hears nothing */
    calls->device = baro_tap_open_offload(request.ifr_name, MTU, TAP_OUR_MAC, BARO_TAP_OFFLOAD);
    if (calls->packet < 0 || calls->device == NULL)
        return false;
    /* frames have no headers of virtio-net */
    if ((baro_tap_device(calls->device)->capabilities & BARO_DEVICE_TSO) == 0) {
        errno = ENOTSUP;
        return false;
    }
    calls->tap = baro_tap_descriptor(calls->device);
    request.ifr_mtu = MTU;
    if (ioctl(calls->packet, SIOCSIFMTU, &request) != 0)
        return false;
    request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_NOARP;
    if (ioctl(calls->packet, SIOCSIFFLAGS, &request) != 0 || ioctl(calls->packet, SIOCGIFINDEX, &request) != 0)
        return false;
    calls->to = (struct sockaddr_ll){ .sll_family = AF_PACKET,
                                      .sll_protocol = htons(TYPE),
                                      .sll_ifindex = request.ifr_ifindex };
    return setsockopt(calls->packet, SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0 &&
           ring_open(&calls->ring, calls->tap);
}

struct tap_calls *tap_calls_create(char *error, size_t size)
{
    static struct tap_calls calls;

    memset(&calls, 0, sizeof calls);
    calls.packet = calls.ring.fd = -1;
    if (open_all(&calls))
        return &calls;
    snprintf(error, size, "a TAP, a packet socket and an io_uring: %s", strerror(errno));
    tap_calls_free(&calls);
    return NULL;
}

void tap_calls_free(struct tap_calls *calls)
{
    ring_close(&calls->ring);
    baro_tap_close(calls->device);
    if (calls->packet >= 0)
        close(calls->packet);
}

/* ---- measuring ---- */

static double cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); /* of the kernel's threads for the ring, too */
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static bool calls_burst(struct tap_calls *calls, const struct tap_calls_job *job)
{
    const uint32_t octets = job->octets + VIRTIO_HEADER;
    bool whole = true;

    for (unsigned i = 0; i < job->burst; i++)
        whole = whole && (job->out ? write(calls->tap, calls->frame[i], octets)
                                   : read(calls->tap, calls->frame[i], octets)) == (ssize_t)octets;
    return whole;
}

/* Frames that wait to be read, or are to be written, to nobody. */
static bool prepare(struct tap_calls *calls, const struct tap_calls_job *job)
{
    static const uint8_t headers[14] = { 2, 0xba, 0x70, 0, 9, 2, 2, 0xba, 0x70, 0, 9, 1, TYPE >> 8, TYPE & 0xff };

    for (unsigned i = 0; i < job->burst; i++) {
        uint8_t *frame = calls->frame[i] + VIRTIO_HEADER;

        memset(calls->frame[i], 0, VIRTIO_HEADER);
        memcpy(frame, headers, sizeof headers);
        if (!job->out && sendto(calls->packet, frame, job->octets, 0, (const struct sockaddr *)&calls->to,
                                sizeof calls->to) != (ssize_t)job->octets)
            return false;
    }
    return true;
}

/* What somebody else sent through it, as IPv6 does when an interface comes up. */
static void empty(struct tap_calls *calls)
{
    while (read(calls->tap, calls->frame[0], sizeof calls->frame[0]) > 0)
        continue;
}

bool tap_calls_measure(struct tap_calls *calls, const struct tap_calls_job *job, unsigned bursts, bool ring,
                       double *frame_ns)
{
    double spent = 0;
    unsigned whole = 0;

    for (unsigned i = 0; i < bursts; i++) {
        double begin;
        bool done;

        empty(calls);
        if (!prepare(calls, job))
            return false;
        begin = cpu_ns();
        done = ring ? ring_burst(calls, job) : calls_burst(calls, job);
        if (done) { /* else a frame of somebody else's was among them */
            spent += cpu_ns() - begin;
            whole++;
        }
    }
    *frame_ns = whole == 0 ? 0 : spent / whole / job->burst;
    return 2 * whole > bursts;
}
