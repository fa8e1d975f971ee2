/* ip/reassembly.c: see reassembly.h. */
#include "ip/reassembly.h"

#include <assert.h>
#include <string.h>

#include "base/checksum.h"
#include "base/time.h"

void reassembly_init(struct reassembly *reassembly, struct core *core)
{
    *reassembly = (struct reassembly){ .core = core, .key = random_key(&core->random) };
    pool_init(&reassembly->datagrams, &core->slabs, sizeof(struct datagram), REASSEMBLY_DATAGRAMS);
    pool_init(&reassembly->blocks, &core->slabs, sizeof(struct fragment_block), REASSEMBLY_STACK_BLOCKS);
}

static uint64_t hash_of(const struct reassembly *reassembly, struct baro_address source,
                        struct baro_address destination, uint64_t id_protocol)
{
    uint64_t words[5] = { id_protocol };

    memcpy(&words[1], source.octet, sizeof source.octet);
    memcpy(&words[3], destination.octet, sizeof destination.octet);
    return hash_words(&reassembly->key, words, 5);
}

static struct datagram **bucket_of(struct reassembly *reassembly, struct baro_address source,
                                   struct baro_address destination, uint32_t id, uint8_t protocol)
{
    uint64_t hash = hash_of(reassembly, source, destination, (uint64_t)id << 8 | protocol);

    return &reassembly->bucket[hash % REASSEMBLY_BUCKETS];
}

static bool is_ipv6(struct baro_address address)
{
    return address.family == BARO_FAMILY_IPV6;
}

static void give_blocks_back(struct reassembly *reassembly, struct datagram *datagram)
{
    for (unsigned i = 0; i < REASSEMBLY_BLOCKS && datagram->blocks != 0; i++) {
        if (datagram->block[i] == NULL)
            continue;
        pool_give_back(&reassembly->blocks, datagram->block[i]);
        slab_discharge(&reassembly->core->slabs, REASSEMBLY_BLOCK);
        datagram->block[i] = NULL;
        datagram->blocks--;
        reassembly->account[datagram->account]--;
    }
}

static void forget(struct reassembly *reassembly, struct datagram *datagram)
{
    struct datagram **at =
        bucket_of(reassembly, datagram->source, datagram->destination, datagram->id, datagram->protocol);

    give_blocks_back(reassembly, datagram);
    while (*at != datagram)
        at = &(*at)->chain;
    *at = datagram->chain;
    if (datagram->younger != NULL)
        datagram->younger->older = datagram->older;
    else
        reassembly->youngest = datagram->older;
    if (datagram->older != NULL)
        datagram->older->younger = datagram->younger;
    else
        reassembly->oldest = datagram->younger;
    wheel_cancel(&reassembly->core->wheel, &datagram->timer);
    pool_give_back(&reassembly->datagrams, datagram);
}

void reassembly_release(struct reassembly *reassembly)
{
    while (reassembly->oldest != NULL)
        forget(reassembly, reassembly->oldest);
    pool_release(&reassembly->datagrams);
    pool_release(&reassembly->blocks);
    slab_give_back(&reassembly->core->slabs, reassembly->whole, REASSEMBLY_WHOLE);
    reassembly->whole = NULL;
}

/* The oldest other datagram gives way. */
static bool evict(struct reassembly *reassembly, const struct datagram *keep)
{
    struct datagram *oldest = reassembly->oldest;

    if (oldest == keep && oldest != NULL)
        oldest = oldest->younger;
    if (oldest == NULL)
        return false;
    if (!oldest->given_up)
        core_drop(reassembly->core, BARO_DROP_FRAGMENT_MEMORY);
    forget(reassembly, oldest);
    return true;
}

