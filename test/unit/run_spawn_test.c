/* Starting programs: what they find, how they end, what is said when they cannot start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/run_fixture.h"

static const char *self; /* this test's program, which is also the program that is run */

/* Inside: another run must refuse to start here. */
static int nested(void)
{
    struct run_fixture f;
    fixture_init(&f, 0);
    const char *const argument[] = { "true", NULL };
    int result = fixture_start(&f, argument);
    printf("%s\n", f.line);
    bool said = strstr(f.line, "already inside a run") != NULL;
    fixture_release(&f);
    return result == -EBUSY && said ? 0 : 1;
}

static void ends_as_it_ended(void **state)
{
    (void)state;
    struct run_fixture f;
    fixture_init(&f, 0);
    assert_int_equal(fixture_shell(&f, "exit 0"), 0);
    assert_int_equal(fixture_shell(&f, "exit 37"), 37);
    const char *const dies[] = { "sh", "-c", "kill -9 $$", NULL };
    int status = fixture_run(&f, dies);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    fixture_release(&f);
}

static void says_why_it_does_not_start(void **state)
{
    (void)state;
    struct run_fixture f;
    fixture_init(&f, 0);
    const char *const missing[] = { "/nowhere/at/all", NULL }, *const folder[] = { "/etc", NULL };
    assert_int_equal(fixture_start(&f, missing), -ENOENT);
    assert_non_null(strstr(f.line, "/nowhere/at/all: no such program"));
    assert_int_equal(fixture_start(&f, folder), -EACCES);
    fixture_release(&f);
}

static void finds_an_empty_network(void **state)
{
    (void)state;
    struct run_fixture f;
    fixture_init(&f, 0);
    assert_int_equal(fixture_shell(&f, "grep -qx 'nameserver 10.1.2.1' /etc/resolv.conf"), 0);
    assert_int_equal(fixture_shell(&f, "test $(grep -c : /proc/net/dev) -le 2"), 0);
    assert_int_equal(fixture_shell(&f, "! cut -f2 /proc/net/route | grep -q 00000000"), 0);
    fixture_release(&f);
}

static void keeps_the_user_and_has_its_own_processes(void **state)
{
    (void)state;
    struct run_fixture f;
    char command[128];
    fixture_init(&f, 0);
    snprintf(command, sizeof command, "test $(id -u) = %u && test $(id -g) = %u", (unsigned)geteuid(),
             (unsigned)getegid());
    assert_int_equal(fixture_shell(&f, command), 0);
    assert_int_equal(fixture_shell(&f, "test $$ -lt 10"), 0);
    fixture_release(&f);
}

static void signals_reach_it(void **state)
{
    (void)state;
    struct run_fixture f;
    const char *const argument[] = { "sleep", "1000", NULL };
    fixture_init(&f, 0);
    int program = fixture_start(&f, argument);
    assert_true(program >= 0);
    assert_true(baro_run_process(f.run, program) > 0);
    assert_int_equal(baro_run_signal(f.run, program, SIGTERM), 0);
    assert_true(fixture_until(&f, fixture_has_ended));
    assert_true(WIFSIGNALED(f.wait_status));
    assert_int_equal(WTERMSIG(f.wait_status), SIGTERM);
    assert_int_equal(baro_run_signal(f.run, program, SIGTERM), -ESRCH);
    fixture_release(&f);
}

static void refuses_a_run_inside_a_run(void **state)
{
    (void)state;
    struct run_fixture f;
    fixture_init(&f, 0);
    const char *const argument[] = { self, "nested", NULL };
    int status = fixture_run(&f, argument);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    fixture_release(&f);
}

int main(int count, char **argument)
{
    if (count > 1)
        return nested();
    self = argument[0];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_as_it_ended),       cmocka_unit_test(says_why_it_does_not_start),
        cmocka_unit_test(finds_an_empty_network), cmocka_unit_test(keeps_the_user_and_has_its_own_processes),
        cmocka_unit_test(signals_reach_it),       cmocka_unit_test(refuses_a_run_inside_a_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
