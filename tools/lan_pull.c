/* tools/lan_pull.c: plugs of `baro lan` that come out and go back at moments of the run.
 *
 * A wire that ends in a switch has several cables; all of them are unplugged, so its stations hear nobody. Their
 * adapters notice that the link is down and send nothing; what is on its way still arrives. */
#include "lan.h"

/* Whether any of the pulls of this wire is under way. */
static bool is_out(const struct lan *lan, int wire, int64_t at_ns)
{
    for (int i = 0; i < lan->pulls; i++) {
        if (lan->pull[i].wire == wire && lan->pull[i].from_ns <= at_ns && at_ns < lan->pull[i].to_ns)
            return true;
    }
    return false;
}

bool lan_pull_run(void *context, struct baro_instant now)
{
    struct lan *lan = context;
    bool did = false;

    for (int i = 0; i < lan->wires && lan->pulls != 0; i++) {
        struct lan_wire *wire = &lan->wire[i];
        bool out = is_out(lan, i, now.ns - lan->begin.ns);

        if (out == wire->out)
            continue;
        wire->out = out;
        for (int j = 0; j < wire->cables; j++)
            baro_wire_set_link(wire->cable[j], !out);
        did = true;
    }
    return did;
}

bool lan_pull_deadline(void *context, struct baro_instant *deadline)
{
    const struct lan *lan = context;
    int64_t now_ns = baro_loop_now().ns - lan->begin.ns, next_ns = INT64_MAX;

    for (int i = 0; i < lan->pulls; i++) {
        const struct lan_pull *pull = &lan->pull[i];

        if (pull->from_ns > now_ns && pull->from_ns < next_ns)
            next_ns = pull->from_ns;
        if (pull->to_ns > now_ns && pull->to_ns < next_ns)
            next_ns = pull->to_ns;
    }
    if (next_ns == INT64_MAX)
        return false;
    deadline->ns = lan->begin.ns + next_ns;
    return true;
}