static struct datagram *create(struct reassembly *reassembly, struct datagram **bucket,
                               const struct fragment *fragment, const struct ip_packet *packet)
{
    struct core *core = reassembly->core;
    struct datagram *datagram = pool_take(&reassembly->datagrams);
    bool v6 = is_ipv6(packet->source);

    if (datagram == NULL && evict(reassembly, NULL))
        datagram = pool_take(&reassembly->datagrams);
    if (datagram == NULL)
        return NULL;
    datagram->timer.kind = TIMER_REASSEMBLY;
    datagram->source = packet->source;
    datagram->destination = packet->destination;
    datagram->id = fragment->id;
    datagram->protocol = v6 ? 0 : fragment->protocol;
    datagram->account = (uint8_t)hash_of(reassembly, packet->source, (struct baro_address){ 0 }, 0);
    datagram->chain = *bucket;
    *bucket = datagram;
    datagram->older = reassembly->youngest;
    if (datagram->older != NULL)
        datagram->older->younger = datagram;
    else
        reassembly->oldest = datagram;
    reassembly->youngest = datagram;
    wheel_arm(&core->wheel, &datagram->timer,
              instant_add(core->now, duration_s(v6 ? REASSEMBLY_TIMEOUT_V6_S : REASSEMBLY_TIMEOUT_S)));
    return datagram;
}

static struct datagram *find(struct reassembly *reassembly, const struct fragment *fragment,
                             const struct ip_packet *packet)
{
    uint8_t protocol = is_ipv6(packet->source) ? 0 : fragment->protocol;
    struct datagram **bucket =
        bucket_of(reassembly, packet->source, packet->destination, fragment->id, protocol);
    struct datagram *at = *bucket;

    while (at != NULL && (at->id != fragment->id || at->protocol != protocol ||
                          !address_equal(at->source, packet->source) ||
                          !address_equal(at->destination, packet->destination)))
        at = at->chain;
    return at != NULL ? at : create(reassembly, bucket, fragment, packet);
}

/* ---- the bits ---- */

static bool bit(const struct datagram *datagram, uint32_t unit, bool begins)
{
    const struct fragment_block *block;
    uint32_t in_block = unit % REASSEMBLY_BLOCK_UNITS;

    if (unit >= REASSEMBLY_BLOCKS * REASSEMBLY_BLOCK_UNITS)
        return false;
    block = datagram->block[unit / REASSEMBLY_BLOCK_UNITS];
    if (block == NULL)
        return false;
    return ((begins ? block->begins : block->held)[in_block / 64] >> (in_block % 64) & 1) != 0;
}

/* How many bits of [first, last) are set, 64 at a time. */
static uint32_t count_bits(const struct datagram *datagram, uint32_t first, uint32_t last, bool begins)
{
    uint32_t count = 0;

    while (first < last) {
        const struct fragment_block *block = datagram->block[first / REASSEMBLY_BLOCK_UNITS];
        uint32_t in_word = first % 64, span = 64 - in_word;
        uint64_t word;

        if (span > last - first)
            span = last - first;
        if (block != NULL) {
            word = (begins ? block->begins : block->held)[first % REASSEMBLY_BLOCK_UNITS / 64] >> in_word;
            if (span < 64)
                word &= (UINT64_C(1) << span) - 1;
            count += (uint32_t)__builtin_popcountll(word);
        }
        first += span;
    }
    return count;
}

static void set_bits(struct datagram *datagram, uint32_t first, uint32_t last)
{
    uint32_t unit = first % REASSEMBLY_BLOCK_UNITS;

    datagram->block[first / REASSEMBLY_BLOCK_UNITS]->begins[unit / 64] |= UINT64_C(1) << (unit % 64);
    while (first < last) {
        struct fragment_block *block = datagram->block[first / REASSEMBLY_BLOCK_UNITS];
        uint32_t in_word = first % 64, span = 64 - in_word;
        uint64_t bits;

        if (span > last - first)
            span = last - first;
        bits = span == 64 ? UINT64_MAX : (UINT64_C(1) << span) - 1;
        block->held[first % REASSEMBLY_BLOCK_UNITS / 64] |= bits << in_word;
        first += span;
    }
}

static bool same_bytes(const struct datagram *datagram, uint32_t offset, struct baro_bytes bytes)
{
    for (size_t at = 0; at < bytes.length;) {
        uint32_t in_block = (offset + (uint32_t)at) % REASSEMBLY_BLOCK;
        size_t span = REASSEMBLY_BLOCK - in_block;

        if (span > bytes.length - at)
            span = bytes.length - at;
        if (memcmp(datagram->block[(offset + at) / REASSEMBLY_BLOCK]->data + in_block, bytes.data + at,
                   span) != 0)
            return false;
        at += span;
    }
    return true;
}

/* ---- one fragment ---- */

