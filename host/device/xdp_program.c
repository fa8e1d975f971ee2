/* host/device/xdp_program.c: the seven instructions that give an interface's frames to an AF_XDP socket.
 *
 * No library of BPF is needed for so little. The program is held by a bpf_link, not by the interface: when its last
 * descriptor is closed, also because the process was killed, the interface is as it was before.
 *
 *     r2 = context->rx_queue_index
 *     r1 = the map of sockets
 *     r3 = XDP_PASS                    what becomes of a frame of a queue without a socket
 *     call bpf_redirect_map
 *     exit */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "xdp.h"

enum { QUEUES = 4096, LOG_OCTETS = 4096 };

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1U << 5)
#endif

static int call(int command, union bpf_attr *attributes)
{
    return (int)syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

static int load(int map)
{
    const struct bpf_insn program[] = {
        { .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_1,
          .off = offsetof(struct xdp_md, rx_queue_index) },
        { .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1, .src_reg = BPF_PSEUDO_MAP_FD, .imm = map },
        { .code = 0 },
        { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = XDP_PASS },
        { .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map },
        { .code = BPF_JMP | BPF_EXIT },
    };
    union bpf_attr attributes;
    int fd = -1;

    for (int fragments = 1; fd < 0 && fragments >= 0; fragments--) { /* kernels before 5.18 do not know of fragments */
        memset(&attributes, 0, sizeof attributes);
        attributes.prog_type = BPF_PROG_TYPE_XDP;
        attributes.expected_attach_type = BPF_XDP;
        attributes.insns = (uint64_t)(uintptr_t)program;
        attributes.insn_cnt = sizeof program / sizeof program[0];
        attributes.license = (uint64_t)(uintptr_t) "MIT";
        attributes.prog_flags = fragments ? BPF_F_XDP_HAS_FRAGS : 0;
        memcpy(attributes.prog_name, "baro_redirect", sizeof "baro_redirect");
        fd = call(BPF_PROG_LOAD, &attributes);
    }
    return fd;
}

/* By the driver where it can, else by the kernel's generic way. */
static int attach(const struct baro_link *link, int program)
{
    union bpf_attr attributes;
    int fd = -1;

    for (int generic = 0; fd < 0 && generic < 2; generic++) {
        memset(&attributes, 0, sizeof attributes);
        attributes.link_create.prog_fd = (uint32_t)program;
        attributes.link_create.target_ifindex = (uint32_t)link->index;
        attributes.link_create.attach_type = BPF_XDP;
        attributes.link_create.flags = generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
        fd = call(BPF_LINK_CREATE, &attributes);
        if (fd < 0 && errno == EBUSY)
            break;
    }
    return fd;
}

int xdp_redirect(struct baro_link *link, struct xdp *xdp, char *error, size_t size)
{
    union bpf_attr attributes;
    uint32_t queue = link->queue;

    memset(&attributes, 0, sizeof attributes);
    attributes.map_type = BPF_MAP_TYPE_XSKMAP;
    attributes.key_size = attributes.value_size = 4;
    attributes.max_entries = QUEUES;
    xdp->map = call(BPF_MAP_CREATE, &attributes);
    if (xdp->map < 0)
        return link_complain(error, size, errno == EPERM ? "BPF needs CAP_BPF and CAP_NET_ADMIN of the machine's root, "
                                                           "not of a user namespace"
                                                         : "the kernel has no map of AF_XDP sockets");
    memset(&attributes, 0, sizeof attributes);
    attributes.map_fd = (uint32_t)xdp->map;
    attributes.key = (uint64_t)(uintptr_t)&queue;
    attributes.value = (uint64_t)(uintptr_t)&link->fd;
    if (call(BPF_MAP_UPDATE_ELEM, &attributes) < 0)
        return link_complain(error, size, "the socket cannot be put into the map");
    xdp->program = load(xdp->map);
    if (xdp->program < 0)
        return link_complain(error, size, "the kernel does not take the XDP program");
    xdp->attached = attach(link, xdp->program);
    if (xdp->attached < 0)
        return link_complain(error, size, errno == EBUSY ? "another XDP program is attached to the interface"
                                                         : "the interface takes no XDP program");
    return 0;
}
