/* service/dns_judge.c: what octets that came from the server mean for the question that is outside. Pure.
 *
 * First whether they are an answer to it at all; then whether they are whole; only then what they say. The answer is
 * what the question's name leads to within the answer section, along at most DNS_CHAIN_LIMIT CNAME records in whatever
 * order they stand (RFC 1034 §3.6.2); records of other names, and all of the other sections but the SOA record that
 * says for how long a denial holds (RFC 2308 §3), are not looked at: they cannot poison anything. */
#include "dns_resolver.h"

#include <string.h>

enum { TTL_MOST_S = 86400, DENIAL_MOST_S = 10800, CODE_BAD_VERSION = 16 };

/* RFC 2181 §8: with the top bit set it is none. */
static uint32_t life(const struct baro_dns_record *record, uint32_t most_s)
{
    uint32_t ttl_s = record->ttl > INT32_MAX ? 0 : record->ttl;

    return ttl_s < most_s ? ttl_s : most_s;
}

static bool fits(const struct dns_asked *asked, const struct baro_dns_reader *begun)
{
    struct baro_dns_reader reader = *begun;
    struct baro_dns_question question;
    const struct baro_dns_header *header = &reader.header;

    if (header->id != asked->id || (header->flags & BARO_DNS_RESPONSE) == 0 || header->operation != 0)
        return false;
    if (header->count[BARO_DNS_QUESTIONS] == 0) /* who does not understand a message may not repeat it */
        return asked->edns && reader.message.length == BARO_DNS_HEADER &&
               (header->code == BARO_DNS_FORMAT_ERROR || header->code == BARO_DNS_NOT_IMPLEMENTED);
    return header->count[BARO_DNS_QUESTIONS] == 1 && baro_dns_read_question(&reader, &question) == 1 &&
           dns_same_question(&question, &asked->question);
}

/* The CNAME record of `found->name`. */
static bool follow(struct baro_dns_reader reader, struct dns_found *found)
{
    struct baro_dns_record record;
    enum baro_dns_section section;

    while (baro_dns_read_record(&reader, &record, &section) == 1 && section == BARO_DNS_ANSWERS) {
        if (record.type != BARO_DNS_CNAME || record.dns_class != BARO_DNS_IN ||
            !baro_dns_name_equal(&record.name, &found->name))
            continue;
        found->name = record.target;
        found->ttl_s = life(&record, found->ttl_s);
        return true;
    }
    return false;
}

static void collect(struct baro_dns_reader reader, uint16_t type, struct dns_found *found)
{
    const struct baro_dns_name name = found->name;
    struct baro_dns_record record;
    enum baro_dns_section section;

    while (baro_dns_read_record(&reader, &record, &section) == 1 && section == BARO_DNS_ANSWERS) {
        if (record.type != type || record.dns_class != BARO_DNS_IN || !baro_dns_name_equal(&record.name, &name))
            continue;
        if (type == BARO_DNS_PTR && found->status != BARO_DNS_FOUND)
            found->name = record.target;
        else if (type != BARO_DNS_PTR && found->addresses < BARO_DNS_ADDRESSES)
            found->address[found->addresses++] = record.address;
        found->ttl_s = life(&record, found->ttl_s);
        found->status = BARO_DNS_FOUND;
    }
}

/* RFC 2308 §5: a denial lasts as long as the SOA record of a zone above the name says, and without one not at all. */
static bool denial(struct baro_dns_reader reader, struct dns_found *found)
{
    uint32_t most_s = found->ttl_s < DENIAL_MOST_S ? found->ttl_s : DENIAL_MOST_S;
    struct baro_dns_record record;
    enum baro_dns_section section;

    found->ttl_s = 0;
    while (baro_dns_read_record(&reader, &record, &section) == 1) {
        if (section != BARO_DNS_AUTHORITY || record.type != BARO_DNS_SOA ||
            !baro_dns_name_within(&found->name, &record.name))
            continue;
        found->ttl_s = life(&record, most_s);
        if (record.authority.minimum_s < found->ttl_s)
            found->ttl_s = record.authority.minimum_s;
        return true;
    }
    return false;
}

static enum dns_verdict understand(const struct dns_asked *asked, const struct baro_dns_reader *reader,
                                   struct dns_found *found)
{
    const struct baro_dns_header *header = &reader->header;
    unsigned chain = 0;
    bool authority;

    *found = (struct dns_found){ .status = BARO_DNS_NO_DATA, .ttl_s = TTL_MOST_S, .name = asked->question.name };
    while (chain <= DNS_CHAIN_LIMIT && follow(*reader, found))
        chain++;
    if (chain > DNS_CHAIN_LIMIT)
        return DNS_UNABLE; /* a circle, or as good as one */
    if (header->code == BARO_DNS_NO_ERROR)
        collect(*reader, asked->question.type, found);
    if (found->status == BARO_DNS_FOUND)
        return DNS_ANSWERED;
    if (header->code == BARO_DNS_NAME_ERROR)
        found->status = BARO_DNS_NO_NAME; /* of the chain's end, RFC 6604 §3 */
    else if (chain != 0)
        found->status = BARO_DNS_PENDING;
    authority = denial(*reader, found);
    if (found->status == BARO_DNS_PENDING && authority)
        found->status = BARO_DNS_NO_DATA;
    if (header->code == BARO_DNS_NO_ERROR && chain == 0 && !authority &&
        (header->flags & (BARO_DNS_AUTHORITATIVE | BARO_DNS_RECURSION_AVAILABLE)) == 0)
        return DNS_UNABLE; /* a referral: it names servers and does not ask them */
    return DNS_ANSWERED;
}

enum dns_verdict dns_judge(const struct dns_asked *asked, struct baro_bytes octets, struct dns_found *found)
{
    struct baro_dns_reader reader;
    struct baro_dns_edns edns;
    unsigned code;

    memset(found, 0, sizeof *found);
    if (baro_dns_read(&reader, octets) != 0 || !fits(asked, &reader))
        return DNS_STRANGE;
    if ((reader.header.flags & BARO_DNS_TRUNCATED) != 0 && !asked->stream)
        return DNS_CUT; /* RFC 2181 §9: nothing in it is used */
    if (baro_dns_find_edns(octets, &edns) != 0 || (reader.header.flags & BARO_DNS_TRUNCATED) != 0)
        return DNS_UNABLE;
    code = reader.header.code | (unsigned)edns.extended_code << 4;
    if (asked->edns && (code == BARO_DNS_FORMAT_ERROR || code == BARO_DNS_NOT_IMPLEMENTED || code == CODE_BAD_VERSION))
        return DNS_NOT_EDNS;
    if (code == BARO_DNS_NO_ERROR || code == BARO_DNS_NAME_ERROR)
        return understand(asked, &reader, found);
    found->code = (uint8_t)code;
    return DNS_UNABLE;
}
