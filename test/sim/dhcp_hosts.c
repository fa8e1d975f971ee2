/* test/sim/dhcp_hosts.c: see dhcp_hosts.h. */
#include "sim/dhcp_hosts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

void dhcp_hosts_build(struct dhcp_hosts *hosts, const struct baro_host_config config[3], const char *wire,
                      uint64_t seed)
{
    const struct baro_network_config network = { .seed = seed, .now = { 1000000000 } };
    struct baro_wire_config fast, spec;
    struct baro_switch *bridge;
    char error[100];

    memset(hosts, 0, sizeof *hosts);
    hosts->network = baro_network_create(&network);
    bridge = baro_switch_create(hosts->network);
    assert_int_equal(baro_wire_parse("fast", &fast, error, sizeof error), 0);
    assert_int_equal(baro_wire_parse(wire, &spec, error, sizeof error), 0);
    fast.no_large = spec.no_large = true; /* a switch passes on frames */
    for (int i = 0; i < 3; i++) {
        struct baro_host_config host = config[i];
        int result;

        host.ipv6 = BARO_HOST_IPV6_BY_HAND;
        host.wire = baro_wire_create(hosts->network, i == 0 ? &spec : &fast);
        assert_int_equal(baro_switch_join(bridge, host.wire), 0);
        hosts->host[i] = baro_host_create(hosts->network, &host, &result);
        assert_int_equal(result, 0);
    }
}

void dhcp_hosts_pull_down(struct dhcp_hosts *hosts)
{
    assert_int_equal(hosts->memory.slabs, 0);
    baro_network_free(hosts->network);
}

void dhcp_hosts_enable_ipv6(struct dhcp_hosts *hosts)
{
    for (int i = 0; i < 3; i++) {
        const struct baro_ipv6_config ipv6 = { .accept_advertisements = i == 0 };

        assert_int_equal(baro_stack_enable_ipv6(baro_host_stack(hosts->host[i]), baro_host_interface(hosts->host[i]),
                                                &ipv6), 0);
    }
    dhcp_hosts_wait_s(hosts, 3);
}

struct baro_instant dhcp_hosts_in_s(const struct dhcp_hosts *hosts, int64_t seconds)
{
    return (struct baro_instant){ baro_network_now(hosts->network).ns + seconds * 1000000000 };
}

void dhcp_hosts_wait_s(struct dhcp_hosts *hosts, int64_t seconds)
{
    baro_network_run_until(hosts->network, dhcp_hosts_in_s(hosts, seconds), NULL, NULL);
}
