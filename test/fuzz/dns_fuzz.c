/* Whatever octets come as a DNS message: reading stays inside them and ends, every name is whole, and what was read can
 * be written and reads the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "baro/dns_message.h"

static void name_is_whole(const struct baro_dns_name *name)
{
    struct baro_dns_name again;
    char text[BARO_DNS_TEXT_LIMIT];
    struct baro_address address;

    assert(name->length >= 1 && name->octet[name->length - 1] == 0);
    assert(baro_dns_name_text(name, text, sizeof text) > 0);
    assert(baro_dns_name_parse(&again, text) == 0 && baro_dns_name_equal(name, &again));
    if (baro_dns_name_address(name, &address)) {
        baro_dns_name_reverse(&again, address);
        assert(baro_dns_name_equal(name, &again));
    }
}

static void same_again(const struct baro_dns_record *record)
{
    static uint8_t octets[70000];
    const struct baro_dns_header header = { .flags = BARO_DNS_RESPONSE };
    struct baro_dns_writer writer;
    struct baro_dns_reader reader;
    struct baro_dns_record again;
    enum baro_dns_section section;

    if (record->data.length > 60000)
        return;
    baro_dns_write(&writer, (struct baro_buffer){ octets, sizeof octets }, &header);
    assert(baro_dns_write_record(&writer, BARO_DNS_ANSWERS, record) == 0);
    assert(baro_dns_read(&reader, (struct baro_bytes){ octets, baro_dns_write_end(&writer) }) == 0);
    assert(baro_dns_read_record(&reader, &again, &section) == 1);
    assert(baro_dns_name_equal(&record->name, &again.name) && record->ttl == again.ttl);
    assert(record->target.length == 0 || baro_dns_name_equal(&record->target, &again.target));
    assert(memcmp(&record->address, &again.address, sizeof again.address) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size); /* of exactly this size, so that a read beyond it is seen */
    struct baro_dns_reader reader;
    struct baro_dns_question question;
    struct baro_dns_record record;
    enum baro_dns_section section;
    int result;

    if (copy == NULL)
        return 0;
    if (size != 0)
        memcpy(copy, data, size);
    if (baro_dns_read(&reader, (struct baro_bytes){ copy, size }) == 0) {
        while ((result = baro_dns_read_question(&reader, &question)) > 0)
            name_is_whole(&question.name);
        while (result == 0 && baro_dns_read_record(&reader, &record, &section) > 0) {
            name_is_whole(&record.name);
            if (record.target.length != 0)
                name_is_whole(&record.target);
            same_again(&record);
        }
    }
    free(copy);
    return 0;
}
