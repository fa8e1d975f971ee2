/* ethernet/neighbour_parts.h: the neighbour cache's table, for the files that are the cache. */
#ifndef ETHERNET_NEIGHBOUR_PARTS_H
#define ETHERNET_NEIGHBOUR_PARTS_H

#include "ethernet/neighbour.h"

struct neighbour *neighbour_find(struct neighbours *neighbours, int interface, struct baro_address address);

/* A new entry, of no state yet; NULL: no memory, or its class is full of fixed ones. */
struct neighbour *neighbour_create(struct neighbours *neighbours, int interface, struct baro_address address,
                                   enum neighbour_class class);

/* Takes it out of the table, what waits for it dropped. */
void neighbour_forget(struct neighbours *neighbours, struct neighbour *entry);

/* It is the last of its class to be given up. */
void neighbour_use(struct neighbours *neighbours, struct neighbour *entry);

/* False, and it stays where it is, when the class is full of fixed entries. */
bool neighbour_change_class(struct neighbours *neighbours, struct neighbour *entry, enum neighbour_class class);

#endif
