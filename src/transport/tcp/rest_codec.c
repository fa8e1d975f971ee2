/* transport/tcp/rest_codec.c: see rest_codec.h. */
#include "transport/tcp/rest_codec.h"

#include "base/bytes.h"
#include "base/flow.h"
#include "codec/ip_protocol.h"
#include "transport/tcp/parts.h"
#include "transport/tcp/rest_fields.h"

enum kind { N, D, X };

struct field {
    uint8_t size, kind;
};

#define SIZE_IN_CONNECTION(field, kind, expected) { sizeof((struct tcp_connection *)0)->field, kind },
#define SIZE_IN_FLOW(field, kind, expected) { sizeof((struct tcp_flow *)0)->field, kind },

static const struct field fields[] = { REST_FIELDS(SIZE_IN_CONNECTION) };
static const struct field flow_fields[] = { REST_FLOW_FIELDS(SIZE_IN_FLOW) };

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Of eight fields, the last one of what there is. */
enum { GROUPS = (COUNT(fields) + 7) / 8, FLOW_GROUPS = (COUNT(flow_fields) + 7) / 8 };

void rest_expected_init(struct rest_expected *expected, const struct tcp *tcp)
{
    struct congestion new;

    expected->tcp = tcp;
    tcp_settings_begin(tcp, &expected->settings);
    congestion_init(&new, 0, TCP_MSS_DEFAULT);
    expected->ssthresh = new.ssthresh;
}

/* ---- what is expected ---- */

static struct tcp_offer rest_offer(const struct rest_expected *x, const struct tcp_connection *c)
{
    return tcp_offer_of(x->tcp, &c->settings, c->remote.address.family, c->path_mtu);
}

static uint32_t rest_cwnd(const struct tcp_connection *c)
{
    return congestion_initial_window(tcp_payload_limit(c));
}

static uint32_t rest_edge(const struct tcp_connection *c)
{
    return c->rcv.nxt.value + tcp_offer_window(c->recv.limit, c->rcv_scale);
}

static int64_t rest_rto_ns(const struct tcp_connection *c)
{
    struct rtt rtt = { .srtt_ns = c->rtt.srtt_ns, .rttvar_ns = c->rtt.rttvar_ns };

    rtt_forget_back_off(&rtt);
    return rtt.rto_ns;
}

static int64_t rest_keepalive_ns(const struct tcp_connection *c)
{
    return c->settings.keepalive ? c->received_at_ns + c->settings.keepalive_idle_ms * NS_PER_MS : 0;
}

static uint32_t rest_flow_label(const struct rest_expected *x, const struct tcp_connection *c)
{
    return flow_label(&x->tcp->core->flow_key, IP_PROTOCOL_TCP, &c->local, &c->remote);
}

/* ---- numbers as octets ---- */

/* The octets that a field of this size has. */
static inline uint64_t cut(uint64_t number, size_t size)
{
    return size == 8 ? number : number & ((UINT64_C(1) << (8 * size % 64)) - 1);
}

/* A difference to a number that is small where the difference is, either way. */
static uint64_t fold(uint64_t difference, struct field field)
{
    uint64_t sign = UINT64_C(1) << (8 * field.size - 1);

    if (field.kind != D)
        return difference;
    return difference & sign ? cut(~difference, field.size) << 1 | 1 : difference << 1;
}

static uint64_t unfold(uint64_t number, struct field field)
{
    if (field.kind != D)
        return number;
    return number & 1 ? ~(number >> 1) : number >> 1;
}

static uint8_t *put(uint8_t *at, uint64_t number, struct field field)
{
    if (field.kind == X) {
        for (unsigned i = 0; i < field.size; i++)
            *at++ = (uint8_t)(number >> 8 * i);
        return at;
    }
    for (; number > 127; number >>= 7)
        *at++ = (uint8_t)(number | 128);
    *at++ = (uint8_t)number;
    return at;
}

static const uint8_t *get(const uint8_t *at, uint64_t *number, struct field field)
{
    unsigned shift = 0;

    *number = 0;
    if (field.kind == X) {
        for (unsigned i = 0; i < field.size; i++)
            *number |= (uint64_t)*at++ << 8 * i;
        return at;
    }
    do {
        *number |= (uint64_t)(*at & 127) << shift;
        shift += 7;
    } while (*at++ & 128);
    return at;
}

/* Of most groups nothing is kept: they are seen at a glance. */
static bool is_nothing(const uint64_t group[8])
{
    return (group[0] | group[1] | group[2] | group[3] | group[4] | group[5] | group[6] | group[7]) == 0;
}

/* `value`: differences, cut, in whole groups: behind the last field 0. */
static uint8_t *pack(uint8_t *at, const uint64_t *value, const struct field *field, unsigned groups)
{
    uint8_t *summary = at;

    memset(at, 0, (groups + 7) / 8);
    at += (groups + 7) / 8;
    for (unsigned group = 0; group < groups; group++) {
        uint8_t *bits = at;

        if (is_nothing(&value[group * 8]))
            continue;
        summary[group / 8] |= (uint8_t)(1u << group % 8);
        *at++ = 0;
        for (unsigned i = group * 8; i < group * 8 + 8; i++) {
            if (value[i] == 0)
                continue;
            *bits |= (uint8_t)(1u << i % 8);
            at = put(at, fold(value[i], field[i]), field[i]);
        }
    }
    return at;
}

static const uint8_t *unpack(const uint8_t *at, uint64_t *value, const struct field *field, unsigned groups)
{
    const uint8_t *summary = at;

    memset(value, 0, groups * 8 * sizeof *value);
    at += (groups + 7) / 8;
    for (unsigned group = 0; group < groups; group++) {
        if ((summary[group / 8] >> group % 8 & 1) == 0)
            continue;
        for (unsigned bits = *at++; bits != 0; bits &= bits - 1) {
            unsigned i = group * 8 + (unsigned)__builtin_ctz(bits);
            uint64_t number;

            at = get(at, &number, field[i]);
            value[i] = unfold(number, field[i]);
        }
    }
    return at;
}

