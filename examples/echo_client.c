/* Sends a line to example_echo_server and prints what comes back. Both name the same path:
 *
 *     example_echo_server /tmp/wire        example_echo_client /tmp/wire hello
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "baro/posix.h"

/* Connects to 10.0.0.1, port 7, says `line` and prints the answer. */
static int say(const char *line)
{
    struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons(7) };
    char data[4096];
    ssize_t length;
    int fd = baro_posix_socket(AF_INET, SOCK_STREAM, 0);

    inet_pton(AF_INET, "10.0.0.1", &server.sin_addr);
    if (baro_posix_connect(fd, (struct sockaddr *)&server, sizeof server) != 0)
        return -1;
    if (baro_posix_send(fd, line, strlen(line), 0) < 0)
        return -1;
    baro_posix_shutdown(fd, SHUT_WR);
    while ((length = baro_posix_recv(fd, data, sizeof data, 0)) > 0)
        fwrite(data, 1, (size_t)length, stdout);
    putchar('\n');
    return baro_posix_close(fd) == 0 && length == 0 ? 0 : -1;
}

int main(int count, char **argument)
{
    struct baro_posix_config config;
    struct baro_posix_stack *stack;

    if (count != 3) {
        fprintf(stderr, "usage: %s PATH LINE\n", argument[0]);
        return 2;
    }
    baro_posix_config_init(&config);
    config.wire = baro_posix_wire(argument[1]); /* waits for the server's process */
    config.address = baro_ipv4(10, 0, 0, 2);
    config.prefix_length = 24;
    stack = config.wire < 0 ? NULL : baro_posix_create(&config);
    if (stack == NULL) {
        perror(argument[1]);
        return 1;
    }
    baro_posix_set_default(stack);
    if (say(argument[2]) != 0) {
        perror("echo");
        return 1;
    }
    return 0;
}
