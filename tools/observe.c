/* tools/observe.c: see observe.h. */
#include "observe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "tools.h"

void observe_init(struct observe *observe, const char *tool)
{
    *observe = (struct observe){ .tool = tool, .language = baro_language_from_environment() };
}

/* The value of an option that takes one; NULL after complaint. */
static const char *value(struct observe *observe, int argc, char **argv, int *at)
{
    if (*at + 1 >= argc) {
        tool_usage(observe->tool, "%s wants a value", argv[*at]);
        return NULL;
    }
    return argv[++*at];
}

static int journey_option(struct observe *observe, const char *word)
{
    char *end;
    long frames;

    observe->journey = true;
    if (word[strlen("--journey")] == '\0')
        return 1;
    frames = strtol(word + strlen("--journey="), &end, 10);
    if (*end != '\0' || frames < 1 || frames > 1000000000) {
        tool_usage(observe->tool, "--journey=N wants a number of frames from 1, not '%s'", word + strlen("--journey="));
        return -1;
    }
    observe->frames = (unsigned)frames;
    return 1;
}

int observe_option(struct observe *observe, int argc, char **argv, int *at)
{
    const char *word = argv[*at], *text;
    int result = 1;

    if (strcmp(word, "--journey") == 0 || strncmp(word, "--journey=", strlen("--journey=")) == 0) {
        result = journey_option(observe, word);
    } else if (strcmp(word, "--stats") == 0) {
        observe->stats = true;
    } else if (strcmp(word, "--pcap") == 0) {
        observe->pcap_path = text = value(observe, argc, argv, at);
        result = text == NULL ? -1 : 1;
    } else if (strcmp(word, "--journey-of") == 0) {
        observe->journey = true;
        observe->journey_of = text = value(observe, argc, argv, at);
        result = text == NULL ? -1 : 1;
    } else if (strcmp(word, "--pcap-of") == 0) {
        observe->pcap_of = text = value(observe, argc, argv, at);
        result = text == NULL ? -1 : 1;
    } else if (strcmp(word, "--journey-to") == 0) {
        observe->journey_path = text = value(observe, argc, argv, at);
        result = text == NULL ? -1 : 1;
    } else if (strcmp(word, "--lang") == 0) {
        text = value(observe, argc, argv, at);
        if (text == NULL)
            return -1;
        if (baro_language_parse(text, &observe->language) != 0) {
            tool_usage(observe->tool, "--lang knows en and ko, not '%s'", text);
            return -1;
        }
    } else {
        return 0;
    }
    if (result == 1)
        ++*at;
    return result;
}

uint32_t observe_host(struct observe *observe, const char *name)
{
    uint32_t host = (uint32_t)observe->hosts;

    observe->name[observe->hosts++] = (struct baro_host_name){ host, name };
    return host;
}

void observe_interface(struct observe *observe, uint32_t host, uint32_t interface, const char *wire)
{
    if (observe->interfaces < OBSERVE_INTERFACES)
        observe->interface[observe->interfaces++] = (struct baro_interface_name){ host, interface, wire };
}

static int cannot(const struct observe *observe, const char *path)
{
    fprintf(stderr, "baro %s: cannot write %s: %s\n", observe->tool, path, strerror(errno));
    return TOOL_FAILED;
}

static void of_one_host(void *context, const struct baro_trace_event *event)
{
    const struct observe_filter *filter = context;

    if (event->host == filter->host)
        filter->sink.event(filter->sink.context, event);
}

/* Adds a sink for the events of the host called `name`; NULL: of all. */
static int add_filtered(struct observe *observe, struct observe_filter *filter, struct baro_trace_sink sink,
                        const char *name)
{
    if (name == NULL) {
        observe_add(observe, sink);
        return TOOL_OK;
    }
    for (size_t i = 0; i < observe->hosts; i++) {
        if (strcmp(observe->name[i].name, name) == 0) {
            *filter = (struct observe_filter){ sink, observe->name[i].host };
            observe_add(observe, (struct baro_trace_sink){ filter, of_one_host });
            return TOOL_OK;
        }
    }
    return tool_usage(observe->tool, "no host is called '%s'", name);
}

