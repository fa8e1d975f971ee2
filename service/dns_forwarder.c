/* service/dns_forwarder.c: the queries that are outside, see baro/dns_server.h.
 *
 * A query goes out as a message of our own: its question, its flags, and OPT where the asker had one, since OPT is
 * between neighbours and its options are not ours to pass on (RFC 6891 §6.1.1). Each time it goes out it has a new id,
 * and its sender a new port. An answer has that id and that very question, or it is a forger's (RFC 5452 §9.1); its
 * octets are then passed back as they stand with the asker's id, so that types nobody here knows arrive whole; only OPT
 * becomes ours.
 *
 * A name server that keeps silent for WAIT, or says that it failed, is followed by the next; after ROUNDS silent ones
 * (or all, if they are more) the asker hears SERVFAIL. Asked the same again by an asker who lost patience, there is
 * nothing new to do: a second query outside would double a forger's chances (§5). */
#include "dns_server.h"

#include <string.h>

enum { ROUNDS = 3, ROUNDS_MOST = 8, ERROR_LIMIT = BARO_DNS_UDP_PLAIN };

static const struct baro_duration wait_datagram = { INT64_C(2000000000) }, wait_stream = { INT64_C(5000000000) };

bool dns_forwarder_init(struct baro_dns_server *server)
{
    const struct baro_memory *memory = &server->config.memory;

    server->outside = *server->config.outside;
    server->config.outside = NULL; /* not ours */
    service_random_init(&server->random, server->config.seed);
    server->pending = memory->take(memory->context, BARO_DNS_SERVER_PENDING * sizeof *server->pending);
    return server->pending != NULL;
}

static void finish(struct baro_dns_server *server, struct dns_pending *pending)
{
    if (!pending->used)
        return;
    pending->used = false;
    server->pendings--;
    server->outside.forget(server->outside.context, (unsigned)(pending - server->pending));
}

void dns_forwarder_release(struct baro_dns_server *server)
{
    const struct baro_memory *memory = &server->config.memory;

    if (server->pending == NULL)
        return;
    for (unsigned i = 0; i < BARO_DNS_SERVER_PENDING; i++)
        finish(server, &server->pending[i]);
    memory->give_back(memory->context, server->pending, BARO_DNS_SERVER_PENDING * sizeof *server->pending);
}

void dns_forget_client(struct baro_dns_server *server, const struct dns_client *client)
{
    for (unsigned i = 0; server->pendings != 0 && i < BARO_DNS_SERVER_PENDING; i++) {
        if (server->pending[i].used && server->pending[i].asker.client == client)
            finish(server, &server->pending[i]);
    }
}

/* Ends it with an answer of ours. */
static void answer_error(struct baro_dns_server *server, struct dns_pending *pending, unsigned code, bool truncated,
                         struct baro_instant now)
{
    uint8_t octets[ERROR_LIMIT];
    size_t length = dns_answer_error(pending, code, truncated, (struct baro_buffer){ octets, sizeof octets });
    const struct dns_asker asker = pending->asker;

    finish(server, pending);
    dns_server_say(server, &asker, pending->asker_id, (struct baro_bytes){ octets, length }, now);
}

static void fail(struct baro_dns_server *server, struct dns_pending *pending, struct baro_instant now)
{
    server->counts.unreturned++;
    answer_error(server, pending, BARO_DNS_SERVER_FAILURE, false, now);
}

/* Sends it out, to the next server at each attempt, until one can be sent to at all. */
static void ask(struct baro_dns_server *server, struct dns_pending *pending, struct baro_instant now)
{
    const bool stream = pending->asker.client != NULL;
    const unsigned place = (unsigned)(pending - server->pending);

    for (; pending->attempt < ROUNDS_MOST; pending->attempt++) {
        unsigned rounds = pending->servers > ROUNDS ? pending->servers : ROUNDS;
        int servers;

        if (pending->attempt >= rounds)
            break;
        pending->id = (uint16_t)service_random_u32(&server->random);
        pending->query[0] = (uint8_t)(pending->id >> 8);
        pending->query[1] = (uint8_t)pending->id;
        pending->due.ns = now.ns + (stream ? wait_stream : wait_datagram).ns;
        servers = server->outside.ask(server->outside.context, place, pending->attempt, stream,
                                      (struct baro_bytes){ pending->query, pending->length });
        if (servers > 0) {
            pending->servers = (unsigned)servers;
            return;
        }
    }
    fail(server, pending, now);
}

