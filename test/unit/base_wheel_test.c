/* test/unit/base_wheel_test.c: the timing wheel beside a model that knows nothing of levels: an array of deadlines, of
 * which the earliest that is due fires next, and of two equal ones the one armed first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/random.h"
#include "base/wheel.h"

enum { TIMERS = 600, TICK = 1 << WHEEL_TICK_SHIFT };

struct model {
    struct wheel wheel;
    struct wheel_timer timer[TIMERS];
    struct { bool armed; int64_t deadline_ns; uint64_t order; } own[TIMERS];
    struct random random;
    uint64_t orders;
    int64_t now_ns;
    unsigned fired;
};

static struct model *model_begin(uint8_t seed, int64_t now_ns)
{
    static struct model model;

    memset(&model, 0, sizeof model);
    model.now_ns = now_ns;
    random_init(&model.random, (const uint8_t[32]){ seed });
    wheel_init(&model.wheel, (struct baro_instant){ now_ns });
    return &model;
}

static void arm(struct model *model, unsigned i, int64_t deadline_ns)
{
    model->own[i].armed = true;
    model->own[i].deadline_ns = deadline_ns;
    model->own[i].order = model->orders++;
    wheel_arm(&model->wheel, &model->timer[i], (struct baro_instant){ deadline_ns });
}

static void cancel(struct model *model, unsigned i)
{
    model->own[i].armed = false;
    wheel_cancel(&model->wheel, &model->timer[i]);
}

/* The one that fires next, or TIMERS. */
static unsigned earliest(const struct model *model)
{
    unsigned best = TIMERS;

    for (unsigned i = 0; i < TIMERS; i++) {
        if (model->own[i].armed && (best == TIMERS || model->own[i].deadline_ns < model->own[best].deadline_ns ||
                                    (model->own[i].deadline_ns == model->own[best].deadline_ns &&
                                     model->own[i].order < model->own[best].order)))
            best = i;
    }
    return best;
}

/* Some nanoseconds to two years ahead, with many instants that are the same. */
static int64_t some_span(struct model *model)
{
    int64_t span_ns = INT64_C(1) << random_below(&model->random, 57);

    return random_below(&model->random, 2) == 0 ? span_ns : span_ns + random_below(&model->random, TICK);
}

static void check(const struct model *model)
{
    unsigned next = earliest(model), count = 0;
    struct baro_instant at;

    for (unsigned i = 0; i < TIMERS; i++) {
        assert_int_equal(wheel_is_armed(&model->timer[i]), model->own[i].armed);
        count += model->own[i].armed;
    }
    assert_int_equal(model->wheel.armed, count);
    assert_int_equal(wheel_next(&model->wheel, &at), next != TIMERS);
    /* not later, and not for nothing again and again */
    if (next != TIMERS && model->own[next].deadline_ns >= model->now_ns)
        assert_true(at.ns <= model->own[next].deadline_ns && at.ns >= model->now_ns - TICK);
}

/* Fires what is due until `now_ns`; what fires may arm and cancel, itself and others, now and later. */
static void pass(struct model *model, int64_t now_ns, bool meddle)
{
    struct wheel_timer *due;

    model->now_ns = now_ns;
    while ((due = wheel_expired(&model->wheel, (struct baro_instant){ now_ns })) != NULL) {
        unsigned i = (unsigned)(due - model->timer), next = earliest(model);

        assert_int_equal(i, next);
        assert_true(model->own[i].deadline_ns <= now_ns && due->deadline.ns == model->own[i].deadline_ns);
        assert_false(wheel_is_armed(due));
        model->own[i].armed = false;
        model->fired++;
        if (!meddle || random_below(&model->random, 3) != 0)
            continue;
        if (random_below(&model->random, 2) == 0)
            arm(model, i, now_ns + 1 + some_span(model));
        else if (random_below(&model->random, 4) == 0)
            arm(model, random_below(&model->random, TIMERS), now_ns + 1 - random_below(&model->random, 2)); /* at once, too */
        else
            cancel(model, random_below(&model->random, TIMERS));
    }
    assert_true(earliest(model) == TIMERS || model->own[earliest(model)].deadline_ns > now_ns);
}

