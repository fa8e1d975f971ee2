/* bench/tap.h: a TAP of a network namespace of the process's own, this machine's kernel as one end of a TCP connection,
 * and at the other a stack or none.
 *
 * The kernel's end is a process of its own that sends or receives 128 KiB a call, as iperf3 does. What counts is the
 * clock on the wall at the end that receives, and beside it our process's processor time. */
#ifndef BENCH_TAP_H
#define BENCH_TAP_H

#include <stdio.h>

#include "baro/tap.h"

/* Who is at our end of the TAP. */
enum tap_who {
    TAP_MOVER,      /* nobody: super-frames are read and answered by an ACK each, or written as the window allows; no
                       checksum, no copy, no timer */
    TAP_STACK,      /* this stack, data copied from a program and, by baro_recv_post, to it */
    TAP_STACK_PLACE, /* this stack, data read and written where it lies (baro_recv_peek, baro_send_reserve) */
    TAP_STACK_PLAIN /* as TAP_STACK without offloads: frame by frame, as before there were any */
};

struct tap_job {
    const char *name, *text;
    enum tap_who who;
    bool out;       /* we send */
};

struct tap_figure {
    double gbit;    /* of program data a second */
    double cpu_ns;  /* of our process a KiB of program data */
    double frame;   /* octets of the mean frame with data, as the TAP saw them */
};

/* The kernel's end. What the processes share. */
struct tap_shared {
    _Atomic uint64_t octets; /* that it sent or received */
    _Atomic bool stop;
};

/* Makes a namespace for this process. 0, or -1 and why not in `error`. */
int tap_net_open(char *error, size_t size);
/* A TAP with offloads or without, 10.9.0.1 the kernel's and 10.9.0.2 ours. NULL and why not. */
struct baro_tap *tap_net_device(bool plain, char *error, size_t size);
/* Where 10.9.0.1 and 10.9.0.2 are; the kernel's MAC address. */
struct baro_mac tap_net_kernel_mac(void);
#define TAP_OUR_MAC ((struct baro_mac){ { 2, 0xba, 0x70, 0, 9, 2 } })
enum { TAP_PORT = 5001, TAP_CALL = 131072 };

/* Starts the kernel's end, which connects to TAP_PORT; its process, or -1. */
int tap_kernel_start(struct tap_shared *shared, bool out);
void tap_kernel_stop(struct tap_shared *shared, int process);

/* Our end without a stack. */
struct tap_mover;
struct tap_mover *tap_mover_create(struct baro_tap *tap, bool out);
void tap_mover_free(struct tap_mover *mover);
/* Moves what there is to move, or sleeps for a millisecond at most until there is. */
void tap_mover_turn(struct tap_mover *mover);
uint64_t tap_mover_octets(const struct tap_mover *mover);

/* Measures for so many seconds. False, and why it could not be in `error`. */
bool tap_measure(const struct tap_job *job, double seconds, struct tap_figure *figure, char *error, size_t size);

/* ---- tap_calls.c ---- */

enum { TAP_CALLS_MOST = 32 };

struct tap_calls_job {
    bool out;        /* written; else read */
    uint32_t octets; /* of a frame, 64,000 at most */
    uint32_t burst;  /* frames at a time, TAP_CALLS_MOST at most */
};

/* A TAP, and an io_uring for it. NULL and why not. */
struct tap_calls;
struct tap_calls *tap_calls_create(char *error, size_t size);
void tap_calls_free(struct tap_calls *calls);
/* Nanoseconds of processor time a frame, by so many bursts, of one call for a burst (`ring`) or one for a frame. False:
 * frames were lost. */
bool tap_calls_measure(struct tap_calls *calls, const struct tap_calls_job *job, unsigned bursts, bool ring,
                       double *frame_ns);

#endif
