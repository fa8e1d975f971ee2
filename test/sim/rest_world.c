/* test/sim/rest_world.c: see rest_world.h. */
#include "sim/rest_world.h"

struct world world;
struct tale *told;

/* ---- the cable ---- */

/* Whose frame it is. */
static struct line *line_of(const struct device_frame *frame, unsigned from)
{
    const uint8_t *tcp = frame->data + 14 + (world.ipv6 ? 40 : 20) + (from == 0 ? 0 : 2);
    struct line *line = world.line;

    while (line < &world.line[MOST] && (frame->length < 54 || line->port == 0 || line->port != (tcp[0] << 8 | tcp[1])))
        line++;
    return line;
}

static void fly(const struct device_frame *frame, unsigned to, uint64_t *weather)
{
    struct flying *flying;

    if (world.flies == FLYING || frame->length > FRAME || world.now.ns < world.cut_until_ns)
        return;
    flying = &world.flying[world.flies++];
    flying->to = to;
    flying->length = frame->length;
    flying->at_ns = world.now.ns + (int64_t)(world.delay_ms * NS_PER_MS) +
                    (world.lossy ? (int64_t)chance_draw(weather, 3 * NS_PER_MS) : 0);
    memcpy(flying->octets, frame->data, frame->length);
}

static void keep(struct kept *kept, const struct device_frame *frame)
{
    unsigned at = kept->count % KEPT;

    if (frame->length > FRAME)
        return;
    kept->frame[at].length = frame->length;
    memcpy(kept->frame[at].octets, frame->data, frame->length);
    kept->count++;
}

static void take_off(unsigned from)
{
    const struct device_frame *frame;

    while ((frame = frame_device_take(&world.side[from].device)) != NULL) {
        struct line *line = line_of(frame, from);
        uint64_t *weather = &line->weather[from], fate = world.lossy ? chance_draw(weather, 100) : 99;

        note_number((unsigned)(line - world.line), world.now.ns);
        note((unsigned)(line - world.line), frame->data, frame->length);
        keep(&world.kept[1 - from][line - world.line], frame);
        told->frames++;
        if (fate >= 4)
            fly(frame, 1 - from, weather);
        if (fate == 5)
            fly(frame, 1 - from, weather);
    }
}

static void land(void)
{
    for (unsigned i = 0; i < world.flies;) {
        struct flying *flying = &world.flying[i];

        if (flying->at_ns > world.now.ns) {
            i++;
            continue;
        }
        frame_device_put(&world.side[flying->to].device, flying->octets, flying->length);
        memmove(flying, flying + 1, (--world.flies - i) * sizeof *flying);
    }
}

/* ---- programs ---- */

void write_some(unsigned end, unsigned which)
{
    static uint8_t data[CHUNK];
    struct side *side = &world.side[end];
    size_t length = 1 + draw(one_in(2) ? 300 : CHUNK);
    ptrdiff_t result;

    if (side->fd[which] < 0)
        return;
    for (size_t i = 0; i < length; i++)
        data[i] = octet_at(end, which, side->written[which] + i);
    result = baro_send(side->stack, side->fd[which], data, length, 0);
    note_number(which, result);
    told->timeouts += result == -ETIMEDOUT;
    side->written[which] += result > 0 ? (uint64_t)result : 0;
}

static void read_all(unsigned end, unsigned which)
{
    static uint8_t data[CHUNK];
    struct side *side = &world.side[end];
    ptrdiff_t got;

    if (side->fd[which] < 0)
        return;
    while ((got = baro_recv(side->stack, side->fd[which], data, sizeof data, 0)) > 0) {
        for (ptrdiff_t i = 0; i < got && !world.odd; i++) /* else frames lie, and urgent octets are not in line */
            assert_int_equal(data[i], octet_at(1 - end, which, side->read[which] + (uint64_t)i));
        side->read[which] += (uint64_t)got;
        told->octets += (uint64_t)got;
        note(which, data, (size_t)got);
    }
    note_number(which, got);
    told->timeouts += got == -ETIMEDOUT;
}

static void listen_to_events(unsigned end)
{
    struct baro_ready ready;

    while (baro_next_ready(world.side[end].stack, &ready)) {
        for (unsigned i = 0; i < world.count; i++) {
            if (world.side[end].fd[i] != ready.fd)
                continue;
            note_number(i, ready.events);
            if ((ready.events & BARO_EVENT_IN) != 0)
                read_all(end, i);
        }
    }
}

void set(struct side *side, int fd, enum baro_option option, int value)
{
    note_number(MOST, baro_setsockopt(side->stack, fd, option, &value, sizeof value));
}

void set_ms(struct side *side, int fd, enum baro_option option, uint64_t ms)
{
    struct baro_duration span = { (int64_t)ms * NS_PER_MS };

    note_number(MOST, baro_setsockopt(side->stack, fd, option, &span, sizeof span));
}

void choose_keepalive(struct side *side, int fd)
{
    set_ms(side, fd, BARO_TCP_KEEPALIVE_IDLE, 3000 + draw(one_in(2) ? 20000 : 60000));
    set_ms(side, fd, BARO_TCP_KEEPALIVE_INTERVAL, 500 + draw(20000));
    set(side, fd, BARO_TCP_KEEPALIVE_COUNT, 1 + (int)draw(6));
    set(side, fd, BARO_SO_KEEPALIVE, 1);
    if (one_in(4))
        set_ms(side, fd, BARO_TCP_USER_TIMEOUT, 5000 + draw(60000));
}

/* ---- time ---- */

void pass(int64_t span_ms, int64_t step_ms)
{
    int64_t end_ns = world.now.ns + span_ms * NS_PER_MS;

    while (world.now.ns < end_ns) {
        int64_t next_ns = world.now.ns + step_ms * NS_PER_MS;

        for (unsigned i = 0; i < world.flies; i++)
            next_ns = world.flying[i].at_ns < next_ns ? world.flying[i].at_ns : next_ns;
        world.now.ns = next_ns < end_ns ? next_ns : end_ns;
        land();
        for (unsigned end = 0; end < 2; end++) {
            baro_stack_poll(world.side[end].stack, world.now);
            take_off(end);
            listen_to_events(end);
            baro_stack_flush(world.side[end].stack);
            take_off(end);
        }
    }
}
