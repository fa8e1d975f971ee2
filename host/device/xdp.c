/* host/device/xdp.c: frames through an AF_XDP socket.
 *
 * A received frame of one piece is lent from its chunk, which goes back to the kernel's fill ring at rx_end; one of
 * several pieces is put together in memory of our own. A frame to send is copied into chunks that are ours again when
 * the kernel says that it is gone; sending is one system call for as many frames as the kernel takes at once.
 *
 * AF_XDP tells nothing of checksums. Over a veth the other namespace's kernel leaves them undone: what holds just
 * the pseudo-header's sum is taken for such a one there, and completed if no stack with BARO_DEVICE_RX_CHECKSUM is
 * behind. */
#include "xdp.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "whole.h"

static uint8_t *chunk_at(const struct xdp *xdp, uint32_t chunk)
{
    return xdp->memory + (size_t)chunk * xdp->received.chunk;
}

/* Puts pieces together; they are `octets` in all, no more than fit. */
static uint8_t *put_together(const struct xdp *xdp, uint32_t entries, unsigned place)
{
    uint8_t *whole = xdp->whole + (size_t)place * xdp->whole_size;
    uint32_t at = 0;

    for (uint32_t i = 0; i < entries; i++) {
        const struct xdp_desc *piece = xdp_ring_frame(&xdp->rx, xdp->rx.at + i);

        memcpy(whole + at, xdp->memory + piece->addr, piece->len);
        at += piece->len;
    }
    return whole;
}

/* What the kernel at the other end of a veth left to nobody. */
static void look_at_checksum(struct baro_link *link, uint8_t *data, struct baro_rx_frame *frame)
{
    struct whole_transport transport;

    if (!link->local || !whole_find(data, frame->length, &transport) ||
        !whole_is_undone(data, frame->length, &transport))
        return;
    frame->checksum = BARO_RX_CHECKSUM_VERIFIED;
    link->counts.undone_in++;
    if (link->offloads)
        return;
    (void)whole_complete(data, transport.end, transport.transport, transport.checksum - transport.transport);
    link->counts.completed++;
}

/* The frame at the ring's index, of which `look` tells. False: it is dropped. */
static bool take_frame(struct baro_link *link, struct xdp *xdp, const struct xdp_frame *look, unsigned place,
                       struct baro_rx_frame *frame)
{
    uint8_t *data;

    if (!look->right) {
        link->counts.malformed++;
        return false;
    }
    if (look->octets > link->device.mtu + LINK_HEADER) {
        link->counts.too_long++;
        return false;
    }
    if (look->entries == 1)
        data = xdp->memory + xdp_ring_frame(&xdp->rx, xdp->rx.at)->addr;
    else if (xdp->whole != NULL)
        data = put_together(xdp, look->entries, place);
    else {
        link->counts.malformed++; /* a frame of the MTU fits one chunk */
        return false;
    }
    *frame = (struct baro_rx_frame){ .data = data, .length = look->octets };
    look_at_checksum(link, data, frame);
    return true;
}

