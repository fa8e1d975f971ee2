/* src/way.c: see way.h. */
#include "way.h"

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