static void ask_next(struct baro_dns_server *server, struct dns_pending *pending, struct baro_instant now)
{
    pending->attempt++;
    ask(server, pending, now);
}

/* A free place, or that of the oldest. */
static struct dns_pending *place_for_one(struct baro_dns_server *server, struct baro_instant now)
{
    struct dns_pending *oldest = &server->pending[0];

    for (unsigned i = 0; i < BARO_DNS_SERVER_PENDING && oldest->used; i++) {
        struct dns_pending *pending = &server->pending[i];

        if (!pending->used || pending->since.ns < oldest->since.ns)
            oldest = pending;
    }
    if (oldest->used)
        fail(server, oldest, now);
    return oldest;
}

static bool same_endpoint(const struct baro_endpoint *a, const struct baro_endpoint *b)
{
    return a->port.number == b->port.number && a->address.family == b->address.family &&
           a->address.zone == b->address.zone && memcmp(a->address.octet, b->address.octet, 16) == 0;
}

static bool same_question(const struct baro_dns_question *a, const struct baro_dns_question *b)
{
    return a->type == b->type && a->dns_class == b->dns_class && baro_dns_name_equal(&a->name, &b->name);
}

static bool is_out_already(const struct baro_dns_server *server, uint16_t id, const struct baro_dns_question *question,
                           const struct dns_asker *asker)
{
    for (unsigned i = 0; server->pendings != 0 && asker->client == NULL && i < BARO_DNS_SERVER_PENDING; i++) {
        const struct dns_pending *pending = &server->pending[i];

        if (pending->used && pending->asker.client == NULL && pending->asker_id == id &&
            same_endpoint(&pending->asker.peer, &asker->peer) && same_question(&pending->question, question))
            return true;
    }
    return false;
}

/* Octets that a datagram's asker takes, no more than crosses every path. */
static uint16_t octets_taken(const struct baro_dns_edns *edns)
{
    if (edns->udp_size < BARO_DNS_UDP_PLAIN)
        return BARO_DNS_UDP_PLAIN;
    return edns->udp_size < BARO_DNS_UDP_EDNS ? edns->udp_size : BARO_DNS_UDP_EDNS;
}

void dns_forward(struct baro_dns_server *server, const struct baro_dns_header *header,
                 const struct baro_dns_question *question, const struct baro_dns_edns *edns,
                 const struct dns_asker *asker, struct baro_instant now)
{
    const struct baro_dns_edns ours = { .udp_size = octets_taken(edns), .dnssec_ok = edns->dnssec_ok };
    const struct baro_dns_header out = { .flags = header->flags & (BARO_DNS_RECURSION_DESIRED | BARO_DNS_AUTHENTIC |
                                                                   BARO_DNS_CHECKING_DISABLED) };
    struct dns_pending *pending;
    struct baro_dns_writer writer;

    if (is_out_already(server, header->id, question, asker))
        return;
    pending = place_for_one(server, now);
    *pending = (struct dns_pending){ .used = true, .edns = edns->present, .asker_id = header->id, .asker = *asker,
                                     .question = *question, .since = now };
    pending->limit = asker->client != NULL ? DNS_STREAM_LIMIT : octets_taken(edns);
    server->pendings++;
    server->counts.forwarded++;
    if (asker->client != NULL)
        asker->client->waiting++;
    baro_dns_write(&writer, (struct baro_buffer){ pending->query, sizeof pending->query }, &out);
    baro_dns_write_question(&writer, question);
    if (edns->present)
        baro_dns_write_edns(&writer, &ours);
    pending->length = baro_dns_write_end(&writer);
    ask(server, pending, now);
}

