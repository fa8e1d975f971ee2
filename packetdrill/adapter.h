/* packetdrill/adapter.h: what the files of libbaro-packetdrill.so share.
 *
 * The original packetdrill drives this stack as it drives a kernel: calls.c and wait.c are its system calls, on the
 * blocking library posix/; device.c is its network, a device in memory; descriptors.c gives out real descriptors of
 * this process as placeholders, since the tool ends with the real close() what a script left open.
 *
 * Everything runs in real time. Two threads of the tool enter: one makes the script's call, which may sleep, the other
 * goes on with the script. The stack's own thread is the third. */
#ifndef PACKETDRILL_ADAPTER_H
#define PACKETDRILL_ADAPTER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "baro/posix.h"
#include "baro/socket.h"
#include "interface.h"

/* ---- flags.c: what --so_flags says ---- */

struct adapter_flags {
    struct baro_address local[2], gateway[2]; /* IPv4, IPv6 */
    unsigned prefix_length[2];
    uint32_t mtu;
};

/* False: `message` says what is wrong. */
bool adapter_flags_read(struct adapter_flags *flags, const char *text, char *message, size_t size);

/* ---- device.c: the network ---- */

struct packet {
    struct packet *next;
    size_t length;
    long long time_us;
    bool lent;
    uint8_t frame[]; /* with its Ethernet header */
};

struct packet_queue {
    struct packet *first, **last;
};

struct adapter_network {
    pthread_mutex_t mutex;
    pthread_cond_t sent;           /* `out` got a packet */
    struct packet_queue in, out, lent;
    int arrived;                   /* an eventfd: `in` is not empty */
    struct baro_device device;
};

/* 0 or -errno. */
int adapter_network_init(struct adapter_network *network, uint32_t mtu);
void adapter_network_release(struct adapter_network *network);
extern const struct baro_mac adapter_gateway_mac;

/* ---- descriptors.c ---- */

enum { DESCRIPTORS = 1024, EPOLL_ENTRIES = 64 };

enum descriptor_kind { DESCRIPTOR_NONE, DESCRIPTOR_SOCKET, DESCRIPTOR_EPOLL };

struct epoll_entry {
    bool used, disabled;           /* EPOLLONESHOT has told once */
    int fd;
    struct epoll_event event;
    uint32_t told;                 /* EPOLLET: what was ready when it was last looked at, */
    uint64_t received, acknowledged; /* and how far the connection was */
};

struct epoll_set {
    struct epoll_entry entry[EPOLL_ENTRIES];
};

struct descriptor {
    enum descriptor_kind kind;
    int socket;                    /* the stack's number of it */
    struct epoll_set *epoll;
};

struct adapter {
    struct baro_posix_stack *stack;
    struct adapter_network network;
    pthread_mutex_t mutex;         /* of `descriptor` */
    struct descriptor descriptor[DESCRIPTORS];
};

/* A placeholder for a socket of the stack (closed again when there is none), or -1 with errno. */
int adapter_give_socket(struct adapter *adapter, int socket);
int adapter_give_epoll(struct adapter *adapter);
/* The stack's number of the socket; -1 with EBADF (none of ours) or ENOTSOCK. */
int adapter_socket(struct adapter *adapter, int fd);
bool adapter_is_ours(struct adapter *adapter, int fd);
/* NULL with EBADF or EINVAL. */
struct epoll_set *adapter_epoll(struct adapter *adapter, int fd);
/* Forgets the placeholder and closes it; the stack's number, or -1 when it was no socket. */
int adapter_take_back(struct adapter *adapter, int fd);

/* ---- calls.c, wait.c ---- */

void adapter_fill_calls(struct packetdrill_interface *interface);
void adapter_fill_waiting(struct packetdrill_interface *interface);
void adapter_fill_network(struct packetdrill_interface *interface);

#endif
