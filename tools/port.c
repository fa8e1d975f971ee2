/* tools/port.c: see port.h. */
#include "port.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "tools.h"

struct parsed {
    bool link;
    enum baro_link_kind kind;
    char name[16];
    uint32_t queue;
};

static bool parse(const char *text, struct parsed *parsed)
{
    const char *slash;
    size_t length;

    *parsed = (struct parsed){ .link = true };
    if (strncmp(text, "packet:", 7) == 0) {
        text += 7;
    } else if (strncmp(text, "xdp:", 4) == 0) {
        text += 4;
        parsed->kind = BARO_LINK_XDP;
    } else {
        parsed->link = false;
    }
    slash = parsed->link && parsed->kind == BARO_LINK_XDP ? strchr(text, '/') : NULL;
    length = slash == NULL ? strlen(text) : (size_t)(slash - text);
    if (length >= sizeof parsed->name)
        return false;
    memcpy(parsed->name, text, length);
    if (slash != NULL) {
        char *end;
        unsigned long queue = strtoul(slash + 1, &end, 10);

        if (slash[1] < '0' || slash[1] > '9' || *end != '\0' || queue > 4095)
            return false;
        parsed->queue = (uint32_t)queue;
    }
    return interface_name_is_right(parsed->name);
}

bool port_name_is_right(const char *name)
{
    struct parsed parsed;

    return parse(name, &parsed);
}

static void open_link(struct port *port, const struct port_config *config, const struct parsed *parsed)
{
    const struct baro_link_config link = { .kind = parsed->kind,
                                           .interface = parsed->name,
                                           .mac = config->mac,
                                           .mtu = config->mtu,
                                           .queue = parsed->queue,
                                           .promiscuous = !config->direct,
                                           .offloads = config->direct && !config->captured,
                                           .gro = config->direct };
    char error[160];

    port->link = baro_link_open(&link, error, sizeof error);
    if (port->link == NULL)
        fprintf(stderr, "baro %s: cannot open %s: %s\n", config->tool, config->name, error);
}

int port_open(struct port *port, const struct port_config *config)
{
    unsigned offload = config->direct ? BARO_TAP_OFFLOAD : BARO_TAP_PLAIN;
    struct parsed parsed;

    *port = (struct port){ NULL, NULL };
    if (!parse(config->name, &parsed)) {
        fprintf(stderr, "baro %s: '%s' is no name of a device\n", config->tool, config->name);
        return TOOL_FAILED;
    }
    if (parsed.link) {
        open_link(port, config, &parsed);
        return port->link != NULL ? TOOL_OK : TOOL_FAILED;
    }
    if (config->captured)
        offload |= BARO_TAP_FINISH;
    port->tap = baro_tap_open_offload(config->name, config->mtu == 0 ? 1500 : config->mtu, config->mac, offload);
    if (port->tap == NULL)
        fprintf(stderr, "baro %s: cannot open TAP %s: %s\n", config->tool, config->name, strerror(errno));
    return port->tap != NULL ? TOOL_OK : TOOL_FAILED;
}

void port_close(struct port *port)
{
    baro_tap_close(port->tap);
    baro_link_close(port->link);
    *port = (struct port){ NULL, NULL };
}

const struct baro_device *port_device(const struct port *port)
{
    return port->tap != NULL ? baro_tap_device(port->tap) : baro_link_device(port->link);
}

int port_descriptor(const struct port *port)
{
    return port->tap != NULL ? baro_tap_descriptor(port->tap) : baro_link_descriptor(port->link);
}

void port_print(const struct port *port, FILE *file)
{
    struct baro_link_counts link = { 0 };
    struct baro_tap_counts tap = { 0 };

#define PORT_LINE(counts, name, text) fprintf(file, "%12llu  %-13s %s\n", (unsigned long long)counts.name, #name, text);
#define PORT_TAP_LINE(name, text)     PORT_LINE(tap, name, text)
#define PORT_LINK_LINE(name, text)    PORT_LINE(link, name, text)
    if (port->tap != NULL) {
        baro_tap_statistics(port->tap, &tap);
        fprintf(file, "the TAP:\n");
        BARO_TAP_COUNTERS(PORT_TAP_LINE)
        if (tap.last_refusal != NULL)
            fprintf(file, "the last wrong virtio-net header: %s\n", tap.last_refusal);
    } else {
        baro_link_counts(port->link, &link);
        fprintf(file, "the interface:\n");
        BARO_LINK_COUNTERS(PORT_LINK_LINE)
    }
#undef PORT_LINK_LINE
#undef PORT_TAP_LINE
#undef PORT_LINE
}
