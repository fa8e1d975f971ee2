/* test/sim/rest_odd.c: what programs and networks seldom do: calls that make no sense or come in an odd order, every
 * option, a second life of a port, an address that goes, frames of long ago, and routers that say odd things about
 * them. */
#include "sim/rest_world.h"

/* ---- programs ---- */

static void ask_all_options(struct side *side, unsigned which)
{
    for (int option = 0; option < BARO_OPTION_COUNT; option++) {
        uint8_t value[2048] = { 0 };
        size_t length = sizeof value;

        if (option == BARO_IP_GROUP_FILTER)
            continue;
        note_number(which, baro_getsockopt(side->stack, side->fd[which], (enum baro_option)option, value, &length));
        if (option == BARO_SO_LINGER)
            memset(value + sizeof(int), 0, offsetof(struct baro_linger, time) - sizeof(int)); /* padding */
        note(which, value, length);
    }
}

static void odd_option(struct side *side, unsigned which)
{
    static const enum baro_option yes_or_no[] = {
        BARO_SO_REUSE_ADDRESS, BARO_SO_REUSE_PORT, BARO_SO_OOB_INLINE, BARO_TCP_CORK, BARO_IP_RECV_ERROR,
        BARO_TCP_CONGESTION, BARO_SO_HOLD_SYN, BARO_SO_TRANSPARENT,
    };
    static const enum baro_option octets[] = {
        BARO_SO_SEND_BUFFER,   BARO_SO_RECV_BUFFER,        BARO_SO_RECV_LOW_WATER,
        BARO_TCP_WINDOW_CLAMP, BARO_TCP_NOTSENT_LOW_WATER, BARO_TCP_MAXSEG,
    };
    struct baro_linger linger = { .on = one_in(2), .time = { (int64_t)draw(5) * NS_PER_S } };
    const uint64_t rate = one_in(2) ? 0 : 1000 + draw(1000000);
    const int fd = side->fd[which];

    switch (draw(7)) {
    case 0:
    case 1:
        set(side, fd, yes_or_no[draw(sizeof yes_or_no / sizeof yes_or_no[0])], one_in(2));
        break;
    case 2:
    case 3:
        set(side, fd, octets[draw(sizeof octets / sizeof octets[0])], (int)draw(one_in(2) ? 5000 : 200000));
        break;
    case 4:
        set(side, fd, BARO_IP_TOS, (int)draw(256));
        break;
    case 5:
        note_number(which, baro_setsockopt(side->stack, fd, BARO_SO_MAX_PACING_RATE, &rate, sizeof rate));
        break;
    default:
        note_number(which, baro_setsockopt(side->stack, fd, BARO_SO_LINGER, &linger, sizeof linger));
        set_ms(side, fd, BARO_TCP_USER_TIMEOUT, one_in(2) ? 0 : draw(60000));
        set_ms(side, fd, BARO_TCP_ORPHAN_TIME, draw(60000));
        break;
    }
    ask_all_options(side, which);
}

static void odd_receive(struct side *side, unsigned which)
{
    static const unsigned flags[] = {
        BARO_MSG_PEEK, BARO_MSG_OOB, BARO_MSG_TRUNCATE, BARO_MSG_PEEK | BARO_MSG_OOB, 0, 0
    };
    const unsigned flag = flags[draw(6)];
    uint8_t data[CHUNK];
    ptrdiff_t got = baro_recv(side->stack, side->fd[which], data, draw(one_in(3) ? 3 : CHUNK), flag);

    note_number(which, got);
    if (got > 0 && (flag & BARO_MSG_TRUNCATE) == 0)
        note(which, data, (size_t)got);
}

static void odd_send(struct side *side, unsigned end, unsigned which)
{
    const unsigned flags = one_in(3) ? BARO_MSG_OOB : one_in(2) ? BARO_MSG_MORE : 0;
    uint8_t data[300];
    size_t length = draw(sizeof data);
    ptrdiff_t result;

    for (size_t i = 0; i < length; i++)
        data[i] = octet_at(end, which, side->written[which] + i);
    result = baro_send(side->stack, side->fd[which], data, length, flags);
    note_number(which, result);
    side->written[which] += result > 0 ? (uint64_t)result : 0;
}

/* Most often what was reserved, or a part of it, is committed at once; else later, or never, or more than it. */
static void reserve(struct side *side, unsigned end, unsigned which)
{
    struct baro_buffer part[2];
    ptrdiff_t got = baro_send_reserve(side->stack, side->fd[which], draw(one_in(2) ? 4 : CHUNK), part);
    uint64_t offset = side->written[which];

    note_number(which, got);
    for (unsigned i = 0; i < 2; i++) {
        for (size_t at = 0; at < part[i].length; at++)
            part[i].data[at] = octet_at(end, which, offset++);
    }
    if (one_in(4))
        return;
    got = baro_send_commit(side->stack, side->fd[which], got > 0 ? draw((uint64_t)got + 2) : 0);
    note_number(which, got);
    side->written[which] += got > 0 ? (uint64_t)got : 0;
}

