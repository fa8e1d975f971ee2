/* baro/iperf.h: both ends of iperf3's measurement over this stack: `iperf3 -c` measures the way to a server here, and a
 * client here measures against `iperf3 -s`.
 *
 * iperf3 3.x over TCP: either direction (-R), up to 128 streams (-P), for a time (-t) or so many octets (-n, -k), block
 * lengths up to 1 MiB (-l), the first seconds left out (-O); what a client asks of the sockets (-b, -M, -N, -w, -C) is
 * done. UDP, SCTP, both directions at once and passwords are refused, by the error that iperf3 shows as "not
 * implemented". Each end tells the other what it counted, as iperf3 does.
 *
 * One test at a time: others hear that the server is busy. Who stays silent for ten seconds where something is expected
 * of him, or sends what is no iperf3, is cut off. It takes no baro_next_ready(): poll it after its stack. */
#ifndef BARO_IPERF_H
#define BARO_IPERF_H

#include "baro/socket.h"

#ifdef __cplusplus
extern "C" {
#endif

struct baro_iperf;

enum { BARO_IPERF_PORT = 5201, BARO_IPERF_STREAMS = 128, BARO_IPERF_BLOCK = 1 << 20 };

/* How a test ended. Octets count from the end of what is omitted. */
struct baro_iperf_result {
    struct baro_endpoint peer;     /* of the control connection */
    bool sender;                   /* we sent */
    unsigned streams;
    struct baro_duration time;     /* by our clock */
    uint64_t octets;               /* that we sent, or received */
    uint64_t peer_octets;          /* that the peer received, or sent, as it says */
    uint64_t retransmits;          /* segments sent again, where we sent */
    const char *error;             /* NULL: it went to its end; else why it did not, in English */
};

struct baro_iperf_config {
    struct baro_memory memory;     /* required */
    struct baro_stack *stack;      /* required, borrowed */
    uint8_t seed[32];              /* of a client's cookie */
    uint16_t port;                 /* where a server listens, by both families; 0: BARO_IPERF_PORT */
    struct baro_endpoint server;   /* a client: whom it measures against, port 0: BARO_IPERF_PORT; NONE: be a server */
    /* A client's test. */
    bool reverse;                  /* the server sends */
    unsigned streams;              /* 0: 1 */
    uint32_t block;                /* octets of a send; 0: 131,072 */
    struct baro_duration time;     /* 0: ten seconds; whole seconds, up to a day */
    uint64_t octets;               /* in all, in place of a time; 0: a time */
    /* Called at the end of each test, of a client once. May be NULL. */
    void (*report)(void *context, const struct baro_iperf_result *result);
    void *context;
};

/* A server that listens, or a client that connects; NULL with the reason in *error (-errno) if error is not NULL:
 * -ENOMEM, -EINVAL, and what the socket calls say. Free it before its stack. */
struct baro_iperf *baro_iperf_create(const struct baro_iperf_config *config, int *error);
void baro_iperf_free(struct baro_iperf *iperf);

/* Moves what can be moved, and goes on to what comes next. True: it did something. */
bool baro_iperf_poll(struct baro_iperf *iperf, struct baro_instant now);
/* When it wants to be polled although nothing came. False: never. */
bool baro_iperf_next_deadline(const struct baro_iperf *iperf, struct baro_instant *deadline);
/* A client's test is over. */
bool baro_iperf_finished(const struct baro_iperf *iperf);

#ifdef __cplusplus
}
#endif
#endif
