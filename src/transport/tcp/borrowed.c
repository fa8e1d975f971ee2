/* transport/tcp/borrowed.c: borrowed frames: text in order goes from its frame to the program, if that reads in its
 * turn.
 *
 * A host polls its stack, its programs read, and it flushes. Of what is read so nothing need ever stand in the receive
 * ring. So the frames of a burst that brought expected segments stay borrowed until the turn is over (baro_stack_flush,
 * or the next poll), and where their text stands is only noted, one note a frame. For everything else the text is in
 * the ring: its place there is reserved, positions, window, readiness and counters are what they would be. Only who
 * looks at octets asks whether some are borrowed:
 *
 *   - a program that receives has them copied straight out of the frame;
 *   - one that peeks gets the frame's own octets, if what there is has two parts at most, since that is promised;
 *   - when the turn is over, the rest is copied to its place in the ring, and the frames go; when all is read, they go
 *     at once.
 *
 * Borrowed is always the end of what a connection has in order: recv.borrowed is the number of its first note and 1, 0
 * without, its other notes are behind that one, and the last one ends at recv.end. Text of the same burst that goes
 * into the ring behind it (the slow path) settles what is borrowed of the connection first; before another burst, and
 * the loopback's frames, all goes. Notes name connections as all stored references do, by a handle: of one that ended
 * meanwhile nothing is copied.
 *
 * The sum is verified when the segment comes, as ever, by a pass of its own in place of one that copies, too. That is a
 * loss for programs that always read later (other threads, other processes), and nobody says beforehand which ones
 * these are. So when of a burst most was left unread, the next TCP_BORROWED_PAUSE bursts are copied at once, and then
 * it is tried again. No segment, counter or answer is different for it. */
#include "base/likely.h"
#include "transport/tcp/exchange.h"

void tcp_burst_begins(struct tcp *tcp, bool stays, bool as_one)
{
    struct tcp_borrowed *borrowed = &tcp->borrowed;

    tcp->stretch_acks = as_one;
    borrowed->stays = stays;
    if (UNLIKELY(borrowed->pause != 0)) {
        borrowed->stays = false;
        borrowed->pause--;
    }
}

bool tcp_burst_ends(const struct tcp *tcp)
{
    return tcp->borrowed.count != 0;
}

bool tcp_borrowed_is_read(const struct tcp *tcp)
{
    return tcp->borrowed.unread == 0;
}

static struct tcp_borrowed_text *first_of(struct tcp_borrowed *borrowed, const struct tcp_connection *c)
{
    return &borrowed->text[c->recv.borrowed - 1];
}

/* The next one of the same connection: there is one. */
static struct tcp_borrowed_text *next_of(struct tcp_borrowed_text *text)
{
    const struct tcp_connection *c = text->place;

    do
        text++;
    while (text->place != c);
    return text;
}

static bool is_last(const struct tcp_connection *c, const struct tcp_borrowed_text *text)
{
    return text->offset + text->octets == c->recv.end;
}

static void settle(struct tcp_borrowed *borrowed, struct tcp_borrowed_text *text)
{
    ring_write(&text->place->recv, text->offset, text->at, text->octets);
    text->octets = 0;
    borrowed->unread--;
}

void tcp_borrowed_settle(struct tcp *tcp)
{
    struct tcp_borrowed *borrowed = &tcp->borrowed;

    if (2 * borrowed->unread > borrowed->count)
        borrowed->pause = TCP_BORROWED_PAUSE;
    for (struct tcp_borrowed_text *text = borrowed->text; text != &borrowed->text[borrowed->count]; text++) {
        if (text->octets == 0 || !pool_is_still(text->place, text->handle))
            continue;
        settle(borrowed, text);
        text->place->recv.borrowed = 0;
    }
    borrowed->count = borrowed->unread = 0;
}

void tcp_borrowed_forget(struct tcp *tcp)
{
    struct tcp_borrowed *borrowed = &tcp->borrowed;

    for (struct tcp_borrowed_text *text = borrowed->text; text != &borrowed->text[borrowed->count]; text++) {
        if (text->octets != 0 && !pool_is_still(text->place, text->handle)) {
            text->octets = 0;
            text->place = NULL;
        }
    }
}

void tcp_borrowed_settle_of(struct tcp *tcp, struct tcp_connection *c)
{
    struct tcp_borrowed_text *text = first_of(&tcp->borrowed, c);
    bool last = is_last(c, text);

    settle(&tcp->borrowed, text);
    while (!last) {
        text = next_of(text);
        last = is_last(c, text);
        settle(&tcp->borrowed, text);
    }
    c->recv.borrowed = 0;
}

__attribute__((noinline)) void tcp_borrowed_passed(struct tcp *tcp, struct tcp_connection *c)
{
    struct tcp_borrowed_text *text = first_of(&tcp->borrowed, c);

    while (c->recv.begin > text->offset) {
        uint64_t passed = c->recv.begin - text->offset;

        if (passed < text->octets) {
            text->at += passed;
            text->offset += passed;
            text->octets -= (uint32_t)passed;
            break;
        }
        text->offset += text->octets;
        text->octets = 0;
        tcp->borrowed.unread--;
        if (is_last(c, text)) {
            c->recv.borrowed = 0;
            return;
        }
        text = next_of(text);
    }
    c->recv.borrowed = (uint16_t)(text - tcp->borrowed.text + 1);
}

__attribute__((noinline)) void tcp_borrowed_read(const struct tcp *tcp, const struct tcp_connection *c, uint64_t offset,
                                                 uint8_t *data, uint32_t length)
{
    const struct tcp_borrowed_text *text = &tcp->borrowed.text[c->recv.borrowed - 1];

    if (offset < text->offset) {
        uint32_t before = text->offset - offset < length ? (uint32_t)(text->offset - offset) : length;

        ring_read(&c->recv, offset, data, before);
        offset += before;
        data += before;
        length -= before;
    }
    for (; length != 0; text++) {
        uint32_t from, octets;

        if (text->place != c || offset >= text->offset + text->octets)
            continue;
        from = (uint32_t)(offset - text->offset);
        octets = text->octets - from < length ? text->octets - from : length;
        octets_copy(data, text->at + from, octets);
        offset += octets;
        data += octets;
        length -= octets;
    }
}

bool tcp_borrowed_slice(const struct tcp *tcp, const struct tcp_connection *c, struct baro_bytes part[2])
{
    const struct tcp_borrowed_text *text = &tcp->borrowed.text[c->recv.borrowed - 1];
    unsigned parts = ring_slice(&c->recv, c->recv.begin, (uint32_t)(text->offset - c->recv.begin), part);

    for (uint64_t end = text->offset; end != c->recv.end; text++) {
        if (text->place != c)
            continue;
        if (parts == 2)
            return false;
        part[parts++] = (struct baro_bytes){ text->at, text->octets };
        end = text->offset + text->octets;
    }
    return true;
}
