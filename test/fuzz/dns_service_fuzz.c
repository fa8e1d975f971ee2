/* Whatever octets come to the name services: as an answer to the resolver's question, as a query to the server with a way to the
 * outside, as an answer from there, as an address in text. Reading ends, stays inside, and what is told is whole: names are
 * names, no more addresses than there is room for, nothing kept longer than a day, no answer longer than its asker takes. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "service/dns_resolver.h"
#include "service/dns_server.h"

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
    length = dns_answer(server, octets, &asker, (struct baro_buffer){ answer, sizeof answer }, (struct baro_instant){ 0 });
    assert(length == 0 || (length >= BARO_DNS_HEADER && length <= sizeof answer));
    if (server->pendings != 0) {
        uint8_t *reply = malloc(octets.length); /* as an answer to itself, which nobody could have guessed */

        assert(server->pendings == 1 && server->pending[0].used && reply != NULL);
        memcpy(reply, octets.data, octets.length);
        reply[0] = (uint8_t)(server->pending[0].id >> 8);
        reply[1] = (uint8_t)server->pending[0].id;
        reply[2] |= 0x80;
        baro_dns_server_heard(server, 0, (struct baro_bytes){ reply, octets.length }, (struct baro_instant){ 1 });
        free(reply);
    }
    dns_forget_client(server, NULL);
    assert(server->pendings == 0);
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
    }
    free(copy);
    free(text);
    return 0;
}
