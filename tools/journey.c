/* tools/journey.c: `baro journey`: two hosts on one wire in virtual time, and every decision about every
 * packet in words.
 *
 * The client connects to the server, asks for something, reads the answer until the server has finished, and closes; so
 * the journey has ARP (or neighbour discovery), the dialogue of SYN, SYN+ACK and ACK, data both ways and the end of a
 * connection. Virtual time jumps from event to event: the same arguments give the same text, byte for byte. The
 * programs do what programs on a non-blocking socket do: they act when the stack says that a descriptor is ready. */
#include "tools.h"

#include "baro/explain.h"
#include "baro/network.h"
#include "baro/socket.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { CLIENT = 1, SERVER = 2, PORT = 80, TIME_LIMIT_S = 300 };

static const char request[] = "GET / HTTP/1.0\r\n\r\n";

struct options {
    struct baro_journey_config journey;
    struct baro_wire_config wire;
    const char *pcap;
    size_t answer; /* octets */
    uint64_t seed;
    bool statistics, ipv6;
};

/* One program: its sockets and how far it is. */
struct program {
    int listener, socket; /* -1: none */
    bool server, asked, done;
    enum baro_family family;
    size_t received, sent; /* octets */
    size_t answer;         /* octets that the server sends */
    int failed;            /* errno of what went wrong, 0 */
};

static void fail(struct program *program, long result)
{
    if (result < 0 && result != -EAGAIN && result != -EINPROGRESS && program->failed == 0)
        program->failed = (int)-result;
}

static void program_close(struct program *program, struct baro_stack *stack)
{
    fail(program, baro_close(stack, program->socket));
    program->socket = -1;
    program->done = true;
}

/* Of a host by its number. */
static struct baro_address address_of(enum baro_family family, uint32_t number)
{
    if (family == BARO_FAMILY_IPV6)
        return baro_ipv6(0xfd00, 7, 0, 0, 0, 0, 0, (uint16_t)number);
    return baro_ipv4(10, 0, 0, (uint8_t)number);
}

static void client_begin(struct program *program, struct baro_stack *stack)
{
    struct baro_endpoint server = { address_of(program->family, SERVER), { PORT } };
    program->socket = baro_socket(stack, program->family, BARO_STREAM);
    fail(program, program->socket);
    if (program->socket >= 0)
        fail(program, baro_connect(stack, program->socket, &server));
}

static void server_begin(struct program *program, struct baro_stack *stack)
{
    struct baro_endpoint local = { address_of(program->family, SERVER), { PORT } };
    program->listener = baro_socket(stack, program->family, BARO_STREAM);
    fail(program, program->listener);
    if (program->listener < 0)
        return;
    fail(program, baro_bind(stack, program->listener, &local));
    fail(program, baro_listen(stack, program->listener, 8));
    fail(program, baro_accept(stack, program->listener, NULL));
}

/* Sends what the buffer takes of the answer; all of it sent, the server has nothing more to say. */
static void server_answer(struct program *program, struct baro_stack *stack)
{
    static const char line[] = "from the wire to the socket, and back again\r\n";
    char piece[4096];
    for (size_t i = 0; i < sizeof piece; i++)
        piece[i] = line[(program->sent + i) % (sizeof line - 1)];
    while (program->sent < program->answer) {
        size_t left = program->answer - program->sent, length = left < sizeof piece ? left : sizeof piece;
        ptrdiff_t taken = baro_send(stack, program->socket, piece, length, 0);
        fail(program, taken);
        if (taken <= 0)
            return;
        program->sent += (size_t)taken;
    }
    program_close(program, stack);
}

static void server_ready(struct program *program, struct baro_stack *stack, struct baro_ready ready)
{
    char buffer[512];
    if (ready.fd == program->listener && program->socket < 0 && !program->done) {
        program->socket = baro_accept(stack, program->listener, NULL);
        fail(program, program->socket);
        if (program->socket < 0)
            return;
    } else if (ready.fd != program->socket) {
        return;
    }
    while (program->received < sizeof request - 1) {
        ptrdiff_t length = baro_recv(stack, program->socket, buffer, sizeof buffer, 0);
        fail(program, length);
        if (length <= 0)
            return;
        program->received += (size_t)length;
    }
    server_answer(program, stack);
}

static void client_ready(struct program *program, struct baro_stack *stack, struct baro_ready ready)
{
    char buffer[4096];
    if (ready.fd != program->socket || program->done)
        return;
    if (!program->asked && (ready.events & (BARO_EVENT_OUT | BARO_EVENT_ERROR)) != 0) {
        ptrdiff_t sent = baro_send(stack, program->socket, request, sizeof request - 1, 0);
        fail(program, sent);
        if (sent < 0 && sent != -EAGAIN)
            program_close(program, stack);
        program->asked = sent > 0;
        if (!program->asked)
            return;
    }
    for (;;) {
        ptrdiff_t length = baro_recv(stack, program->socket, buffer, sizeof buffer, 0);
        fail(program, length);
        if (length == -EAGAIN)
            return;
        if (length <= 0) {
            program_close(program, stack);
            return;
        }
        program->received += (size_t)length;
    }
}

