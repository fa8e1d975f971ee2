/* codec/udp.h: the UDP header (RFC 768). */
#ifndef CODEC_UDP_H
#define CODEC_UDP_H

#include "codec/fields.h"

#define UDP_FIELDS(F)                       \
    F(u16, source_port, 0, "RFC 768")       \
    F(u16, destination_port, 2, "RFC 768")  \
    F(u16, length, 4, "RFC 768")            \
    F(u16, checksum, 6, "RFC 768")
CODEC_HEADER(udp_header, 8, UDP_FIELDS)

#endif
