/* iperf3's JSON texts from a peer that lies: read within their bounds, and what is not refused is told once. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "service/iperf.h"
#include "service/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void touch(void *context, const struct json_path *path, const struct json_value *value)
{
    const char *text = context;

    if (path->depth > JSON_DEPTH)
        abort();
    for (unsigned i = 0; i < path->depth; i++) {
        if (path->level[i].key != NULL && path->level[i].key < text)
            abort();
    }
    for (size_t i = 0; value->kind == JSON_STRING && i < value->length; i++) {
        if (value->text[i] == '\0' && value->text[0] == 1)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size == 0 ? 1 : size); /* of its own size, so that a read beyond it is seen */
    struct iperf_test test;
    double octets;
    bool right;

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    right = json_read(text, size, touch, text);
    if (iperf_read_params(&test, text, size) != right || iperf_read_results(text, size, &octets) != right)
        abort();
    free(text);
    return 0;
}
