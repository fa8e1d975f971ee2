/* The manual pages quote their examples as they are: what they show compiles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_all(const char *path)
{
    char *text = calloc(1, 100000);
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    assert_true(fread(text, 1, 99999, file) > 0);
    fclose(file);
    return text;
}

/* The next line without the blanks at its beginning; "\e" of the manual is a backslash. */
static char *next_line(char **rest)
{
    char *line = *rest, *end = strchr(line, '\n'), *to;

    if (end == NULL)
        return NULL;
    *end = '\0';
    *rest = end + 1;
    line += strspn(line, " ");
    for (char *from = to = line;; from++) {
        *to++ = *from;
        if (from[0] == '\\' && from[1] == 'e')
            from++;
        if (*from == '\0')
            return line;
    }
}

static void quotes(const char *page, const char *program, const char *begin)
{
    char *manual = read_all(page), *example = read_all(program);
    char *at = strstr(manual, ".Bd -literal"), *source = strstr(example, begin), *quoted;
    int lines = 0;

    assert_non_null(at);
    assert_non_null(source);
    next_line(&at);
    while ((quoted = next_line(&at)) != NULL && strcmp(quoted, ".Ed") != 0) {
        assert_string_equal(quoted, next_line(&source));
        lines++;
    }
    assert_true(lines > 10);
    free(manual);
    free(example);
}

static void pages_quote_the_examples(void **state)
{
    (void)state;
    quotes("docs/man/baro_posix.3", "examples/echo_client.c", "struct sockaddr_in server");
    quotes("docs/man/baro_socket.3", "examples/echo_client.c", "struct sockaddr_in server");
    quotes("docs/man/baro_send_reserve.3", "examples/in_place.c", "struct baro_buffer part[2]");
    quotes("docs/man/baro_recv_post.3", "examples/in_place.c", "static uint8_t buffer[65536]");
    quotes("docs/man/baro_prefetch.3", "examples/broadcast.c", "enum { AHEAD = 16 };");
    quotes("docs/man/baro_clock_now.3", "examples/broadcast.c", "while ((length = read(");
    quotes("docs/man/baro_shard.3", "examples/shards.c", "struct baro_bytes bytes[BARO_BURST_LIMIT];");
    quotes("docs/man/baro_dns.3", "examples/resolve.c", "int lookup = ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_quote_the_examples),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
