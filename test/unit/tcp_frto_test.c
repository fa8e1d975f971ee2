/* F-RTO by RFC 5682's steps: what each ACK after a timeout means, without SACK (§2.1) and with it (§3.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "transport/tcp/frto.h"

/* The first ACK as it is when the test may go on. */
static const struct frto_ack first = { .advances = true, .whole = true, .news = true, .new_text = true };

static uint8_t after_first(bool sack)
{
    uint8_t step = frto_timeout(FRTO_OFF, false);
    struct frto_ack ack = first;

    ack.sack = sack;
    assert_int_equal(step, FRTO_REPAIR);
    assert_int_equal(frto_acked(&step, &ack), FRTO_SEND_NEW);
    assert_int_equal(step, FRTO_NEW);
    return step;
}

static void the_second_ack_decides(void **state)
{
    static const struct {
        struct frto_ack ack;
        enum frto_verdict verdict;
    } rows[] = {
        { { .advances = true, .news = true }, FRTO_SPURIOUS },
        { { .advances = true, .news = true, .covers = true }, FRTO_SPURIOUS },
        { { .advances = true, .news = true, .covers = true, .beyond = true }, FRTO_SPURIOUS },
        { { .duplicate = true }, FRTO_GENUINE },
        { { .sack = true, .advances = true, .news = true }, FRTO_SPURIOUS },
        { { .sack = true, .duplicate = true, .news = true }, FRTO_SPURIOUS }, /* SACKED, from before the timeout */
        { { .sack = true, .duplicate = true, .news = true, .beyond = true }, FRTO_GENUINE },
        { { .sack = true, .advances = true, .news = true, .beyond = true }, FRTO_GENUINE },
        { { .sack = true, .duplicate = true }, FRTO_GENUINE }
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t step = after_first(rows[i].ack.sack);

        assert_int_equal(frto_acked(&step, &rows[i].ack), rows[i].verdict);
        assert_int_equal(step, FRTO_OFF);
        assert_int_equal(frto_acked(&step, &rows[i].ack), FRTO_NOTHING);
    }
}

/* §3.1 step 3: a window update is neither. */
static void other_acks_are_ignored(void **state)
{
    static const struct frto_ack other = { .new_text = true };
    uint8_t step = FRTO_REPAIR;

    (void)state;
    assert_int_equal(frto_acked(&step, &other), FRTO_NOTHING);
    assert_int_equal(step, FRTO_REPAIR);
    step = after_first(false);
    assert_int_equal(frto_acked(&step, &other), FRTO_NOTHING);
    assert_int_equal(step, FRTO_NEW);
}

static void the_first_ack_ends_the_test_where_it_cannot_tell(void **state)
{
    struct frto_ack ack;
    uint8_t step;

    (void)state;
    for (unsigned sack = 0; sack < 2; sack++) {
        for (unsigned what = 0; what < 3; what++) {
            ack = first;
            ack.sack = sack != 0;
            ack.whole = what != 0;    /* only a part of what was sent again */
            ack.covers = what == 1;   /* everything at once */
            ack.new_text = what != 2; /* nothing new to send */
            step = FRTO_REPAIR;
            assert_int_equal(frto_acked(&step, &ack), FRTO_NOTHING);
            assert_int_equal(step, FRTO_OFF);
        }
    }
    ack = (struct frto_ack){ .duplicate = true, .new_text = true };
    step = FRTO_REPAIR;
    assert_int_equal(frto_acked(&step, &ack), FRTO_NOTHING);
    assert_int_equal(step, FRTO_OFF); /* §2.1 step 2a */
    ack.sack = true;
    step = FRTO_REPAIR;
    assert_int_equal(frto_acked(&step, &ack), FRTO_NOTHING);
    assert_int_equal(step, FRTO_REPAIR); /* §3.1 step 2: stay */
}

static void only_a_first_timeout_begins_the_test(void **state)
{
    (void)state;
    assert_int_equal(frto_timeout(FRTO_OFF, false), FRTO_REPAIR);
    assert_int_equal(frto_timeout(FRTO_OFF, true), FRTO_OFF);
    assert_int_equal(frto_timeout(FRTO_REPAIR, true), FRTO_REPAIR); /* no ACK since */
    assert_int_equal(frto_timeout(FRTO_NEW, true), FRTO_OFF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_ack_decides),
        cmocka_unit_test(other_acks_are_ignored),
        cmocka_unit_test(the_first_ack_ends_the_test_where_it_cannot_tell),
        cmocka_unit_test(only_a_first_timeout_begins_the_test)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
