/* bench/peers/lwip/port.c: what lwIP asks of its platform: a clock, and a checksum that the compiler can make of
 * vectors. */
#include <stdint.h>
#include <string.h>

uint32_t sys_now(void);
unsigned short baro_peer_checksum(const void *data, int length);

/* The bench says what time it is, in milliseconds, once a turn of its loop. */
extern uint32_t baro_peer_now;
uint32_t baro_peer_now;

uint32_t sys_now(void)
{
    return baro_peer_now;
}

/* RFC 1071: in words of four octets, folded at the end; not complemented, in memory's order. */
unsigned short baro_peer_checksum(const void *data, int length)
{
    const unsigned char *octets = data;
    uint64_t sum = 0;
    int at = 0;

    for (; at + 4 <= length; at += 4) {
        uint32_t word;

        memcpy(&word, octets + at, 4);
        sum += word;
    }
    if (at < length) {
        uint32_t word = 0;

        memcpy(&word, octets + at, (size_t)(length - at));
        sum += word;
    }
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (unsigned short)sum;
}
