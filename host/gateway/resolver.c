/* host/gateway/resolver.c: which name server this machine uses now.
 *
 * resolv.conf is read at each new flow to port 53: name servers change while programs run, and the file is short. */
#include <arpa/inet.h>
#include <stdio.h>

#include "internal.h"

struct in_addr resolver_address(const char *resolv_conf)
{
    struct in_addr address = { htonl(INADDR_LOOPBACK) };
    char line[256], word[64];
    FILE *file = fopen(resolv_conf == NULL ? "/etc/resolv.conf" : resolv_conf, "re");

    if (file == NULL)
        return address;
    while (fgets(line, sizeof line, file) != NULL) {
        struct in_addr found;

        if (sscanf(line, " nameserver %63s", word) == 1 && inet_pton(AF_INET, word, &found) == 1) {
            address = found;
            break;
        }
    }
    fclose(file);
    return address;
}
