/* transport/tcp/port.h: local ports, who has them and who listens on them (port.c). */
#ifndef TRANSPORT_TCP_PORT_H
#define TRANSPORT_TCP_PORT_H

#include "transport/tcp/connection.h"

bool tcp_count_port(struct tcp *tcp, const struct baro_endpoint *local);
void tcp_uncount_port(struct tcp *tcp, uint16_t port, bool v6);
bool tcp_port_is_used(const struct tcp *tcp, uint16_t port); /* as a local one, by anything in the demux */
/* Nobody has it towards this peer any more; `octet`: eight of the peer's address, the last ones of IPv6. */
void tcp_port_freed(struct tcp *tcp, const uint8_t octet[8], uint16_t remote_port, uint16_t local_port);
/* A listener's place among those of its port, behind the others. False: there is no memory. */
bool tcp_port_add_listener(struct tcp *tcp, struct tcp_listener *listener);
void tcp_port_remove_listener(struct tcp *tcp, struct tcp_listener *listener);
/* The first listener of a port, and the next one; NULL: no more. */
struct tcp_listener *tcp_port_listeners(const struct tcp *tcp, uint16_t port);
struct tcp_listener *tcp_port_next_listener(const struct tcp *tcp, const struct tcp_listener *listener);

#endif
