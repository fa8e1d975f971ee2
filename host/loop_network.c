/* host/loop_network.c: a network of hosts and wires as a source of an event loop, on the real clock. */
#include "baro/loop.h"
#include "baro/network.h"

static bool network_run(void *context, struct baro_instant now)
{
    return baro_network_follow(context, now);
}

static bool network_next_deadline(void *context, struct baro_instant *deadline)
{
    return baro_network_wakeup(context, deadline);
}

int baro_loop_add_network(struct baro_loop *loop, struct baro_network *network)
{
    const struct baro_source source = { network, network_run, network_next_deadline };

    return baro_loop_add_source(loop, &source);
}
