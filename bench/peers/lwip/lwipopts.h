/* bench/peers/lwip/lwipopts.h: lwIP's settings for baro-bench-lwip-tuned: one thread without locks, pools instead of
 * malloc, windows of 128 KiB, segments as large as the device's, a checksum by vectors that a device may take over. */
#ifndef BARO_BENCH_LWIPOPTS_H
#define BARO_BENCH_LWIPOPTS_H

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SOCKET 0
#define LWIP_NETCONN 0
#ifndef LWIP_IPV6 /* the second build has it */
#define LWIP_IPV6 0
#endif
#define LWIP_IPV6_MLD 0
#define LWIP_IPV6_SEND_ROUTER_SOLICIT 0
#define LWIP_IPV6_FRAG 0
#define LWIP_IPV6_REASS 0
#define LWIP_UDP 0
#define LWIP_RAW 0
#define LWIP_STATS 0
#define IP_FORWARD 0
#define IP_REASSEMBLY 0
#define IP_FRAG 0
#define LWIP_NOASSERT 1

#define MEM_ALIGNMENT 8
#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 0
#define MEMP_NUM_TCP_PCB 12000
#define MEMP_NUM_TCP_PCB_LISTEN 32
#define MEMP_NUM_TCP_SEG 32768
#define MEMP_NUM_PBUF 32768
#define PBUF_POOL_SIZE 256

#define TCP_MSS 8960
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE 2
#define TCP_WND (128 * 1024)
#define TCP_SND_BUF (128 * 1024)
#define TCP_SND_QUEUELEN 1024
#define TCP_SNDLOWAT 16384
#define TCP_LISTEN_BACKLOG 1

#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
unsigned short baro_peer_checksum(const void *data, int length);
#define LWIP_CHKSUM baro_peer_checksum

#endif
