/* bench/tap_mover.c: the ceiling: TCP's frames through the TAP with nobody behind it.
 *
 * The kernel believes that it speaks with a TCP: its SYN is answered, and then either every frame with data is
 * acknowledged by a frame of 54 octets, or frames of 44 segments are written as far as the kernel's window allows.
 * Nothing else that a stack does is done: no checksum, no copy to a program, no timer, nothing out of order. Only a
 * stall is noticed, after 20 ms: sending begins again where the kernel is. */
#include "tap.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ETHERNET = 14,
    HEADERS = 54,             /* Ethernet, IPv4, TCP without options */
    SYN_HEADERS = 62,
    SEGMENT = 1460,
    PIECE = 44 * SEGMENT,
    FLIGHT = 4 << 20,         /* octets, at most */
    STALL_NS = 20000000
};

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

struct tap_mover {
    struct baro_tap *tap;
    const struct baro_device *device;
    bool out, open;
    uint16_t port;            /* the kernel's */
    uint32_t rcv_nxt, snd_una, snd_nxt, window;
    unsigned shift;
    uint64_t octets;
    int64_t moved_ns;         /* when snd_una last moved */
    uint8_t payload[PIECE];
};

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static uint32_t read16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t read32(const uint8_t *at)
{
    return read16(at) << 16 | read16(at + 2);
}

static void write16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void write32(uint8_t *at, uint32_t value)
{
    write16(at, value >> 16);
    write16(at + 2, value);
}

static uint16_t fold(uint32_t sum)
{
    while (sum > UINT16_MAX)
        sum = (sum & UINT16_MAX) + (sum >> 16);
    return (uint16_t)sum;
}

static uint32_t add(uint32_t sum, const uint8_t *at, unsigned length)
{
    for (unsigned i = 0; i < length; i += 2)
        sum += read16(at + i);
    return sum;
}

/* Writes the headers of a frame with `payload` octets; those of a SYN have an MSS and a scale. */
static unsigned write_headers(const struct tap_mover *mover, uint8_t *frame, uint8_t flags, uint32_t payload)
{
    static const uint8_t options[8] = { 2, 4, SEGMENT >> 8, SEGMENT & 0xff, 1, 3, 3, 10 };
    const struct baro_mac to = tap_net_kernel_mac(), from = TAP_OUR_MAC;
    unsigned headers = (flags & SYN) != 0 ? SYN_HEADERS : HEADERS;
    uint8_t *ip = frame + ETHERNET, *tcp = ip + 20;

    memset(frame, 0, headers);
    memcpy(frame, to.octet, 6);
    memcpy(frame + 6, from.octet, 6);
    write16(frame + 12, 0x0800);
    ip[0] = 0x45;
    write16(ip + 2, headers - ETHERNET + payload);
    write16(ip + 6, 0x4000);
    ip[8] = 64;
    ip[9] = 6;
    write32(ip + 12, 0x0a090002);
    write32(ip + 16, 0x0a090001);
    write16(ip + 10, (uint16_t)~fold(add(0, ip, 20)));
    write16(tcp, TAP_PORT);
    write16(tcp + 2, mover->port);
    write32(tcp + 4, mover->snd_nxt);
    write32(tcp + 8, mover->rcv_nxt);
    tcp[12] = (uint8_t)((headers - ETHERNET - 20) / 4 << 4);
    tcp[13] = flags;
    write16(tcp + 14, UINT16_MAX);
    if ((flags & SYN) != 0)
        memcpy(tcp + 20, options, sizeof options);
    write16(tcp + 16, fold(add(6 + headers - ETHERNET - 20 + payload, ip + 12, 8)));
    return headers;
}

static void send_frame(struct tap_mover *mover, uint8_t flags, uint32_t payload)
{
    uint8_t headers[SYN_HEADERS];
    struct baro_tx_frame frame = { .parts = payload == 0 ? 1 : 2,
                                   .checksum_start = ETHERNET + 20,
                                   .checksum_offset = 16 };

    frame.part[0] = (struct baro_bytes){ headers, write_headers(mover, headers, flags, payload) };
    frame.part[1] = (struct baro_bytes){ mover->payload, payload };
    if (payload > SEGMENT) {
        frame.gso_size = SEGMENT;
        frame.header_length = HEADERS;
    }
    mover->device->tx_burst(mover->device->context, &frame, 1);
}

