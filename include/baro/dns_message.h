/* baro/dns_message.h: DNS messages as values (RFC 1035 §4), for resolvers, servers and multicast DNS (RFC 6762).
 *
 * Pure: bytes in, values out and back; no socket, no clock, no memory but the caller's. Every read is bounded by the
 * message. A compression pointer leads strictly backwards, before the piece of the name that it ends and behind the
 * header, so that a name costs at most its message's octets to read and no loop exists; a name has at most 255 octets,
 * a label at most 63. Names compare without regard to the case of ASCII letters (RFC 4343) and keep the case they
 * came in.
 *
 * Known to their last octet: A, AAAA, CNAME, NS, PTR, SOA, TXT, SRV, NSEC (multicast DNS's form) and OPT (EDNS,
 * RFC 6891). The data of other types is given as it stands (RFC 3597). */
#ifndef BARO_DNS_MESSAGE_H
#define BARO_DNS_MESSAGE_H

#include "baro/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    BARO_DNS_PORT = 53,
    BARO_MDNS_PORT = 5353,
    BARO_DNS_HEADER = 12,       /* octets of a message's header */
    BARO_DNS_NAME_LIMIT = 255,  /* octets of a name with its lengths and its end (RFC 1035 §3.1) */
    BARO_DNS_LABEL_LIMIT = 63,  /* octets of a label */
    BARO_DNS_TEXT_LIMIT = 1024, /* octets that a name as text needs at most, its NUL included */
    BARO_DNS_UDP_PLAIN = 512,   /* octets of a message over UDP without EDNS (RFC 1035 §4.2.1) */
    BARO_DNS_UDP_EDNS = 1232    /* with EDNS: what crosses every IPv6 path unfragmented */
};

/* Types of records (RFC 1035 §3.2.2 and the RFCs named). Others are allowed wherever a type stands. */
enum baro_dns_type {
    BARO_DNS_A = 1, BARO_DNS_NS = 2, BARO_DNS_CNAME = 5, BARO_DNS_SOA = 6, BARO_DNS_PTR = 12, BARO_DNS_TXT = 16,
    BARO_DNS_AAAA = 28 /* RFC 3596 */, BARO_DNS_SRV = 33 /* RFC 2782 */, BARO_DNS_OPT = 41 /* RFC 6891 */,
    BARO_DNS_NSEC = 47 /* RFC 4034 §4, RFC 6762 §6.1 */, BARO_DNS_ANY = 255
};

/* Classes; the top bit is multicast DNS's: of a question "answer me alone" (RFC 6762 §5.4), of a record "forget
 * what you knew before" (§10.2). */
enum baro_dns_class { BARO_DNS_IN = 1, BARO_DNS_CLASS_ANY = 255, BARO_DNS_CLASS_TOP = 0x8000 };

/* What an answer says (RFC 1035 §4.1.1, RFC 2136 §2.2). */
enum baro_dns_code {
    BARO_DNS_NO_ERROR = 0, BARO_DNS_FORMAT_ERROR = 1, BARO_DNS_SERVER_FAILURE = 2, BARO_DNS_NAME_ERROR = 3,
    BARO_DNS_NOT_IMPLEMENTED = 4, BARO_DNS_REFUSED = 5
};

/* Bits of the header's second word. */
enum baro_dns_flag {
    BARO_DNS_RESPONSE = 0x8000, BARO_DNS_AUTHORITATIVE = 0x0400, BARO_DNS_TRUNCATED = 0x0200,
    BARO_DNS_RECURSION_DESIRED = 0x0100, BARO_DNS_RECURSION_AVAILABLE = 0x0080, BARO_DNS_AUTHENTIC = 0x0020,
    BARO_DNS_CHECKING_DISABLED = 0x0010
};

enum baro_dns_section {
    BARO_DNS_QUESTIONS, BARO_DNS_ANSWERS, BARO_DNS_AUTHORITY, BARO_DNS_ADDITIONAL, BARO_DNS_SECTIONS
};

/* ---- names ---- */

/* A name as it is on the wire, uncompressed: labels, each behind its length, and the root's zero. The root alone has
 * length 1; length 0 is no name. */
struct baro_dns_name {
    uint8_t length;
    uint8_t octet[BARO_DNS_NAME_LIMIT];
};

/* Reads a name as a person writes it: labels with dots between, a last dot allowed, "." the root; a backslash before
 * a dot or another sign, or three digits behind it, stand for an octet (RFC 1035 §5.1). 0, or -EINVAL: an empty label,
 * one of more than 63 octets, a name of more than 255, a backslash without what belongs behind it. */
int baro_dns_name_parse(struct baro_dns_name *name, const char *text);
/* Writes it as text without the last dot (the root as "."), NUL at the end, octets that are no visible ASCII as
 * \DDD. The length, or -ENOSPC; BARO_DNS_TEXT_LIMIT octets are always enough. */
