/* service/dns_resolver.c: the resolver's life and its lookups, see baro/dns.h.
 *
 * A lookup tries names one after another: the one given and the one with each domain of the search list behind it.
 * Of each name its halves, A and AAAA, are asked for at once; each goes its own way along CNAME records. A question
 * is first looked for among what is kept, then asked for outside; whatever is learnt goes to every half that waits
 * for it. */
#include "dns_resolver.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { TYPE_NONE = 0 };

static const struct baro_address loopback_v6 = { .family = BARO_FAMILY_IPV6, .octet = { [15] = 1 } };

static const struct baro_dns_name local_host = { 11, { 9, 'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't', 0 } };

/* ---- life ---- */

static int set_up(struct baro_dns *dns)
{
    struct baro_dns_config *config = &dns->config;

    if (config->servers > BARO_DNS_SERVERS || config->searches > BARO_DNS_SEARCHES)
        return -EINVAL;
    for (unsigned i = 0; i < config->servers; i++) {
        if (config->server[i].address.family != BARO_FAMILY_IPV4 &&
            config->server[i].address.family != BARO_FAMILY_IPV6)
            return -EINVAL;
        if (config->server[i].port.number == 0)
            config->server[i].port.number = BARO_DNS_PORT;
    }
    for (unsigned i = 0; i < config->searches; i++) {
        if (baro_dns_name_parse(&dns->search[i], config->search[i]) != 0)
            return -EINVAL;
        config->search[i] = NULL; /* not ours */
    }
    if (config->dots == 0)
        config->dots = 1;
    service_random_init(&dns->random, config->seed);
    return 0;
}

struct baro_dns *baro_dns_create(const struct baro_dns_config *config, int *error)
{
    struct baro_dns *dns = config->memory.take(config->memory.context, sizeof *dns);
    int result = -ENOMEM;

    if (dns != NULL) {
        dns->config = *config;
        for (unsigned i = 0; i < DNS_ASKED; i++)
            dns->asked[i].fd = -1;
        result = set_up(dns);
        if (result != 0) {
            baro_dns_free(dns);
            dns = NULL;
        }
    }
    if (error != NULL)
        *error = result;
    return dns;
}

void baro_dns_free(struct baro_dns *dns)
{
    if (dns == NULL)
        return;
    for (unsigned i = 0; i < DNS_ASKED; i++)
        dns_ask_close(dns, &dns->asked[i]);
    dns->config.memory.give_back(dns->config.memory.context, dns, sizeof *dns);
}

/* ---- names to try ---- */

/* The name of this step; false: there are no more. A name that would be too long is left out. */
static bool name_of_step(const struct baro_dns *dns, struct dns_lookup *lookup, struct baro_dns_name *name)
{
    unsigned searches = lookup->absolute ? 0 : dns->config.searches;
    bool first = lookup->absolute || baro_dns_name_labels(&lookup->given) > dns->config.dots; /* labels: dots and one */

    for (; lookup->step <= searches; lookup->step++) {
        bool as_it_is = lookup->step == (first ? 0 : searches);

        *name = lookup->given;
        if (as_it_is || baro_dns_name_append(name, &dns->search[lookup->step - (first ? 1 : 0)]) == 0)
            return true;
    }
    return false;
}

/* ---- what a half learns ---- */

static void learn(struct dns_lookup *lookup, struct dns_half *half, const struct dns_found *found)
{
    struct baro_dns_result *result = &lookup->result;

    half->waits = false;
    half->status = found->status;
    if (found->status == BARO_DNS_FAILED)
        result->code = found->code;
    if (found->status == BARO_DNS_PENDING) {
        half->name = found->name;
        if (++half->chain > DNS_CHAIN_LIMIT) {
            half->status = BARO_DNS_FAILED;
            result->code = 0;
        }
    }
    if (found->status != BARO_DNS_FOUND)
        return;
    for (unsigned i = 0; i < found->addresses && result->addresses < 2 * BARO_DNS_ADDRESSES; i++)
        result->address[result->addresses++] = found->address[i];
    if (result->name.length == 0 || found->ttl_s < result->ttl_s)
        result->ttl_s = found->ttl_s;
    result->name = found->name;
}

static void start(struct dns_lookup *lookup, const struct baro_dns_name *name)
{
    for (unsigned i = 0; i < DNS_HALVES; i++) {
        struct dns_half *half = &lookup->half[i];

        half->status = half->type == TYPE_NONE ? BARO_DNS_NOT_ASKED : BARO_DNS_PENDING;
        half->name = *name;
        half->chain = 0;
        half->waits = false;
    }
}

/* Both halves together: found is found; a failure is told, since it does not say that there is nothing. */
static enum baro_dns_status together(const struct dns_lookup *lookup)
{
    static const enum baro_dns_status order[] = { BARO_DNS_PENDING, BARO_DNS_FOUND, BARO_DNS_FAILED, BARO_DNS_NO_ANSWER,
                                                  BARO_DNS_NO_DATA, BARO_DNS_NO_NAME };

    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (lookup->half[0].status == order[i] || lookup->half[1].status == order[i])
            return order[i];
    }
    return BARO_DNS_NO_NAME;
}

/* The name is done with: the next one, or the end. */
static void settle(struct baro_dns *dns, struct dns_lookup *lookup, enum baro_dns_status status)
{
    struct baro_dns_name name;

    lookup->no_data = lookup->no_data || status == BARO_DNS_NO_DATA;
    if (status == BARO_DNS_NO_DATA || status == BARO_DNS_NO_NAME) {
        lookup->step++;
        if (name_of_step(dns, lookup, &name)) {
            start(lookup, &name);
            return;
        }
        status = lookup->no_data ? BARO_DNS_NO_DATA : BARO_DNS_NO_NAME;
    }
    lookup->result.status = status;
}

/* Goes on as far as what is known leads; what is not known is asked for. */
static void advance(struct baro_dns *dns, struct dns_lookup *lookup, struct baro_instant now)
{
    while (lookup->result.status == BARO_DNS_PENDING) {
        enum baro_dns_status status;
        bool moved = false;

        for (unsigned i = 0; i < DNS_HALVES; i++) {
            struct dns_half *half = &lookup->half[i];
            const struct baro_dns_question question = { half->name, half->type, BARO_DNS_IN };
            struct dns_found found;

            if (half->status != BARO_DNS_PENDING || half->waits)
                continue;
            half->waits = !dns_cache_find(dns, &question, &found, now);
            if (!half->waits)
                learn(lookup, half, &found);
            moved = moved || !half->waits;
        }
        status = together(lookup);
        if (status != BARO_DNS_PENDING)
            settle(dns, lookup, status);
        else if (!moved)
            return;
    }
}

/* Asks for what the lookup waits for. True: something was learnt meanwhile, since it could not be asked. */
static bool ask_for(struct baro_dns *dns, struct dns_lookup *lookup, struct baro_instant now)
{
    bool learnt = false;

    for (unsigned i = 0; i < DNS_HALVES; i++) {
        const struct dns_half *half = &lookup->half[i];
        const struct baro_dns_question question = { half->name, half->type, BARO_DNS_IN };

        if (half->status == BARO_DNS_PENDING && half->waits)
            learnt = dns_ask(dns, &question, now) || learnt;
    }
    return learnt;
}

static void ask_waiting(struct baro_dns *dns, struct baro_instant now)
{
    bool learnt = true;

    while (learnt) { /* each time a lookup has come to its end */
        learnt = false;
        for (unsigned i = 0; i < BARO_DNS_LOOKUPS; i++) {
            if (dns->lookup[i].used)
                learnt = ask_for(dns, &dns->lookup[i], now) || learnt;
        }
    }
}

void dns_lookup_learn(struct baro_dns *dns, const struct baro_dns_question *question, const struct dns_found *found,
                      struct baro_instant now)
{
    for (unsigned i = 0; i < BARO_DNS_LOOKUPS; i++) {
        struct dns_lookup *lookup = &dns->lookup[i];

        for (unsigned j = 0; lookup->used && j < DNS_HALVES; j++) {
            struct dns_half *half = &lookup->half[j];

            if (half->status == BARO_DNS_PENDING && half->waits && half->type == question->type &&
                baro_dns_name_equal(&half->name, &question->name))
                learn(lookup, half, found);
        }
        if (lookup->used)
            advance(dns, lookup, now);
    }
}

/* ---- calls ---- */

static struct dns_lookup *free_lookup(struct baro_dns *dns)
{
    for (unsigned i = 0; i < BARO_DNS_LOOKUPS; i++) {
        if (!dns->lookup[i].used) {
            memset(&dns->lookup[i], 0, sizeof dns->lookup[i]);
            dns->lookup[i].used = true;
            dns->lookup[i].half[0].status = dns->lookup[i].half[1].status = BARO_DNS_NOT_ASKED;
            return &dns->lookup[i];
        }
    }
    return NULL;
}

static int number_of(const struct baro_dns *dns, const struct dns_lookup *lookup)
{
    return (int)(lookup - dns->lookup);
}

/* Answers a half of the lookup with an address known here. */
static void know(struct dns_lookup *lookup, enum baro_dns_want want, struct baro_address address)
{
    struct dns_half *half = &lookup->half[address.family == BARO_FAMILY_IPV4 ? 0 : 1];
    enum baro_dns_want family = address.family == BARO_FAMILY_IPV4 ? BARO_DNS_WANT_IPV4 : BARO_DNS_WANT_IPV6;

    if ((want & family) == 0)
        return;
    half->status = BARO_DNS_FOUND;
    lookup->result.address[lookup->result.addresses++] = address;
}

static bool within(const struct baro_dns_name *name, const char *zone)
{
    struct baro_dns_name parsed;

    return baro_dns_name_parse(&parsed, zone) == 0 && baro_dns_name_within(name, &parsed);
}

/* What needs no asking. False: it does. */
static bool known(struct dns_lookup *lookup, const char *text, enum baro_dns_want want)
{
    struct baro_address address;
    enum baro_dns_status absent = BARO_DNS_NO_DATA;

    if (dns_literal(text, &address)) {
        know(lookup, want, address);
    } else if (baro_dns_name_within(&lookup->given, &local_host)) {
        know(lookup, want, loopback_v6);
        know(lookup, want, baro_ipv4(127, 0, 0, 1));
    } else if (within(&lookup->given, "invalid") || within(&lookup->given, "onion") || within(&lookup->given, "alt")) {
        absent = BARO_DNS_NO_NAME;
    } else {
        return false;
    }
    for (unsigned i = 0; i < DNS_HALVES; i++) {
        if ((want >> i & 1) != 0 && lookup->half[i].status != BARO_DNS_FOUND)
            lookup->half[i].status = absent;
    }
    lookup->result.name = lookup->given;
    lookup->result.status = together(lookup);
    return true;
}

static int begin(struct baro_dns *dns, struct dns_lookup *lookup, struct baro_instant now)
{
    struct baro_dns_name name;

    if (dns->config.servers == 0) {
        lookup->used = false;
        return -ENETUNREACH;
    }
    if (!name_of_step(dns, lookup, &name)) {
        lookup->used = false;
        return -EINVAL;
    }
    start(lookup, &name);
    advance(dns, lookup, now);
    ask_waiting(dns, now);
    return number_of(dns, lookup);
}

int baro_dns_query(struct baro_dns *dns, const char *name, enum baro_dns_want want, struct baro_instant now)
{
    struct dns_lookup *lookup = free_lookup(dns);
    struct baro_address address;
    size_t length = strlen(name);

    if (lookup == NULL)
        return -ENOSPC;
    lookup->absolute = length != 0 && name[length - 1] == '.';
    if (((unsigned)want & ~(unsigned)BARO_DNS_WANT_BOTH) != 0 || want == 0 ||
        (!dns_literal(name, &address) &&
         (baro_dns_name_parse(&lookup->given, name) != 0 || lookup->given.length == 1))) {
        lookup->used = false;
        return -EINVAL;
    }
    if (known(lookup, name, want))
        return number_of(dns, lookup);
    if (within(&lookup->given, "local")) {
        lookup->used = false;
        return -EOPNOTSUPP;
    }
    lookup->half[0].type = (want & BARO_DNS_WANT_IPV4) != 0 ? BARO_DNS_A : TYPE_NONE;
    lookup->half[1].type = (want & BARO_DNS_WANT_IPV6) != 0 ? BARO_DNS_AAAA : TYPE_NONE;
    return begin(dns, lookup, now);
}

int baro_dns_query_name(struct baro_dns *dns, struct baro_address address, struct baro_instant now)
{
    struct dns_lookup *lookup = free_lookup(dns);

    if (lookup == NULL)
        return -ENOSPC;
    address.zone = 0;
    if (memcmp(&address, &loopback_v6, sizeof address) == 0 ||
        (address.family == BARO_FAMILY_IPV4 && address.octet[0] == 127)) {
        lookup->result.status = lookup->half[0].status = BARO_DNS_FOUND;
        lookup->result.name = local_host;
        return number_of(dns, lookup);
    }
    if (address.family != BARO_FAMILY_IPV4 && address.family != BARO_FAMILY_IPV6) {
        lookup->used = false;
        return -EINVAL;
    }
    lookup->absolute = true;
    baro_dns_name_reverse(&lookup->given, address);
    lookup->half[0].type = BARO_DNS_PTR;
    return begin(dns, lookup, now);
}

bool baro_dns_result(const struct baro_dns *dns, int number, struct baro_dns_result *result)
{
    const struct dns_lookup *lookup = &dns->lookup[number];

    assert(lookup->used);
    *result = lookup->result;
    result->ipv4 = lookup->half[0].status;
    result->ipv6 = lookup->half[1].status;
    return result->status != BARO_DNS_PENDING;
}

void baro_dns_end(struct baro_dns *dns, int number)
{
    assert(dns->lookup[number].used);
    dns->lookup[number].used = false;
}

/* ---- time ---- */

static bool anybody_waits(const struct baro_dns *dns, const struct baro_dns_question *question)
{
    for (unsigned i = 0; i < BARO_DNS_LOOKUPS; i++) {
        for (unsigned j = 0; dns->lookup[i].used && j < DNS_HALVES; j++) {
            const struct dns_half *half = &dns->lookup[i].half[j];

            if (half->status == BARO_DNS_PENDING && half->waits && half->type == question->type &&
                baro_dns_name_equal(&half->name, &question->name))
                return true;
        }
    }
    return false;
}

bool baro_dns_poll(struct baro_dns *dns, struct baro_instant now)
{
    bool did;

    for (unsigned i = 0; i < DNS_ASKED; i++) { /* what nobody wants to know any more */
        if (dns->asked[i].used && !anybody_waits(dns, &dns->asked[i].question)) {
            dns_ask_close(dns, &dns->asked[i]);
            dns->asked[i].used = false;
        }
    }
    did = dns_ask_poll(dns, now);
    ask_waiting(dns, now);
    return did;
}

bool baro_dns_next_deadline(const struct baro_dns *dns, struct baro_instant *deadline)
{
    bool any = false;

    for (unsigned i = 0; i < DNS_ASKED; i++) {
        if (!dns->asked[i].used || (any && dns->asked[i].due.ns >= deadline->ns))
            continue;
        *deadline = dns->asked[i].due;
        any = true;
    }
    return any;
}

const char *baro_dns_status_text(enum baro_dns_status status)
{
    static const char *const text[] = { "pending", "found", "no such data", "no such name", "the name servers cannot",
                                        "no answer", "not asked" };

    return text[status];
}

void baro_dns_statistics(const struct baro_dns *dns, struct baro_dns_statistics *statistics)
{
    *statistics = dns->counts;
}
