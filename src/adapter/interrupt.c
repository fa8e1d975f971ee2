/* Step 4, the interrupt line: one wire to the processor, with a mask and coalescing.
 *
 * A frame in the receive ring raises the line when `frames` of them wait, or when the first has
 * waited for `delay`; with one frame and no delay that is at once. While the line is masked
 * nothing raises it: the driver polls. The line is level-triggered in effect: unmasking it over
 * a ring that is not empty starts the same count again. */
#include "adapter/adapter.h"

static void raise_line(struct interrupt *interrupt)
{
    interrupt->raised = true;
}

void interrupt_frame(struct baro_adapter *adapter)
{
    struct interrupt *interrupt = &adapter->interrupt;
    if (interrupt->waiting++ == 0)
        interrupt->first_at = adapter->now;
    if (interrupt->masked || interrupt->raised || interrupt->waiting < interrupt->frames) {
        adapter->counts.coalesced++;
        return;
    }
    raise_line(interrupt);
}

static bool time_counts(const struct interrupt *interrupt)
{
    return !interrupt->masked && !interrupt->raised && interrupt->waiting > 0;
}

void interrupt_advance(struct baro_adapter *adapter)
{
    struct interrupt *interrupt = &adapter->interrupt;
    if (time_counts(interrupt) && adapter->now.ns - interrupt->first_at.ns >= interrupt->delay.ns)
        raise_line(interrupt);
}

bool interrupt_deadline(const struct baro_adapter *adapter, struct baro_instant *deadline)
{
    const struct interrupt *interrupt = &adapter->interrupt;
    if (!time_counts(interrupt))
        return false;
    deadline->ns = interrupt->first_at.ns + interrupt->delay.ns;
    return true;
}

void interrupt_take(struct baro_adapter *adapter)
{
    struct interrupt *interrupt = &adapter->interrupt;
    interrupt->masked = true;
    adapter->counts.interrupts++;
    ADAPTER_TELL(adapter, INTERRUPT, interrupt->waiting, (uint64_t)(adapter->now.ns - interrupt->first_at.ns), 1);
    interrupt->raised = false;
    interrupt->waiting = 0;
}

void interrupt_unmask(struct baro_adapter *adapter)
{
    struct interrupt *interrupt = &adapter->interrupt;
    interrupt->masked = false;
    interrupt->waiting = frame_ring_used(&adapter->receive_ring);
    interrupt->first_at = adapter->now;
    if (interrupt->waiting >= interrupt->frames)
        raise_line(interrupt);
}

bool baro_adapter_interrupt_pending(const struct baro_adapter *adapter)
{
    return adapter->interrupt.raised && !adapter->interrupt.masked;
}
