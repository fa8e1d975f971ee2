/* tools/names.h: the name server inside each host of a LAN, at 127.0.0.53: its programs ask it for the hosts' names. */
#ifndef TOOLS_NAMES_H
#define TOOLS_NAMES_H

#include "baro/dns_server.h"

/* Where it is asked, as resolv.conf names it. */
struct baro_address names_address(void);
/* The domain of the LAN's names, for resolv.conf's search list. */
#define NAMES_DOMAIN "lan"

/* Memory of the C library for services. */
struct baro_memory names_memory(void);

/* A server in the stack, without hosts; NULL with *error. */
struct baro_dns_server *names_open(struct baro_stack *stack, int *error);

#endif
