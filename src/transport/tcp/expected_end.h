/* transport/tcp/expected_end.h: what expected.c and expected_end.c, the two halves of header prediction, have of each other. */
#ifndef TRANSPORT_TCP_EXPECTED_END_H
#define TRANSPORT_TCP_EXPECTED_END_H

#include "transport/tcp/ease.h"
#include "transport/tcp/expected.h"

/* As tcp_expected() for what ends a stream or acknowledges its end. */
bool tcp_expected_end(struct tcp *tcp, struct tcp_connection *c, const struct tcp_arrival *arrival);

/* Does nothing tell that anything of the flight may be lost, or came in another order? */
bool tcp_flight_is_in_order(const struct tcp_connection *c);
/* tcp_step_ack() of a new ACK as header prediction knows it. */
void tcp_expected_acknowledged(struct tcp *tcp, struct tcp_connection *c, struct seq ack, uint32_t ts_echo);

#endif
