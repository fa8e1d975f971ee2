/* drill/connections.c: whose a packet line is. */
#include "run.h"

#include <string.h>

/* Added to the peer's sequence numbers on the wire, so that they wrap early in every script. */
#define REMOTE_OFFSET UINT32_C(0xfffffe00)

uint8_t drill_pattern_at(uint64_t offset)
{
    return (uint8_t)(offset * 7 + offset / 251 + 1);
}

static bool same_endpoint(struct baro_endpoint a, struct baro_endpoint b)
{
    return a.port.number == b.port.number && memcmp(&a.address, &b.address, sizeof a.address) == 0;
}

int drill_connection_find(struct run *run, bool udp, struct baro_endpoint local, struct baro_endpoint remote)
{
    for (int i = run->connections - 1; i >= 0; i--) {
        const struct connection *known = &run->connection[i];

        if (known->udp == udp && same_endpoint(known->remote, remote) &&
            (known->local.port.number == 0 || known->local.port.number == local.port.number))
            return i;
    }
    return NOBODY;
}

int drill_connection_new(struct run *run, bool udp, struct baro_endpoint local, struct baro_endpoint remote)
{
    int index = run->connections;

    if (index == CONNECTIONS_LIMIT) {
        drill_run_fail(run, "more than %d connections in one script", CONNECTIONS_LIMIT);
        return NOBODY;
    }
    run->connections++;
    run->connection[index] = (struct connection){ .udp = udp,
                                                  .local = local,
                                                  .remote = remote,
                                                  .local_first = 1,
                                                  .remote_first = 1,
                                                  .remote_offset = REMOTE_OFFSET };
    *(udp ? &run->udp_now : &run->tcp_now) = index;
    if (!udp)
        run->tcp_spoken = index;
    return index;
}

int drill_connection_of_line(struct run *run, const struct packet_line *line)
{
    const struct settings *settings = &run->script->settings;
    bool udp = line->kind == PACKET_UDP;
    int now = udp ? run->udp_now : run->tcp_now;
    struct baro_endpoint local = { settings->local, { settings->bind_port } };
    struct baro_endpoint remote = { settings->remote, { 0 } };

    if (line->source_port >= 0) {
        int local_port = line->inbound ? line->destination_port : line->source_port;
        int remote_port = line->inbound ? line->source_port : line->destination_port;

        local.port.number = (uint16_t)local_port;
        remote.port.number = (uint16_t)remote_port;
        now = drill_connection_find(run, udp, local, remote);
    }
    if (now != NOBODY && !udp)
        run->tcp_spoken = now;
    if (now != NOBODY)
        return now;
    if (line->source_port < 0)
        remote.port.number = run->next_remote_port++;
    return drill_connection_new(run, udp, local, remote);
}
