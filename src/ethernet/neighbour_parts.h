/* ethernet/neighbour_parts.h: the neighbour cache's table, for the files that are the cache. */
#ifndef ETHERNET_NEIGHBOUR_PARTS_H
#define ETHERNET_NEIGHBOUR_PARTS_H

#include "base/bytes.h"
#include "ethernet/neighbour.h"

struct neighbour *neighbour_search(struct neighbours *neighbours, int interface, struct baro_address address);

/* A burst goes to one of them mostly. */
static inline struct neighbour *neighbour_find(struct neighbours *neighbours, int interface,
                                               struct baro_address address)
{
    struct neighbour *last = neighbours->last;

    if (last != NULL && last->interface == interface && address_equal(last->address, address))
        return last;
    return neighbour_search(neighbours, interface, address);
}

/* A new entry, of no state yet; NULL: no memory, or its class is full of fixed ones. */
struct neighbour *neighbour_create(struct neighbours *neighbours, int interface, struct baro_address address,
                                   enum neighbour_class class);

/* Takes it out of the table, what waits for it dropped. */
void neighbour_forget(struct neighbours *neighbours, struct neighbour *entry);

/* False, and it stays where it is, when the class is full of fixed entries. */
bool neighbour_change_class(struct neighbours *neighbours, struct neighbour *entry, enum neighbour_class class);

#endif