/* ---- ends ---- */

static uint8_t *put_end(uint8_t *at, const struct baro_endpoint *end)
{
    unsigned octets = end->address.family == BARO_FAMILY_IPV6 ? 16 : 4;

    write_be16(at, end->port.number);
    memcpy(at + 2, end->address.octet, octets);
    return at + 2 + octets;
}

static const uint8_t *get_end(const uint8_t *at, bool ipv6, struct baro_endpoint *end)
{
    unsigned octets = ipv6 ? 16 : 4;

    *end = (struct baro_endpoint){ { .family = ipv6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4 }, { read_be16(at) } };
    memcpy(end->address.octet, at + 2, octets);
    return at + 2 + octets;
}

static const uint8_t *get_ends(const uint8_t *record, struct baro_endpoint *local, struct baro_endpoint *remote)
{
    const uint8_t *at = record + 1 + (rest_is_kept(record) ? REST_LINKS : 0);

    at = get_end(at, (*record & REST_IPV6) != 0, local);
    at = get_end(at, (*record & REST_IPV6) != 0, remote);
    if ((*record & REST_ZONES) != 0) {
        local->address.zone = *at++;
        remote->address.zone = *at++;
    }
    return at;
}

void rest_ends(const uint8_t *record, struct baro_endpoint *local, struct baro_endpoint *remote)
{
    (void)get_ends(record, local, remote);
}

bool rest_is_of(const uint8_t *record, const struct baro_endpoint *local, const struct baro_endpoint *remote)
{
    struct baro_endpoint own, other;

    rest_ends(record, &own, &other);
    return endpoint_equal(other, *remote) && endpoint_equal(own, *local);
}

/* ---- a connection ---- */

/* gcc and clang have it in every mode. */
#define TYPE_OF(thing) __typeof__(thing)

#define TAKE(field, kind, expected) value[n++] = cut((uint64_t)c->field - (uint64_t)(expected), sizeof c->field);
#define GIVE(field, kind, expected) c->field = (TYPE_OF(c->field))((uint64_t)(expected) + value[n++]);
#define TAKE_FLOW(field, kind, expected) value[n++] = cut((uint64_t)f->field - (uint64_t)(expected), sizeof f->field);
#define GIVE_FLOW(field, kind, expected) f->field = (TYPE_OF(f->field))((uint64_t)(expected) + value[n++]);

static uint8_t *put_connection(const struct rest_expected *x, const struct tcp_connection *c, uint8_t *at)
{
    const uint64_t hash = demux_hash_whole(&x->tcp->demux, &c->local, &c->remote);
    uint64_t value[8 * GROUPS];
    unsigned n = 0;

    REST_FIELDS(TAKE)
    memset(&value[n], 0, sizeof value - n * sizeof *value);
    return pack(at, value, fields, GROUPS);
}

static const uint8_t *get_connection(const struct rest_expected *x, struct tcp_connection *c, const uint8_t *at)
{
    const uint64_t hash = demux_hash_whole(&x->tcp->demux, &c->local, &c->remote);
    uint64_t value[8 * GROUPS];
    unsigned n = 0;

    at = unpack(at, value, fields, GROUPS);
    REST_FIELDS(GIVE)
    c->wheel.kind = TCP_WHEEL_CONNECTION;
    return at;
}

static uint8_t *put_flow(const struct tcp_connection *c, const struct tcp_flow *f, uint8_t *at)
{
    uint64_t value[8 * FLOW_GROUPS];
    unsigned n = 0;

    REST_FLOW_FIELDS(TAKE_FLOW)
    memset(&value[n], 0, sizeof value - n * sizeof *value);
    return pack(at, value, flow_fields, FLOW_GROUPS);
}

static void get_flow(const struct tcp_connection *c, struct tcp_flow *f, const uint8_t *at)
{
    uint64_t value[8 * FLOW_GROUPS];
    unsigned n = 0;

    (void)unpack(at, value, flow_fields, FLOW_GROUPS);
    REST_FLOW_FIELDS(GIVE_FLOW)
}

uint32_t rest_encode(const struct rest_expected *expected, const struct tcp_connection *c, uint8_t *record)
{
    bool zones = c->local.address.zone != 0 || c->remote.address.zone != 0;
    uint8_t *at = record;

    *at++ = (uint8_t)(REST_HERE | (c->remote.address.family == BARO_FAMILY_IPV6 ? REST_IPV6 : 0) |
                      (c->flow != NULL ? REST_FLOW : 0) | (zones ? REST_ZONES : 0) |
                      (c->deadline_ns[TCP_TIMER_KEEPALIVE] != 0 ? REST_KEPT : 0));
    if (rest_is_kept(record)) {
        memset(at, 0, REST_LINKS);
        at += REST_LINKS;
    }
    at = put_end(at, &c->local);
    at = put_end(at, &c->remote);
    if (zones) {
        *at++ = c->local.address.zone;
        *at++ = c->remote.address.zone;
    }
    at = put_connection(expected, c, at);
    if (c->flow != NULL)
        at = put_flow(c, c->flow, at);
    return (uint32_t)(at - record);
}

bool rest_decode(const struct rest_expected *expected, const uint8_t *record, struct tcp_connection *c,
                 struct tcp_flow *flow)
{
    const uint8_t *at = get_ends(record, &c->local, &c->remote);

    at = get_connection(expected, c, at);
    if ((*record & REST_FLOW) == 0)
        return false;
    get_flow(c, flow, at);
    return true;
}
