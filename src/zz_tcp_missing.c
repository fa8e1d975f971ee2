/* src/zz_tcp_missing.c: stands in for TCP until it is there: creates, refuses, forgets. Goes away with it. */
#include <errno.h>

#include "transport/tcp/tcp.h"

struct tcp { struct core *core; };

__attribute__((weak)) struct tcp *tcp_create(struct core *core, uint32_t connection_limit)
{
    struct tcp *tcp = slab_take(&core->slabs, sizeof *tcp);

    (void)connection_limit;
    if (tcp != NULL)
        tcp->core = core;
    return tcp;
}

__attribute__((weak)) void tcp_free(struct tcp *tcp)
{
    slab_give_back(&tcp->core->slabs, tcp, sizeof *tcp);
}

__attribute__((weak)) enum baro_drop_reason tcp_in(struct tcp *tcp, const struct ip_packet *packet)
{
    (void)packet;
    return core_drop(tcp->core, BARO_DROP_TCP_NO_CONNECTION);
}

__attribute__((weak)) bool tcp_destination(const struct tcp *tcp, struct handle connection, struct baro_endpoint *local, struct baro_endpoint *remote)
{
    (void)tcp;
    (void)connection;
    (void)local;
    (void)remote;
    return false;
}

__attribute__((weak)) bool tcp_next_segment(struct tcp *tcp, struct handle connection, const struct ip_path *path, struct ip_message *message)
{
    (void)tcp;
    (void)connection;
    (void)path;
    (void)message;
    return false;
}

__attribute__((weak)) void tcp_control_message(struct tcp *tcp, const struct intent *intent, struct ip_message *message)
{
    (void)tcp;
    (void)intent;
    (void)message;
}

__attribute__((weak)) enum baro_drop_reason tcp_icmp_error(struct tcp *tcp, struct baro_endpoint local, struct baro_endpoint remote, struct seq quoted, uint8_t type, uint8_t code, uint32_t mtu)
{
    (void)local;
    (void)remote;
    (void)quoted;
    (void)type;
    (void)code;
    (void)mtu;
    return core_drop(tcp->core, BARO_DROP_ICMP_NO_MATCH);
}

__attribute__((weak)) void tcp_timer(struct tcp *tcp, struct wheel_timer *timer)
{
    (void)tcp;
    (void)timer;
}

__attribute__((weak)) void tcp_address_removed(struct tcp *tcp, struct baro_address address)
{
    (void)tcp;
    (void)address;
}

__attribute__((weak)) void tcp_settings_init(struct tcp_settings *settings)
{
    (void)settings;
}

__attribute__((weak)) int tcp_port_check(const struct tcp *tcp, struct baro_endpoint local, bool reuse_address, bool reuse_port)
{
    (void)tcp;
    (void)local;
    (void)reuse_address;
    (void)reuse_port;
    return -EOPNOTSUPP;
}

__attribute__((weak)) uint16_t tcp_port_choose(struct tcp *tcp, struct baro_address local, struct baro_endpoint remote)
{
    (void)tcp;
    (void)local;
    (void)remote;
    return 0;
}

__attribute__((weak)) int tcp_connect(struct tcp *tcp, struct baro_endpoint local, struct baro_endpoint remote, const struct ip_path *path, const struct tcp_settings *settings, uint32_t owner, struct handle *connection)
{
    (void)tcp;
    (void)local;
    (void)remote;
    (void)path;
    (void)settings;
    (void)owner;
    (void)connection;
    return -EOPNOTSUPP;
}

__attribute__((weak)) int tcp_listen(struct tcp *tcp, struct baro_endpoint local, int backlog, const struct tcp_settings *settings, uint32_t owner, struct handle *listener)
{
    (void)tcp;
    (void)local;
    (void)backlog;
    (void)settings;
    (void)owner;
    (void)listener;
    return -EOPNOTSUPP;
}

