/* packetdrill/adapter.c: packetdrill_interface_init(): a stack for the original packetdrill.
 *
 *     packetdrill --so_filename=libbaro-packetdrill.so --so_flags=local=192.168.0.1/16,gateway=192.168.0.2 X.pkt
 *
 * One stack, one interface, both families' addresses, no link traffic of its own. A mistake in the flags ends the tool
 * with a message, since it cannot be told otherwise. The code blocks of scripts ask the kernel for TCP_INFO and cannot
 * be served here: `baro drill` can. */
#include "adapter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MTU_IPV6 = 1280 /* below it an interface has no IPv6 */ };

static void adapter_free(void *userdata)
{
    struct adapter *adapter = userdata;

    baro_posix_free(adapter->stack);
    for (int fd = 0; fd < DESCRIPTORS; fd++)
        free(adapter->descriptor[fd].epoll);
    adapter_network_release(&adapter->network);
    pthread_mutex_destroy(&adapter->mutex);
    free(adapter);
}

static int configure(struct adapter *adapter, const struct adapter_flags *flags)
{
    struct baro_stack *core = baro_posix_lock(adapter->stack);
    int interface = 1, error = 0;

    for (int i = 0; i < (flags->mtu < MTU_IPV6 ? 1 : 2) && error == 0; i++) {
        struct baro_address any = { .family = flags->local[i].family };

        error = baro_stack_add_address(core, interface, flags->local[i], flags->prefix_length[i], false);
        if (error == 0)
            error = baro_stack_set_neighbour(core, interface, flags->gateway[i], adapter_gateway_mac);
        if (error == 0)
            error = baro_stack_add_route(core, any, 0, flags->gateway[i], interface);
    }
    baro_posix_unlock(adapter->stack);
    return error;
}

/* 0 or -errno. */
static int make(struct adapter *adapter, const struct adapter_flags *flags)
{
    struct baro_posix_config config;
    int error = adapter_network_init(&adapter->network, flags->mtu);

    if (error != 0)
        return error;
    pthread_mutex_init(&adapter->mutex, NULL);
    baro_posix_config_init(&config);
    config.device = &adapter->network.device;
    config.device_descriptor = adapter->network.arrived;
    config.black_holes = BARO_BLACK_HOLES_IGNORED;
    config.send_buffer = config.recv_buffer = (struct baro_buffer_size){ 262144, 262144 };
    config.ecn = BARO_ECN_ANSWER; /* scripts are written for Linux, which does not ask */
    config.pacing = BARO_PACING_OFF; /* ... and whose device's queue decides about pacing */
    adapter->stack = baro_posix_create(&config);
    return adapter->stack == NULL ? -errno : configure(adapter, flags);
}

__attribute__((visibility("default"))) void packetdrill_interface_init(const char *flags,
                                                                       struct packetdrill_interface *interface)
{
    struct adapter *adapter = calloc(1, sizeof *adapter);
    struct adapter_flags read;
    char message[200];
    int error;

    if (!adapter_flags_read(&read, flags, message, sizeof message)) {
        fprintf(stderr, "libbaro-packetdrill: --so_flags: %s\n", message);
        exit(EXIT_FAILURE);
    }
    error = adapter == NULL ? -ENOMEM : make(adapter, &read);
    if (error != 0) {
        fprintf(stderr, "libbaro-packetdrill: %s\n", strerror(-error));
        exit(EXIT_FAILURE);
    }
    *interface = (struct packetdrill_interface){ .userdata = adapter, .free = adapter_free };
    adapter_fill_calls(interface);
    adapter_fill_waiting(interface);
    adapter_fill_network(interface);
}
