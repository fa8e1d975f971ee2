/* packetdrill/device.c: the tool's network: bare datagrams in and out of a device in memory.
 *
 * The stack sees Ethernet: a header is put before what comes and taken off what goes; the gateway is a neighbour
 * known from the start, and what the link itself says (ARP, neighbour discovery, reports of groups) is dropped,
 * since a script expects nothing that it did not provoke. A packet is stamped when the stack sends it, not when the
 * tool asks. */
#include "adapter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

enum {
    ETHERNET_HEADER = 14,
    TYPE_AT = 12,
    TYPE_IPV4 = 0x0800,
    TYPE_IPV6 = 0x86dd,
    IPV6_HEADER = 40,
    NEXT_HEADER_AT = 6,
    HOP_BY_HOP = 0, /* group reports have the router alert option */
    ICMPV6 = 58,
    ICMPV6_GROUPS_FIRST = 130, /* queries and reports of groups, then neighbour discovery's five */
    ICMPV6_DISCOVERY_LAST = 137,
    DATAGRAM_MOST = 65535,
    ASK_AGAIN_MS = 100
};

static const struct baro_mac own_mac = { { 0x02, 0xba, 0x10, 0, 0, 1 } };
const struct baro_mac adapter_gateway_mac = { { 0x02, 0xba, 0x10, 0, 0, 2 } };

static long long now_us(void)
{
    struct timeval now;

    gettimeofday(&now, NULL);
    return (long long)now.tv_sec * 1000000 + now.tv_usec;
}

static void put(struct packet_queue *queue, struct packet *packet)
{
    packet->next = NULL;
    *queue->last = packet;
    queue->last = &packet->next;
}

static struct packet *take(struct packet_queue *queue)
{
    struct packet *packet = queue->first;

    if (packet == NULL)
        return NULL;
    queue->first = packet->next;
    if (queue->first == NULL)
        queue->last = &queue->first;
    return packet;
}

static void empty(struct packet_queue *queue)
{
    struct packet *packet;

    while ((packet = take(queue)) != NULL)
        free(packet);
}

/* ---- the device, called with the stack's mutex held ---- */

static unsigned rx_burst(void *context, struct baro_rx_frame *frames, unsigned limit)
{
    struct adapter_network *network = context;
    unsigned count = 0;
    uint64_t rings;

    pthread_mutex_lock(&network->mutex);
    while (count < limit && network->in.first != NULL) {
        struct packet *packet = take(&network->in);

        frames[count++] = (struct baro_rx_frame){ .data = packet->frame, .length = (uint32_t)packet->length };
        put(&network->lent, packet);
    }
    if (network->in.first == NULL && read(network->arrived, &rings, sizeof rings) < 0)
        rings = 0; /* it did not ring */
    pthread_mutex_unlock(&network->mutex);
    return count;
}

static void rx_end(void *context)
{
    struct adapter_network *network = context;

    pthread_mutex_lock(&network->mutex);
    empty(&network->lent);
    pthread_mutex_unlock(&network->mutex);
}

static unsigned tx_room(void *context)
{
    (void)context;
    return BARO_BURST_LIMIT;
}

/* A datagram, and not the link's own talk? */
static bool is_kept(const uint8_t *frame, size_t length)
{
    unsigned type = length <= ETHERNET_HEADER ? 0 : (unsigned)frame[TYPE_AT] << 8 | frame[TYPE_AT + 1];
    const uint8_t *datagram = frame + ETHERNET_HEADER;

    if (type != TYPE_IPV6 || length <= ETHERNET_HEADER + IPV6_HEADER)
        return type == TYPE_IPV4 || type == TYPE_IPV6;
    if (datagram[NEXT_HEADER_AT] == HOP_BY_HOP)
        return false;
    return datagram[NEXT_HEADER_AT] != ICMPV6 ||
           datagram[IPV6_HEADER] < ICMPV6_GROUPS_FIRST || datagram[IPV6_HEADER] > ICMPV6_DISCOVERY_LAST;
}

