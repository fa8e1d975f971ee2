/* service/dns_ask.c: the questions that are outside: sockets, ids, ports, servers in turn.
 *
 * Each query that goes out has a new id and a socket of its own, bound to a port drawn from all above the well-known
 * ones and connected, so that the stack lets in only what comes from the server and port asked (RFC 5452 §9.2, §9.3). A
 * server that keeps silent is followed by the next, all of them ROUNDS times, with longer patience each round (RFC 1123
 * §6.1.3.3); one that cannot is not asked again. Answers that fit nothing are somebody's guesses: after STRANGE_LIMIT
 * of them the question goes by TCP, where guessing is hopeless. */
#include "dns_resolver.h"

#include <errno.h>
#include <string.h>

enum {
    ROUNDS = 2,
    ROUNDS_ALONE = 3,
    STRANGE_LIMIT = 16,
    PORTS_FROM = 1024,
    PORT_TRIES = 16,
    DATAGRAMS = 64,
    MESSAGE_LIMIT = 65535
};

static const int64_t patience_ns = INT64_C(2000000000), stream_patience_ns = INT64_C(10000000000);

void dns_ask_close(struct baro_dns *dns, struct dns_asked *asked)
{
    const struct baro_memory *memory = &dns->config.memory;

    if (asked->fd >= 0)
        baro_close(dns->config.stack, asked->fd);
    if (asked->stream_octets != NULL)
        memory->give_back(memory->context, asked->stream_octets, 2 + MESSAGE_LIMIT);
    asked->fd = -1;
    asked->stream_octets = NULL;
}

static void make_query(struct baro_dns *dns, struct dns_asked *asked)
{
    const struct baro_dns_header header = { .id = (uint16_t)service_random_u32(&dns->random),
                                            .flags = BARO_DNS_RECURSION_DESIRED };
    struct baro_dns_writer writer;
    size_t length;

    asked->id = header.id;
    baro_dns_write(&writer, (struct baro_buffer){ asked->query + 2, DNS_QUERY_OCTETS }, &header);
    baro_dns_write_question(&writer, &asked->question);
    if (asked->edns)
        baro_dns_write_edns(&writer, &(struct baro_dns_edns){ .udp_size = BARO_DNS_UDP_EDNS });
    length = baro_dns_write_end(&writer);
    asked->query[0] = (uint8_t)(length >> 8);
    asked->query[1] = (uint8_t)length;
    asked->length = 2 + length;
    asked->said = asked->heard = 0;
}

/* A socket at a port nobody can guess. 0 or -errno. */
static int open_socket(struct baro_dns *dns, struct dns_asked *asked, const struct baro_endpoint *server)
{
    struct baro_stack *stack = dns->config.stack;
    struct baro_endpoint local = { .address = { .family = server->address.family } };
    int result = -EADDRINUSE;

    asked->fd =
        baro_socket(stack, (enum baro_family)server->address.family, asked->stream ? BARO_STREAM : BARO_DATAGRAM);
    if (asked->fd < 0)
        return asked->fd;
    for (int i = 0; i < PORT_TRIES && result == -EADDRINUSE; i++) {
        local.port.number = (uint16_t)(PORTS_FROM + service_random_below(&dns->random, 65536 - PORTS_FROM));
        result = baro_bind(stack, asked->fd, &local);
    }
    return result != 0 ? result : baro_connect(stack, asked->fd, server);
}

/* 0, or -errno: this server cannot be asked. */
static int send_query(struct baro_dns *dns, struct dns_asked *asked)
{
    const struct baro_memory *memory = &dns->config.memory;
    int result;

    dns_ask_close(dns, asked);
    make_query(dns, asked);
    result = open_socket(dns, asked, &dns->config.server[asked->server]);
    dns->counts.queries++;
    if (asked->stream) {
        dns->counts.streams++;
        asked->stream_octets = memory->take(memory->context, 2 + MESSAGE_LIMIT);
        if (asked->stream_octets == NULL)
            return -ENOMEM;
        return result == -EINPROGRESS ? 0 : result;
    }
    if (result == 0) {
        ptrdiff_t octets = baro_send(dns->config.stack, asked->fd, asked->query + 2, asked->length - 2, 0);

        result = octets < 0 ? (int)octets : 0;
    }
    return result;
}

static void finish(struct baro_dns *dns, struct dns_asked *asked, const struct dns_found *found,
                   struct baro_instant now)
{
    const struct baro_dns_question question = asked->question;

    dns_ask_close(dns, asked);
    asked->used = false;
    dns_cache_keep(dns, &question, found, now);
    dns_lookup_learn(dns, &question, found, now);
}

/* Sends it to the server it is at, or where that cannot be asked to the one after it. */
static void send_or_next(struct baro_dns *dns, struct dns_asked *asked, struct baro_instant now)
{
    const unsigned servers = dns->config.servers, rounds = servers == 1 ? ROUNDS_ALONE : ROUNDS;
    struct dns_found none = { .status = BARO_DNS_NO_ANSWER };

    for (; asked->attempt < servers * rounds; asked->attempt++) {
        unsigned server = (dns->preferred + asked->attempt) % servers;

        if ((asked->unable >> server & 1) != 0)
            continue;
        if (server != asked->server)
            asked->stream = false;
        asked->server = server;
        asked->edns = asked->edns && !dns->plain[server];
        asked->due.ns = now.ns + (asked->stream ? stream_patience_ns : patience_ns << asked->attempt / servers);
        if (send_query(dns, asked) == 0)
            return;
        asked->unable |= 1u << server;
    }
    if (asked->failed)
        none.status = BARO_DNS_FAILED;
    none.code = asked->code;
    finish(dns, asked, &none, now);
}