static unsigned scale_of(const uint8_t *tcp, unsigned length)
{
    for (unsigned at = 20; at + 2 < length && tcp[at] != 0; at += tcp[at] == 1 ? 1 : tcp[at + 1]) {
        if (tcp[at] == 3)
            return tcp[at + 2];
        if (tcp[at] != 1 && tcp[at + 1] < 2)
            break;
    }
    return 0;
}

static void take(struct tap_mover *mover, const struct baro_rx_frame *frame)
{
    const uint8_t *ip = frame->data + ETHERNET, *tcp = ip + 20;
    uint32_t headers, octets, acked;

    if (frame->length < HEADERS || read16(frame->data + 12) != 0x0800 || ip[0] != 0x45 || ip[9] != 6 ||
        read16(tcp + 2) != TAP_PORT)
        return;
    headers = (tcp[12] >> 4) * 4U;
    if (read16(ip + 2) < 20 + headers || frame->length < ETHERNET + read16(ip + 2))
        return;
    if ((tcp[13] & (SYN | RST | FIN)) == SYN) {
        mover->port = (uint16_t)read16(tcp);
        mover->shift = scale_of(tcp, headers);
        mover->rcv_nxt = read32(tcp + 4) + 1;
        mover->snd_una = mover->snd_nxt = 1000000;
        send_frame(mover, SYN | ACK, 0);
        mover->snd_nxt++;
        mover->open = false;
        return;
    }
    if (read16(tcp) != mover->port || (tcp[13] & (SYN | RST)) != 0)
        return;
    acked = read32(tcp + 8) - mover->snd_una;
    if (acked != 0 && acked <= mover->snd_nxt - mover->snd_una) {
        mover->snd_una += acked;
        mover->moved_ns = now_ns();
    }
    mover->window = read16(tcp + 14) << mover->shift;
    mover->open = true;
    octets = read16(ip + 2) - 20 - headers;
    if (octets == 0)
        return;
    if (read32(tcp + 4) == mover->rcv_nxt) {
        mover->rcv_nxt += octets;
        mover->octets += octets;
    }
    send_frame(mover, ACK, 0);
}

/* As much as the window and a burst allow; whether there was anything. */
static bool send_data(struct tap_mover *mover)
{
    uint32_t limit = mover->window < FLIGHT ? mover->window : FLIGHT;
    bool any = false;

    if (!mover->out || !mover->open)
        return false;
    if (mover->snd_nxt != mover->snd_una && now_ns() - mover->moved_ns > STALL_NS) {
        mover->snd_nxt = mover->snd_una;
        mover->moved_ns = now_ns();
    }
    for (unsigned i = 0; i < BARO_BURST_LIMIT && mover->snd_nxt - mover->snd_una + PIECE <= limit; i++) {
        send_frame(mover, ACK, PIECE);
        mover->snd_nxt += PIECE;
        any = true;
    }
    return any;
}

void tap_mover_turn(struct tap_mover *mover)
{
    struct baro_rx_frame frames[BARO_BURST_LIMIT];
    struct pollfd polled = { .fd = baro_tap_descriptor(mover->tap), .events = POLLIN };
    unsigned count = mover->device->rx_burst(mover->device->context, frames, BARO_BURST_LIMIT);

    for (unsigned i = 0; i < count; i++)
        take(mover, &frames[i]);
    if (!send_data(mover) && count == 0)
        (void)poll(&polled, 1, 1);
}

uint64_t tap_mover_octets(const struct tap_mover *mover)
{
    return mover->octets;
}

struct tap_mover *tap_mover_create(struct baro_tap *tap, bool out)
{
    struct tap_mover *mover = calloc(1, sizeof *mover);

    if (mover == NULL)
        return NULL;
    mover->tap = tap;
    mover->device = baro_tap_device(tap);
    mover->out = out;
    memset(mover->payload, 'x', sizeof mover->payload);
    return mover;
}

void tap_mover_free(struct tap_mover *mover)
{
    free(mover);
}
