/* codec/ipv4.c: IPv4 options are walked, never trusted. */
#include "codec/ipv4.h"

enum baro_drop_reason ipv4_options_check(struct baro_bytes options)
{
    enum baro_drop_reason verdict = BARO_DROP_NONE;
    size_t at = 0;

    while (at < options.length) {
        uint8_t kind = options.data[at];
        size_t length;

        if (kind == IPV4_OPTION_END)
            break;
        if (kind == IPV4_OPTION_NOP) {
            at++;
            continue;
        }
        if (options.length - at < 2)
            return BARO_DROP_IP_BAD_OPTION;
        length = options.data[at + 1];
        if (length < 2 || length > options.length - at)
            return BARO_DROP_IP_BAD_OPTION;
        if (kind == IPV4_OPTION_LSRR || kind == IPV4_OPTION_SSRR)
            verdict = BARO_DROP_IP_SOURCE_ROUTE;
        at += length;
    }
    return verdict;
}

bool ipv4_options_alert(struct baro_bytes options)
{
    for (size_t at = 0; at < options.length && options.data[at] != IPV4_OPTION_END;) {
        if (options.data[at] == IPV4_OPTION_ROUTER_ALERT)
            return options.data[at + 1] == 4;
        at += options.data[at] == IPV4_OPTION_NOP ? 1 : options.data[at + 1];
    }
    return false;
}