__attribute__((weak)) int tcp_listen_again(struct tcp *tcp, struct handle listener, int backlog)
{
    (void)tcp;
    (void)listener;
    (void)backlog;
    return -EOPNOTSUPP;
}

__attribute__((weak)) void tcp_unlisten(struct tcp *tcp, struct handle listener)
{
    (void)tcp;
    (void)listener;
}

__attribute__((weak)) int tcp_accept(struct tcp *tcp, struct handle listener, uint32_t owner, struct handle *connection)
{
    (void)tcp;
    (void)listener;
    (void)owner;
    (void)connection;
    return -EOPNOTSUPP;
}

__attribute__((weak)) int tcp_hold_next(struct tcp *tcp, struct handle listener, struct baro_held *held)
{
    (void)tcp;
    (void)listener;
    (void)held;
    return -EOPNOTSUPP;
}

__attribute__((weak)) int tcp_hold_answer(struct tcp *tcp, uint64_t id, enum baro_hold_verdict verdict)
{
    (void)tcp;
    (void)id;
    (void)verdict;
    return -EOPNOTSUPP;
}

__attribute__((weak)) ptrdiff_t tcp_send(struct tcp *tcp, struct handle connection, struct baro_bytes data, unsigned flags)
{
    (void)tcp;
    (void)connection;
    (void)data;
    (void)flags;
    return -EOPNOTSUPP;
}

__attribute__((weak)) ptrdiff_t tcp_recv(struct tcp *tcp, struct handle connection, struct baro_buffer data, unsigned flags)
{
    (void)tcp;
    (void)connection;
    (void)data;
    (void)flags;
    return -EOPNOTSUPP;
}

__attribute__((weak)) int tcp_shutdown(struct tcp *tcp, struct handle connection, enum baro_shutdown how)
{
    (void)tcp;
    (void)connection;
    (void)how;
    return -EOPNOTSUPP;
}

__attribute__((weak)) void tcp_close(struct tcp *tcp, struct handle connection)
{
    (void)tcp;
    (void)connection;
}

__attribute__((weak)) unsigned tcp_readiness(const struct tcp *tcp, struct handle connection)
{
    (void)tcp;
    (void)connection;
    return 0;
}

__attribute__((weak)) unsigned tcp_listener_readiness(const struct tcp *tcp, struct handle listener)
{
    (void)tcp;
    (void)listener;
    return 0;
}

__attribute__((weak)) int tcp_take_error(struct tcp *tcp, struct handle connection)
{
    (void)tcp;
    (void)connection;
    return -EOPNOTSUPP;
}

__attribute__((weak)) bool tcp_at_mark(const struct tcp *tcp, struct handle connection)
{
    (void)tcp;
    (void)connection;
    return false;
}

__attribute__((weak)) uint32_t tcp_readable(const struct tcp *tcp, struct handle connection)
{
    (void)tcp;
    (void)connection;
    return 0;
}

__attribute__((weak)) uint32_t tcp_writable(const struct tcp *tcp, struct handle connection)
{
    (void)tcp;
    (void)connection;
    return 0;
}

__attribute__((weak)) void tcp_info(const struct tcp *tcp, struct handle connection, struct baro_tcp_info *info)
{
    (void)tcp;
    (void)connection;
    (void)info;
}

__attribute__((weak)) void tcp_change(struct tcp *tcp, struct handle connection, const struct tcp_settings *settings)
{
    (void)tcp;
    (void)connection;
    (void)settings;
}

__attribute__((weak)) bool tcp_endpoints(const struct tcp *tcp, struct handle connection, struct baro_endpoint *local, struct baro_endpoint *remote)
{
    (void)tcp;
    (void)connection;
    (void)local;
    (void)remote;
    return false;
}

__attribute__((weak)) bool tcp_next_event(struct tcp *tcp, uint32_t *owner)
{
    (void)tcp;
    (void)owner;
    return false;
}

__attribute__((weak)) void tcp_check_invariants(const struct tcp *tcp)
{
    (void)tcp;
}
