/* tools/baro.c: the `baro` command: finds the subcommand and calls it. */
#include "tools.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

struct tool {
    const char *name, *text;
    int (*main)(int argc, char **argv);
};

static const struct tool tools[] = {
#define TOOL_LINE(name, text) { #name, text, tool_##name },
    BARO_TOOLS(TOOL_LINE)
#undef TOOL_LINE
};

int tool_usage(const char *tool, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fprintf(stderr, "baro %s: ", tool);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return TOOL_USAGE;
}

uint64_t tool_seed(uint64_t given)
{
    uint64_t seed = given;

    if (given == 0 && getrandom(&seed, sizeof seed, 0) != sizeof seed)
        seed = 1;
    return seed;
}

bool tool_number(const char *text, unsigned most, unsigned *number)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || value < 1 || value > most)
        return false;
    *number = (unsigned)value;
    return true;
}

bool tool_seconds(const char *text, double least, double most, double *seconds)
{
    char *end;
    double value = strtod(text, &end);

    if (*text < '0' || *text > '9' || *end != '\0' || !(value >= least && value <= most))
        return false;
    *seconds = value;
    return true;
}

int tool_turns(const char *tool, const char *name, const char *value, double least, unsigned *runs, double *seconds)
{
    const double most = 60;
    const bool counts = strcmp(name, "--runs") == 0;

    if (!counts && strcmp(name, "--seconds") != 0)
        return tool_usage(tool, "no option '%s'; --help tells more", name);
    if (value == NULL)
        return tool_usage(tool, "%s wants a value", name);
    if (counts && !tool_number(value, TOOL_TURNS, runs))
        return tool_usage(tool, "--runs takes a number from 1 to %d", TOOL_TURNS);
    if (!counts && !tool_seconds(value, least, most, seconds))
        return tool_usage(tool, "--seconds takes %g to %g", least, most);
    return TOOL_OK;
}

/* Where a stream was closed before we began, the next thing opened, a TAP say, would get its number and all that is
 * printed. */
static void hold_streams(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDONLY); /* what is printed there is lost, and said to be */
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* What was printed and is not there (a disk is full) was not told, whatever else went well. */
static int told(int status)
{
    errno = 0;
    if ((fflush(stdout) == 0 && ferror(stdout) == 0) || status != TOOL_OK)
        return status;
    fprintf(stderr, "baro: standard output: %s\n", errno != 0 ? strerror(errno) : "not all could be written");
    return TOOL_FAILED;
}

static void help(FILE *to)
{
    fputs("baro: a complete TCP/IP protocol stack in an ordinary process\n\nusage: baro COMMAND ...\n\n", to);
    for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++)
        fprintf(to, "  %-9s %s%s\n", tools[i].name, tools[i].text,
                tools[i].main == NULL ? " (left out of this build)" : "");
    fputs("\n`baro COMMAND --help` tells more.\n", to);
}

static int command(int argc, char **argv)
{
    if (argc < 2) {
        help(stderr);
        return TOOL_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        help(stdout);
        return TOOL_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("baro 0.1.0");
        return TOOL_OK;
    }
    for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++) {
        if (strcmp(argv[1], tools[i].name) != 0)
            continue;
        if (tools[i].main == NULL)
            return tool_usage(argv[1], "left out of this build: a library it needs was missing");
        return tools[i].main(argc - 1, argv + 1);
    }
    fprintf(stderr, "baro: no command '%s'; `baro --help` lists them\n", argv[1]);
    return TOOL_USAGE;
}

int main(int argc, char **argv)
{
    hold_streams();
    return told(command(argc, argv));
}
