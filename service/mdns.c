/* service/mdns.c: the responder's life, see baro/mdns.h: three probes 250 ms apart after a random start, two announcements a
 * second apart, then only answers. A conflict while probing gives the name up for the next one; later it sends the
 * name through probing again, where its other holder defends it if there is one (RFC 6762 §8, §9). */
#include "baro/mdns.h"

#include <errno.h>
#include <string.h>

#include "mdns.h"

enum {
    PROBES = 3, ANNOUNCEMENTS = 2, PROBE_MS = 250, ANNOUNCE_MS = 1000, YIELD_MS = 1000,
    CONFLICTS = 15, CONFLICTS_MS = 10000, PATIENCE_MS = 5000, BASE_LIMIT = 59, DATAGRAMS = 64
};

static const struct baro_address group = { BARO_FAMILY_IPV4, 0, { 224, 0, 0, 251 } };

/* The name with its number, without allocation or formatted printing: the suffix has at most three digits. */
static void make_name(struct baro_mdns *mdns)
{
    static const uint8_t local[7] = { 5, 'l', 'o', 'c', 'a', 'l', 0 };
    size_t length = strlen(mdns->base);
    uint8_t *label = mdns->name.octet + 1;

    memcpy(label, mdns->base, length);
    if (mdns->suffix > 1) {
        label[length++] = '-';
        if (mdns->suffix >= 100)
            label[length++] = (uint8_t)('0' + mdns->suffix / 100 % 10);
        if (mdns->suffix >= 10)
            label[length++] = (uint8_t)('0' + mdns->suffix / 10 % 10);
        label[length++] = (uint8_t)('0' + mdns->suffix % 10);
    }
    mdns->name.octet[0] = (uint8_t)length;
    memcpy(label + length, local, sizeof local);
    mdns->name.length = (uint8_t)(1 + length + sizeof local);
}

static int open_socket(struct baro_mdns *mdns)
{
    const struct baro_endpoint any = { { BARO_FAMILY_IPV4, 0, { 0 } }, { BARO_MDNS_PORT } };
    const struct baro_group join = { group, mdns->config.interface };
    struct baro_stack *stack = mdns->config.stack;
    const int one = 1, zero = 0, ttl = 255; /* §11: for those who look */
    int result;

    mdns->fd = baro_socket(stack, BARO_FAMILY_IPV4, BARO_DATAGRAM);
    if (mdns->fd < 0)
        return mdns->fd;
    baro_setsockopt(stack, mdns->fd, BARO_SO_REUSE_ADDRESS, &one, sizeof one);
    baro_setsockopt(stack, mdns->fd, BARO_IP_TTL, &ttl, sizeof ttl);
    if ((result = baro_bind(stack, mdns->fd, &any)) != 0 ||
        (result = baro_setsockopt(stack, mdns->fd, BARO_IP_MULTICAST_TTL, &ttl, sizeof ttl)) != 0 ||
        (result = baro_setsockopt(stack, mdns->fd, BARO_IP_MULTICAST_LOOP, &zero, sizeof zero)) != 0)
        return result;
    return baro_setsockopt(stack, mdns->fd, BARO_IP_ADD_GROUP, &join, sizeof join);
}

struct baro_mdns *baro_mdns_create(const struct baro_mdns_config *config, int *error)
{
    size_t length = strlen(config->name);
    struct baro_mdns *mdns = NULL;
    int result = -EINVAL;

    if (length != 0 && length <= BASE_LIMIT && strchr(config->name, '.') == NULL) {
        mdns = config->memory.take(config->memory.context, sizeof *mdns);
        result = -ENOMEM;
    }
    if (mdns != NULL) {
        mdns->config = *config;
        mdns->fd = -1;
        mdns->suffix = 1;
        memcpy(mdns->base, config->name, length + 1);
        mdns->config.name = NULL; /* not ours */
        service_random_init(&mdns->random, config->seed);
        make_name(mdns);
        result = open_socket(mdns);
        if (result != 0) {
            baro_mdns_free(mdns);
            mdns = NULL;
        }
    }
    if (error != NULL)
        *error = result;
    return mdns;
}

void baro_mdns_free(struct baro_mdns *mdns)
{
    if (mdns == NULL)
        return;
    if (mdns->fd >= 0)
        baro_close(mdns->config.stack, mdns->fd);
    mdns->config.memory.give_back(mdns->config.memory.context, mdns, sizeof *mdns);
}

static void probe_from(struct baro_mdns *mdns, struct baro_instant at)
{
    mdns->state = BARO_MDNS_PROBING;
    mdns->said = 0;
    mdns->waiting.set = 0;
    mdns->next = at;
}

/* A random start, so that hosts that came up at once do not speak at once (§8.1). */
static struct baro_instant soon(struct baro_mdns *mdns, struct baro_instant now)
{
    return (struct baro_instant){ now.ns + MDNS_MS(service_random_below(&mdns->random, PROBE_MS + 1)) };
}

