/* host/gateway/resolver.c: which name servers this machine uses now. */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* An address as resolv.conf has it, of either family, perhaps with a scope. */
static bool parse(const char *word, struct gateway_server *server)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_DGRAM };
    struct addrinfo *found;

    if (getaddrinfo(word, "53", &hints, &found) != 0)
        return false;
    memcpy(&server->address, found->ai_addr, found->ai_addrlen);
    server->length = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

int resolver_servers(const char *resolv_conf, struct gateway_server *server, int room)
{
    FILE *file = fopen(resolv_conf == NULL ? "/etc/resolv.conf" : resolv_conf, "re");
    char line[256], word[80];
    int count = 0;

    while (file != NULL && count < room && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, " nameserver %79s", word) == 1 && parse(word, &server[count]))
            count++;
    }
    if (file != NULL)
        fclose(file);
    return count == 0 && parse("127.0.0.1", &server[0]) ? 1 : count;
}
