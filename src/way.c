/* src/way.c: the way to a destination, the last one remembered.
 *
 * A segment's way is asked for before TCP makes it, for the path MTU, and after that for its frame; the next segment's
 * is mostly the same. What only the table of addresses and routes decides is kept here while that stands still; path
 * MTU, neighbour and room in the device change under way and are asked for each time. */
#include "stack.h"

void way_ask(const struct ip_table *table, struct baro_address destination, struct baro_address wanted,
             int interface, struct way *way)
{
    *way = (struct way){ .destination = destination, .wanted = wanted, .changes = table->changes };
    way->found = ip_find_route(table, destination, wanted, interface, &way->hop);
    if (!way->found || way->hop.interface == 0)
        return;
    way->broadcast = ip_is_broadcast(table, -1, destination);
    way->asks = ip_source(table, way->hop.interface, way->hop.next_hop);
    if (way->asks.family == BARO_FAMILY_NONE && destination.family == BARO_FAMILY_IPV4)
        way->asks = baro_ipv4(0, 0, 0, 0);
}

const struct way *way_find(struct baro_stack *stack, struct baro_address destination, struct baro_address wanted)
{
    struct way *way = &stack->way;

    if (way->changes != stack->table.changes || !address_equal(way->destination, destination) ||
        !address_equal(way->wanted, wanted))
        way_ask(&stack->table, destination, wanted, 0, way);
    return way;
}
