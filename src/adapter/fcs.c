/* The frame check sequence: CRC-32 over polynomial x^32+x^26+x^23+x^22+x^16+x^12+x^11+x^10+x^8
 * +x^7+x^5+x^4+x^2+x+1, first 32 bits complemented, result complemented (IEEE 802.3 §3.2.9).
 *
 * Bits go lowest first, as they go on the line, so the register runs reversed (0xEDB88320). Eight
 * octets are taken at a time: slice[n][v] is what octet v adds when n more octets follow it. A CRC
 * is linear, so a line of the table follows from the eight values of its single bits, which is all
 * that is written down here; the compiler expands it. */
#include "baro/fcs.h"

#define SUM2(x, a) (x), (x) ^ (a)
#define SUM4(x, a, b) SUM2(x, a), SUM2((x) ^ (b), a)
#define SUM8(x, a, b, c) SUM4(x, a, b), SUM4((x) ^ (c), a, b)
#define SUM16(x, a, b, c, d) SUM8(x, a, b, c), SUM8((x) ^ (d), a, b, c)
#define SUM32(x, a, b, c, d, e) SUM16(x, a, b, c, d), SUM16((x) ^ (e), a, b, c, d)
#define SUM64(x, a, b, c, d, e, f) SUM32(x, a, b, c, d, e), SUM32((x) ^ (f), a, b, c, d, e)
#define SUM128(x, a, b, c, d, e, f, g) SUM64(x, a, b, c, d, e, f), SUM64((x) ^ (g), a, b, c, d, e, f)
#define SUM256(a, b, c, d, e, f, g, h) SUM128(0u, a, b, c, d, e, f, g), SUM128(0u ^ (h), a, b, c, d, e, f, g)

static const uint32_t slice[8][256] = {
    { SUM256(0x77073096, 0xEE0E612C, 0x076DC419, 0x0EDB8832, 0x1DB71064, 0x3B6E20C8, 0x76DC4190,
             0xEDB88320) },
    { SUM256(0x191B3141, 0x32366282, 0x646CC504, 0xC8D98A08, 0x4AC21251, 0x958424A2, 0xF0794F05,
             0x3B83984B) },
    { SUM256(0x01C26A37, 0x0384D46E, 0x0709A8DC, 0x0E1351B8, 0x1C26A370, 0x384D46E0, 0x709A8DC0,
             0xE1351B80) },
    { SUM256(0xB8BC6765, 0xAA09C88B, 0x8F629757, 0xC5B428EF, 0x5019579F, 0xA032AF3E, 0x9B14583D,
             0xED59B63B) },
    { SUM256(0x3D6029B0, 0x7AC05360, 0xF580A6C0, 0x30704BC1, 0x60E09782, 0xC1C12F04, 0x58F35849,
             0xB1E6B092) },
    { SUM256(0xCB5CD3A5, 0x4DC8A10B, 0x9B914216, 0xEC53826D, 0x03D6029B, 0x07AC0536, 0x0F580A6C,
             0x1EB014D8) },
    { SUM256(0xA6770BB4, 0x979F1129, 0xF44F2413, 0x33EF4E67, 0x67DE9CCE, 0xCFBD399C, 0x440B7579,
             0x8816EAF2) },
    { SUM256(0xCCAA009E, 0x4225077D, 0x844A0EFA, 0xD3E51BB5, 0x7CBB312B, 0xF9766256, 0x299DC2ED,
             0x533B85DA) },
};

static uint32_t load32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t baro_fcs(const uint8_t *data, size_t length)
{
    uint32_t crc = UINT32_MAX;
    for (; length >= 8; length -= 8, data += 8) {
        uint32_t low = crc ^ load32(data);
        uint32_t high = load32(data + 4);
        crc = slice[7][low & 0xFF] ^ slice[6][low >> 8 & 0xFF] ^ slice[5][low >> 16 & 0xFF] ^
              slice[4][low >> 24] ^ slice[3][high & 0xFF] ^ slice[2][high >> 8 & 0xFF] ^
              slice[1][high >> 16 & 0xFF] ^ slice[0][high >> 24];
    }
    for (; length > 0; length--, data++)
        crc = crc >> 8 ^ slice[0][(crc ^ *data) & 0xFF];
    return ~crc;
}