/* Header and question are those of our query. */
static bool fits(const struct dns_pending *pending, struct baro_bytes octets, struct baro_dns_header *header)
{
    struct baro_dns_question question;
    struct baro_dns_reader reader;

    if (baro_dns_read(&reader, octets) != 0)
        return false;
    *header = reader.header;
    if (header->id != pending->id || (header->flags & BARO_DNS_RESPONSE) == 0 || header->operation != 0)
        return false;
    if (header->count[BARO_DNS_QUESTIONS] == 0) /* some do not repeat what they do not understand */
        return octets.length == BARO_DNS_HEADER &&
               (header->code == BARO_DNS_FORMAT_ERROR || header->code == BARO_DNS_NOT_IMPLEMENTED);
    return header->count[BARO_DNS_QUESTIONS] == 1 && baro_dns_read_question(&reader, &question) == 1 &&
           same_question(&question, &pending->question);
}

/* OPT is the outside's word to us; what the asker hears is ours: our size, and no options. In front of other records,
 * where nobody puts it, its options stay. The length then. */
static size_t make_opt_ours(struct baro_buffer octets)
{
    struct baro_dns_reader reader;
    struct baro_dns_record record;
    enum baro_dns_section section;

    baro_dns_read(&reader, (struct baro_bytes){ octets.data, octets.length });
    while (baro_dns_read_record(&reader, &record, &section) == 1) {
        size_t data = (size_t)(record.data.data - octets.data);

        if (record.type != BARO_DNS_OPT)
            continue;
        octets.data[data - 8] = (uint8_t)(BARO_DNS_UDP_EDNS >> 8);
        octets.data[data - 7] = (uint8_t)(BARO_DNS_UDP_EDNS & 0xff);
        if (data + record.data.length != octets.length)
            continue;
        octets.data[data - 2] = octets.data[data - 1] = 0;
        return data;
    }
    return octets.length;
}

bool baro_dns_server_heard(struct baro_dns_server *server, unsigned place, struct baro_buffer octets,
                           struct baro_instant now)
{
    struct dns_pending *pending = &server->pending[place];
    const struct baro_bytes heard = { octets.data, octets.length };
    struct baro_dns_header header;
    struct baro_dns_edns edns;
    size_t length;

    if (!pending->used)
        return true;
    if (!fits(pending, heard, &header)) {
        server->counts.forged++;
        return false;
    }
    if (baro_dns_find_edns(heard, &edns) != 0 ||
        ((header.code == BARO_DNS_SERVER_FAILURE || header.code == BARO_DNS_REFUSED) &&
         pending->attempt + 1 < pending->servers)) {
        ask_next(server, pending, now);
        return true;
    }
    server->counts.returned++;
    length = make_opt_ours(octets);
    if (header.count[BARO_DNS_QUESTIONS] == 0 || length > pending->limit) {
        answer_error(server, pending, header.code, header.count[BARO_DNS_QUESTIONS] != 0, now);
        return true;
    }
    dns_server_say(server, &pending->asker, pending->asker_id, (struct baro_bytes){ octets.data, length }, now);
    finish(server, pending);
    return true;
}

void baro_dns_server_failed(struct baro_dns_server *server, unsigned place, struct baro_instant now)
{
    if (server->pending[place].used)
        ask_next(server, &server->pending[place], now);
}

bool dns_forwarder_poll(struct baro_dns_server *server, struct baro_instant now)
{
    bool did = false;

    for (unsigned i = 0; server->pendings != 0 && i < BARO_DNS_SERVER_PENDING; i++) {
        if (!server->pending[i].used || server->pending[i].due.ns > now.ns)
            continue;
        ask_next(server, &server->pending[i], now);
        did = true;
    }
    return did;
}

bool dns_forwarder_deadline(const struct baro_dns_server *server, struct baro_instant *deadline)
{
    bool any = false;

    for (unsigned i = 0; server->pendings != 0 && i < BARO_DNS_SERVER_PENDING; i++) {
        if (!server->pending[i].used || (any && server->pending[i].due.ns >= deadline->ns))
            continue;
        *deadline = server->pending[i].due;
        any = true;
    }
    return any;
}
