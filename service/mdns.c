/* service/mdns.c: the responder's life, see baro/mdns.h: three probes 250 ms apart after a random start, two
 * announcements a second apart, then only answers. A conflict while probing gives the name up for the next one; later
 * it sends the name through probing again, where its other holder defends it if there is one (RFC 6762 §8, §9). */
#include "baro/mdns.h"

#include <errno.h>
#include <string.h>

#include "mdns.h"

enum {
    PROBES = 3, ANNOUNCEMENTS = 2, PROBE_MS = 250, ANNOUNCE_MS = 1000, YIELD_MS = 1000,
    CONFLICTS = 15, CONFLICTS_MS = 10000, PATIENCE_MS = 5000, BASE_LIMIT = 59, DATAGRAMS = 64,
    INTERFACE_ADDRESSES = 16
};

static const struct baro_address groups[MDNS_SIDES] = {
    { BARO_FAMILY_IPV4, 0, { 224, 0, 0, 251 } }, { BARO_FAMILY_IPV6, 0, { 0xff, 2, [15] = 0xfb } }
};

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

static int open_side(struct mdns_side *side)
{
    const int interface = side->mdns->config.interface;
    const struct baro_endpoint any = { { .family = side->group.address.family }, { BARO_MDNS_PORT } };
    const struct baro_group join = { side->group.address, interface };
    struct baro_stack *stack = side->mdns->config.stack;
    const int one = 1, zero = 0, ttl = 255; /* §11: for those who look */
    int result;

    side->fd = baro_socket(stack, (enum baro_family)any.address.family, BARO_DATAGRAM);
    if (side->fd < 0)
        return side->fd;
    baro_setsockopt(stack, side->fd, BARO_SO_REUSE_ADDRESS, &one, sizeof one);
    baro_setsockopt(stack, side->fd, BARO_IP_TTL, &ttl, sizeof ttl);
    if ((any.address.family == BARO_FAMILY_IPV6 &&
         (result = baro_setsockopt(stack, side->fd, BARO_IPV6_ONLY, &one, sizeof one)) != 0) ||
        (result = baro_bind(stack, side->fd, &any)) != 0 ||
        (result = baro_setsockopt(stack, side->fd, BARO_IP_MULTICAST_INTERFACE, &interface, sizeof interface)) != 0 ||
        (result = baro_setsockopt(stack, side->fd, BARO_IP_MULTICAST_TTL, &ttl, sizeof ttl)) != 0 ||
        (result = baro_setsockopt(stack, side->fd, BARO_IP_MULTICAST_LOOP, &zero, sizeof zero)) != 0)
        return result;
    return baro_setsockopt(stack, side->fd, BARO_IP_ADD_GROUP, &join, sizeof join);
}

static void close_side(struct mdns_side *side)
{
    if (side->fd >= 0)
        baro_close(side->mdns->config.stack, side->fd);
    side->fd = -1;
}

/* IPv4 must be, IPv6 is where the interface can have it. */
static int open_sides(struct baro_mdns *mdns)
{
    int result = 0;

    for (unsigned i = 0; i < MDNS_SIDES; i++)
        mdns->side[i] = (struct mdns_side){ .mdns = mdns, .fd = -1, .group = { groups[i], { BARO_MDNS_PORT } } };
    mdns->side[MDNS_IPV6].group.address.zone = (uint8_t)mdns->config.interface;
    result = open_side(&mdns->side[MDNS_IPV4]);
    if (result == 0 && open_side(&mdns->side[MDNS_IPV6]) != 0)
        close_side(&mdns->side[MDNS_IPV6]);
    return result;
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
        mdns->suffix = 1;
        memcpy(mdns->base, config->name, length + 1);
        mdns->config.name = NULL; /* not ours */
        service_random_init(&mdns->random, config->seed);
        make_name(mdns);
        result = open_sides(mdns);
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
    for (unsigned i = 0; i < MDNS_SIDES; i++)
        close_side(&mdns->side[i]);
    mdns->config.memory.give_back(mdns->config.memory.context, mdns, sizeof *mdns);
}

static void probe_from(struct mdns_side *side, struct baro_instant at)
{
    side->state = BARO_MDNS_PROBING;
    side->said = 0;
    side->waiting.set = 0;
    side->next = at;
}

/* A random start, so that hosts that came up at once do not speak at once (§8.1). */
static struct baro_instant soon(struct baro_mdns *mdns, struct baro_instant now)
{
    return (struct baro_instant){ now.ns + MDNS_MS(service_random_below(&mdns->random, PROBE_MS + 1)) };
}

unsigned mdns_place_of(const struct baro_mdns *mdns, struct baro_address address)
{
    unsigned i = 0;

    while (i < BARO_MDNS_ADDRESSES &&
           (address.family == BARO_FAMILY_NONE || mdns->own[i].address.family != address.family ||
            memcmp(mdns->own[i].address.octet, address.octet, sizeof address.octet) != 0))
        i++;
    return i;
}