/* The kernel takes some 32 frames a call, and asks to be called again by EAGAIN. */
static void kick(struct baro_link *link, struct xdp *xdp)
{
    uint32_t left = xdp->tx.size - xdp_ring_room(&xdp->tx);

    while (left != 0 && (*(volatile uint32_t *)xdp->tx.flags & XDP_RING_NEED_WAKEUP) != 0) {
        int result = (int)sendto(link->fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
        uint32_t before = left;

        left = xdp->tx.size - xdp_ring_room(&xdp->tx);
        if (result < 0 && errno != EAGAIN && errno != EBUSY && errno != ENOBUFS && left == before) {
            link->counts.refused++; /* the interface is down */
            break;
        }
        if (left == before)
            break; /* no room now: the next call tries again */
    }
}

unsigned xdp_rx_burst(void *context, struct baro_rx_frame *frames, unsigned limit)
{
    struct baro_link *link = context;
    struct xdp *xdp = link->kind;
    uint32_t filled = xdp_ring_filled(&xdp->rx);
    unsigned count = 0;

    if (limit > BARO_BURST_LIMIT)
        limit = BARO_BURST_LIMIT;
    if (filled == 0)
        link_look_for_errors(link);
    if (xdp_ring_room(&xdp->tx) != xdp->tx.size)
        kick(link, xdp); /* what the kernel did not take the last time */
    while (filled != 0 && count < limit) {
        struct xdp_frame look = xdp_frame_look(&xdp->rx, filled, &xdp->received);

        if (!look.whole && look.entries < xdp->rx.size)
            break; /* its other pieces are on their way */
        count += take_frame(link, xdp, &look, count, &frames[count]);
        xdp->rx.at += look.entries;
        filled -= look.entries;
    }
    link->counts.frames_in += count;
    return count;
}

/* The chunks of the entries since the last time go back to the kernel, then the entries. */
void xdp_rx_end(void *context)
{
    struct baro_link *link = context;
    struct xdp *xdp = link->kind;
    uint32_t first = *xdp->rx.consumer, room = xdp_ring_room(&xdp->fill);

    if (first == xdp->rx.at)
        return;
    for (; first != xdp->rx.at; first++) {
        uint64_t address = xdp_ring_frame(&xdp->rx, first)->addr;

        if (address >= (uint64_t)xdp->received.chunk * xdp->received.chunks || room == 0)
            continue;
        *xdp_ring_address(&xdp->fill, xdp->fill.at++) = address & ~(uint64_t)(xdp->received.chunk - 1);
        room--;
    }
    xdp_ring_produced(&xdp->fill);
    xdp_ring_consumed(&xdp->rx);
    if ((*(volatile uint32_t *)xdp->fill.flags & XDP_RING_NEED_WAKEUP) != 0)
        (void)recvfrom(link->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

/* Takes back the chunks that the kernel has done with. */
static void reclaim(struct xdp *xdp)
{
    uint32_t done = xdp_ring_filled(&xdp->completion);

    for (uint32_t i = 0; i < done; i++) {
        uint64_t chunk = *xdp_ring_address(&xdp->completion, xdp->completion.at++) / xdp->received.chunk;

        if (chunk >= XDP_CHUNKS && chunk < 2 * XDP_CHUNKS && xdp->idles < XDP_CHUNKS)
            xdp->idle[xdp->idles++] = (uint32_t)chunk;
    }
    if (done != 0)
        xdp_ring_consumed(&xdp->completion);
}

unsigned xdp_tx_room(void *context)
{
    struct baro_link *link = context;
    struct xdp *xdp = link->kind;
    uint32_t room = xdp_ring_room(&xdp->tx);

    if (xdp->idles < BARO_BURST_LIMIT * xdp->pieces)
        reclaim(xdp);
    if (room > xdp->idles)
        room = xdp->idles;
    room /= xdp->pieces;
    return room > BARO_BURST_LIMIT ? BARO_BURST_LIMIT : room;
}

static uint32_t length_of(const struct baro_tx_frame *frame)
{
    size_t length = 0;

    for (unsigned i = 0; i < frame->parts; i++)
        length += frame->part[i].length;
    return length > LINK_SUPER ? LINK_SUPER : (uint32_t)length;
}

/* Copies a frame into chunks and describes them. */
static void put_frame(struct xdp *xdp, const struct baro_tx_frame *frame, uint32_t length)
{
    unsigned part = 0;
    size_t in_part = 0;

    while (length != 0) {
        uint32_t chunk = xdp->idle[--xdp->idles], octets = length < xdp->received.chunk ? length : xdp->received.chunk;
        uint8_t *to = chunk_at(xdp, chunk);

        for (uint32_t at = 0; at < octets;) {
            size_t left = frame->part[part].length - in_part, some = left < octets - at ? left : octets - at;

            if (some != 0)
                memcpy(to + at, frame->part[part].data + in_part, some);
            at += (uint32_t)some;
            in_part += some;
            if (in_part == frame->part[part].length) {
                part++;
                in_part = 0;
            }
        }
        length -= octets;
        *xdp_ring_frame(&xdp->tx, xdp->tx.at++) = (struct xdp_desc){ .addr = (uint64_t)chunk * xdp->received.chunk,
                                                                     .len = octets,
                                                                     .options = length != 0 ? XDP_PKT_CONTD : 0 };
    }
}

unsigned xdp_tx_burst(void *context, const struct baro_tx_frame *frames, unsigned count)
{
    struct baro_link *link = context;
    struct xdp *xdp = link->kind;
    unsigned done = 0, room = xdp_tx_room(link);

    for (; done < count && done < room; done++) {
        uint32_t length = length_of(&frames[done]);

        if (length > xdp->pieces * xdp->received.chunk || length < LINK_HEADER)
            link->counts.refused++;
        else {
            put_frame(xdp, &frames[done], length);
            link->counts.frames_out++;
        }
    }
    xdp_ring_produced(&xdp->tx);
    kick(link, xdp);
    link->counts.refused += count - done;
    return done;
}
