/* Whose readiness may have changed, against a queue as simple as can be: each stands in it once, in the order in which
 * it joined, and who is forgotten nowhere. More than the row holds, asked for in pieces, with others who join and leave
 * meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "transport/tcp/parts.h"

enum { OWNERS = 4 * TCP_ROW, STEPS = 200000 };

struct model {
    uint32_t waits[OWNERS], count;
    bool is_there[OWNERS];
};

static struct tcp tcp;
static struct tcp_event event[OWNERS];
static struct model model;

static void begin(void)
{
    memset(&tcp, 0, sizeof tcp);
    memset(event, 0, sizeof event);
    memset(&model, 0, sizeof model);
    tcp.events.next = tcp.events.previous = &tcp.events;
    for (uint32_t i = 0; i < OWNERS; i++)
        event[i].owner = i;
}

static void tell(uint32_t owner)
{
    tcp_event(&tcp, &event[owner]);
    if (!model.is_there[owner])
        model.waits[model.count++] = owner;
    model.is_there[owner] = true;
}

static void take_out(uint32_t at, uint32_t count)
{
    for (uint32_t i = at; i < at + count; i++)
        model.is_there[model.waits[i]] = false;
    model.count -= count;
    memmove(model.waits + at, model.waits + at + count, (model.count - at) * sizeof model.waits[0]);
}

static void forget(uint32_t owner)
{
    tcp_event_forget(&tcp, &event[owner]);
    for (uint32_t i = 0; i < model.count; i++) {
        if (model.waits[i] == owner)
            take_out(i, 1);
    }
}

static void ask(unsigned most)
{
    uint32_t owner[OWNERS];
    const unsigned count = tcp_next_events(&tcp, owner, most);

    assert_int_equal(count, model.count < most ? model.count : most);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(owner[i], model.waits[i]);
        assert_null(event[owner[i]].next);
        assert_null(event[owner[i]].previous);
    }
    take_out(0, count);
}

static void each_once_in_order(void **state)
{
    (void)state;
    begin();
    assert_false(tcp_has_events(&tcp));
    for (uint32_t i = 0; i < OWNERS; i++)
        tell(i * 37 % OWNERS);
    tell(0);
    ask(3);
    ask(TCP_ROW);
    ask(OWNERS);
    assert_false(tcp_has_events(&tcp));
    ask(1);
}

static void who_is_forgotten_leaves(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 0; i < TCP_ROW + 2; i++)
        tell(i);
    ask(1);
    forget(0); /* nobody */
    forget(1);
    forget(TCP_ROW);
    forget(TCP_ROW - 1);
    tell(TCP_ROW + 5);
    tell(1);
    ask(OWNERS);
    tell(9);
    forget(9);
    assert_false(tcp_has_events(&tcp));
}

static void anything_goes(void **state)
{
    uint32_t random = 7;

    (void)state;
    begin();
    for (uint32_t i = 0; i < STEPS; i++) {
        uint32_t owner;

        random = random * UINT32_C(1664525) + UINT32_C(1013904223);
        owner = (random >> 16) % OWNERS;
        switch ((random >> 8) % ((i >> 9) % 2 == 0 ? 8 : 3)) { /* now more come than are asked for, now fewer */
        case 0:
            forget(owner);
            break;
        case 1:
            ask(owner % 5);
            break;
        default:
            tell(owner);
        }
        assert_int_equal(tcp_has_events(&tcp), model.count != 0);
    }
    ask(OWNERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_once_in_order),
        cmocka_unit_test(who_is_forgotten_leaves),
        cmocka_unit_test(anything_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
