/* tools/publish.c: see publish.h. IPv6 addresses stand in brackets, as in a URL. */
#include "publish.h"

#include <stdio.h>
#include <string.h>

#include "address.h"
#include "tools.h"

enum { FIELDS = 4 };

/* The words between colons, those in brackets without them. How many, 0: a bracket is not closed, or there are more. */
static unsigned split(char *text, char *field[FIELDS])
{
    for (unsigned count = 0; count < FIELDS; count++) {
        char *end = text + strcspn(text, ":");

        if (*text == '[') {
            char *bracket = strchr(text, ']');

            if (bracket == NULL || (bracket[1] != ':' && bracket[1] != '\0'))
                return 0;
            *bracket = '\0';
            text++;
            end = bracket + 1;
        }
        field[count] = text;
        if (*end == '\0')
            return count + 1;
        *end = '\0';
        text = end + 1;
    }
    return 0;
}

static bool is_number(const char *word)
{
    return *word != '\0' && word[strspn(word, "0123456789")] == '\0';
}

int publications_add(struct publications *publications, const char *tool, const char *word, bool several)
{
    struct publication *made = &publications->list[publications->count];
    const char *form = several ? "[ADDRESS:]HOST:[GUEST:]PORT" : "[ADDRESS:]HOST:GUEST";
    char text[128], *field[FIELDS];
    unsigned fields, at = 0;

    if (publications->count == PUBLICATIONS)
        return tool_usage(tool, "more than %d published ports", PUBLICATIONS);
    *made = (struct publication){ .host.address.family = BARO_FAMILY_NONE };
    fields = snprintf(text, sizeof text, "%s", word) < (int)sizeof text ? split(text, field) : 0;
    if (fields != 0 && !is_number(field[0])) {
        if (!address_listens(field[0], &made->host.address))
            return tool_usage(tool, "'%s' is no address to publish on; one of IPv6 stands in brackets", field[0]);
        at = 1;
    }
    if (several && fields == at + 3) {
        unsigned prefix;

        if (!address_any_parse(field[at + 1], &made->guest.address, &prefix))
            return tool_usage(tool, "'%s' is no address of a guest", field[at + 1]);
    } else if (fields != at + 2) {
        return tool_usage(tool, "-p wants %s, not '%s'", form, word);
    }
    if (!port_parse(field[at], &made->host.port) || !port_parse(field[fields - 1], &made->guest.port))
        return tool_usage(tool, "-p wants ports from 1 to 65535, not '%s'", word);
    publications->count++;
    return TOOL_OK;
}

int publications_open(const struct publications *publications, const char *tool, struct baro_gateway *gateway,
                      const struct baro_address *guest, unsigned guests)
{
    for (unsigned i = 0; i < publications->count; i++) {
        const struct publication *publication = &publications->list[i];
        bool named = publication->guest.address.family != BARO_FAMILY_NONE;
        struct baro_endpoint endpoint[BARO_GATEWAY_GUESTS] = { publication->guest };
        unsigned endpoints = named ? 1 : guests;
        int result;

        for (unsigned j = 0; j < guests && !named; j++)
            endpoint[j] = (struct baro_endpoint){ guest[j], publication->guest.port };
        result = baro_gateway_publish(gateway, publication->host, endpoint, endpoints);
        if (result != 0) {
            fprintf(stderr, "baro %s: cannot listen on port %u: %s\n", tool, publication->host.port.number,
                    strerror(-result));
            return TOOL_FAILED;
        }
    }
    return TOOL_OK;
}