/* NONE: nothing of it is held. DUPLICATE: one with this beginning, this end and these bytes is. */
static enum baro_drop_reason overlap(const struct datagram *datagram, uint32_t offset,
                                     struct baro_bytes bytes, bool more)
{
    uint32_t length = (uint32_t)bytes.length, end = offset + length;
    uint32_t first = offset / 8, last = (end + 7) / 8;
    uint32_t held = count_bits(datagram, first, last, false);

    if (datagram->total != 0 && (end > datagram->total || (!more && end != datagram->total)))
        return BARO_DROP_FRAGMENT_OVERLAP;
    if (!more && datagram->end > end)
        return BARO_DROP_FRAGMENT_OVERLAP;
    if (held == 0)
        return BARO_DROP_NONE;
    if (held == last - first && bit(datagram, first, true) && count_bits(datagram, first, last, true) == 1 &&
        (!bit(datagram, last, false) || bit(datagram, last, true)) && (more || datagram->total == end) &&
        same_bytes(datagram, offset, bytes))
        return BARO_DROP_FRAGMENT_DUPLICATE;
    return BARO_DROP_FRAGMENT_OVERLAP;
}

static bool take_blocks(struct reassembly *reassembly, struct datagram *datagram, uint32_t offset,
                        uint32_t end)
{
    struct core *core = reassembly->core;

    for (uint32_t i = offset / REASSEMBLY_BLOCK; i <= (end - 1) / REASSEMBLY_BLOCK; i++) {
        if (datagram->block[i] != NULL)
            continue;
        if (reassembly->account[datagram->account] >= REASSEMBLY_SOURCE_BLOCKS)
            return false;
        if (!slab_charge(&core->slabs, REASSEMBLY_BLOCK))
            return false;
        datagram->block[i] = pool_take(&reassembly->blocks);
        if (datagram->block[i] == NULL && evict(reassembly, datagram))
            datagram->block[i] = pool_take(&reassembly->blocks);
        if (datagram->block[i] == NULL) {
            slab_discharge(&core->slabs, REASSEMBLY_BLOCK);
            return false;
        }
        datagram->blocks++;
        reassembly->account[datagram->account]++;
    }
    return true;
}

static void store(struct datagram *datagram, uint32_t offset, struct baro_bytes bytes, bool more)
{
    uint32_t length = (uint32_t)bytes.length, end = offset + length;

    for (uint32_t at = 0; at < length;) {
        uint32_t in_block = (offset + at) % REASSEMBLY_BLOCK;
        uint32_t span = REASSEMBLY_BLOCK - in_block;

        if (span > length - at)
            span = length - at;
        memcpy(datagram->block[(offset + at) / REASSEMBLY_BLOCK]->data + in_block, bytes.data + at, span);
        at += span;
    }
    set_bits(datagram, offset / 8, (end + 7) / 8);
    datagram->received += length;
    datagram->fragments++;
    if (end > datagram->end)
        datagram->end = end;
    if (!more)
        datagram->total = end;
}

/* The first `header_length` octets of the header and `length` of data, in `whole`, as a packet. */
static void lend(struct reassembly *reassembly, const struct datagram *datagram, uint32_t header_length,
                 uint32_t length, struct ip_packet *packet)
{
    uint8_t *whole = reassembly->whole;

    memcpy(whole, datagram->header, header_length);
    for (uint32_t at = 0; at < length; at += REASSEMBLY_BLOCK) {
        uint32_t span = length - at < REASSEMBLY_BLOCK ? length - at : REASSEMBLY_BLOCK;

        memcpy(whole + header_length + at, datagram->block[at / REASSEMBLY_BLOCK]->data, span);
    }
    *packet = datagram->first;
    packet->whole = (struct baro_bytes){ whole, header_length + length };
    packet->payload = (struct baro_bytes){ whole + header_length, length };
    reassembly->whole_lent = true;
}

static bool whole_is_there(struct reassembly *reassembly)
{
    assert(!reassembly->whole_lent);
    if (reassembly->whole == NULL)
        reassembly->whole = slab_take(&reassembly->core->slabs, REASSEMBLY_WHOLE);
    return reassembly->whole != NULL;
}

