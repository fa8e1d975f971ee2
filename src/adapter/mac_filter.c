/* Step 3, the MAC address: is the frame for this station?
 *
 * Its own unicast address, broadcast, a group that was joined, or anything when promiscuous.
 * The list of groups is short and compared one by one. */
#include "adapter/adapter.h"

#include <errno.h>
#include <string.h>

static bool mac_equal(struct baro_mac a, struct baro_mac b)
{
    return memcmp(a.octet, b.octet, sizeof a.octet) == 0;
}

enum baro_trace_filter mac_filter_decide(const struct baro_adapter *adapter, struct baro_mac destination)
{
    static const struct baro_mac broadcast = { { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF } };
    if (mac_equal(destination, adapter->mac))
        return BARO_TRACE_FILTER_OWN;
    if (mac_equal(destination, broadcast))
        return BARO_TRACE_FILTER_BROADCAST;
    if (destination.octet[0] & 1) /* the group bit, IEEE 802.3 §3.2.3.1 */
        for (unsigned i = 0; i < adapter->group_count; i++)
            if (mac_equal(destination, adapter->groups[i]))
                return BARO_TRACE_FILTER_GROUP;
    return adapter->promiscuous ? BARO_TRACE_FILTER_PROMISCUOUS : BARO_TRACE_FILTER_NOT_MINE;
}

int mac_filter_set(struct baro_adapter *adapter, const struct baro_mac *groups, unsigned count, bool promiscuous)
{
    if (count > BARO_MAC_GROUP_LIMIT)
        return -ENOSPC;
    if (count)
        memcpy(adapter->groups, groups, count * sizeof *groups);
    adapter->group_count = count;
    adapter->promiscuous = promiscuous;
    return 0;
}