/* A new address begins its family's world, and is news in every one that runs (§8.4). */
static void spread(struct baro_mdns *mdns, const struct baro_address *address, struct baro_instant now)
{
    for (unsigned i = 0; i < MDNS_SIDES; i++) {
        struct mdns_side *side = &mdns->side[i];

        if (side->fd < 0)
            continue;
        if (side->state == BARO_MDNS_IDLE && side->group.address.family == address->family)
            probe_from(side, soon(mdns, now));
        if (side->state == BARO_MDNS_RUNNING || side->state == BARO_MDNS_ANNOUNCING) {
            side->state = BARO_MDNS_ANNOUNCING;
            side->said = 0;
            side->next = now;
        }
    }
}

int baro_mdns_add_address(struct baro_mdns *mdns, struct baro_address address, unsigned prefix_length,
                          struct baro_instant now)
{
    unsigned place = 0;

    if ((address.family != BARO_FAMILY_IPV4 && address.family != BARO_FAMILY_IPV6) ||
        prefix_length > (address.family == BARO_FAMILY_IPV4 ? 32u : 128u))
        return -EINVAL;
    address.zone = 0; /* the asker's affair */
    if (mdns_place_of(mdns, address) < BARO_MDNS_ADDRESSES)
        return -EEXIST;
    while (place < BARO_MDNS_ADDRESSES && mdns->own[place].address.family != BARO_FAMILY_NONE)
        place++;
    if (place == BARO_MDNS_ADDRESSES)
        return -ENOSPC;
    mdns->own[place].prefix_length = prefix_length;
    mdns->own[place].address = address;
    for (unsigned i = 0; i < MDNS_SIDES; i++) {
        mdns->side[i].multicast[place].ns = mdns->side[i].multicast[SET_POINTERS + place].ns = 0;
        mdns->side[i].multicast[MDNS_RECORDS - 1].ns = 0; /* what there is not has changed, too */
    }
    spread(mdns, &address, now);
    return 0;
}

static bool is_ours(const struct mdns_side *side)
{
    return side->state == BARO_MDNS_ANNOUNCING || side->state == BARO_MDNS_RUNNING;
}

int baro_mdns_remove_address(struct baro_mdns *mdns, struct baro_address address, struct baro_instant now)
{
    unsigned place = mdns_place_of(mdns, address);
    uint32_t set = UINT32_C(1) << place | UINT32_C(1) << (SET_POINTERS + place);

    if (place == BARO_MDNS_ADDRESSES)
        return -ENOENT;
    for (unsigned i = 0; i < MDNS_SIDES; i++) {
        if (is_ours(&mdns->side[i]))
            mdns_say_all(&mdns->side[i], set, 0, 0, now);
        mdns->side[i].waiting.set &= ~set;
    }
    mdns->own[place].address.family = BARO_FAMILY_NONE;
    return 0;
}

void mdns_conflict(struct mdns_side *side, struct baro_instant now)
{
    struct baro_mdns *mdns = side->mdns;
    struct baro_instant at = soon(mdns, now);

    if (mdns->conflicts == 0 || now.ns - mdns->conflicts_since.ns > MDNS_MS(CONFLICTS_MS)) {
        mdns->conflicts_since = now;
        mdns->conflicts = 0;
    }
    if (++mdns->conflicts >= CONFLICTS)
        at.ns = now.ns + MDNS_MS(PATIENCE_MS);
    if (side->state == BARO_MDNS_PROBING) {
        mdns->suffix = mdns->suffix >= 999 ? 2 : mdns->suffix + 1;
        make_name(mdns);
    }
    for (unsigned i = 0; i < MDNS_SIDES; i++) {
        memset(mdns->side[i].multicast, 0, sizeof mdns->side[i].multicast);
        if (mdns->side[i].state != BARO_MDNS_IDLE && mdns->side[i].state != BARO_MDNS_STOPPED)
            probe_from(&mdns->side[i], at);
    }
}

void mdns_yield(struct mdns_side *side, struct baro_instant now)
{
    probe_from(side, (struct baro_instant){ now.ns + MDNS_MS(YIELD_MS) });
}

static bool hear_all(struct mdns_side *side, struct baro_instant now)
{
    uint8_t octets[9000]; /* §17: no message is longer */
    int heard = 0;

    for (; side->fd >= 0 && heard < DATAGRAMS; heard++) {
        struct baro_buffer piece = { octets, sizeof octets };
        struct baro_message message = { .buffer = &piece, .buffers = 1 };
        ptrdiff_t length = baro_recvmsg(side->mdns->config.stack, side->fd, &message, 0);

        if (length == -EAGAIN)
            break;
        if (length < 0 || (message.flags & BARO_MSG_TRUNCATED) != 0 || side->state == BARO_MDNS_IDLE ||
            side->state == BARO_MDNS_STOPPED ||
            (message.interface != 0 && message.interface != side->mdns->config.interface)) /* 0: of this host itself */
            continue;
        mdns_hear(side, (struct baro_bytes){ octets, (size_t)length }, &message, now);
    }
    return heard != 0;
}

