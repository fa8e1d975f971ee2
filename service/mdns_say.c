/* service/mdns_say.c: the responder's own messages (RFC 6762 §18): id 0, no question repeated but to askers of the old
 * kind, every record of a name that is ours alone with the bit that makes others forget what they knew. */
#include "mdns.h"

#include <string.h>

static uint32_t addresses_of(const struct baro_mdns *mdns)
{
    uint32_t set = 0;

    for (unsigned i = 0; i < BARO_MDNS_ADDRESSES; i++)
        set |= (uint32_t)(mdns->own[i].address.family != BARO_FAMILY_NONE) << i;
    return set;
}

uint32_t mdns_all(const struct baro_mdns *mdns)
{
    uint32_t addresses = addresses_of(mdns);

    return addresses | addresses << SET_POINTERS;
}

bool mdns_record(const struct baro_mdns *mdns, unsigned bit, struct baro_dns_record *record, uint8_t maps[8])
{
    unsigned index = bit % SET_POINTERS;

    memset(record, 0, sizeof *record);
    record->name = mdns->name;
    record->dns_class = BARO_DNS_IN | BARO_DNS_CLASS_TOP;
    record->ttl = MDNS_TTL_S;
    if (bit == 16) { /* one block of types 0 to 31 says it all (§6.1) */
        static const uint8_t empty[6] = { 0, 4, 0, 0, 0, 0 };

        memcpy(maps, empty, sizeof empty);
        for (unsigned i = 0; i < BARO_MDNS_ADDRESSES; i++) {
            unsigned type = mdns->own[i].address.family == BARO_FAMILY_IPV4 ? BARO_DNS_A : BARO_DNS_AAAA;

            if (mdns->own[i].address.family == BARO_FAMILY_NONE)
                continue;
            maps[2 + type / 8] |= (uint8_t)(0x80u >> type % 8);
        }
        record->type = BARO_DNS_NSEC;
        record->target = mdns->name;
        record->data = (struct baro_bytes){ maps, sizeof empty };
        return true;
    }
    if (mdns->own[index].address.family == BARO_FAMILY_NONE)
        return false;
    if (bit >= SET_POINTERS) {
        record->type = BARO_DNS_PTR;
        record->target = mdns->name;
        baro_dns_name_reverse(&record->name, mdns->own[index].address);
        return true;
    }
    record->address = mdns->own[index].address;
    record->type = record->address.family == BARO_FAMILY_IPV4 ? BARO_DNS_A : BARO_DNS_AAAA;
    return true;
}

static void put(const struct baro_mdns *mdns, struct baro_dns_writer *writer, enum baro_dns_section section,
                uint32_t set, uint32_t ttl_s, bool legacy)
{
    struct baro_dns_record record;
    uint8_t maps[8];

    for (unsigned bit = 0; bit < MDNS_RECORDS; bit++) {
        if ((set & UINT32_C(1) << bit) == 0 || !mdns_record(mdns, bit, &record, maps))
            continue;
        record.ttl = ttl_s;
        if (legacy || section == BARO_DNS_AUTHORITY)
            record.dns_class = BARO_DNS_IN;
        baro_dns_write_record(writer, section, &record);
    }
}

/* To all, or to who sent `from`: from where it was sent to, if that is an address of ours. */
static void send(struct mdns_side *side, struct baro_dns_writer *writer, const struct baro_message *from)
{
    struct baro_buffer piece = { writer->to.data, writer->length }; /* more than a frame takes: for another time */
    struct baro_message message = { .peer = from == NULL ? side->group : from->peer, .buffer = &piece, .buffers = 1 };

    if (from != NULL && mdns_place_of(side->mdns, from->local.address) < BARO_MDNS_ADDRESSES)
        message.local = from->local;
    baro_sendmsg(side->mdns->config.stack, side->fd, &message, 0);
}

void mdns_say_probe(struct mdns_side *side)
{
    const struct baro_mdns *mdns = side->mdns;
    uint8_t octets[MDNS_OCTETS];
    const struct baro_dns_header header = { 0 };
    const struct baro_dns_question question = { mdns->name, BARO_DNS_ANY, BARO_DNS_IN | BARO_DNS_CLASS_TOP };
    struct baro_dns_writer writer;

    baro_dns_write(&writer, (struct baro_buffer){ octets, sizeof octets }, &header);
    baro_dns_write_question(&writer, &question);
    put(mdns, &writer, BARO_DNS_AUTHORITY, mdns_all(mdns) & 0xff, MDNS_TTL_S, false);
    send(side, &writer, NULL);
}

/* What the name's asker will want to know next: its other addresses, and what is not there. */
static uint32_t besides(const struct baro_mdns *mdns, uint32_t set)
{
    uint32_t addresses = addresses_of(mdns);

    return (set & (addresses | SET_NSEC)) == 0 ? 0 : (addresses | SET_NSEC) & ~set;
}

void mdns_say_all(struct mdns_side *side, uint32_t set, uint32_t ttl_s, unsigned quiet_ms, struct baro_instant now)
{
    const struct baro_mdns *mdns = side->mdns;
    uint8_t octets[MDNS_OCTETS];
    const struct baro_dns_header header = { .flags = BARO_DNS_RESPONSE | BARO_DNS_AUTHORITATIVE };
    struct baro_dns_writer writer;

    for (unsigned bit = 0; bit < MDNS_RECORDS; bit++) {
        if ((set & UINT32_C(1) << bit) == 0)
            continue;
        if (side->multicast[bit].ns != 0 && now.ns - side->multicast[bit].ns < MDNS_MS(quiet_ms))
            set &= ~(UINT32_C(1) << bit);
        else
            side->multicast[bit] = now;
    }
    if (set == 0)
        return;
    baro_dns_write(&writer, (struct baro_buffer){ octets, sizeof octets }, &header);
    put(mdns, &writer, BARO_DNS_ANSWERS, set, ttl_s, false);
    if (ttl_s != 0)
        put(mdns, &writer, BARO_DNS_ADDITIONAL, besides(mdns, set), ttl_s, false);
    send(side, &writer, NULL);
}

void mdns_say_one(struct mdns_side *side, uint32_t set, const struct baro_message *from,
                  const struct baro_dns_question *question, uint16_t id)
{
    const struct baro_mdns *mdns = side->mdns;
    uint8_t octets[MDNS_OCTETS];
    struct baro_dns_header header = { .flags = BARO_DNS_RESPONSE | BARO_DNS_AUTHORITATIVE };
    uint32_t ttl_s = question == NULL ? MDNS_TTL_S : MDNS_LEGACY_TTL_S;
    struct baro_dns_writer writer;

    if (set == 0)
        return;
    if (question != NULL)
        header.id = id;
    baro_dns_write(&writer, (struct baro_buffer){ octets, question == NULL ? MDNS_OCTETS : BARO_DNS_UDP_PLAIN },
                   &header);
    if (question != NULL)
        baro_dns_write_question(&writer, question);
    put(mdns, &writer, BARO_DNS_ANSWERS, set, ttl_s, question != NULL);
    if (question == NULL)
        put(mdns, &writer, BARO_DNS_ADDITIONAL, besides(mdns, set), ttl_s, false);
    send(side, &writer, from);
}
