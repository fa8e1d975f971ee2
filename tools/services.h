/* tools/services.h: the small services on a host without programs: echo (RFC 862), discard (RFC 863) and character
 * generator (RFC 864), over TCP, and echo over UDP. */
#ifndef TOOLS_SERVICES_H
#define TOOLS_SERVICES_H

#include "baro/socket.h"

enum { SERVICE_ECHO = 7, SERVICE_DISCARD = 9, SERVICE_CHARGEN = 19 };

struct services {
    struct baro_stack *stack;
    uint16_t *port;  /* by descriptor: which service, 0 none */
    size_t size;
    int listener[3], datagrams;
    uint64_t connections, octets_in, octets_out;
};

/* Opens the listeners. 0 or -errno. */
int services_open(struct services *services, struct baro_stack *stack);
/* Serves what is ready; true when there was something. */
bool services_run(struct services *services);
void services_close(struct services *services);

#endif
