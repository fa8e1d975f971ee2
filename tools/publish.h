/* tools/publish.h: ports of this machine that lead to a guest, as a person types them: -p
 * [ADDRESS:]HOST:[GUEST:]PORT. */
#ifndef TOOLS_PUBLISH_H
#define TOOLS_PUBLISH_H

#include "baro/gateway.h"

enum { PUBLICATIONS = 64 };

struct publication {
    struct baro_endpoint host;  /* of family NONE: 127.0.0.1 and ::1 */
    struct baro_endpoint guest; /* of family NONE: any address of the guest's */
};

struct publications {
    struct publication list[PUBLICATIONS];
    unsigned count;
};

/* One more. `several`: there may be several guests, so that one can be named. TOOL_OK, or TOOL_USAGE after saying in
 * the name of `tool` what is wrong. */
int publications_add(struct publications *publications, const char *tool, const char *word, bool several);

/* Listens at all of them, for a guest that has these addresses, up to BARO_GATEWAY_GUESTS. TOOL_OK, or TOOL_FAILED
 * after saying why. */
int publications_open(const struct publications *publications, const char *tool, struct baro_gateway *gateway,
                      const struct baro_address *guest, unsigned guests);

#endif
