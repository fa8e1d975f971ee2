/* tools/names.c: see names.h. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

static void *take(void *context, size_t bytes)
{
    size_t whole = (bytes + 63) / 64 * 64;
    void *slab = aligned_alloc(64, whole);

    (void)context;
    return slab == NULL ? NULL : memset(slab, 0, whole);
}

static void give_back(void *context, void *slab, size_t bytes)
{
    (void)context;
    (void)bytes;
    free(slab);
}

struct baro_memory names_memory(void)
{
    return (struct baro_memory){ NULL, take, give_back };
}

struct baro_address names_address(void)
{
    return baro_ipv4(127, 0, 0, 53);
}

struct baro_dns_server *names_open(struct baro_stack *stack, int *error)
{
    const struct baro_dns_server_config config = { .memory = names_memory(),
                                                   .stack = stack,
                                                   .local = { .address = names_address() } };

    return baro_dns_server_create(&config, error);
}
