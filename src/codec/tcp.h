/* codec/tcp.h: the TCP header (RFC 9293 §3.1). */
#ifndef CODEC_TCP_H
#define CODEC_TCP_H

#include "codec/fields.h"

#define TCP_FIELDS(F)                                   \
    F(u16, source_port, 0, "RFC 9293 §3.1")             \
    F(u16, destination_port, 2, "RFC 9293 §3.1")        \
    F(u32, seq, 4, "RFC 9293 §3.1")                     \
    F(u32, ack, 8, "RFC 9293 §3.1")                     \
    F(u8, data_offset, 12, "RFC 9293 §3.1")             \
    F(u8, flags, 13, "RFC 9293 §3.1, RFC 3168 §6.1")    \
    F(u16, window, 14, "RFC 9293 §3.1")                 \
    F(u16, checksum, 16, "RFC 9293 §3.1")               \
    F(u16, urgent, 18, "RFC 9293 §3.1")
CODEC_HEADER(tcp_header, 20, TCP_FIELDS)

enum tcp_flag {
    TCP_FLAG_FIN = 0x01,
    TCP_FLAG_SYN = 0x02,
    TCP_FLAG_RST = 0x04,
    TCP_FLAG_PSH = 0x08,
    TCP_FLAG_ACK = 0x10,
    TCP_FLAG_URG = 0x20,
    TCP_FLAG_ECE = 0x40,
    TCP_FLAG_CWR = 0x80
};

/* AE stands in the octet of the data offset: once NS (RFC 8311 §3) */
enum { TCP_HEADER_LIMIT = 60, TCP_HEADER_AE = 0x01 };

/* AE, CWR and ECE as one number, 0 to 7 (RFC 9768 §3.1.1). The other three reserved bits mean nothing, whatever they
 * are. */
static inline unsigned tcp_header_ecn(const struct tcp_header *header)
{
    return ((unsigned)header->data_offset & TCP_HEADER_AE) << 2 | (unsigned)header->flags >> 6;
}

/* Octets of header, options included. */
static inline unsigned tcp_header_length(const struct tcp_header *header)
{
    return (unsigned)(header->data_offset >> 4) * 4;
}

#endif