static unsigned tx_burst(void *context, const struct baro_tx_frame *frames, unsigned count)
{
    struct adapter_network *network = context;

    for (unsigned i = 0; i < count; i++) {
        size_t length = 0;
        struct packet *packet;

        for (unsigned j = 0; j < frames[i].parts; j++)
            length += frames[i].part[j].length;
        packet = malloc(sizeof *packet + length);
        if (packet == NULL)
            return i;
        packet->length = 0;
        packet->time_us = now_us();
        for (unsigned j = 0; j < frames[i].parts; j++) {
            if (frames[i].part[j].length != 0)
                memcpy(packet->frame + packet->length, frames[i].part[j].data, frames[i].part[j].length);
            packet->length += frames[i].part[j].length;
        }
        if (!is_kept(packet->frame, packet->length)) {
            free(packet);
            continue;
        }
        pthread_mutex_lock(&network->mutex);
        put(&network->out, packet);
        pthread_cond_signal(&network->sent);
        pthread_mutex_unlock(&network->mutex);
    }
    return count;
}

int adapter_network_init(struct adapter_network *network, uint32_t mtu)
{
    *network = (struct adapter_network){
        .device = { .context = network, .mac = own_mac, .mtu = mtu, .rx_burst = rx_burst, .rx_end = rx_end,
                    .tx_room = tx_room, .tx_burst = tx_burst },
    };
    network->in.last = &network->in.first;
    network->out.last = &network->out.first;
    network->lent.last = &network->lent.first;
    network->arrived = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (network->arrived < 0)
        return -errno;
    pthread_mutex_init(&network->mutex, NULL);
    pthread_cond_init(&network->sent, NULL);
    return 0;
}

void adapter_network_release(struct adapter_network *network)
{
    empty(&network->in);
    empty(&network->out);
    empty(&network->lent);
    close(network->arrived);
    pthread_cond_destroy(&network->sent);
    pthread_mutex_destroy(&network->mutex);
}

/* ---- the tool's side ---- */

static int netdev_send(void *userdata, const void *datagram, size_t length)
{
    struct adapter *adapter = userdata;
    struct adapter_network *network = &adapter->network;
    struct packet *packet;
    uint64_t one = 1;
    unsigned type;
    ssize_t rung;

    if (length == 0 || length > DATAGRAM_MOST) {
        errno = EINVAL;
        return -1;
    }
    packet = malloc(sizeof *packet + ETHERNET_HEADER + length);
    if (packet == NULL)
        return -1;
    type = *(const uint8_t *)datagram >> 4 == 6 ? TYPE_IPV6 : TYPE_IPV4;
    packet->length = ETHERNET_HEADER + length;
    memcpy(packet->frame, own_mac.octet, sizeof own_mac.octet);
    memcpy(packet->frame + sizeof own_mac.octet, adapter_gateway_mac.octet, sizeof adapter_gateway_mac.octet);
    packet->frame[TYPE_AT] = (uint8_t)(type >> 8);
    packet->frame[TYPE_AT + 1] = (uint8_t)type;
    memcpy(packet->frame + ETHERNET_HEADER, datagram, length);
    pthread_mutex_lock(&network->mutex);
    put(&network->in, packet);
    rung = write(network->arrived, &one, sizeof one);
    pthread_mutex_unlock(&network->mutex);
    return rung < 0 ? -1 : 0;
}

static int netdev_receive(void *userdata, void *datagram, size_t *length, long long *time_us)
{
    struct adapter *adapter = userdata;
    struct adapter_network *network = &adapter->network;
    struct packet *packet;
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += ASK_AGAIN_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&network->mutex);
    while (network->out.first == NULL && pthread_cond_timedwait(&network->sent, &network->mutex, &until) == 0)
        continue;
    packet = take(&network->out);
    pthread_mutex_unlock(&network->mutex);
    if (packet == NULL) {
        errno = EAGAIN;
        return -1;
    }
    packet->length -= ETHERNET_HEADER;
    if (*length > packet->length)
        *length = packet->length;
    memcpy(datagram, packet->frame + ETHERNET_HEADER, *length);
    *time_us = packet->time_us;
    free(packet);
    return 0;
}

static int sleep_us(void *userdata, useconds_t time_us)
{
    (void)userdata;
    return usleep(time_us);
}

static int time_of_day(void *userdata, struct timeval *now, struct timezone *zone)
{
    (void)userdata;
    return gettimeofday(now, zone);
}

void adapter_fill_network(struct packetdrill_interface *interface)
{
    interface->netdev_send = netdev_send;
    interface->netdev_receive = netdev_receive;
    interface->usleep = sleep_us;
    interface->gettimeofday = time_of_day;
}
