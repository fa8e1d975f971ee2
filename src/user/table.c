/* user/table.c: the table of descriptors, lowest free number first (POSIX), growing by pages. See user_private.h. */
#include "user/user_private.h"

#include <assert.h>
#include <errno.h>

enum { DESCRIPTOR_LIMIT = 1 << 24 };

static size_t directory_bytes(const struct user *user)
{
    return user->pages * sizeof(struct user_page *);
}

static size_t summary_bytes(const struct user *user)
{
    return (user->pages + 63) / 64 * sizeof(uint64_t);
}

bool user_table_init(struct user *user)
{
    if (user->limit > DESCRIPTOR_LIMIT)
        user->limit = DESCRIPTOR_LIMIT;
    user->pages = (user->limit + USER_PAGE_SOCKETS - 1) / USER_PAGE_SOCKETS;
    if (user->pages == 0)
        return true;
    user->page = slab_take(&user->core->slabs, directory_bytes(user));
    user->full = slab_take(&user->core->slabs, summary_bytes(user));
    user->waits = slab_take(&user->core->slabs, summary_bytes(user));
    return user->page != NULL && user->full != NULL && user->waits != NULL;
}

void user_table_release(struct user *user)
{
    struct slabs *slabs = &user->core->slabs;

    for (uint32_t i = 0; user->page != NULL && i < user->pages; i++)
        slab_give_back(slabs, user->page[i], sizeof(struct user_page));
    slab_give_back(slabs, user->page, directory_bytes(user));
    slab_give_back(slabs, user->full, summary_bytes(user));
    slab_give_back(slabs, user->waits, summary_bytes(user));
}

/* The first zero bit among `words`; -1: none. */
static int first_zero(const uint64_t *word, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++)
        if (word[i] != UINT64_MAX)
            return (int)(i * 64 + (uint32_t)__builtin_ctzll(~word[i]));
    return -1;
}

struct user_socket *user_table_take(struct user *user, int *error)
{
    struct user_page *page;
    struct user_socket *socket;
    int at, place;

    *error = -EMFILE;
    if (user->open == user->limit)
        return NULL;
    while (user->full[user->full_words] == UINT64_MAX)
        user->full_words++;
    at = (int)(user->full_words * 64) + __builtin_ctzll(~user->full[user->full_words]);
    assert((uint32_t)at < user->pages);
    *error = -ENOBUFS;
    if (user->page[at] == NULL)
        user->page[at] = slab_take(&user->core->slabs, sizeof *page);
    page = user->page[at];
    if (page == NULL)
        return NULL;
    place = first_zero(page->open, USER_PAGE_WORDS);
    assert(place >= 0);
    page->open[place / 64] |= UINT64_C(1) << (place % 64);
    if (page->open[place / 64] == UINT64_MAX && first_zero(page->open, USER_PAGE_WORDS) < 0)
        user->full[at / 64] |= UINT64_C(1) << (at % 64);
    user->open++;
    socket = &page->socket[place];
    *socket = (struct user_socket){
        .fd = at * USER_PAGE_SOCKETS + place + USER_DESCRIPTOR_FIRST,
        .flags = socket->flags & USER_IN_READY, /* it may still stand there from before, not marked */
        .ready_next = socket->ready_next,
    };
    return socket;
}

void user_table_give_back(struct user *user, struct user_socket *socket)
{
    uint32_t number = (uint32_t)(socket->fd - USER_DESCRIPTOR_FIRST);
    uint32_t at = number / USER_PAGE_SOCKETS, place = number % USER_PAGE_SOCKETS;

    user_row_ends(user); /* its place may be another's before its turn comes */
    user->page[at]->open[place / 64] &= ~(UINT64_C(1) << (place % 64));
    user->full[at / 64] &= ~(UINT64_C(1) << (at % 64));
    if (at / 64 < user->full_words)
        user->full_words = at / 64;
    socket->type = 0;
    user->open--;
}

struct user_details *user_details_open(struct user *user, struct user_socket *socket)
{
    struct user_details *details = pool_take(&user->details);

    if (details == NULL)
        return NULL;
    socket->details = (uint32_t)pool_handle(&user->details, details).value + 1;
    tcp_settings_begin(user->tcp, &details->tcp);
    details->tcp.congestion = user->congestion;
    udp_settings_init(&details->udp);
    capture_settings_init(&details->capture);
    return details;
}

void user_details_drop(struct user *user, struct user_socket *socket)
{
    struct user_details *details = user_details(user, socket);

    if (details == NULL)
        return;
    assert(!details->in_ports && details->groups == NULL);
    pool_give_back(&user->details, details);
    socket->details = 0;
}

struct user_details *user_details_or(struct user *user, const struct user_socket *socket, struct user_details *scratch)
{
    struct user_details *details = user_details(user, socket);

    if (details != NULL)
        return details;
    memset(scratch, 0, sizeof *scratch);
    tcp_settings_of(user->tcp, socket->handle, &scratch->tcp);
    udp_settings_init(&scratch->udp);
    return scratch;
}
