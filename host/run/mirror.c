/* mirror.c: the supervisor's side of what programs see of their interfaces (interface.c makes it).
 *
 * What a program sees at first is what its host was created with and what the stack has then; a program's namespace is
 * told of each address of the stack's that comes or goes afterwards. An address that is still being probed is not
 * shown: no socket could use it.
 *
 * Limits: the addresses that the host was created with stay in view, whatever the stack does with them; default routes
 * do not change; beyond BARO_RUN_ADDRESSES an interface shows no more. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "run/child.h"
#include "run/internal.h"

static bool same(const struct baro_address *a, const struct baro_address *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static bool has(const struct baro_run_address *list, const struct baro_address *address)
{
    for (int i = 0; i < BARO_RUN_ADDRESSES && list[i].address.family; i++) {
        if (same(&list[i].address, address))
            return true;
    }
    return false;
}

static void put(struct baro_run_address *list, const struct baro_run_address *one)
{
    for (int i = 0; i < BARO_RUN_ADDRESSES; i++) {
        if (!list[i].address.family) {
            list[i] = *one;
            return;
        }
        if (same(&list[i].address, &one->address))
            return;
    }
}

void mirror_now(const struct host *host, struct baro_run_host *shown)
{
    *shown = host->config;
    for (int i = 0; i < BARO_RUN_INTERFACES && shown->interface[i].number > 0; i++) {
        struct baro_address_status status[BARO_RUN_ADDRESSES];
        int count = baro_stack_addresses(host->config.stack, shown->interface[i].number, status, BARO_RUN_ADDRESSES);
        for (int j = 0; j < count; j++) {
            struct baro_run_address one = { status[j].address, status[j].prefix_length };
            one.address.zone = 0;
            if (!status[j].tentative)
                put(shown->interface[i].address, &one);
        }
    }
}

/* Orders for what `from` has and `to` has not. False: the program's init takes no more now. */
static bool order(const struct program *program, int kind, const struct baro_run_interface *from,
                  const struct baro_run_interface *to)
{
    for (int i = 0; i < BARO_RUN_ADDRESSES && from->address[i].address.family; i++) {
        const struct order said = { .kind = kind, .value = from->number, .address = from->address[i] };
        if (has(to->address, &from->address[i].address))
            continue;
        if (send(program->control, &said, sizeof said, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EAGAIN)
            return false;
    }
    return true;
}

void mirror_follow(struct host *host)
{
    struct baro_run_host now;
    uint32_t changes = baro_stack_changes(host->config.stack);
    if (changes == host->changes)
        return;
    mirror_now(host, &now);
    bool done = true;
    for (struct program *program = host->run->programs; program; program = program->next) {
        if (program->host != host || program->control < 0)
            continue;
        bool told = true;
        for (int i = 0; i < BARO_RUN_INTERFACES && now.interface[i].number > 0; i++) {
            const struct baro_run_interface *shown = &program->shown.interface[i];
            told = told && order(program, ORDER_HIDE, shown, &now.interface[i]) &&
                   order(program, ORDER_SHOW, &now.interface[i], shown);
        }
        if (told)
            program->shown = now;
        done = done && told; /* what was told already is told again then, and harms nobody */
    }
    if (done)
        host->changes = changes;
}
