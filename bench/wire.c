/* bench/wire.c: the faithful wire: frames encoded, carried as samples, decoded and checked, both ends in one thread. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "baro/network.h"

enum { PAYLOAD = 1472 /* of IPv4; 20 less of IPv6 */, PORT = 9, FRAMES = 2000 };

double bench_wire(enum baro_family family, int argument)
{
    struct baro_network_config network_config = { .seed = 1 };
    struct baro_wire_config wire_config = { .kind = (enum baro_medium_kind)argument };
    struct baro_network *network = baro_network_create(&network_config);
    struct baro_wire *wire = baro_wire_create(network, &wire_config);
    bool ipv6 = family == BARO_FAMILY_IPV6;
    struct baro_host_config host_config = { .wire = wire,
                                            .ipv6 = BARO_HOST_IPV6_BY_HAND,
                                            .address = ipv6 ? baro_ipv6(0xfd00, 7, 0, 0, 0, 0, 0, 1)
                                                            : baro_ipv4(10, 0, 0, 1),
                                            .prefix_length = ipv6 ? 64 : 24 };
    struct baro_host *a = baro_host_create(network, &host_config, NULL), *b;
    struct baro_endpoint to = { ipv6 ? baro_ipv6(0xfd00, 7, 0, 0, 0, 0, 0, 2) : baro_ipv4(10, 0, 0, 2), { PORT } };
    const int buffer = 1 << 24;
    static uint8_t payload[PAYLOAD];
    size_t length = ipv6 ? PAYLOAD - 20 : PAYLOAD;
    int out, in, received = 0;
    double begin, end;

    host_config.address = to.address;
    b = baro_host_create(network, &host_config, NULL);
    bench_expect(a != NULL && b != NULL, "two hosts on a faithful wire");
    out = baro_socket(baro_host_stack(a), family, BARO_DATAGRAM);
    in = baro_socket(baro_host_stack(b), family, BARO_DATAGRAM);
    baro_setsockopt(baro_host_stack(a), out, BARO_SO_SEND_BUFFER, &buffer, sizeof buffer);
    baro_setsockopt(baro_host_stack(b), in, BARO_SO_RECV_BUFFER, &buffer, sizeof buffer);
    bench_expect(baro_bind(baro_host_stack(b), in, &to) == 0, "bind");
    begin = bench_seconds();
    for (int sent = 0; received < FRAMES && sent < 2 * FRAMES;) {
        struct baro_instant limit;

        for (int i = 0; i < 16; i++, sent++)
            baro_sendto(baro_host_stack(a), out, payload, length, 0, &to);
        limit.ns = baro_network_now(network).ns + INT64_C(25000000);
        baro_network_run_until(network, limit, NULL, NULL);
        while (baro_recv(baro_host_stack(b), in, payload, length, 0) > 0)
            received++;
    }
    end = bench_seconds();
    bench_expect(received > 0, "frames arrived");
    baro_network_free(network);
    return received / (end - begin);
}
