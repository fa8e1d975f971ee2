/* ip/membership.h: telling routers which groups are heard: the listener's side of IGMPv3 (RFC 3376) and MLDv2 (RFC
 * 3810), and of the versions before them where a router speaks only those (RFC 3376 §7.2, RFC 3810 §8.2).
 *
 * A change of what an interface hears is reported at once, and again within a second for as often as the robustness
 * says (2 times in all by default). A router's query is answered after a random part of the time that it gives: for all
 * groups by one timer of the interface, for one group by a timer of its own, with the sources that were asked about.
 * While a query of an older version was heard in the last minutes, reports are of that version: one group each, held
 * back where another host was faster.
 *
 * Nothing is sent here. What is to be sent is marked in the groups, an intent is left, and the drain takes one message
 * after another (membership_next), which writes as many marked groups as fit. The all-hosts groups 224.0.0.1 and
 * ff02::1 and those that stay within a node are never told of. All that another host can make us keep is GROUP_ASKED
 * addresses a group. */
#ifndef IP_MEMBERSHIP_H
#define IP_MEMBERSHIP_H

#include "base/core.h"
#include "codec/membership.h"
#include "ip/group.h"
#include "ip/table.h"

enum { MEMBERSHIP_OCTETS = 1200, MEMBERSHIP_JOINED = 32 };

/* Which version is spoken: the newest, that of RFC 2236 and RFC 2710, that of RFC 1112. */
enum membership_age { MEMBERSHIP_NEW, MEMBERSHIP_OLD, MEMBERSHIP_OLDEST };

/* One family on one interface. */
struct membership_link {
    enum membership_age age;
    uint8_t robustness;
    uint32_t interval_s;                          /* between general queries, as the last one said */
    bool old_heard, oldest_heard;                 /* a router of that age, until then */
    struct baro_instant old_until, oldest_until;
    bool responds;                                /* to a general query, at respond_at */
    struct baro_instant respond_at;
    bool intended;                                /* an intent says so */
};

struct membership_interface {
    struct group_table groups; /* first: ip/table.h points at it */
    struct membership_link link[2];
    uint8_t octets[MEMBERSHIP_OCTETS]; /* of the message being sent */
};

struct membership {
    struct core *core;
    struct wheel_timer timer;
    struct membership_interface *interface[IP_INTERFACES]; /* taken at the first group */
};

void membership_init(struct membership *membership, struct core *core);
void membership_release(struct membership *membership);

/* The groups of an interface, for the table; NULL: no memory. */
struct group_table *membership_groups(struct membership *membership, int interface);

/* A member changes its mind (see group_change). -ENOSPC, -ENOBUFS. The rest is reported by itself. */
int membership_change(struct membership *membership, int interface, struct baro_address group,
                      const struct baro_source_filter *before, const struct baro_source_filter *after);

/* The solicited-node group of an address of ours is joined, if it is not; `held`: but nothing is said of it before
 * membership_speak. It is left when no address of ours needs it. */
int membership_solicited(struct membership *membership, int interface, struct baro_address group, bool held);
void membership_speak(struct membership *membership, int interface, struct baro_address group);
void membership_unsolicited(struct membership *membership, int interface, struct baro_address group);

/* All groups of a family are told of as if they were new: there is an address now to tell it from (RFC 3590 §4). */
void membership_again(struct membership *membership, int interface, enum baro_family family);

/* A query, or an old report of another host, came in by `interface`. Groups have zones here. */
enum baro_drop_reason membership_in(struct membership *membership, int interface, struct baro_address from,
                                    const struct membership_message *message);

/* The timer fired. */
void membership_timer(struct membership *membership);

/* A message to send: `head`, then `body`. */
struct membership_out {
    enum membership_kind kind;
    uint8_t version;
    struct baro_address destination, group; /* group: the first that it tells of */
    unsigned records;
    uint8_t head[MEMBERSHIP_OLD_LONGEST];
    unsigned head_length;
    struct baro_bytes body;                 /* good until the next call */
};
/* The next one of what is marked, of at most `room` octets with its head. False: nothing is left to send. */
bool membership_next(struct membership *membership, int interface, enum baro_family family, size_t room,
                     struct membership_out *out);

void membership_check_invariants(const struct membership *membership);

#endif