ptrdiff_t baro_dns_name_text(const struct baro_dns_name *name, char *text, size_t size);
/* Labels, the root not counted. */
unsigned baro_dns_name_labels(const struct baro_dns_name *name);
/* The same name, without regard to case. */
bool baro_dns_name_equal(const struct baro_dns_name *a, const struct baro_dns_name *b);
/* `name` is `zone` or below it. */
bool baro_dns_name_within(const struct baro_dns_name *name, const struct baro_dns_name *zone);
/* Puts `zone` behind `name`. 0, or -EINVAL when that is longer than 255 octets; then `name` is unchanged. */
int baro_dns_name_append(struct baro_dns_name *name, const struct baro_dns_name *zone);
/* The name that PTR records of an address have: 4.3.2.1.in-addr.arpa (RFC 1035 §3.5), or 32 labels below ip6.arpa
 * (RFC 3596 §2.5). */
void baro_dns_name_reverse(struct baro_dns_name *name, struct baro_address address);
/* The address that such a name stands for. False: it is no such name of a whole address. */
bool baro_dns_name_address(const struct baro_dns_name *name, struct baro_address *address);

/* ---- messages ---- */

struct baro_dns_header {
    uint16_t id;
    uint16_t flags;  /* enum baro_dns_flag, ored; neither operation nor code */
    uint8_t operation; /* 0: a standard query */
    uint8_t code;      /* enum baro_dns_code, its four bits of the header */
    uint16_t count[BARO_DNS_SECTIONS];
};

struct baro_dns_question {
    struct baro_dns_name name;
    uint16_t type, dns_class;
};

/* One record. Which fields hold its data is told by its type. */
struct baro_dns_record {
    struct baro_dns_name name;
    uint16_t type, dns_class;
    uint32_t ttl;                /* seconds; of OPT: extended code, version, flags */
    struct baro_bytes data;      /* as it stands in the message, names perhaps compressed. Building: used for types not
                                    named below; of NSEC the bit maps; of TXT the strings */
    struct baro_address address; /* A, AAAA */
    struct baro_dns_name target; /* CNAME, NS, PTR, SRV; SOA: the primary server; NSEC: the next name */
    struct {
        uint16_t priority, weight;
        struct baro_port port;
    } service;                   /* SRV */
    struct {
        struct baro_dns_name mailbox;
        uint32_t serial, refresh_s, retry_s, expire_s, minimum_s;
    } authority;                 /* SOA */
};

/* Reading: the message from front to end. */
struct baro_dns_reader {
    struct baro_bytes message; /* borrowed */
    struct baro_dns_header header;
    size_t at;
    uint16_t left[BARO_DNS_SECTIONS];
};

/* Begins at the header. 0, or -EBADMSG: shorter than a header. */
int baro_dns_read(struct baro_dns_reader *reader, struct baro_bytes message);
/* The next question: 1; 0: there is no more; -EBADMSG. */
int baro_dns_read_question(struct baro_dns_reader *reader, struct baro_dns_question *question);
/* The next record and the section it is in: 1; 0: there is no more; -EBADMSG: it leaves the message, or its data is
 * not what its type says. Questions not read yet are skipped. */
int baro_dns_read_record(struct baro_dns_reader *reader, struct baro_dns_record *record,
                         enum baro_dns_section *section);

/* What an OPT record says (RFC 6891 §6.1). */
struct baro_dns_edns {
    bool present;
    uint16_t udp_size;     /* octets its sender takes over UDP; less than 512 means 512 */
    uint8_t extended_code; /* the upper eight bits of the code */
    uint8_t version;
    bool dnssec_ok;
};
/* Looks for it in a whole message. 0, present or not; -EBADMSG: the message is broken somewhere, or has two. */
int baro_dns_find_edns(struct baro_bytes message, struct baro_dns_edns *edns);

/* One string of a TXT record's data off its front. False: there is none, or its length is wrong (then `data` is not
 * empty). */
bool baro_dns_text_next(struct baro_bytes *data, struct baro_bytes *string);
/* NSEC's bit maps say that `type` is there. */
bool baro_dns_nsec_has(struct baro_bytes maps, uint16_t type);

/* Writing: questions and records in the order of the sections. */
enum { BARO_DNS_WRITER_NAMES = 24 };
struct baro_dns_writer {
    struct baro_buffer to;
    size_t length;   /* octets written */
    bool truncated;  /* something did not fit and is not in; nothing is written after it */
    uint16_t place[BARO_DNS_WRITER_NAMES]; /* where names begin that later ones may point to */
    unsigned places;
};

/* Begins a message with its header; the counts are made from what is written. `to` has 12 octets or more. */
void baro_dns_write(struct baro_dns_writer *writer, struct baro_buffer to, const struct baro_dns_header *header);
/* 0, or -ENOSPC: it did not fit, `truncated` is set, and the message is whole without it. */
int baro_dns_write_question(struct baro_dns_writer *writer, const struct baro_dns_question *question);
/* The same for a record; `section` is never before that of the last one. Owner names, and the names in CNAME, NS, PTR
 * and SOA, are compressed; others never (RFC 3597 §4). -EINVAL: data longer than any message. */
int baro_dns_write_record(struct baro_dns_writer *writer, enum baro_dns_section section,
                          const struct baro_dns_record *record);
/* An OPT record into the additional section. */
int baro_dns_write_edns(struct baro_dns_writer *writer, const struct baro_dns_edns *edns);
/* Sets TRUNCATED in the header if something did not fit. The message's length. */
size_t baro_dns_write_end(struct baro_dns_writer *writer);

#ifdef __cplusplus
}
#endif
#endif
