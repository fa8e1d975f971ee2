/* It fails closed: a killed supervisor leaves no process, a killed program no socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "support/run_fixture.h"

static const char *self;

/* The program: a listener, a connection with bytes under way both ways, a failed connect, datagram sockets;
 * then it says so on descriptor 1 and sleeps. */
static int hold_sockets(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(80),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    static char bytes[100000];
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    bind(listener, (struct sockaddr *)&address, sizeof address);
    listen(listener, 10);
    connect(client, (struct sockaddr *)&address, sizeof address);
    int server = accept(listener, NULL, NULL);
    send(client, bytes, sizeof bytes, MSG_DONTWAIT);
    send(server, bytes, sizeof bytes, MSG_DONTWAIT);
    for (int i = 0; i < 5; i++)
        sendto(socket(AF_INET, SOCK_DGRAM, 0), bytes, 10, 0, (struct sockaddr *)&address, sizeof address);
    address.sin_port = htons(81);
    connect(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), (struct sockaddr *)&address, sizeof address);
    if (server < 0 || write(1, "ready", 5) < 0)
        return 1;
    accept(listener, NULL, NULL); /* held */
    return 1;
}

static struct baro_run_statistics statistics_of(struct run_fixture *f)
{
    struct baro_run_statistics statistics;
    baro_run_statistics(f->run, &statistics);
    return statistics;
}

static bool holds_an_accept(struct run_fixture *f)
{
    return statistics_of(f).held > 0 || f->ended;
}

static bool nothing_left(struct run_fixture *f)
{
    struct baro_run_statistics statistics = statistics_of(f);
    return statistics.sockets == 0 && statistics.held == 0 && statistics.programs == 0 && f->stack->open == 0;
}

static void a_killed_program_leaves_nothing(void **state)
{
    (void)state;
    struct run_fixture f;
    fixture_init(&f, 0);
    const char *const argument[] = { self, "hold", NULL };
    int program = fixture_start(&f, argument);
    assert_true(program >= 0);
    assert_true(fixture_until(&f, holds_an_accept));
    assert_int_equal(f.ended, 0);
    assert_true(statistics_of(&f).sockets >= 9);
    assert_int_equal(kill(baro_run_process(f.run, program), SIGKILL), 0);
    assert_true(fixture_until(&f, nothing_left));
    assert_true(WIFSIGNALED(f.wait_status));
    fixture_release(&f);
}

/* Whether a process with this argument runs. */
static bool runs(const char *argument)
{
    DIR *folder = opendir("/proc");
    struct dirent *entry;
    bool found = false;
    while (!found && (entry = readdir(folder))) {
        char path[300], line[256] = "";
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
            continue;
        snprintf(path, sizeof path, "/proc/%s/cmdline", entry->d_name);
        FILE *file = fopen(path, "r");
        if (!file)
            continue;
        size_t length = fread(line, 1, sizeof line - 1, file);
        fclose(file);
        for (size_t i = 0; i < length && !found; i += strlen(line + i) + 1)
            found = strcmp(line + i, argument) == 0;
    }
    closedir(folder);
    return found;
}

static bool becomes(const char *argument, bool wanted)
{
    for (int i = 0; i < 2000 && runs(argument) != wanted; i++)
        usleep(10000);
    return runs(argument) == wanted;
}

static void a_killed_supervisor_leaves_no_process(void **state)
{
    (void)state;
    char marker[32], command[128];
    snprintf(marker, sizeof marker, "9%d.25", (int)getpid());
    snprintf(command, sizeof command, "setsid sleep %s & exec sleep %s", marker, marker);
    pid_t supervisor = fork();
    if (supervisor == 0) {
        struct run_fixture f;
        fixture_init(&f, 0);
        const char *const argument[] = { "sh", "-c", command, NULL };
        if (fixture_start(&f, argument) < 0)
            _exit(1);
        baro_loop_run(f.loop);
        _exit(1);
    }
    assert_true(becomes(marker, true));
    kill(supervisor, SIGKILL);
    int status;
    waitpid(supervisor, &status, 0);
    assert_true(WIFSIGNALED(status));
    assert_true(becomes(marker, false));
}

static void what_a_program_left_running_ends_with_it(void **state)
{
    (void)state;
    struct run_fixture f;
    char marker[32], command[128];
    fixture_init(&f, 0);
    snprintf(marker, sizeof marker, "8%d.25", (int)getpid());
    snprintf(command, sizeof command, "setsid sleep %s & exit 5", marker);
    assert_int_equal(fixture_shell(&f, command), 5);
    assert_true(becomes(marker, false));
    fixture_release(&f);
}

int main(int count, char **argument)
{
    if (count > 1)
        return hold_sockets();
    self = argument[0];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_program_leaves_nothing),
        cmocka_unit_test(a_killed_supervisor_leaves_no_process),
        cmocka_unit_test(what_a_program_left_running_ends_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
