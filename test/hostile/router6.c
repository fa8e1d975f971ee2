/* test/hostile/router6.c: see router6.h. */
#include "hostile/router6.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"

const struct baro_mac near_mac = { { 2, 0, 0, 0, 0, 2 } }, far_mac = { { 2, 0, 0, 0, 0, 9 } };
struct router router;

struct baro_address net(unsigned number, unsigned host)
{
    return baro_ipv6((uint16_t)(0xfd00 + number), 0, 0, 0, 0, 0, 0, (uint16_t)host);
}

struct baro_address local(unsigned host)
{
    return baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, (uint16_t)host);
}

void setup(uint32_t mtu, uint32_t capabilities)
{
    struct baro_stack *stack;

    victim_init(&router.victim, false);
    stack = router.victim.stack;
    frame_device_init(&router.far, 3, mtu);
    router.far.device.capabilities = capabilities;
    assert_int_equal(baro_stack_add_interface(stack, &router.far.device), 2);
    assert_int_equal(baro_stack_add_address(stack, 1, net(0, 1), 64, false), 0);
    assert_int_equal(baro_stack_add_address(stack, 1, local(1), 64, false), 0);
    assert_int_equal(baro_stack_add_address(stack, 2, net(2, 1), 64, false), 0);
    assert_int_equal(baro_stack_add_address(stack, 2, local(1), 64, false), 0);
    assert_int_equal(baro_stack_set_neighbour(stack, 1, net(0, 2), near_mac), 0);
    assert_int_equal(baro_stack_set_neighbour(stack, 1, local(2), near_mac), 0);
    assert_int_equal(baro_stack_set_neighbour(stack, 2, net(2, 2), far_mac), 0);
    baro_stack_set_forwarding(stack, true);
    victim_wait(&router.victim, 5000);
    victim_forget(&router.victim);
    while (frame_device_take(&router.far) != NULL)
        continue;
}

void teardown(void)
{
    victim_release(&router.victim);
    frame_device_release(&router.far);
}

struct sample across(void)
{
    return (struct sample){ .source = net(0, 2), .destination = net(2, 2), .next = 17, .hop_limit = 64 };
}

void build(const struct sample *sample, const uint8_t *data, uint32_t octets)
{
    const struct ipv6_header header = { .version_class_flow = ipv6_first_word(0xb8, 0x12345),
                                        .payload_length = (uint16_t)(sample->chain_length + octets),
                                        .next_header = sample->next, .hop_limit = sample->hop_limit,
                                        .source = sample->source, .destination = sample->destination };

    memcpy(router.frame, (const uint8_t[]){ 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd }, 14);
    if (sample->group_frame)
        memcpy(router.frame, (const uint8_t[]){ 0x33, 0x33, 0, 0, 0, 1 }, 6);
    ipv6_header_write(&header, router.frame + IP_AT);
    if (sample->chain_length != 0)
        memcpy(router.frame + DATA_AT, sample->chain, sample->chain_length);
    memcpy(router.frame + DATA_AT + sample->chain_length, data, octets);
    router.length = DATA_AT + sample->chain_length + octets;
}

uint16_t sum_of(const struct sample *sample, uint8_t protocol, const uint8_t *data, uint32_t octets)
{
    return checksum_fold(
        checksum_add(checksum_pseudo(sample->source, sample->destination, protocol, octets), data, octets));
}

void datagram(const struct sample *sample, uint32_t octets)
{
    static uint8_t udp[66000];

    craft_udp(udp, 1000, 2000, octets - 8);
    write_be16(udp + 6, sum_of(sample, 17, udp, octets));
    build(sample, udp, octets);
}

const struct device_frame *icmp(uint8_t type)
{
    const struct device_frame *out;

    while ((out = frame_device_take(&router.victim.device)) != NULL) {
        if (out->data[12] == 0x86 && out->data[20] == 58 && (type == NOTHING || out->data[DATA_AT] == type) &&
            icmpv6_is_error(out->data[DATA_AT])) {
            uint64_t sum = checksum_pseudo(read_ipv6(out->data + 22), read_ipv6(out->data + 38), 58,
                                           out->length - DATA_AT);

            assert_int_equal(checksum_fold(checksum_add(sum, out->data + DATA_AT, out->length - DATA_AT)), 0);
            return out;
        }
    }
    return NULL;
}

static const struct device_frame *passed(void)
{
    const struct device_frame *out;

    victim_feed(&router.victim, router.frame, router.length, BARO_DROP_IP_NOT_FOR_ME);
    out = frame_device_take(&router.far);
    assert_non_null(out);
    assert_null(frame_device_take(&router.far));
    assert_memory_equal(out->data, far_mac.octet, 6);
    assert_int_equal(out->data[11], 3);
    assert_memory_equal(out->data + 12, router.frame + 12, 9);
    assert_int_equal(out->data[21], router.frame[21] - 1);
    return out;
}

void untouched(uint32_t padding)
{
    const struct device_frame *out = passed();

    assert_int_equal(out->length, router.length - padding);
    assert_memory_equal(out->data + 22, router.frame + 22, router.length - padding - 22);
}