static void peek(struct side *side, unsigned which)
{
    struct baro_bytes part[2];
    ptrdiff_t got = baro_recv_peek(side->stack, side->fd[which], part);

    note_number(which, got);
    for (unsigned i = 0; i < 2; i++)
        note(which, part[i].data, part[i].length);
    note_number(which, baro_recv_consume(side->stack, side->fd[which],
                                         one_in(2) ? draw(3)
                                         : got > 0 ? (size_t)got
                                                   : 0));
}

static void odd_place(struct side *side, unsigned end, unsigned which)
{
    uint8_t *posted = world.posted[end][which];
    const int fd = side->fd[which];
    ptrdiff_t got;

    switch (draw(6)) {
    case 0:
        peek(side, which);
        break;
    case 1:
        note_number(which, baro_recv_consume(side->stack, fd, draw(3)));
        break;
    case 2:
        reserve(side, end, which);
        break;
    case 3:
        note_number(which, baro_recv_post(side->stack, fd, posted, 1 + draw(CHUNK)));
        break;
    case 4:
        got = baro_recv_collect(side->stack, fd);
        note_number(which, got);
        note(which, posted, got > 0 ? (size_t)got : 0);
        break;
    default:
        note_number(which, baro_send_commit(side->stack, fd, draw(3)));
        break;
    }
}

/* A connection is asked for what is a new socket's, or a listener's. */
static void odd_call(struct side *side, unsigned which)
{
    const int fd = side->fd[which];
    struct baro_endpoint end[2];

    memset(end, 0, sizeof end);
    note_number(which, baro_getsockname(side->stack, fd, &end[0]));
    note_number(which, baro_getpeername(side->stack, fd, &end[1]));
    note(which, end, sizeof end);
    note_number(which, baro_connect(side->stack, fd, &end[1]));
    note_number(which, baro_listen(side->stack, fd, 3));
    note_number(which, baro_bind(side->stack, fd, &end[0]));
    note_number(which, baro_accept(side->stack, fd, NULL));
    note_number(which, baro_writable_bytes(side->stack, fd));
    baro_prefetch(side->stack, side->fd, MOST);
}

/* Somebody else asks for a port that is, or was, in use. */
static void odd_bind(struct side *side, unsigned end, unsigned which)
{
    struct baro_endpoint own = { address(end), { one_in(2) ? world.line[which].port : PORT } };
    int fd = baro_socket(side->stack, address(0).family, BARO_STREAM);

    if (one_in(3))
        own.address = one_in(2) ? (struct baro_address){ .family = address(0).family }
                      : world.ipv6 ? baro_ipv6(0, 0, 0, 0, 0, 0, 0, 1) : baro_ipv4(127, 0, 0, 1);
    set(side, fd, BARO_SO_REUSE_ADDRESS, one_in(2));
    note_number(MOST, baro_bind(side->stack, fd, &own));
    note_number(MOST, baro_close(side->stack, fd));
}

/* Who has been closed at both ends connects again, now and then from the same port. */
static void connect_again(unsigned which)
{
    const struct baro_endpoint to = { address(1), { PORT } };
    struct baro_endpoint own = { address(0), { world.line[which].port } };
    struct side *side = &world.side[0];
    int fd = baro_socket(side->stack, address(0).family, BARO_STREAM), result;

    if (one_in(3)) {
        set(side, fd, BARO_SO_REUSE_ADDRESS, 1);
        note_number(which, baro_bind(side->stack, fd, &own));
    }
    result = baro_connect(side->stack, fd, &to);
    note_number(which, result);
    if (result != -EINPROGRESS) {
        baro_close(side->stack, fd);
        return;
    }
    assert_int_equal(baro_getsockname(side->stack, fd, &own), 0);
    world.line[which].port = own.port.number;
    side->fd[which] = fd;
}

static void accept_all(void)
{
    struct side *side = &world.side[1];
    struct baro_endpoint peer;
    int fd;

    while ((fd = baro_accept(side->stack, side->listener, &peer)) >= 0) {
        unsigned which = 0;

        while (which < world.count && world.line[which].port != peer.port.number)
            which++;
        note_number(which < world.count ? which : MOST, peer.port.number);
        if (which < world.count && side->fd[which] < 0)
            side->fd[which] = fd;
        else
            baro_close(side->stack, fd);
    }
}

/* ---- the network ---- */

static void odd_address(unsigned end)
{
    note_number(MOST, baro_stack_remove_address(world.side[end].stack, 1, address(end)));
    pass((int64_t)draw(100), 10);
    note_number(MOST, baro_stack_add_address(world.side[end].stack, 1, address(end), world.ipv6 ? 64 : 24, false));
}

