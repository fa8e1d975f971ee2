/* baro/mdns.h: a multicast DNS responder: a host is found as NAME.local without any server (RFC 6762), over both
 * families.
 *
 * It probes for its name (§8.1), gives way and takes NAME-2 where another host has it (§9), announces itself (§8.3),
 * answers for its addresses, their reverse names, and says by NSEC which types are not there (§6.1), leaves out what
 * the asker knows already (§7.1), answers alone whom it should (§5.4) and askers that are no multicast DNS hosts
 * (§6.7), and takes leave (§10.1). Packets from off the link are ignored (§11).
 *
 * 224.0.0.251 and ff02::fb are two worlds (§20): in each that the host has an address of it probes, announces and
 * answers on its own, with all its records of both families. The name is one: lost in one world, it is given up in
 * both.
 *
 * Limits: one interface; reverse names are announced but not probed for: the addresses' own probing came before. The
 * responder takes no baro_next_ready(): poll it after its stack. */
#ifndef BARO_MDNS_H
#define BARO_MDNS_H

#include "baro/dns_message.h"
#include "baro/socket.h"

#ifdef __cplusplus
extern "C" {
#endif

struct baro_mdns;

enum { BARO_MDNS_ADDRESSES = 8 };

enum baro_mdns_state {
    BARO_MDNS_IDLE,       /* it has no address yet */
    BARO_MDNS_PROBING,    /* the name is asked for: it is not ours yet, by one family at least */
    BARO_MDNS_ANNOUNCING, /* it is ours and being told */
    BARO_MDNS_RUNNING,
    BARO_MDNS_STOPPED     /* leave is taken */
};

struct baro_mdns_config {
    struct baro_memory memory;  /* required */
    struct baro_stack *stack;   /* required, borrowed */
    int interface;              /* where it speaks */
    uint8_t seed[32];           /* of the delays that keep hosts from speaking at once */
    const char *name;           /* one label, without ".local"; up to 59 octets, so that "-99" has its room */
    bool follow;                /* has the interface's addresses as they come and go; else those that it is given */
};

/* A responder that has joined 224.0.0.251 and, where the interface can have IPv6, ff02::fb; or NULL with the reason
 * in *error if error is not NULL: -ENOMEM, -EINVAL for the name, and what the socket calls say. Free it before its
 * stack. */
struct baro_mdns *baro_mdns_create(const struct baro_mdns_config *config, int *error);
/* Frees it without a word: take leave before. */
void baro_mdns_free(struct baro_mdns *mdns);

/* Adds an address of the interface; probing begins with the first, and later ones are announced. The prefix tells
 * who is on the link. 0, -EINVAL, -EEXIST, -ENOSPC. */
int baro_mdns_add_address(struct baro_mdns *mdns, struct baro_address address, unsigned prefix_length,
                          struct baro_instant now);
/* Takes it back and says so. -ENOENT. */
int baro_mdns_remove_address(struct baro_mdns *mdns, struct baro_address address, struct baro_instant now);
/* Answers, probes and announces what is due. True: it did something. */
bool baro_mdns_poll(struct baro_mdns *mdns, struct baro_instant now);
/* When it wants to be polled although nothing came. False: never. */
bool baro_mdns_next_deadline(const struct baro_mdns *mdns, struct baro_instant *deadline);
/* Tells the link that the name is no more; nothing is answered from then on. Flush the stack afterwards. */
void baro_mdns_stop(struct baro_mdns *mdns, struct baro_instant now);

enum baro_mdns_state baro_mdns_state(const struct baro_mdns *mdns);
/* The name it has or tries to have now: NAME.local or, after conflicts, NAME-2.local and so on. */
const struct baro_dns_name *baro_mdns_name(const struct baro_mdns *mdns);

#ifdef __cplusplus
}
#endif
#endif
