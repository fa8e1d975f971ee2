/* service/dns_answer.c: what the name server says to one query.
 *
 * Names of the LAN are short-lived facts: records and denials live for TTL_S seconds. A query that cannot be understood
 * is told so by the code that fits, as long as it has a header and is no response: what answers responses can be made
 * to talk to itself for ever. */
#include "dns_server.h"

#include <errno.h>
#include <string.h>

enum { TTL_S = 5, OPT_OCTETS = 11, CODE_BAD_VERSION = 16, TYPE_IXFR = 251, TYPE_AXFR = 252 };

static const struct baro_dns_name root = { 1, { 0 } };
static const struct baro_dns_name lan = { 5, { 3, 'l', 'a', 'n', 0 } };
static const struct baro_dns_name local_host = { 11, { 9, 'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't', 0 } };

/* One answer being made. */
struct reply {
    struct baro_dns_writer writer;
    const struct baro_dns_question *question;
    bool exists; /* the name, whatever its types */
    unsigned found;
};

static void say(struct reply *reply, uint16_t type, const struct baro_address *address,
                const struct baro_dns_name *target)
{
    struct baro_dns_record record = {
        .name = reply->question->name, .type = type, .dns_class = BARO_DNS_IN, .ttl = TTL_S
    };

    reply->exists = true;
    if (reply->question->type != type && reply->question->type != BARO_DNS_ANY)
        return;
    if (address != NULL)
        record.address = *address;
    if (target != NULL)
        record.target = *target;
    reply->found++;
    baro_dns_write_record(&reply->writer, BARO_DNS_ANSWERS, &record);
}

static void say_address(struct reply *reply, struct baro_address address)
{
    say(reply, address.family == BARO_FAMILY_IPV4 ? BARO_DNS_A : BARO_DNS_AAAA, &address, NULL);
}

/* The name's last label as a name; of a single label the root where the name does not exist: a zone that could say
 * so. */
static struct baro_dns_name zone_of(const struct baro_dns_name *name, bool exists)
{
    struct baro_dns_name zone = root;
    size_t at = 0;

    if (name->length == 1 || (!exists && name->octet[0] + 2 == name->length))
        return zone;
    while (at + name->octet[at] + 2 < name->length)
        at += 1u + name->octet[at];
    zone.length = (uint8_t)(name->length - at);
    memcpy(zone.octet, name->octet + at, zone.length);
    return zone;
}

static void say_authority(struct reply *reply, enum baro_dns_section section)
{
    struct baro_dns_record record = { .type = BARO_DNS_SOA, .dns_class = BARO_DNS_IN, .ttl = TTL_S };

    record.name = zone_of(&reply->question->name, reply->exists);
    record.target = record.name;
    record.authority.mailbox = record.name;
    record.authority.serial = 1;
    record.authority.refresh_s = record.authority.retry_s = 3600;
    record.authority.expire_s = 86400;
    record.authority.minimum_s = TTL_S;
    baro_dns_write_record(&reply->writer, section, &record);
}

/* The name without "lan" behind it; itself where there is none. */
static struct baro_dns_name without_lan(const struct baro_dns_name *name)
{
    struct baro_dns_name rest = *name;

    if (baro_dns_name_within(name, &lan) && name->length > lan.length) {
        rest.length = (uint8_t)(name->length - lan.length + 1);
        rest.octet[rest.length - 1] = 0;
    }
    return rest;
}

static void say_pointer(struct baro_dns_server *server, struct reply *reply, struct baro_address address)
{
    const struct baro_address loopback = { .family = BARO_FAMILY_IPV6, .octet = { [15] = 1 } };

    if (memcmp(&address, &loopback, sizeof address) == 0 ||
        (address.family == BARO_FAMILY_IPV4 && address.octet[0] == 127)) {
        say(reply, BARO_DNS_PTR, NULL, &local_host);
        return;
    }
    for (unsigned i = 0; i < server->hosts; i++) {
        struct baro_dns_name target = server->host[i].name;

        if (memcmp(&server->host[i].address, &address, sizeof address) != 0)
            continue;
        if (baro_dns_name_append(&target, &lan) == 0)
            say(reply, BARO_DNS_PTR, NULL, &target);
        return;
    }
}

static void look_up(struct baro_dns_server *server, struct reply *reply)
{
    const struct baro_address loopback = { .family = BARO_FAMILY_IPV6, .octet = { [15] = 1 } };
    const struct baro_dns_name *name = &reply->question->name;
    struct baro_dns_name host = without_lan(name);
    struct baro_address address;

    if (baro_dns_name_within(name, &local_host)) {
        say_address(reply, baro_ipv4(127, 0, 0, 1));
        say_address(reply, loopback);
    } else if (baro_dns_name_address(name, &address)) {
        say_pointer(server, reply, address);
    } else if (baro_dns_name_equal(name, &lan)) {
        reply->exists = true;
        if (reply->question->type == BARO_DNS_SOA || reply->question->type == BARO_DNS_ANY) {
            reply->found++;
            say_authority(reply, BARO_DNS_ANSWERS);
        }
    } else {
        for (unsigned i = 0; i < server->hosts; i++) {
            if (baro_dns_name_equal(&host, &server->host[i].name))
                say_address(reply, server->host[i].address);
        }
    }
    reply->exists = reply->exists || baro_dns_name_equal(name, &root);
}

/* Why the query cannot be answered, or NO_ERROR. */
static unsigned judge(struct baro_bytes query, struct baro_dns_reader *reader, struct baro_dns_question *question,
                      struct baro_dns_edns *edns)
{
    if (reader->header.operation != 0)
        return BARO_DNS_NOT_IMPLEMENTED;
    if (reader->header.count[BARO_DNS_QUESTIONS] != 1 || baro_dns_read_question(reader, question) != 1 ||
        baro_dns_find_edns(query, edns) != 0)
        return BARO_DNS_FORMAT_ERROR;
    if (edns->present && edns->version != 0)
        return CODE_BAD_VERSION; /* RFC 6891 §6.1.3 */
    if (question->dns_class != BARO_DNS_IN && question->dns_class != BARO_DNS_CLASS_ANY)
        return BARO_DNS_REFUSED;
    return BARO_DNS_NO_ERROR;
}

/* OPT has its room whatever else did not fit. */
static size_t end(struct reply *reply, size_t limit, bool edns, unsigned code)
{
    const struct baro_dns_edns ours = { .udp_size = BARO_DNS_UDP_EDNS, .extended_code = (uint8_t)(code >> 4) };
    bool truncated = reply->writer.truncated;

    if (edns) {
        reply->writer.truncated = false;
        reply->writer.to.length = limit;
        baro_dns_write_edns(&reply->writer, &ours);
        reply->writer.truncated = truncated;
    }
    reply->writer.to.data[3] = (uint8_t)((reply->writer.to.data[3] & 0xf0) | (code & 15));
    return baro_dns_write_end(&reply->writer);
}

/* Octets that the asker takes. */
static size_t limit_of(const struct dns_asker *asker, const struct baro_dns_edns *edns, size_t room)
{
    size_t taken = edns->udp_size < BARO_DNS_UDP_PLAIN ? BARO_DNS_UDP_PLAIN : edns->udp_size;

    if (asker->client != NULL)
        return room;
    taken = taken > BARO_DNS_UDP_EDNS ? BARO_DNS_UDP_EDNS : taken;
    return taken < room ? taken : room;
}

static void begin(struct reply *reply, const struct baro_dns_header *header, struct baro_buffer to)
{
    baro_dns_write(&reply->writer, to, header);
    if (reply->question->name.length > 1 || reply->question->type != 0)
        baro_dns_write_question(&reply->writer, reply->question);
}

/* Names of the outside, where there is a way. Transfers of zones have answers of many messages: nobody asks a LAN's
 * forwarder for them. */
static bool goes_out(const struct baro_dns_server *server, const struct baro_dns_question *question)
{
    return server->pending != NULL && !dns_is_private(&question->name, question->type);
}

size_t dns_answer(struct baro_dns_server *server, struct baro_bytes query, const struct dns_asker *asker,
                  struct baro_buffer to, struct baro_instant now)
{
    struct baro_dns_reader reader;
    struct baro_dns_question question = { .name = root };
    struct baro_dns_edns edns = { 0 };
    struct reply reply = { .question = &question };
    size_t limit;
    unsigned code;

    if (baro_dns_read(&reader, query) != 0 || (reader.header.flags & BARO_DNS_RESPONSE) != 0) {
        server->counts.ignored++;
        return 0;
    }
    server->counts.queries++;
    code = judge(query, &reader, &question, &edns);
    if (code == BARO_DNS_NO_ERROR && goes_out(server, &question)) {
        if (question.type != TYPE_AXFR && question.type != TYPE_IXFR) {
            dns_forward(server, &reader.header, &question, &edns, asker, now);
            return 0;
        }
        code = BARO_DNS_REFUSED;
    }
    limit = limit_of(asker, &edns, to.length);
    to.length = limit - OPT_OCTETS;
    reader.header.flags = (uint16_t)((reader.header.flags & (BARO_DNS_RECURSION_DESIRED | BARO_DNS_CHECKING_DISABLED)) |
                                     BARO_DNS_RESPONSE | BARO_DNS_RECURSION_AVAILABLE);
    if (code == BARO_DNS_NO_ERROR)
        reader.header.flags |= BARO_DNS_AUTHORITATIVE;
    begin(&reply, &reader.header, to);
    if (code != BARO_DNS_NO_ERROR) {
        server->counts.refused++;
        return end(&reply, limit, edns.present, code);
    }
    look_up(server, &reply);
    if (reply.found == 0)
        say_authority(&reply, BARO_DNS_AUTHORITY);
    if (!reply.exists)
        code = BARO_DNS_NAME_ERROR;
    *(reply.found != 0 ? &server->counts.found : reply.exists ? &server->counts.no_data : &server->counts.no_name) += 1;
    return end(&reply, limit, edns.present, code);
}

size_t dns_answer_error(const struct dns_pending *pending, unsigned code, bool truncated, struct baro_buffer to)
{
    const struct baro_dns_header header = { .id = pending->asker_id,
                                            .flags = BARO_DNS_RESPONSE | BARO_DNS_RECURSION_AVAILABLE |
                                                     BARO_DNS_RECURSION_DESIRED };
    struct reply reply = { .question = &pending->question };
    size_t limit = to.length;

    to.length -= OPT_OCTETS;
    begin(&reply, &header, to);
    reply.writer.truncated = truncated;
    return end(&reply, limit, pending->edns, code);
}
