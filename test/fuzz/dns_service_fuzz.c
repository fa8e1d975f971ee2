/* Whatever octets come to the name services: as an answer to the resolver's question, as a query to the server with a
 * way to the outside, as an answer from there, as multicast DNS in every state of the responder, as an address in text.
 * Reading ends, stays inside, and what is told is whole: names are names, no more addresses than there is room for,
 * nothing kept longer than a day, no answer longer than its asker takes. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "service/dns_resolver.h"
#include "service/dns_server.h"
#include "service/mdns.h"

static void *take(void *context, size_t bytes)
{
    size_t whole = (bytes + 63) / 64 * 64;
    void *slab = aligned_alloc(64, whole);

    (void)context;
    return slab == NULL ? NULL : memset(slab, 0, whole);
}

static void give_back(void *context, void *slab, size_t bytes)
{
    (void)context;
    (void)bytes;
    free(slab);
}

static int ask(void *context, unsigned place, unsigned attempt, bool stream, struct baro_bytes query)
{
    struct baro_dns_reader reader;
    struct baro_dns_question question;

    (void)context;
    (void)stream;
    assert(place < BARO_DNS_SERVER_PENDING && attempt < 8);
    assert(baro_dns_read(&reader, query) == 0 && baro_dns_read_question(&reader, &question) == 1);
    assert(!dns_is_private(&question.name, question.type));
    return 2;
}

static void forget(void *context, unsigned place)
{
    (void)context;
    (void)place;
}

static void resolve(struct baro_bytes octets, bool stream)
{
    struct dns_asked asked = { .edns = true, .stream = stream };
    struct baro_dns_reader reader;
    struct dns_found found;
    char text[BARO_DNS_TEXT_LIMIT];

    if (baro_dns_read(&reader, octets) != 0 || baro_dns_read_question(&reader, &asked.question) != 1)
        return;
    asked.id = reader.header.id; /* what a forger would have to guess */
    if (dns_judge(&asked, octets, &found) != DNS_ANSWERED)
        return;
    assert(found.addresses <= BARO_DNS_ADDRESSES && found.ttl_s <= 86400);
    assert(baro_dns_name_text(&found.name, text, sizeof text) > 0);
    assert(found.status == BARO_DNS_FOUND || found.addresses == 0);
}

/* One server for all inputs: making a stack is slow. */
static struct baro_dns_server *make_server(void)
{
    const struct baro_memory memory = { NULL, take, give_back };
    const struct baro_stack_config config = { .memory = memory, .seed = { 1 } };
    const struct baro_dns_outside outside = { NULL, ask, forget };
    struct baro_dns_server_config names = { .memory = memory, .local = { .address = baro_ipv4(127, 0, 0, 53) },
                                            .outside = &outside };

    names.stack = baro_stack_create(&config);
    return baro_dns_server_create(&names, NULL);
}

static void serve(struct baro_bytes octets)
{
    static struct baro_dns_server *server;
    const struct dns_asker asker = { .fd = -1, .peer = { baro_ipv4(127, 0, 0, 1), { 7 } } };
    uint8_t answer[BARO_DNS_UDP_EDNS];
    size_t length;

    if (server == NULL)
        server = make_server();
    assert(server != NULL);
    length =
        dns_answer(server, octets, &asker, (struct baro_buffer){ answer, sizeof answer }, (struct baro_instant){ 0 });
    assert(length == 0 || (length >= BARO_DNS_HEADER && length <= sizeof answer));
    if (server->pendings != 0) {
        uint8_t *reply = malloc(octets.length); /* as an answer to itself, which nobody could have guessed */

        assert(server->pendings == 1 && server->pending[0].used && reply != NULL);
        memcpy(reply, octets.data, octets.length);
        reply[0] = (uint8_t)(server->pending[0].id >> 8);
        reply[1] = (uint8_t)server->pending[0].id;
        reply[2] |= 0x80;
        baro_dns_server_heard(server, 0, (struct baro_buffer){ reply, octets.length }, (struct baro_instant){ 1 });
        free(reply);
    }
    dns_forget_client(server, NULL);
    assert(server->pendings == 0);
}

static unsigned receive(void *context, struct baro_rx_frame *frames, unsigned limit)
{
    (void)context;
    (void)frames;
    (void)limit;
    return 0;
}

static unsigned room(void *context)
{
    (void)context;
    return 64;
}

static unsigned transmit(void *context, const struct baro_tx_frame *frames, unsigned count)
{
    (void)context;
    (void)frames;
    return count;
}

static struct baro_mdns *make_responder(void)
{
    static const struct baro_device device = { .mac = { { 2, 0, 0, 0, 0, 1 } }, .mtu = 1500, .rx_burst = receive,
                                               .tx_room = room, .tx_burst = transmit };
    const struct baro_memory memory = { NULL, take, give_back };
    const struct baro_stack_config config = { .memory = memory, .seed = { 1 } };
    struct baro_mdns_config responder = { .memory = memory, .seed = { 2 }, .name = "pebble" };
    struct baro_mdns *mdns;

    responder.stack = baro_stack_create(&config);
    responder.interface = baro_stack_add_interface(responder.stack, &device);
    mdns = baro_mdns_create(&responder, NULL);
    assert(mdns != NULL && baro_mdns_add_address(mdns, baro_ipv4(10, 9, 0, 2), 24, (struct baro_instant){ 0 }) == 0);
    assert(baro_mdns_add_address(mdns, baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 2), 64, (struct baro_instant){ 0 }) == 0);
    return mdns;
}

static void respond(struct baro_bytes octets)
{
    static const enum baro_mdns_state states[] = { BARO_MDNS_PROBING, BARO_MDNS_ANNOUNCING, BARO_MDNS_RUNNING };
    static struct baro_mdns *mdns;
    static struct baro_instant now;
    size_t which = octets.length % 6;
    struct baro_message from = { .interface = 1 };
    struct mdns_side *side;

    if (mdns == NULL)
        mdns = make_responder();
    side = &mdns->side[which / 3];
    from.local = from.peer = side->group;
    from.peer.address = which < 3 ? baro_ipv4(10, 9, 0, 1) : baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    from.peer.port.number = (octets.length & 8) != 0 ? BARO_MDNS_PORT : 40000;
    side->state = states[which % 3];
    mdns_hear(side, octets, &from, now);
    now.ns += INT64_C(30000000000);
    baro_mdns_poll(mdns, now);
    baro_stack_poll(mdns->config.stack, now);
    assert(side->state != BARO_MDNS_IDLE && baro_mdns_name(mdns)->length > 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size); /* of exactly this size, so that a read beyond it is seen */
    char *text = malloc(size + 1);
    struct baro_address address;

    if (copy != NULL && text != NULL) {
        if (size != 0) {
            memcpy(copy, data, size);
            memcpy(text, data, size);
        }
        text[size] = '\0';
        if (dns_literal(text, &address))
            assert(address.family == BARO_FAMILY_IPV4 || address.family == BARO_FAMILY_IPV6);
        resolve((struct baro_bytes){ copy, size }, false);
        resolve((struct baro_bytes){ copy, size }, true);
        serve((struct baro_bytes){ copy, size });
        respond((struct baro_bytes){ copy, size });
    }
    free(copy);
    free(text);
    return 0;
}