static void next(struct baro_dns *dns, struct dns_asked *asked, struct baro_instant now)
{
    asked->attempt++;
    asked->edns = true;
    send_or_next(dns, asked, now);
}

bool dns_ask(struct baro_dns *dns, const struct baro_dns_question *question, struct baro_instant now)
{
    struct dns_asked *place = NULL;

    for (unsigned i = 0; i < DNS_ASKED; i++) {
        struct dns_asked *asked = &dns->asked[i];

        if (asked->used && dns_same_question(&asked->question, question))
            return false; /* RFC 5452 §5: twice outside is twice the chance of a guess */
        if (!asked->used && place == NULL)
            place = asked;
    }
    if (place == NULL)
        return false; /* a question that nobody waits for any more is in the way until the next poll */
    *place = (struct dns_asked){ .used = true, .edns = true, .question = *question, .fd = -1 };
    place->server = dns->preferred;
    send_or_next(dns, place, now);
    return !place->used;
}

/* What came from the server. True: the question is not outside any more as it was. */
static bool hear(struct baro_dns *dns, struct dns_asked *asked, struct baro_bytes octets, bool cut,
                 struct baro_instant now)
{
    struct dns_found found;
    enum dns_verdict verdict = dns_judge(asked, octets, &found);

    if (cut && verdict != DNS_STRANGE)
        verdict = DNS_CUT; /* longer than we said we take */
    if (verdict == DNS_STRANGE) {
        dns->counts.strange++;
        if (!asked->stream && ++asked->strange < STRANGE_LIMIT)
            return false;
        if (asked->stream)
            verdict = DNS_UNABLE; /* on a connection nothing else can be meant */
        else
            verdict = DNS_CUT;
    } else {
        dns->counts.answers++;
    }
    switch (verdict) {
    case DNS_CUT:
        asked->stream = true;
        send_or_next(dns, asked, now);
        break;
    case DNS_NOT_EDNS:
        dns->counts.plain++;
        dns->plain[asked->server] = true;
        send_or_next(dns, asked, now);
        break;
    case DNS_ANSWERED:
        dns->preferred = asked->server;
        finish(dns, asked, &found, now);
        break;
    default:
        asked->unable |= 1u << asked->server;
        asked->failed = true;
        asked->code = found.code;
        next(dns, asked, now);
        break;
    }
    return true;
}

static bool hear_datagrams(struct baro_dns *dns, struct dns_asked *asked, struct baro_instant now)
{
    uint8_t octets[BARO_DNS_UDP_EDNS];

    for (int i = 0; i < DATAGRAMS; i++) {
        struct baro_buffer piece = { octets, sizeof octets };
        struct baro_message message = { .buffer = &piece, .buffers = 1 };
        ptrdiff_t length = baro_recvmsg(dns->config.stack, asked->fd, &message, 0);

        if (length == -EAGAIN)
            return i != 0;
        if (length < 0) { /* refused, unreachable: the stack has matched the error to our datagram */
            asked->unable |= 1u << asked->server;
            next(dns, asked, now);
            return true;
        }
        if (hear(dns, asked, (struct baro_bytes){ octets, (size_t)length }, (message.flags & BARO_MSG_TRUNCATED) != 0,
                 now))
            return true;
    }
    return true;
}

/* Sends and receives as much as there is. 1: something moved; 0: nothing; -errno: the connection is over. */
static int move_stream(struct baro_dns *dns, struct dns_asked *asked)
{
    struct baro_stack *stack = dns->config.stack;
    int moved = 0;

    while (asked->said < asked->length) {
        ptrdiff_t octets = baro_send(stack, asked->fd, asked->query + asked->said, asked->length - asked->said, 0);

        if (octets <= 0)
            return octets == -EAGAIN || octets == -ENOTCONN ? moved : (int)octets;
        asked->said += (size_t)octets;
        moved = 1;
    }
    for (;;) {
        size_t whole = 2 + (asked->heard < 2 ? 0 : (size_t)asked->stream_octets[0] << 8 | asked->stream_octets[1]);
        ptrdiff_t octets;

        if (asked->heard >= 2 && asked->heard == whole)
            return 1;
        octets = baro_recv(stack, asked->fd, asked->stream_octets + asked->heard, whole - asked->heard, 0);
        if (octets <= 0)
            return octets == -EAGAIN ? moved : octets == 0 ? -ECONNRESET : (int)octets;
        asked->heard += (size_t)octets;
        moved = 1;
    }
}

static bool hear_stream(struct baro_dns *dns, struct dns_asked *asked, struct baro_instant now)
{
    int moved = move_stream(dns, asked);
    size_t whole;

    if (moved < 0) {
        asked->unable |= 1u << asked->server;
        next(dns, asked, now);
        return true;
    }
    whole = asked->heard < 2 ? 0 : (size_t)asked->stream_octets[0] << 8 | asked->stream_octets[1];
    if (asked->heard >= 2 && asked->heard == 2 + whole) {
        /* judged in place: what it says is copied before the octets are given back */
        (void)hear(dns, asked, (struct baro_bytes){ asked->stream_octets + 2, whole }, false, now);
        return true;
    }
    return moved != 0;
}

bool dns_ask_poll(struct baro_dns *dns, struct baro_instant now)
{
    bool did = false;

    for (unsigned i = 0; i < DNS_ASKED; i++) {
        struct dns_asked *asked = &dns->asked[i];

        if (!asked->used)
            continue;
        did = (asked->stream ? hear_stream(dns, asked, now) : hear_datagrams(dns, asked, now)) || did;
        if (!asked->used || asked->due.ns > now.ns)
            continue;
        dns->counts.silent++;
        next(dns, asked, now);
        did = true;
    }
    return did;
}