/* IPv4's header as if the datagram had never been cut. */
static void mend_ipv4(uint8_t *header, const struct datagram *datagram, uint8_t tos)
{
    write_be16(header + CODEC_AT(ipv4_header, total_length), (uint16_t)(datagram->header_length + datagram->total));
    write_be16(header + CODEC_AT(ipv4_header, flags_offset), 0);
    header[CODEC_AT(ipv4_header, tos)] = tos;
    write_be16(header + CODEC_AT(ipv4_header, checksum), 0);
    write_be16(header + CODEC_AT(ipv4_header, checksum),
               checksum_fold(checksum_add(0, header, datagram->header_length)));
}

/* IPv6's, its fragment header gone (RFC 8200 §4.5). */
static void mend_ipv6(uint8_t *header, const struct datagram *datagram, uint8_t traffic_class)
{
    uint32_t before =
        datagram->header_length - (uint32_t)ipv6_fragment_header_SIZE - (uint32_t)ipv6_header_SIZE;

    write_be16(header + CODEC_AT(ipv6_header, payload_length), (uint16_t)(before + datagram->total));
    header[1] = (uint8_t)((header[1] & 0x0f) | traffic_class << 4); /* its lower half */
    header[datagram->said_at] = datagram->next_header;
}

/* All is there: one packet. */
static void finish(struct reassembly *reassembly, struct datagram *datagram, uint8_t tos, struct ip_packet *packet)
{
    bool v6 = is_ipv6(datagram->source);
    uint32_t header_length = datagram->header_length - (v6 ? (uint32_t)ipv6_fragment_header_SIZE : 0);

    TRACE(reassembly->core, FRAGMENTS_WHOLE, TRACE_A(datagram->source), TRACE_N(datagram->id),
          TRACE_N(datagram->fragments), TRACE_N(datagram->total));
    reassembly->core->counters.fragments_whole++;
    lend(reassembly, datagram, header_length, datagram->total, packet);
    packet->reassembled = true;
    packet->tos = tos;
    packet->to_group |= datagram->to_group;
    packet->checksum_verified = false;
    packet->gso_size = 0;
    if (v6)
        mend_ipv6(reassembly->whole, datagram, tos);
    else
        mend_ipv4(reassembly->whole, datagram, tos);
    forget(reassembly, datagram);
}

/* What counts of `header_length` octets of header against the 65,535: IPv4's length is the packet's, IPv6's
 * is what stands behind its header. */
static uint32_t counted(struct baro_address source, uint32_t header_length)
{
    return is_ipv6(source) ? header_length - (uint32_t)(ipv6_header_SIZE + ipv6_fragment_header_SIZE)
                           : header_length;
}

/* Everything about a fragment that can be wrong by itself or with what is held. */
static enum baro_drop_reason judge(const struct datagram *datagram, uint32_t header_length, uint32_t offset,
                                   struct baro_bytes bytes, bool more)
{
    uint32_t header = offset == 0                    ? counted(datagram->source, header_length)
                      : datagram->header_length != 0 ? counted(datagram->source, datagram->header_length)
                      : is_ipv6(datagram->source)    ? 0
                                                     : (uint32_t)ipv4_header_SIZE;
    uint32_t end = offset + (uint32_t)bytes.length;

    if (header + end > UINT16_MAX || (offset == 0 && header + datagram->end > UINT16_MAX))
        return BARO_DROP_FRAGMENT_TOO_LONG;
    return overlap(datagram, offset, bytes, more);
}

/* What is wrong with a fragment whatever else came. */
static enum baro_drop_reason malformed(const struct fragment *fragment, const struct ip_packet *packet,
                                       uint32_t header_length)
{
    if (packet->payload.length == 0 || (fragment->more && packet->payload.length % 8 != 0))
        return BARO_DROP_FRAGMENT_MALFORMED;
    return header_length > REASSEMBLY_HEADER ? BARO_DROP_IPV6_CHAIN_TOO_LONG : BARO_DROP_NONE;
}

/* What the fragment at offset 0 brings besides its data. */
static void keep_header(struct datagram *datagram, const struct fragment *fragment,
                        const struct ip_packet *packet, uint32_t header_length)
{
    datagram->header_length = (uint16_t)header_length;
    memcpy(datagram->header, packet->whole.data, header_length);
    datagram->next_header = fragment->protocol;
    datagram->said_at = fragment->said_at;
    datagram->first = *packet;
}

