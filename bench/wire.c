/* bench/wire.c: the faithful wire: frames encoded, carried as samples, decoded and checked, both ends in one thread. */
#include "bench.h"

#include "baro/network.h"

enum { PAYLOAD = 1472 /* of IPv4; 20 less of IPv6 */, PORT = 9, FRAMES = 2000 };

struct wire {
    struct baro_network *network;
    struct baro_host *host[2]; /* sends, receives */
    struct baro_endpoint to;
    int out, in, received;
};

static void carry(void *context)
{
    struct wire *wire = context;
    static uint8_t payload[PAYLOAD];
    size_t length = wire->to.address.family == BARO_FAMILY_IPV6 ? PAYLOAD - 20 : PAYLOAD;

    for (int sent = 0; wire->received < FRAMES && sent < 2 * FRAMES;) {
        struct baro_instant limit;

        for (int i = 0; i < 16; i++, sent++)
            baro_sendto(baro_host_stack(wire->host[0]), wire->out, payload, length, 0, &wire->to);
        limit.ns = baro_network_now(wire->network).ns + INT64_C(25000000);
        baro_network_run_until(wire->network, limit, NULL, NULL);
        while (baro_recv(baro_host_stack(wire->host[1]), wire->in, payload, length, 0) > 0)
            wire->received++;
    }
}

void bench_wire(const struct bench_case *question, struct bench_answer *answer)
{
    struct baro_network_config network_config = { .seed = 1 };
    struct baro_wire_config wire_config = { .kind = question->medium };
    struct wire wire = { .network = baro_network_create(&network_config) };
    bool ipv6 = question->family == BARO_FAMILY_IPV6;
    struct baro_host_config host_config = { .wire = baro_wire_create(wire.network, &wire_config),
                                            .ipv6 = BARO_HOST_IPV6_BY_HAND,
                                            .prefix_length = ipv6 ? 64 : 24 };
    const int buffer = 1 << 24;

    for (uint16_t i = 0; i < 2; i++) {
        host_config.address = ipv6 ? baro_ipv6(0xfd00, 7, 0, 0, 0, 0, 0, (uint16_t)(1 + i))
                                   : baro_ipv4(10, 0, 0, (uint8_t)(1 + i));
        wire.host[i] = baro_host_create(wire.network, &host_config, NULL);
        bench_expect(wire.host[i] != NULL, "two hosts on a faithful wire");
    }
    wire.to = (struct baro_endpoint){ host_config.address, { PORT } };
    wire.out = baro_socket(baro_host_stack(wire.host[0]), question->family, BARO_DATAGRAM);
    wire.in = baro_socket(baro_host_stack(wire.host[1]), question->family, BARO_DATAGRAM);
    baro_setsockopt(baro_host_stack(wire.host[0]), wire.out, BARO_SO_SEND_BUFFER, &buffer, sizeof buffer);
    baro_setsockopt(baro_host_stack(wire.host[1]), wire.in, BARO_SO_RECV_BUFFER, &buffer, sizeof buffer);
    bench_expect(baro_bind(baro_host_stack(wire.host[1]), wire.in, &wire.to) == 0, "bind");
    answer->seconds = bench_timed(carry, &wire);
    answer->operations = wire.received;
    bench_expect(wire.received > 0, "frames arrived");
    baro_network_free(wire.network);
}
