/* baro/fcs.h: the frame check sequence, the CRC-32 at the end of every Ethernet frame. */
#ifndef BARO_FCS_H
#define BARO_FCS_H

#include "baro/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Octets of the FCS on the wire. */
#define BARO_FCS_OCTETS 4

/* What baro_fcs gives over a whole frame that includes its own, right FCS. */
#define BARO_FCS_RESIDUE UINT32_C(0x2144DF1C)

/* The FCS of `length` octets from the destination MAC to the end of data and pad
 * (IEEE 802.3 §3.2.9). On the wire it stands as four octets, the lowest first:
 * value & 0xFF, value >> 8 & 0xFF, value >> 16 & 0xFF, value >> 24. */
uint32_t baro_fcs(const uint8_t *data, size_t length);

#ifdef __cplusplus
}
#endif
#endif
