/* service/mdns_hear.c: what others on the link say, and what that means for us.
 *
 * Responses tell of conflicts: a record of our name that is not ours (RFC 6762 §9). Queries are answered, and while we
 * probe, another's probe of the same name is compared with ours (§8.2). Whatever is malformed is ignored whole before
 * any of it had an effect. */
#include "mdns.h"

#include <string.h>

enum { QUIET_MS = 1000, PROBE_QUIET_MS = 250, QUARTER_TTL_MS = MDNS_TTL_S * 1000 / 4 };

/* The first `bits` of both are the same. */
static bool same_prefix(const struct baro_address *a, const struct baro_address *b, unsigned bits)
{
    if (a->family != b->family)
        return false;
    for (unsigned i = 0; i < sizeof a->octet && bits > 8 * i; i++) {
        unsigned in = bits >= 8 * (i + 1) ? 8 : bits - 8 * i;

        if (((a->octet[i] ^ b->octet[i]) & (0xff00u >> in & 0xff)) != 0)
            return false;
    }
    return true;
}

/* §11: what comes to the group is of this link, since no router passes it on; else its sender tells. */
static bool on_link(const struct mdns_side *side, const struct baro_message *from)
{
    const struct baro_mdns *mdns = side->mdns;
    const struct baro_address *source = &from->peer.address;

    if (same_prefix(&from->local.address, &side->group.address, 128))
        return true;
    for (unsigned i = 0; i < BARO_MDNS_ADDRESSES; i++) {
        const struct baro_address *own = &mdns->own[i].address;
        unsigned bits = mdns->own[i].prefix_length;

        if (own->family == BARO_FAMILY_IPV6 && bits == 128)
            bits = 64; /* autoconfigured: its prefix's (RFC 4862 §5.5.3) */
        if (own->family != BARO_FAMILY_NONE && same_prefix(own, source, bits))
            return true;
    }
    return source->family == BARO_FAMILY_IPV4 ? source->octet[0] == 169 && source->octet[1] == 254
                                              : source->octet[0] == 0xfe && (source->octet[1] & 0xc0) == 0x80;
}

static bool is_whole(struct baro_bytes octets)
{
    struct baro_dns_edns edns;

    return baro_dns_find_edns(octets, &edns) == 0;
}

/* Which of our records this is, as a set; its class's top bit does not matter. */
static uint32_t which(const struct baro_mdns *mdns, const struct baro_dns_record *record)
{
    struct baro_dns_record own;
    uint8_t maps[8];

    for (unsigned bit = 0; bit < MDNS_RECORDS; bit++) {
        if (mdns_record(mdns, bit, &own, maps) && own.type == record->type &&
            baro_dns_name_equal(&own.name, &record->name) && (record->dns_class & 0x7fff) == BARO_DNS_IN &&
            memcmp(own.address.octet, record->address.octet, 16) == 0 &&
            (own.target.length == 0 || baro_dns_name_equal(&own.target, &record->target)) &&
            (own.type != BARO_DNS_NSEC || (own.data.length == record->data.length &&
                                           memcmp(own.data.data, record->data.data, own.data.length) == 0)))
            return UINT32_C(1) << bit;
    }
    return 0;
}

static void hear_response(struct mdns_side *side, struct baro_dns_reader *reader, struct baro_instant now)
{
    struct baro_mdns *mdns = side->mdns;
    struct baro_dns_record record;
    enum baro_dns_section section;

    while (baro_dns_read_record(reader, &record, &section) > 0) {
        if (section == BARO_DNS_AUTHORITY || !baro_dns_name_equal(&record.name, &mdns->name) ||
            (record.dns_class & 0x7fff) != BARO_DNS_IN || which(mdns, &record) != 0 || record.ttl == 0)
            continue;
        /* Once the name is ours, only the types that we have can conflict (§9). */
        if (side->state != BARO_MDNS_PROBING && record.type != BARO_DNS_A && record.type != BARO_DNS_AAAA)
            continue;
        mdns_conflict(side, now);
        return;
    }
}

/* The order in which probes' records are compared (§8.2.1): class, type, data, all unsigned. */
static int compare(const struct baro_dns_record *a, const struct baro_dns_record *b)
{
    size_t length = a->type == BARO_DNS_A ? 4 : 16;

    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    return memcmp(a->address.octet, b->address.octet, length);
}

static void sort(struct baro_dns_record *records, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        for (unsigned j = i; j > 0 && compare(&records[j - 1], &records[j]) > 0; j--) {
            struct baro_dns_record swap = records[j];

            records[j] = records[j - 1];
            records[j - 1] = swap;
        }
    }
}

/* Another host probes for the name at the same time: whose records come later in the order wins. */
static void hear_probe(struct mdns_side *side, struct baro_dns_reader reader, struct baro_instant now)
{
    const struct baro_mdns *mdns = side->mdns;
    struct baro_dns_record theirs[BARO_MDNS_ADDRESSES], ours[BARO_MDNS_ADDRESSES], record;
    enum baro_dns_section section;
    unsigned count = 0, own = 0;
    uint8_t maps[8];
    int result = 0;

    while (count < BARO_MDNS_ADDRESSES && baro_dns_read_record(&reader, &record, &section) > 0) {
        if (section == BARO_DNS_AUTHORITY && baro_dns_name_equal(&record.name, &mdns->name) &&
            (record.type == BARO_DNS_A || record.type == BARO_DNS_AAAA))
            theirs[count++] = record;
    }
    if (count == 0)
        return;
    for (unsigned bit = 0; bit < BARO_MDNS_ADDRESSES; bit++)
        own += mdns_record(mdns, bit, &ours[own], maps);
    sort(theirs, count);
    sort(ours, own);
    for (unsigned i = 0; result == 0 && (i < count || i < own); i++)
        result = i == count ? 1 : i == own ? -1 : compare(&ours[i], &theirs[i]);
    if (result < 0)
        mdns_yield(side, now);
}