static int open_journey(struct observe *observe)
{
    struct winsize size = { 0 };

    observe->journey_file = stderr;
    if (observe->journey_path != NULL && strcmp(observe->journey_path, "-") == 0)
        observe->journey_file = stdout;
    else if (observe->journey_path != NULL)
        observe->journey_file = fopen(observe->journey_path, "we");
    if (observe->journey_file == NULL)
        return cannot(observe, observe->journey_path);
    if (isatty(fileno(observe->journey_file)))
        ioctl(fileno(observe->journey_file), TIOCGWINSZ, &size);
    struct baro_journey_config config = {
        .out = observe->journey_file,
        .language = observe->language,
        .hosts = observe->name,
        .host_count = observe->hosts,
        .interfaces = observe->interface,
        .interface_count = observe->interfaces,
        .frame_limit = observe->frames,
        .width = size.ws_col >= 40 ? size.ws_col : 110,
        .colour = size.ws_col != 0 && getenv("NO_COLOR") == NULL,
    };
    observe->journey_made = baro_journey_create(&config);
    if (observe->journey_made == NULL)
        return cannot(observe, "the journey");
    /* Programs write to the same terminal: each line of ours goes out at once. */
    setvbuf(observe->journey_file, NULL, _IOLBF, 0);
    return add_filtered(observe, &observe->journey_filter, baro_journey_sink(observe->journey_made),
                        observe->journey_of);
}

/* Unix time of the monotonic clock's zero, so that a capture has the time of day. */
static struct baro_instant epoch(void)
{
    struct timespec day, monotonic;

    clock_gettime(CLOCK_REALTIME, &day);
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    return (struct baro_instant){ ((int64_t)day.tv_sec - monotonic.tv_sec) * 1000000000 + day.tv_nsec -
                                  monotonic.tv_nsec };
}

static int open_pcap(struct observe *observe)
{
    observe->pcap_file = fopen(observe->pcap_path, "we");
    if (observe->pcap_file == NULL)
        return cannot(observe, observe->pcap_path);
    struct baro_pcapng_config config = {
        .out = observe->pcap_file,
        .language = observe->language,
        .hosts = observe->name,
        .host_count = observe->hosts,
        .interfaces = observe->interface,
        .interface_count = observe->interfaces,
        .epoch = epoch(),
    };
    observe->pcapng = baro_pcapng_create(&config);
    if (observe->pcapng == NULL)
        return cannot(observe, observe->pcap_path);
    /* Of one host: a frame that both ends of a wire saw would look like a retransmission. */
    if (observe->pcap_of == NULL)
        observe->pcap_of = observe->name[0].name;
    return add_filtered(observe, &observe->pcap_filter, baro_pcapng_sink(observe->pcapng),
                        strcmp(observe->pcap_of, "all") == 0 ? NULL : observe->pcap_of);
}

int observe_open(struct observe *observe)
{
    int result = TOOL_OK;

    if (observe->journey || observe->journey_path != NULL)
        result = open_journey(observe);
    if (result == TOOL_OK && observe->pcap_path != NULL)
        result = open_pcap(observe);
    return result;
}

void observe_add(struct observe *observe, struct baro_trace_sink sink)
{
    observe->fanout.sink[observe->fanout.count++] = sink;
}

struct baro_trace_sink observe_sink(struct observe *observe)
{
    if (observe->fanout.count == 0)
        return (struct baro_trace_sink){ NULL, NULL };
    return baro_fanout_sink(&observe->fanout);
}

int observe_close(struct observe *observe)
{
    int result = TOOL_OK;

    if (observe->journey_made != NULL && baro_journey_finish(observe->journey_made) != 0)
        result = cannot(observe, "the journey");
    if (observe->pcapng != NULL && baro_pcapng_finish(observe->pcapng) != 0)
        result = cannot(observe, observe->pcap_path);
    baro_journey_free(observe->journey_made);
    baro_pcapng_free(observe->pcapng);
    if (observe->pcap_file != NULL && fclose(observe->pcap_file) != 0)
        result = cannot(observe, observe->pcap_path);
    if (observe->journey_file != NULL && observe->journey_file != stderr && observe->journey_file != stdout)
        fclose(observe->journey_file);
    return result;
}