static bool act(struct mdns_side *side, struct baro_instant now)
{
    if ((side->state != BARO_MDNS_PROBING && side->state != BARO_MDNS_ANNOUNCING) || side->next.ns > now.ns)
        return false;
    if (side->state == BARO_MDNS_PROBING && side->said < PROBES) {
        mdns_say_probe(side);
        side->said++;
        side->next.ns = now.ns + MDNS_MS(PROBE_MS);
        return true;
    }
    if (side->state == BARO_MDNS_PROBING) { /* nobody spoke up for 250 ms after the last */
        side->state = BARO_MDNS_ANNOUNCING;
        side->said = 0;
    }
    mdns_say_all(side, mdns_all(side->mdns), MDNS_TTL_S, 0, now);
    side->next.ns = now.ns + MDNS_MS(ANNOUNCE_MS);
    if (++side->said == ANNOUNCEMENTS)
        side->state = BARO_MDNS_RUNNING;
    return true;
}

/* The interface's usable addresses, as they are now. */
static void follow(struct baro_mdns *mdns, struct baro_instant now)
{
    struct baro_address_status status[INTERFACE_ADDRESSES];
    int count = baro_stack_addresses(mdns->config.stack, mdns->config.interface, status, INTERFACE_ADDRESSES);

    for (unsigned i = 0; i < BARO_MDNS_ADDRESSES; i++) {
        const struct baro_address own = mdns->own[i].address;
        bool there = own.family == BARO_FAMILY_NONE;

        for (int j = 0; j < count && !there; j++)
            there = status[j].address.family == own.family &&
                    memcmp(status[j].address.octet, own.octet, sizeof own.octet) == 0;
        if (!there)
            baro_mdns_remove_address(mdns, own, now);
    }
    for (int j = 0; j < count; j++) {
        if (!status[j].tentative && mdns_place_of(mdns, status[j].address) == BARO_MDNS_ADDRESSES)
            /* more than places: not told */
            baro_mdns_add_address(mdns, status[j].address, status[j].prefix_length, now);
    }
}

static bool poll_side(struct mdns_side *side, struct baro_instant now)
{
    bool did = hear_all(side, now);

    if (side->waiting.set != 0 && side->waiting.at.ns <= now.ns) {
        mdns_say_all(side, side->waiting.set, MDNS_TTL_S, ANNOUNCE_MS, now);
        side->waiting.set = 0;
        did = true;
    }
    return act(side, now) || did;
}

bool baro_mdns_poll(struct baro_mdns *mdns, struct baro_instant now)
{
    bool did = false;

    if (mdns->config.follow && baro_mdns_state(mdns) != BARO_MDNS_STOPPED)
        follow(mdns, now);
    for (unsigned i = 0; i < MDNS_SIDES; i++)
        did = poll_side(&mdns->side[i], now) || did;
    return did;
}

bool baro_mdns_next_deadline(const struct baro_mdns *mdns, struct baro_instant *deadline)
{
    bool any = false;

    for (unsigned i = 0; i < MDNS_SIDES; i++) {
        const struct mdns_side *side = &mdns->side[i];

        if ((side->state == BARO_MDNS_PROBING || side->state == BARO_MDNS_ANNOUNCING) &&
            (!any || side->next.ns < deadline->ns)) {
            *deadline = side->next;
            any = true;
        }
        if (side->waiting.set != 0 && (!any || side->waiting.at.ns < deadline->ns)) {
            *deadline = side->waiting.at;
            any = true;
        }
    }
    return any;
}

void baro_mdns_stop(struct baro_mdns *mdns, struct baro_instant now)
{
    for (unsigned i = 0; i < MDNS_SIDES; i++) {
        if (is_ours(&mdns->side[i]))
            mdns_say_all(&mdns->side[i], mdns_all(mdns), 0, 0, now);
        mdns->side[i].state = BARO_MDNS_STOPPED;
        mdns->side[i].waiting.set = 0;
    }
}

/* The one that is farthest from running, of those that have begun. */
enum baro_mdns_state baro_mdns_state(const struct baro_mdns *mdns)
{
    enum baro_mdns_state four = mdns->side[MDNS_IPV4].state, six = mdns->side[MDNS_IPV6].state;

    if (four == BARO_MDNS_IDLE)
        return six;
    return six == BARO_MDNS_IDLE || four < six ? four : six;
}

const struct baro_dns_name *baro_mdns_name(const struct baro_mdns *mdns)
{
    return &mdns->name;
}