static void program_run(void *context, struct baro_host *host)
{
    struct program *program = context;
    struct baro_stack *stack = baro_host_stack(host);
    struct baro_ready ready;
    while (baro_next_ready(stack, &ready)) {
        if (program->server)
            server_ready(program, stack, ready);
        else
            client_ready(program, stack, ready);
    }
}

static struct baro_host *host_add(struct baro_network *network, struct baro_wire *wire, uint32_t number,
                                  struct program *program, struct baro_trace_sink sink)
{
    struct baro_host_config config = { .name = number == CLIENT ? "client" : "server",
                                       .wire = wire,
                                       .address = address_of(program->family, number),
                                       .prefix_length = program->family == BARO_FAMILY_IPV6 ? 64 : 24,
                                       .ipv6 = BARO_HOST_IPV6_BY_HAND,
                                       .trace = sink,
                                       .trace_host = number,
                                       .program = program_run,
                                       .program_context = program };
    int error = 0;
    struct baro_host *host = baro_host_create(network, &config, &error);
    if (host == NULL)
        fprintf(stderr, "baro journey: no host: %s\n", strerror(-error));
    return host;
}

static void print_statistics(struct baro_host *host, const struct options *options)
{
    struct baro_statistics statistics;
    baro_stack_statistics(baro_host_stack(host), &statistics);
    printf("%s: ", baro_host_name(host));
    fflush(stdout);
    (void)baro_statistics_print(stdout, &statistics, BARO_STATISTICS_LINE, options->journey.language);
}

static int result_of(const struct program *client, const struct program *server,
                     const struct options *options)
{
    int failed = client->failed != 0 ? client->failed : server->failed;
    if (failed == 0 && client->done && client->received == options->answer)
        return TOOL_OK;
    fprintf(stderr, "baro journey: the client got %zu of %zu octets%s%s\n", client->received, options->answer,
            failed != 0 ? ": " : "", failed != 0 ? strerror(failed) : "");
    return TOOL_FAILED;
}

static bool both_done(void *context)
{
    struct program *const *programs = context;
    return programs[0]->done && programs[1]->done;
}

static int run(const struct options *options, struct baro_trace_sink sink)
{
    struct program client = { .listener = -1, .socket = -1, .answer = options->answer };
    struct program server = { .listener = -1, .socket = -1, .server = true, .answer = options->answer };
    struct program *programs[] = { &client, &server };
    client.family = server.family = options->ipv6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4;
    struct baro_network_config config = { .seed = options->seed };
    struct baro_network *network = baro_network_create(&config);
    struct baro_wire *wire = network != NULL ? baro_wire_create(network, &options->wire) : NULL;
    struct baro_host *b = wire != NULL ? host_add(network, wire, SERVER, &server, sink) : NULL;
    struct baro_host *a = b != NULL ? host_add(network, wire, CLIENT, &client, sink) : NULL;
    int result = TOOL_FAILED;
    if (a != NULL) {
        struct baro_instant limit = { INT64_C(1000000000) * TIME_LIMIT_S };
        server_begin(&server, baro_host_stack(b));
        client_begin(&client, baro_host_stack(a));
        baro_network_run_until(network, limit, both_done, programs);
        /* Both have closed; the last FIN and its ACK are still on their way. */
        struct baro_instant end = { baro_network_now(network).ns + INT64_C(1000000000) };
        baro_network_run_until(network, end, NULL, NULL);
        result = result_of(&client, &server, options);
        if (options->statistics) {
            print_statistics(a, options);
            print_statistics(b, options);
        }
    }
    baro_network_free(network);
    return result;
}

static int report(const char *what, int error)
{
    if (error == 0)
        return TOOL_OK;
    fprintf(stderr, "baro journey: %s: %s\n", what, strerror(-error));
    return TOOL_FAILED;
}