static void as_the_model_does(void **state)
{
    (void)state;
    for (uint8_t seed = 1; seed <= 12; seed++) {
        struct model *model = model_begin(seed, seed % 3 == 0 ? 0 : INT64_C(123456789012345) * seed);

        for (unsigned turn = 0; turn < 1500; turn++) {
            unsigned i = random_below(&model->random, TIMERS);

            for (unsigned n = random_below(&model->random, 8); n != 0; n--)
                arm(model, (i + n) % TIMERS, model->now_ns + some_span(model));
            if (random_below(&model->random, 2) == 0)
                cancel(model, random_below(&model->random, TIMERS));
            if (turn % 16 == 0)
                check(model);
            if (random_below(&model->random, 3) == 0)
                pass(model, model->now_ns + (some_span(model) >> random_below(&model->random, 30)), turn < 1400);
        }
        assert_true(model->fired > 1000);
    }
}

/* Each level: timers in one slot of it, at one instant and near it, some cancelled, come down in order. */
static void cascades_of_each_level(void **state)
{
    (void)state;
    for (unsigned level = 0; level <= WHEEL_LEVELS; level++) {
        struct model *model = model_begin((uint8_t)(40 + level), 5 * TICK);
        int64_t base_ns = INT64_C(3) << (6 * level + WHEEL_TICK_SHIFT);

        for (unsigned i = 0; i < TIMERS; i++)
            arm(model, i, base_ns + (i % 3 == 0 ? 0 : (int64_t)random_below(&model->random, 2 * TICK)));
        for (unsigned i = 0; i < TIMERS; i += 5)
            cancel(model, i);
        for (unsigned i = 0; i < TIMERS; i += 7)
            arm(model, i, base_ns + TICK / 2);
        check(model);
        pass(model, base_ns - 1, false);
        assert_int_equal(model->fired, 0);
        check(model);
        for (int64_t at_ns = base_ns; earliest(model) != TIMERS; at_ns += TICK / 16) {
            pass(model, at_ns, false);
            check(model);
        }
    }
}

/* Whichever of a few in one slot leaves, first, last, alone or between, the others fire and an empty wheel says so. */
static void every_place_may_be_cancelled(void **state)
{
    enum { FEW = 6 };

    (void)state;
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        for (unsigned leave = 0; leave < 1u << FEW; leave++) {
            struct model *model = model_begin(70, TICK);
            int64_t base_ns = INT64_C(2) << (6 * level + WHEEL_TICK_SHIFT);

            for (unsigned i = 0; i < FEW; i++)
                arm(model, i, base_ns + (leave & 1 ? i : FEW - i));
            for (unsigned i = 0; i < FEW; i++) {
                if (leave >> i & 1)
                    cancel(model, i);
            }
            check(model);
            pass(model, base_ns + FEW, false);
            assert_int_equal(model->fired, FEW - (unsigned)__builtin_popcount(leave));
            check(model);
        }
    }
}

static void who_comes_ahead(void **state)
{
    struct model *model = model_begin(80, 0);

    (void)state;
    for (unsigned i = 0; i < 20; i++)
        arm(model, i, 100 * TICK + i);
    for (unsigned i = 0; i < 20; i++) {
        const struct wheel_timer *due = wheel_expired(&model->wheel, (struct baro_instant){ 101 * TICK });

        assert_ptr_equal(due, &model->timer[i]);
        assert_ptr_equal(wheel_ahead(&model->wheel), i + WHEEL_AHEAD < 20 ? &model->timer[i + WHEEL_AHEAD] : NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_model_does),
        cmocka_unit_test(cascades_of_each_level),
        cmocka_unit_test(every_place_may_be_cancelled),
        cmocka_unit_test(who_comes_ahead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
