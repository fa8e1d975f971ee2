/* test/sim/dhcp_hosts.h: three hosts at one switch, for the tests of DHCP of both families. IPv6 is left to
 * dhcp_hosts_enable_ipv6(). */
#ifndef TEST_SIM_DHCP_HOSTS_H
#define TEST_SIM_DHCP_HOSTS_H

#include "baro/network.h"
#include "support/frame_device.h"

struct dhcp_hosts {
    struct test_memory memory;
    struct baro_network *network;
    struct baro_host *host[3];
};

/* `config` says what the hosts are, but for their wires: the first one's is as specified, the others' fast. */
void dhcp_hosts_build(struct dhcp_hosts *hosts, const struct baro_host_config config[3], const char *wire,
                      uint64_t seed);
/* All memory was given back by then. */
void dhcp_hosts_pull_down(struct dhcp_hosts *hosts);

/* IPv6 on each of them, and a moment until their link-local addresses are theirs. The first listens to routers. */
void dhcp_hosts_enable_ipv6(struct dhcp_hosts *hosts);

struct baro_instant dhcp_hosts_in_s(const struct dhcp_hosts *hosts, int64_t seconds);
void dhcp_hosts_wait_s(struct dhcp_hosts *hosts, int64_t seconds);

#endif
