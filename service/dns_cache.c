/* service/dns_cache.c: answers kept as long as they say. A question has one place; a full cache gives that of the
 * answer that ends first. Only answers to questions of our own come here, whole. */
#include "dns_resolver.h"

static const int64_t second_ns = 1000000000;

bool dns_same_question(const struct baro_dns_question *a, const struct baro_dns_question *b)
{
    return a->type == b->type && a->dns_class == b->dns_class && baro_dns_name_equal(&a->name, &b->name);
}

bool dns_cache_find(struct baro_dns *dns, const struct baro_dns_question *question, struct dns_found *found,
                    struct baro_instant now)
{
    for (unsigned i = 0; i < DNS_KEPT; i++) {
        const struct dns_kept *kept = &dns->kept[i];

        if (kept->question.name.length == 0 || kept->expires.ns <= now.ns ||
            !dns_same_question(&kept->question, question))
            continue;
        *found = kept->found;
        found->ttl_s = (uint32_t)((kept->expires.ns - now.ns + second_ns - 1) / second_ns);
        dns->counts.cached++;
        return true;
    }
    return false;
}

void dns_cache_keep(struct baro_dns *dns, const struct baro_dns_question *question, const struct dns_found *found,
                    struct baro_instant now)
{
    struct dns_kept *place = &dns->kept[0];

    if (found->ttl_s == 0)
        return;
    for (unsigned i = 0; i < DNS_KEPT; i++) {
        struct dns_kept *kept = &dns->kept[i];

        if (kept->question.name.length != 0 && dns_same_question(&kept->question, question)) {
            place = kept;
            break;
        }
        if (kept->question.name.length == 0 || kept->expires.ns < place->expires.ns)
            place = kept;
    }
    place->question = *question;
    place->found = *found;
    place->expires.ns = now.ns + found->ttl_s * second_ns;
}