int baro_mdns_add_address(struct baro_mdns *mdns, struct baro_address address, unsigned prefix_length,
                          struct baro_instant now)
{
    if ((address.family != BARO_FAMILY_IPV4 && address.family != BARO_FAMILY_IPV6) ||
        prefix_length > (address.family == BARO_FAMILY_IPV4 ? 32u : 128u))
        return -EINVAL;
    address.zone = 0; /* the asker's affair */
    for (unsigned i = 0; i < mdns->addresses; i++) {
        if (memcmp(&mdns->own[i].address, &address, sizeof address) == 0)
            return -EEXIST;
    }
    if (mdns->addresses == BARO_MDNS_ADDRESSES)
        return -ENOSPC;
    mdns->own[mdns->addresses].prefix_length = prefix_length;
    mdns->own[mdns->addresses++].address = address;
    if (mdns->state == BARO_MDNS_IDLE) {
        probe_from(mdns, soon(mdns, now));
    } else if (mdns->state == BARO_MDNS_ANNOUNCING || mdns->state == BARO_MDNS_RUNNING) {
        mdns->state = BARO_MDNS_ANNOUNCING; /* §8.4 */
        mdns->said = 0;
        mdns->next = now;
    }
    return 0;
}

void mdns_conflict(struct baro_mdns *mdns, struct baro_instant now)
{
    struct baro_instant at = soon(mdns, now);

    if (mdns->conflicts == 0 || now.ns - mdns->conflicts_since.ns > MDNS_MS(CONFLICTS_MS)) {
        mdns->conflicts_since = now;
        mdns->conflicts = 0;
    }
    if (++mdns->conflicts >= CONFLICTS)
        at.ns = now.ns + MDNS_MS(PATIENCE_MS);
    if (mdns->state == BARO_MDNS_PROBING) {
        mdns->suffix = mdns->suffix >= 999 ? 2 : mdns->suffix + 1;
        make_name(mdns);
    }
    memset(mdns->multicast, 0, sizeof mdns->multicast);
    probe_from(mdns, at);
}

void mdns_yield(struct baro_mdns *mdns, struct baro_instant now)
{
    probe_from(mdns, (struct baro_instant){ now.ns + MDNS_MS(YIELD_MS) });
}

static bool hear_all(struct baro_mdns *mdns, struct baro_instant now)
{
    uint8_t octets[9000]; /* §17: no message is longer */
    int heard = 0;

    for (; heard < DATAGRAMS; heard++) {
        struct baro_buffer piece = { octets, sizeof octets };
        struct baro_message message = { .buffer = &piece, .buffers = 1 };
        ptrdiff_t length = baro_recvmsg(mdns->config.stack, mdns->fd, &message, 0);

        if (length == -EAGAIN)
            break;
        if (length < 0 || (message.flags & BARO_MSG_TRUNCATED) != 0 || mdns->state == BARO_MDNS_IDLE ||
            mdns->state == BARO_MDNS_STOPPED)
            continue;
        mdns_hear(mdns, (struct baro_bytes){ octets, (size_t)length }, &message, now);
    }
    return heard != 0;
}

static bool act(struct baro_mdns *mdns, struct baro_instant now)
{
    if ((mdns->state != BARO_MDNS_PROBING && mdns->state != BARO_MDNS_ANNOUNCING) || mdns->next.ns > now.ns)
        return false;
    if (mdns->state == BARO_MDNS_PROBING && mdns->said < PROBES) {
        mdns_say_probe(mdns);
        mdns->said++;
        mdns->next.ns = now.ns + MDNS_MS(PROBE_MS);
        return true;
    }
    if (mdns->state == BARO_MDNS_PROBING) { /* nobody spoke up for 250 ms after the last */
        mdns->state = BARO_MDNS_ANNOUNCING;
        mdns->said = 0;
    }
    mdns_say_all(mdns, mdns_all(mdns), MDNS_TTL_S, 0, now);
    mdns->next.ns = now.ns + MDNS_MS(ANNOUNCE_MS);
    if (++mdns->said == ANNOUNCEMENTS)
        mdns->state = BARO_MDNS_RUNNING;
    return true;
}

bool baro_mdns_poll(struct baro_mdns *mdns, struct baro_instant now)
{
    bool did = hear_all(mdns, now);

    if (mdns->waiting.set != 0 && mdns->waiting.at.ns <= now.ns) {
        mdns_say_all(mdns, mdns->waiting.set, MDNS_TTL_S, ANNOUNCE_MS, now);
        mdns->waiting.set = 0;
        did = true;
    }
    return act(mdns, now) || did;
}

bool baro_mdns_next_deadline(const struct baro_mdns *mdns, struct baro_instant *deadline)
{
    bool any = mdns->state == BARO_MDNS_PROBING || mdns->state == BARO_MDNS_ANNOUNCING;

    if (any)
        *deadline = mdns->next;
    if (mdns->waiting.set != 0 && (!any || mdns->waiting.at.ns < deadline->ns)) {
        *deadline = mdns->waiting.at;
        any = true;
    }
    return any;
}

void baro_mdns_stop(struct baro_mdns *mdns, struct baro_instant now)
{
    if (mdns->state == BARO_MDNS_ANNOUNCING || mdns->state == BARO_MDNS_RUNNING)
        mdns_say_all(mdns, mdns_all(mdns), 0, 0, now);
    mdns->state = BARO_MDNS_STOPPED;
    mdns->waiting.set = 0;
}

enum baro_mdns_state baro_mdns_state(const struct baro_mdns *mdns)
{
    return mdns->state;
}

const struct baro_dns_name *baro_mdns_name(const struct baro_mdns *mdns)
{
    return &mdns->name;
}