bool reassembly_take(struct reassembly *reassembly, const struct fragment *fragment, struct ip_packet *packet,
                     enum baro_drop_reason *reason)
{
    struct core *core = reassembly->core;
    uint32_t offset = fragment->offset, header_length = (uint32_t)(packet->payload.data - packet->whole.data);
    struct baro_bytes bytes = packet->payload;
    struct datagram *datagram = NULL;
    uint8_t tos;

    core->counters.fragments_in++;
    *reason = malformed(fragment, packet, header_length);
    if (*reason == BARO_DROP_NONE && (datagram = find(reassembly, fragment, packet)) == NULL)
        *reason = BARO_DROP_FRAGMENT_MEMORY;
    if (datagram == NULL) {
        core_drop(core, *reason);
        return false;
    }
    *reason = datagram->given_up ? BARO_DROP_FRAGMENT_OVERLAP
                                 : judge(datagram, header_length, offset, bytes, fragment->more);
    if (*reason == BARO_DROP_FRAGMENT_OVERLAP || *reason == BARO_DROP_FRAGMENT_TOO_LONG) {
        datagram->given_up = true;
        give_blocks_back(reassembly, datagram);
    } else if (*reason == BARO_DROP_NONE &&
               !take_blocks(reassembly, datagram, offset, offset + (uint32_t)bytes.length)) {
        *reason = BARO_DROP_FRAGMENT_MEMORY;
    }
    if (*reason != BARO_DROP_NONE) {
        core_drop(core, *reason);
        return false;
    }
    store(datagram, offset, bytes, fragment->more);
    datagram->to_group |= packet->to_group;
    datagram->ecn |= (uint8_t)(1u << (packet->tos & ECN_BITS));
    if (offset == 0)
        keep_header(datagram, fragment, packet, header_length);
    TRACE(core, FRAGMENT_HELD, TRACE_A(datagram->source), TRACE_N(datagram->id), TRACE_N(offset),
          TRACE_N(bytes.length), TRACE_N(fragment->more), TRACE_N(datagram->received));
    if (datagram->total == 0 || datagram->received != datagram->total)
        return false;
    if (!fragments_class(datagram->ecn, datagram->first.tos, &tos))
        *reason = BARO_DROP_FRAGMENT_MARKS;
    else if (!whole_is_there(reassembly))
        *reason = BARO_DROP_FRAGMENT_MEMORY;
    if (*reason != BARO_DROP_NONE) {
        core_drop(core, *reason);
        forget(reassembly, datagram);
        return false;
    }
    finish(reassembly, datagram, tos, packet);
    return true;
}

bool reassembly_timer(struct reassembly *reassembly, struct wheel_timer *timer, struct ip_packet *packet)
{
    struct datagram *datagram = (struct datagram *)(void *)timer;
    bool quote = false;

    if (!datagram->given_up) {
        TRACE(reassembly->core, FRAGMENTS_TIMEOUT, TRACE_A(datagram->source), TRACE_N(datagram->id),
              TRACE_N(datagram->received), TRACE_N(datagram->header_length != 0));
        core_drop(reassembly->core, BARO_DROP_FRAGMENT_TIMEOUT);
        if (datagram->header_length != 0 && whole_is_there(reassembly)) {
            uint32_t units = 0, most = is_ipv6(datagram->source) ? IPV6_LEAST_MTU / 8 : 576 / 8;

            /* As much as is there without a gap, up to what an error quotes. */
            while (units < most && bit(datagram, units, false))
                units++;
            lend(reassembly, datagram, datagram->header_length,
                 units * 8 < datagram->end ? units * 8 : datagram->end, packet);
            packet->to_group |= datagram->to_group;
            quote = true;
        }
    }
    forget(reassembly, datagram);
    return quote;
}

void reassembly_check_invariants(const struct reassembly *reassembly)
{
    unsigned datagrams = 0, blocks = 0;

    for (const struct datagram *at = reassembly->oldest; at != NULL; at = at->younger) {
        unsigned held = 0;

        for (unsigned i = 0; i < REASSEMBLY_BLOCKS; i++)
            held += at->block[i] != NULL;
        assert(held == at->blocks);
        assert(wheel_is_armed(&at->timer));
        assert(at->given_up || at->received <= at->end);
        assert(at->total == 0 || at->received < at->total || at->given_up);
        datagrams++;
        blocks += held;
    }
    assert(datagrams == reassembly->datagrams.used && blocks == reassembly->blocks.used);
    (void)datagrams, (void)blocks;
}