static uint16_t word_at(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static void put_word(uint8_t *at, uint32_t word)
{
    at[0] = (uint8_t)(word >> 8);
    at[1] = (uint8_t)word;
}

static uint32_t sum(uint32_t begin, const uint8_t *at, size_t length)
{
    for (size_t i = 0; i < length; i += 2)
        begin += word_at(at + i);
    return begin;
}

static uint32_t folded(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    return ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
}

/* Another word at an even place, and the checksum follows (RFC 1624). */
static void change_word(uint8_t *tcp, unsigned place, uint16_t word)
{
    uint32_t checksum = (uint16_t)~word_at(tcp + 16) + (uint32_t)(uint16_t)~word_at(tcp + place) + word;

    put_word(tcp + place, word);
    put_word(tcp + 16, folded(checksum));
}

/* One of long ago comes again, as it was or with other flags, and a number nearby. */
static void odd_frame(unsigned to)
{
    static const uint8_t flags[] = { 0x04, 0x14, 0x02, 0x12, 0x10, 0x11, 0x18, 0x00, 0x29, 0x38 };
    const struct kept *kept = &world.kept[to][draw(world.count)];
    unsigned which = (unsigned)draw(KEPT), length = kept->frame[which].length;
    uint8_t frame[FRAME], *tcp = frame + 14 + (world.ipv6 ? 40 : 20);

    if (length < 74 || one_in(3))
        return;
    memcpy(frame, kept->frame[which].octets, length);
    if (one_in(2)) {
        change_word(tcp, 12, (uint16_t)(tcp[12] << 8 | flags[draw(sizeof flags)]));
        if (one_in(2))
            change_word(tcp, 6, (uint16_t)(word_at(tcp + 6) + draw(3) - 1 + draw(one_in(2) ? 3000 : 1)));
    }
    frame_device_put(&world.side[to].device, frame, length);
}

/* The same header for an ICMP message of this length that answers the packet at `frame`; the pseudo-header's sum. */
static uint32_t answer_header(uint8_t *answer, const uint8_t *frame, unsigned length)
{
    const unsigned addresses = world.ipv6 ? 22 : 26, octets = world.ipv6 ? 16 : 4;

    memcpy(answer, frame, world.ipv6 ? 54 : 34);
    memcpy(answer, frame + 6, 6);
    memcpy(answer + 6, frame, 6);
    memcpy(answer + addresses, frame + addresses + octets, octets);
    memcpy(answer + addresses + octets, frame + addresses, octets);
    if (world.ipv6) {
        put_word(answer + 18, length);
        answer[20] = 58;
        return sum(length + 58, answer + addresses, 32);
    }
    put_word(answer + 16, 20 + length);
    answer[23] = 1;
    put_word(answer + 24, 0);
    put_word(answer + 24, folded(sum(0, answer + 14, 20)));
    return 0;
}

/* A router says that a frame was too big, or did not arrive. */
static void odd_icmp(unsigned to)
{
    const struct kept *kept = &world.kept[1 - to][draw(world.count)];
    const unsigned which = one_in(2) ? (kept->count + KEPT - 1) % KEPT : (unsigned)draw(KEPT),
                   ip = world.ipv6 ? 54 : 34;
    const bool too_big = one_in(2);
    unsigned quoted = kept->frame[which].length - 14;
    uint8_t frame[256] = { 0 };
    uint32_t pseudo;

    if (kept->frame[which].length < ip + 20)
        return;
    quoted = quoted < (world.ipv6 ? 100 : 28) ? quoted & ~1u : (world.ipv6 ? 100 : 28);
    pseudo = answer_header(frame, kept->frame[which].octets, 8 + quoted);
    frame[ip] = world.ipv6 ? (too_big ? 2 : 1) : 3;
    frame[ip + 1] = (uint8_t)(!too_big ? draw(world.ipv6 ? 5 : 13) : world.ipv6 ? 0 : 4);
    put_word(frame + ip + 6, too_big ? 600 + (uint32_t)draw(1000) : 0);
    memcpy(frame + ip + 8, kept->frame[which].octets + 14, quoted);
    put_word(frame + ip + 2, folded(sum(pseudo, frame + ip, 8 + quoted)));
    frame_device_put(&world.side[to].device, frame, ip + 8 + quoted);
}

void odd(void)
{
    const unsigned end = (unsigned)draw(2), which = (unsigned)draw(world.count), what = (unsigned)draw(14);
    struct side *side = &world.side[end];

    if (one_in(400))
        odd_address(end);
    accept_all();
    if (what < 3)
        odd_frame(end);
    else if (what == 3)
        odd_icmp(end);
    else if (world.side[0].fd[which] < 0 && world.side[1].fd[which] < 0)
        connect_again(which);
    else if (side->fd[which] < 0)
        return;
    else if (what == 4)
        odd_bind(side, end, which);
    else if (what == 5)
        odd_call(side, which);
    else if (what == 6)
        odd_receive(side, which);
    else if (what == 7)
        odd_option(side, which);
    else if (what == 8)
        odd_send(side, end, which);
    else
        odd_place(side, end, which);
}
