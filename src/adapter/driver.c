/* Step 5, the driver: takes frames out of the receive ring in bursts, and makes the adapter a
 * struct baro_device. It knows nothing of IP.
 *
 * On the interrupt it masks the line and takes a burst. As long as the ring holds frames after
 * a burst it polls: the line stays masked, and a busy receiver is interrupted once for many
 * frames, not once for each. When the ring is empty it unmasks. Frames stay in the ring, and
 * keep their slots, until rx_end. */
#include "adapter/adapter.h"

#include <assert.h>

static void poll_end(struct baro_driver *driver)
{
    driver->polling = false;
    interrupt_unmask(driver->adapter);
}

static unsigned driver_rx_burst(void *context, struct baro_rx_frame *frames, unsigned limit)
{
    struct baro_driver *driver = context;
    struct baro_adapter *adapter = driver->adapter;
    assert(driver->borrowed == 0); /* rx_end comes between two bursts */
    if (!baro_driver_ready(driver))
        return 0;
    bool polling = driver->polling;
    if (!polling)
        interrupt_take(adapter);
    driver->polling = true;
    const struct frame_ring *ring = &adapter->receive_ring;
    unsigned count = frame_ring_used(ring) < limit ? frame_ring_used(ring) : limit;
    adapter->counts.bursts++;
    adapter->counts.polls += polling;
    ADAPTER_TELL(adapter, DRIVER_BURST, count, polling);
    for (unsigned i = 0; i < count; i++) {
        const struct frame_slot *slot = frame_ring_slot(ring, ring->first + i);
        frames[i] = (struct baro_rx_frame){ .data = slot->data,
                                            .length = slot->length,
                                            .gso_size = slot->gso_size,
                                            .checksum = slot->checksum_undone ? BARO_RX_CHECKSUM_VERIFIED
                                                                              : BARO_RX_CHECKSUM_NONE,
                                            .arrival_id = slot->number };
    }
    driver->borrowed = count;
    if (count == 0)
        poll_end(driver);
    return count;
}

static void driver_rx_end(void *context)
{
    struct baro_driver *driver = context;
    frame_ring_drop(&driver->adapter->receive_ring, driver->borrowed);
    driver->borrowed = 0;
    if (driver->polling && frame_ring_used(&driver->adapter->receive_ring) == 0)
        poll_end(driver);
}

static unsigned driver_tx_room(void *context)
{
    const struct baro_driver *driver = context;
    const struct frame_ring *ring = &driver->adapter->transmit_ring;
    return frame_ring_fits(ring, driver->adapter->frame_limit + BARO_FCS_OCTETS) ? ring->size - frame_ring_used(ring)
                                                                               : 0;
}

static unsigned driver_tx_burst(void *context, const struct baro_tx_frame *frames, unsigned count)
{
    struct baro_driver *driver = context;
    for (unsigned i = 0; i < count; i++)
        if (!transmit_take(driver->adapter, &frames[i]))
            return i;
    return count;
}

static bool driver_link_up(void *context)
{
    const struct baro_driver *driver = context;
    return driver->adapter->link_up;
}

static int driver_set_filter(void *context, const struct baro_mac *groups, unsigned count, bool promiscuous)
{
    struct baro_driver *driver = context;
    return mac_filter_set(driver->adapter, groups, count, promiscuous);
}

void baro_driver_init(struct baro_driver *driver, struct baro_adapter *adapter)
{
    *driver = (struct baro_driver){ .adapter = adapter };
    driver->device = (struct baro_device){ .context = driver,
                                           .mac = adapter->mac,
                                           .mtu = adapter->medium.mtu,
                                           .rx_burst = driver_rx_burst,
                                           .rx_end = driver_rx_end,
                                           .tx_room = driver_tx_room,
                                           .tx_burst = driver_tx_burst,
                                           .link_up = driver_link_up,
                                           .set_filter = driver_set_filter };
    if (adapter->medium.large)
        driver->device.capabilities =
            BARO_DEVICE_TX_CHECKSUM | BARO_DEVICE_RX_CHECKSUM | BARO_DEVICE_TSO | BARO_DEVICE_LRO;
    interrupt_unmask(adapter);
}

bool baro_driver_ready(const struct baro_driver *driver)
{
    return driver->polling || baro_adapter_interrupt_pending(driver->adapter);
}
