/* The link: is there somebody at the other end?
 *
 * On a faithful medium a station tells it from what it hears and keeps the other one sure of
 * itself: after 16 ms of silence it sends a sign of life (a link pulse, or some idle), and after
 * 100 ms without hearing any the link is down (IEEE 802.3 §14.2.1.7, §24.3). On a fast medium
 * the medium says so. Frames that wait when the link goes down are dropped, as a receiver is not
 * there. */
#include "adapter/adapter.h"

void link_set(struct baro_adapter *adapter, bool up)
{
    if (up == adapter->link_up)
        return;
    adapter->link_up = up;
    adapter->counts.link_changes++;
    ADAPTER_TELL(adapter, LINK_CHANGED, up);
    if (up)
        return;
    for (uint32_t i = frame_ring_used(&adapter->transmit_ring); i > 0; i--)
        adapter_drop(adapter, BARO_DROP_LINK_DOWN);
    frame_ring_clear(&adapter->transmit_ring);
}

void link_told(void *context, bool up, struct baro_instant now)
{
    struct baro_adapter *adapter = context;
    if (now.ns > adapter->now.ns)
        adapter->now = now;
    link_set(adapter, up);
}

void link_sent(struct baro_adapter *adapter, struct baro_instant end)
{
    adapter->link_sign_at.ns = end.ns + BARO_SIGNAL_LINK_INTERVAL_NS;
}

static void send_sign(struct baro_adapter *adapter)
{
    struct baro_transmission transmission = { .start = adapter->link_sign_at,
                                              .samples = adapter->samples,
                                              .link_sign = true };
    if (transmission.start.ns < adapter->line_free.ns)
        transmission.start = adapter->line_free;
    transmission.sample_count =
        baro_signal_send_link(&adapter->transmitter, adapter->samples, BARO_SIGNAL_LINK_SAMPLES);
    transmission.duration.ns = (int64_t)transmission.sample_count * adapter->line->sample_period_ps / 1000;
    struct baro_instant end = { transmission.start.ns + transmission.duration.ns };
    adapter->line_free.ns = end.ns + adapter->line->gap_ns;
    link_sent(adapter, end);
    (void)adapter->medium.transmit(adapter->medium.context, &transmission);
}

void link_advance(struct baro_adapter *adapter)
{
    if (!adapter->line)
        return;
    while (adapter->link_sign_at.ns <= adapter->now.ns)
        send_sign(adapter);
    if (adapter->link_up)
        link_set(adapter, baro_signal_link_up(&adapter->receiver, adapter->now));
}

bool link_deadline(const struct baro_adapter *adapter, struct baro_instant *deadline)
{
    if (!adapter->line)
        return false;
    *deadline = adapter->link_sign_at;
    struct baro_instant loss;
    if (adapter->link_up && baro_signal_link_deadline(&adapter->receiver, &loss) && loss.ns < deadline->ns)
        *deadline = loss;
    return true;
}