/* The records that a question asks for. */
static uint32_t asked_for(const struct baro_mdns *mdns, const struct baro_dns_question *question)
{
    uint32_t set = 0;
    unsigned asked = question->dns_class & 0x7fffu;
    bool any = question->type == BARO_DNS_ANY;

    if (asked != BARO_DNS_IN && asked != BARO_DNS_CLASS_ANY)
        return 0;
    for (unsigned bit = 0; bit < 2 * SET_POINTERS; bit++) {
        struct baro_dns_record own;
        uint8_t maps[8];

        if (mdns_record(mdns, bit, &own, maps) && baro_dns_name_equal(&own.name, &question->name) &&
            (any || own.type == question->type))
            set |= UINT32_C(1) << bit;
    }
    return set == 0 && baro_dns_name_equal(&question->name, &mdns->name) ? SET_NSEC : set;
}

/* To whom everybody else must hear it as well: what was not told to all in the last quarter of its life (§5.4). */
static uint32_t stale(const struct mdns_side *side, uint32_t set, struct baro_instant now)
{
    uint32_t result = 0;

    for (unsigned bit = 0; bit < MDNS_RECORDS; bit++) {
        if (side->multicast[bit].ns == 0 || now.ns - side->multicast[bit].ns >= MDNS_MS(QUARTER_TTL_MS))
            result |= set & UINT32_C(1) << bit;
    }
    return result;
}

/* What was asked, and what the asker knows already. */
struct request {
    uint32_t all, alone;            /* to be told to all; to the asker, if that is enough */
    struct baro_dns_question first; /* the first that we have an answer to */
    bool any, probe;
};

static void read_request(struct mdns_side *side, struct baro_dns_reader *reader, struct request *request)
{
    const struct baro_mdns *mdns = side->mdns;
    struct baro_dns_question question;
    struct baro_dns_record record;
    enum baro_dns_section section;
    uint32_t known = 0;

    while (baro_dns_read_question(reader, &question) > 0) {
        uint32_t set = asked_for(mdns, &question);

        *((question.dns_class & BARO_DNS_CLASS_TOP) != 0 ? &request->alone : &request->all) |= set;
        if (set != 0 && !request->any)
            request->first = question;
        request->any = request->any || set != 0;
    }
    while (baro_dns_read_record(reader, &record, &section) > 0) {
        if (section == BARO_DNS_ANSWERS && record.ttl >= MDNS_TTL_S / 2)
            known |= which(mdns, &record); /* §7.1 */
        request->probe =
            request->probe || (section == BARO_DNS_AUTHORITY && baro_dns_name_equal(&record.name, &mdns->name));
    }
    request->all &= ~known;
    request->alone &= ~known & ~request->all;
    side->waiting.set &= ~known;
}

static void hear_query(struct mdns_side *side, struct baro_dns_reader *reader, const struct baro_message *from,
                       struct baro_instant now)
{
    struct request request = { 0 };
    uint32_t others;

    if (side->state == BARO_MDNS_PROBING) {
        if (from->peer.port.number == BARO_MDNS_PORT)
            hear_probe(side, *reader, now);
        return;
    }
    if (side->waiting.set != 0 && memcmp(&side->waiting.asker, &from->peer.address, sizeof from->peer.address) != 0) {
        mdns_say_all(side, side->waiting.set, MDNS_TTL_S, QUIET_MS, now);
        side->waiting.set = 0;
    }
    read_request(side, reader, &request);
    if (from->peer.port.number != BARO_MDNS_PORT) { /* §6.7 */
        if (request.any) {
            request.first.dns_class &= 0x7fff;
            mdns_say_one(side, asked_for(side->mdns, &request.first), from, &request.first, reader->header.id);
        }
        return;
    }
    if ((reader->header.flags & BARO_DNS_TRUNCATED) != 0 && request.any) { /* more of what it knows follows */
        side->waiting.set |= request.all | request.alone;
        side->waiting.asker = from->peer.address;
        side->waiting.at.ns = now.ns + MDNS_MS(400 + service_random_below(&side->mdns->random, 101));
        return;
    }
    others = stale(side, request.alone, now);
    mdns_say_one(side, request.alone & ~others, from, NULL, 0);
    mdns_say_all(side, request.all | others, MDNS_TTL_S, request.probe ? PROBE_QUIET_MS : QUIET_MS, now);
}

void mdns_hear(struct mdns_side *side, struct baro_bytes octets, const struct baro_message *from,
               struct baro_instant now)
{
    struct baro_dns_reader reader;

    if (!on_link(side, from) || !is_whole(octets) || baro_dns_read(&reader, octets) != 0)
        return;
    if (from->peer.port.number == BARO_MDNS_PORT && mdns_place_of(side->mdns, from->peer.address) < BARO_MDNS_ADDRESSES)
        return; /* our own words; from another port, a question of this host's own programs */
    if (reader.header.operation != 0 || reader.header.code != 0) /* §18.3, §18.11 */
        return;
    if ((reader.header.flags & BARO_DNS_RESPONSE) == 0)
        hear_query(side, &reader, from, now);
    else if (from->peer.port.number == BARO_MDNS_PORT)
        hear_response(side, &reader, now);
}
