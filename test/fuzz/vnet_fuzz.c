/* Virtio-net headers from a kernel that lies: whatever is accepted lies inside the frame, and a whole stack takes
 * it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/device/vnet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct baro_rx_frame frame;
    uint8_t *copy, again[VNET_HEADER];
    enum vnet_verdict verdict;

    if (size < 1 || size > 65535)
        return 0;
    copy = malloc(size == 1 ? 1 : size - 1); /* of its own size, so that a read beyond it is seen */
    require(copy != NULL);
    memcpy(copy, data + 1, size - 1);
    verdict = vnet_read(copy, (uint32_t)size - 1, (data[0] & 1) != 0, &frame);
    require(verdict < VNET_VERDICT_COUNT && vnet_verdict_text(verdict) != NULL);
    if (verdict == VNET_OK) {
        struct baro_tx_frame out = { .part = { { frame.data, frame.length } }, .parts = 1, .gso_size = frame.gso_size };

        require(frame.data == copy + VNET_HEADER && frame.length == size - 1 - VNET_HEADER);
        require(frame.gso_size == 0 || (frame.checksum == BARO_RX_CHECKSUM_VERIFIED && frame.length > 54));
        require(frame.gso_size < frame.length);
        if (frame.gso_size != 0)
            out.checksum_start = 34;
        vnet_write(again, &out);
    }
    free(copy);
    return 0;
}
