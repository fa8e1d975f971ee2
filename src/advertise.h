/* advertise.h: router advertisements sent (RFC 4861 §6.2, RFC 4191, RFC 8106).
 *
 * An advertising interface tells all nodes from its link-local address what its configuration says: three times soon
 * after the beginning, then at intervals drawn anew each time, and up to half a second after a host has asked,
 * whichever comes first; never two within three seconds. When that ends it says three times that it is no default
 * router any longer. While there is no link-local address that may be used it is silent. The message is made when it
 * leaves, so that it says what holds then. */
#ifndef ADVERTISE_H
#define ADVERTISE_H

#include "base/core.h"
#include "codec/nd.h"
#include "ip/table.h"

struct baro_stack;

enum advertise_state { ADVERTISE_OFF, ADVERTISE_ON, ADVERTISE_CEASING };

struct advertise_interface {
    struct wheel_timer timer;       /* first: a fired timer is its interface; for the next advertisement */
    enum advertise_state state;
    int number;                     /* of the interface */
    /* advertisements still to be sent at the short interval of the beginning, or the end's */
    unsigned early;
    bool asked;                     /* by a host, since the last one: the next one answers */
    bool ever_sent;                 /* at sent_at */
    struct baro_instant sent_at;
    struct baro_advertise_config config;
};

struct advertise {
    struct advertise_interface interface[IP_INTERFACES];
};

void advertise_release(struct baro_stack *stack);

/* Does the interface advertise? Then it takes no advertisements from others. */
bool advertise_runs(const struct baro_stack *stack, int interface);

/* A valid router solicitation came from `from`, a host or nobody. */
enum baro_drop_reason advertise_solicited(struct baro_stack *stack, int interface, struct baro_address from,
                                          const struct nd_message *message);

/* Another router of the link has said this: where it contradicts us, the trace is told (§6.2.7). */
void advertise_compare(struct baro_stack *stack, int interface, struct baro_address from,
                       const struct nd_message *message);

/* The interface has one more address that may be used. */
void advertise_usable(struct baro_stack *stack, int interface);

/* A timer of kind TIMER_ADVERTISE fired. */
void advertise_timer(struct baro_stack *stack, struct wheel_timer *timer);

/* The advertisement of an interface as of now, but for its link-layer address. */
void advertise_compose(const struct baro_stack *stack, int interface, struct nd_message *message);

#endif
