/* test/support/frame_device.h: a device that is two arrays of frames: what the test put in, what the stack sent. */
#ifndef TEST_FRAME_DEVICE_H
#define TEST_FRAME_DEVICE_H

#include "baro/device.h"

enum { FRAME_DEVICE_FRAMES = 512, FRAME_DEVICE_OCTETS = 65536 + 64, FRAME_DEVICE_GROUPS = 64 };

struct device_frame {
    uint8_t *data;
    uint32_t length;
    uint16_t gso_size;
    uint16_t header_length, checksum_start, checksum_offset; /* as the stack asked for; sent frames only */
    uint8_t checksum;                                        /* enum baro_rx_checksum; received frames only */
    uint64_t id;
};

struct frame_device {
    struct baro_device device;                       /* give this to baro_stack_add_interface */
    struct device_frame in[FRAME_DEVICE_FRAMES];     /* a ring: not yet taken by the stack */
    struct device_frame out[FRAME_DEVICE_FRAMES];    /* a ring: sent and not yet taken by the test */
    unsigned in_first, in_count, in_borrowed, out_first, out_count;
    unsigned room;                                   /* frames that tx_burst still takes; UINT32_MAX: no limit */
    uint64_t arrivals, sent;
    struct baro_mac group[FRAME_DEVICE_GROUPS];      /* the filter that the stack set */
    unsigned groups;
    bool link_down;
    bool keep_reports;                               /* else IGMP and MLD messages are only counted: */
    unsigned reports;
};

/* MAC 02:00:00:00:00:`last`, without capabilities. The caller may change device.capabilities before use. */
void frame_device_init(struct frame_device *device, uint8_t last, uint32_t mtu);
void frame_device_release(struct frame_device *device);

/* Copies a frame in; the stack finds it in its next poll. False: the array is full. */
bool frame_device_put(struct frame_device *device, const uint8_t *frame, uint32_t length);
/* The oldest frame that the stack sent, gathered, or NULL. Good until FRAME_DEVICE_FRAMES more were sent. */
const struct device_frame *frame_device_take(struct frame_device *device);
/* Moves all that one sent to the other's input, as a cable would; returns how many frames. */
unsigned frame_device_carry(struct frame_device *from, struct frame_device *to);

/* A struct baro_memory over calloc that counts what is out, and fails from the `fail_after`th take on (0: never). */
struct test_memory {
    size_t bytes, slabs, takes, fail_after;
};
struct baro_memory test_memory(struct test_memory *memory);

#endif
