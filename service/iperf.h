/* service/iperf.h: iperf3's two ends from inside.
 *
 * iperf.c is what both are made of and what begins and ends a test, iperf_text.c its JSON texts, iperf_data.c the
 * streams, iperf_server.c and iperf_client.c who says what when. */
#ifndef SERVICE_IPERF_H
#define SERVICE_IPERF_H

#include "baro/iperf.h"
#include "random.h"

/* What an end says by one octet on the control connection; negative ones as such. */
enum {
    IPERF_TEST_START = 1,
    IPERF_TEST_RUNNING = 2,
    IPERF_TEST_END = 4,
    IPERF_PARAM_EXCHANGE = 9,
    IPERF_CREATE_STREAMS = 10,
    IPERF_SERVER_TERMINATE = 11,
    IPERF_CLIENT_TERMINATE = 12,
    IPERF_EXCHANGE_RESULTS = 13,
    IPERF_DISPLAY_RESULTS = 14,
    IPERF_DONE = 16,
    IPERF_SERVER_ERROR = 0xfe,
    IPERF_ACCESS_DENIED = 0xff
};

/* Numbers of its errors that go with IPERF_SERVER_ERROR. */
enum { IPERF_ERROR_STREAMS = 6, IPERF_ERROR_BLOCK = 7, IPERF_ERROR_NOT_IMPLEMENTED = 13, IPERF_ERROR_PARAMS = 115 };

enum {
    IPERF_COOKIE = 37,               /* 36 letters and a zero */
    IPERF_PARAMS_LIMIT = 8192,
    IPERF_RESULTS_LIMIT = 65536,     /* octets of a text */
    IPERF_OUT = 65536,               /* 128 streams' results are 30 KB */
    IPERF_CHUNK = 131072,            /* octets of a send, at most */
    IPERF_POSTED = 4 * IPERF_CHUNK,  /* of the place for what is received */
    IPERF_DAY_S = 86400,
    IPERF_PATIENCE_S = 10,
    IPERF_DENIED = 8
};

/* Where a test is. A server waits for the octets that the phase is named after. */
enum iperf_phase {
    IPERF_IDLE,       /* server: no test; client: it is over */
    IPERF_CONNECT,    /* client: the control connection */
    IPERF_STATE,      /* client: the server's next state, before the test runs and after */
    IPERF_COOKIE_IN,  /* server */
    IPERF_PARAMS_IN,  /* server */
    IPERF_STREAMS_IN, /* server; client: its streams are connecting */
    IPERF_RUN,        /* data moves */
    IPERF_RESULTS_IN,
    IPERF_DONE_IN     /* server */
};

/* What a client asks for. */
struct iperf_test {
    bool reverse, nodelay, refused;  /* refused: something that is not spoken here */
    double time_s, omit_s, octets, blocks, block, streams, mss, window, rate, fair_rate;
    int congestion;                  /* enum baro_congestion, -1: not said, -2: unknown here */
};

struct iperf_stream {
    int fd;                          /* -1: none */
    unsigned cookie_octets;          /* server: of the cookie, compared so far */
    uint64_t octets, omitted, retransmits;
    bool connected, over;
};

struct baro_iperf {
    struct baro_iperf_config config;
    struct service_random random;
    int listener, control;           /* -1: none */
    enum iperf_phase phase;
    struct baro_instant until;       /* the phase's patience */
    struct baro_instant began, ended, omitted_until;
    bool omitting, ending;           /* ending: client, TEST_END is said */
    struct iperf_test test;
    struct baro_endpoint peer;
    struct iperf_stream stream[BARO_IPERF_STREAMS];
    unsigned opened;                 /* of the streams */
    int denied[IPERF_DENIED];        /* server: who came while it was busy, and is not gone yet */
    unsigned denials;
    uint64_t moved;                  /* octets, omitted ones as well */
    double peer_octets;
    char cookie[IPERF_COOKIE];
    size_t in_octets, out_octets, said;
    uint8_t in[4 + IPERF_RESULTS_LIMIT];
    uint8_t out[IPERF_OUT];
    uint8_t chunk[IPERF_POSTED];     /* what is sent; where received octets go */
};

/* ---- iperf.c ---- */

bool iperf_is_client(const struct baro_iperf *iperf);
/* The side that sends is us. */
bool iperf_is_sender(const struct baro_iperf *iperf);
unsigned iperf_streams(const struct baro_iperf *iperf);
void iperf_enter(struct baro_iperf *iperf, enum iperf_phase phase, struct baro_instant now);
/* Ends the test, well or with an error, and reports it; a server waits for the next. */
void iperf_end(struct baro_iperf *iperf, const char *error);
/* Says octets on the control connection, as soon as it takes them. */
void iperf_say(struct baro_iperf *iperf, const void *octets, size_t length);
void iperf_say_state(struct baro_iperf *iperf, uint8_t state);
/* Sends what was said and not sent. False: the connection is gone, and the test ended. */
bool iperf_flush(struct baro_iperf *iperf);
/* `wanted` octets stand in iperf->in: true, and the next call begins anew. False: not yet, or the test ended. */
bool iperf_hear(struct baro_iperf *iperf, size_t wanted);
/* A text of up to `limit` octets stands in iperf->in + 4; its length, or -1. */
ptrdiff_t iperf_hear_text(struct baro_iperf *iperf, size_t limit);
/* The peer's results have come and are understood. False: not yet, or the test ended. */
bool iperf_hear_results(struct baro_iperf *iperf);

/* ---- iperf_text.c ---- */

/* What a client asks for; false: no such text. */
bool iperf_read_params(struct iperf_test *test, const char *text, size_t length);
/* Octets that the peer counted, in all streams; false: no such text. */
bool iperf_read_results(const char *text, size_t length, double *octets);
void iperf_say_params(struct baro_iperf *iperf);
void iperf_say_results(struct baro_iperf *iperf);

/* ---- iperf_data.c ---- */

/* Sets a stream's options before it is connected, or once it is accepted. */
void iperf_prepare(struct baro_iperf *iperf, int fd);
/* The test runs from now on. */
void iperf_begin(struct baro_iperf *iperf, struct baro_instant now);
/* Sends or receives on all streams; whether anything moved. */
bool iperf_move(struct baro_iperf *iperf, struct baro_instant now);
/* As many octets or as much time as was asked for: a client's to say. */
bool iperf_is_enough(const struct baro_iperf *iperf, struct baro_instant now);
/* Closes the streams and keeps what they counted. */
void iperf_close_streams(struct baro_iperf *iperf, struct baro_instant now);

/* ---- iperf_server.c, iperf_client.c ---- */

bool iperf_serve(struct baro_iperf *iperf, struct baro_instant now);
int iperf_listen(struct baro_iperf *iperf);
bool iperf_ask(struct baro_iperf *iperf, struct baro_instant now);
int iperf_connect(struct baro_iperf *iperf);

#endif