static int tell(struct options *options)
{
    static const struct baro_host_name names[] = { { CLIENT, "client" }, { SERVER, "server" } };
    struct baro_fanout fanout = { .count = 0 };
    struct baro_pcapng *pcapng = NULL;
    FILE *file = NULL;
    options->journey.out = stdout;
    options->journey.hosts = names;
    options->journey.host_count = 2;
    struct baro_journey *journey = baro_journey_create(&options->journey);
    if (journey == NULL)
        return report("journey", -ENOMEM);
    fanout.sink[fanout.count++] = baro_journey_sink(journey);
    if (options->pcap != NULL) {
        struct baro_pcapng_config config = { .language = options->journey.language,
                                             .hosts = names,
                                             .host_count = 2,
                                             .absolute_sequence = options->journey.absolute_sequence };
        file = config.out = fopen(options->pcap, "wb");
        pcapng = file != NULL ? baro_pcapng_create(&config) : NULL;
        if (pcapng == NULL) {
            int error = file != NULL ? ENOMEM : errno;
            baro_journey_free(journey);
            return tool_usage("journey", "--pcap %s: %s", options->pcap, strerror(error));
        }
        fanout.sink[fanout.count++] = baro_pcapng_sink(pcapng);
    }
    int result = run(options, baro_fanout_sink(&fanout));
    int written = report("standard output", baro_journey_finish(journey));
    result = result != TOOL_OK ? result : written;
    baro_journey_free(journey);
    if (pcapng != NULL) {
        written = report(options->pcap, baro_pcapng_finish(pcapng));
        result = result != TOOL_OK ? result : written;
        baro_pcapng_free(pcapng);
        fclose(file);
    }
    return result;
}

static const char help[] =
    "usage: baro journey [OPTION]...\n\n"
    "A client connects to a server on the same wire, asks, gets an answer and closes; all of it is told,\n"
    "packet by packet and step by step.\n\n"
    "  --lang en|ko      the language; otherwise that of LC_ALL, LC_MESSAGES or LANG\n"
    "  --wire SPEC       the wire: 10base-t (default), 100base-tx or fast, with faults: 10base-t,loss=5%\n"
    "  --answer N        octets of the server's answer (default 100)\n"
    "  --frames N        stop telling after N frames; one sent and received counts twice\n"
    "  --pcap FILE       write the frames as pcapng, with the same words as comments\n"
    "  --ipv6            over IPv6, with neighbour discovery instead of ARP\n"
    "  --stats           end with a line of counters for each host\n"
    "  --seed N          of all that is drawn (default 1)\n"
    "  --absolute        sequence numbers as on the wire, not counted from the first\n"
    "  --colour          with colours\n";

/* A number from `minimum` to `maximum`; false for anything else. */
static bool number_read(const char *text, uint64_t minimum, uint64_t maximum, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *number >= minimum &&
           *number <= maximum;
}

static int option_read(int option, const char *value, struct options *options)
{
    char error[160];
    uint64_t number = 0;
    switch (option) {
    case 'l':
        if (baro_language_parse(value, &options->journey.language) != 0)
            return tool_usage("journey", "--lang %s: only en and ko are there", value);
        return TOOL_OK;
    case 'w':
        if (baro_wire_parse(value, &options->wire, error, sizeof error) != 0)
            return tool_usage("journey", "%s", error);
        return TOOL_OK;
    case 'a':
    case 'f':
    case 's':
        if (!number_read(value, 0,
                         option == 'a'   ? 100000000
                         : option == 'f' ? 1000000000
                                         : UINT64_MAX,
                         &number))
            return tool_usage("journey", "'%s' is not a number that fits here", value);
        if (option == 'a')
            options->answer = (size_t)number;
        else if (option == 'f')
            options->journey.frame_limit = (unsigned)number;
        else
            options->seed = number;
        return TOOL_OK;
    case 'p':
        options->pcap = value;
        return TOOL_OK;
    case '6':
        options->ipv6 = true;
        return TOOL_OK;
    case 't':
        options->statistics = true;
        return TOOL_OK;
    case 'n':
        options->journey.absolute_sequence = true;
        return TOOL_OK;
    case 'c':
        options->journey.colour = true;
        return TOOL_OK;
    default:
        return tool_usage("journey", "see `baro journey --help` for what it understands");
    }
}

int tool_journey(int argc, char **argv)
{
    static const struct option names[] = {
        { "lang", required_argument, NULL, 'l' },
        { "wire", required_argument, NULL, 'w' },
        { "answer", required_argument, NULL, 'a' },
        { "frames", required_argument, NULL, 'f' },
        { "pcap", required_argument, NULL, 'p' },
        { "seed", required_argument, NULL, 's' },
        { "ipv6", no_argument, NULL, '6' },
        { "stats", no_argument, NULL, 't' },
        { "absolute", no_argument, NULL, 'n' },
        { "colour", no_argument, NULL, 'c' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    struct options options = { .wire = { .kind = BARO_MEDIUM_10BASE_T }, .answer = 100, .seed = 1 };
    struct winsize window;
    options.journey.language = baro_language_from_environment();
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col >= 60)
        options.journey.width = window.ws_col;
    else
        options.journey.width = 110;
    opterr = 0;
    optind = 0;
    for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        if (option == 'h') {
            fputs(help, stdout);
            return TOOL_OK;
        }
        int result = option == '?' ? tool_usage("journey", "'%s' is not understood or lacks its value",
                                                argv[optind - 1])
                                   : option_read(option, optarg, &options);
        if (result != TOOL_OK)
            return result;
    }
    if (optind < argc)
        return tool_usage("journey", "'%s' is one word too many", argv[optind]);
    return tell(&options);
}
