/* From single events to blocks (the order of events is the contract in baro/trace.h).
 *
 * Each host has a small stack of open groups: a frame coming in, a packet going out, a call. An
 * event's line goes into the innermost one, or is a block by itself when none is open. A group is
 * handed out when its end event comes; a sink that was set in the middle may miss beginnings or
 * ends, so an end without a beginning is ignored and too deep a nest is handed out as it is.
 * Memory: the hosts, their open groups and the calls that wait; nothing grows with the traffic. */
#include "story_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *story_phrase_of(enum story_kind kind, enum baro_language language)
{
    static const enum phrase phrases[] = { PHRASE_IN,   PHRASE_OUT,  PHRASE_UNSENT, PHRASE_CALL,
                                           PHRASE_LOST, PHRASE_WIRE, PHRASE_EVENT,  PHRASE_LOOP };
    return phrase(phrases[kind], language);
}

static bool copy_interfaces(struct story *story, const struct story_config *config)
{
    struct baro_interface_name *copies = calloc(config->interface_count + 1, sizeof *copies);
    story->config.interfaces = copies;
    story->config.interface_count = 0;
    for (size_t i = 0; i < config->interface_count && copies != NULL; i++) {
        copies[i] = config->interfaces[i];
        copies[i].wire = strdup(config->interfaces[i].wire);
        if (copies[i].wire == NULL)
            return false;
        story->config.interface_count++;
    }
    return copies != NULL;
}

struct story *story_create(const struct story_config *config)
{
    struct story *story = calloc(1, sizeof *story);
    if (story == NULL)
        return NULL;
    story->config = *config;
    story->config.host_count = 0;
    struct baro_host_name *names = calloc(config->host_count + 1, sizeof *names);
    story->config.hosts = names;
    bool failed = !copy_interfaces(story, config) || names == NULL;
    for (size_t i = 0; i < config->host_count && !failed; i++) {
        names[i].host = config->hosts[i].host;
        names[i].name = strdup(config->hosts[i].name);
        failed = names[i].name == NULL;
        story->config.host_count++;
    }
    if (failed) {
        story_free(story);
        return NULL;
    }
    return story;
}

static struct host *host_get(struct story *story, uint32_t number)
{
    struct host *host = story->hosts;
    while (host != NULL && host->number != number)
        host = host->next;
    if (host != NULL)
        return host;
    host = calloc(1, sizeof *host);
    if (host == NULL) {
        story->memory_failed = true;
        return NULL;
    }
    struct text name;
    text_init(&name, host->name, sizeof host->name);
    for (size_t i = 0; i < story->config.host_count; i++)
        if (story->config.hosts[i].host == number && name.length == 0)
            text_add(&name, story->config.hosts[i].name);
    if (name.length == 0)
        text_format(&name, phrase(PHRASE_HOST, story->config.language), (unsigned)number);
    host->number = number;
    host->next = story->hosts;
    story->hosts = host;
    return host;
}

void story_block_open(struct story_block *block, struct host *host, enum story_kind kind,
                      const struct baro_trace_event *event)
{
    block_release(block);
    block->kind = kind;
    block->host = host->number;
    block->host_name = host->name;
    block->wire = NULL;
    block->at = event->at;
}

void story_hand_out(struct story *story, struct story_block *block)
{
    if (block->lines > 0 || block->has_frame)
        story->config.block(story->config.context, block);
    block_release(block);
}

/* Whether "connection" is a listener's number, which is no connection's. */
static bool finds_listener(const struct baro_trace_event *event)
{
    return event->kind == BARO_TRACE_TCP_FOUND && event->value[1].as.number == BARO_TRACE_FOUND_LISTENER;
}

/* What is told of an event: its words, with the waiting call and the flow's numbers in them. */
void story_line_add(struct story *story, struct host *host, struct group *group, struct story_block *block,
                    const struct baro_trace_event *event, const char *waiting)
{
    char line[TEXT_LIMIT], prefix[64];
    struct text out, before;
    struct baro_trace_event told = *event;
    struct telling telling = { .language = story->config.language, .event = &told, .waiting = waiting };
    uint8_t family = event_family(event);
    if (family != BARO_FAMILY_NONE)
        block->family = family;
    telling.ipv6 = block->family == BARO_FAMILY_IPV6;
    bool alone = block->kind == STORY_EVENT;
    struct flow *flow = flow_learn(&host->flows, alone ? NULL : group->flow, event);
    if (!alone && flow != NULL)
        group->flow = flow;
    if (!story->config.absolute_sequence)
        flow_bases(flow, event, telling.base);
    text_init(&before, prefix, sizeof prefix);
    int connection = argument_find(event->kind, "connection", strlen("connection"), NULL);
    if (connection >= 0 && event->value[connection].as.number != 0 && !finds_listener(event))
        told.value[connection].as.number = flow_ordinal(&host->flows, event->value[connection].as.number);
    if (alone && connection >= 0)
        text_format(&before, phrase(PHRASE_CONNECTION, telling.language),
                    (unsigned long long)told.value[connection].as.number);
    text_init(&out, line, sizeof line);
    if (event->kind == BARO_TRACE_TCP_AFTER && group->has_before &&
        group->before.value[0].as.number == event->value[0].as.number) {
        struct telling old = { .language = telling.language, .event = &group->before, .ipv6 = telling.ipv6 };
        if (!story->config.absolute_sequence)
            flow_bases(flow, &group->before, old.base);
        variables_write(&out, &old, &telling);
    } else {
        template_fill(&out, &telling, words_of(event->kind, telling.language)->text);
    }
    if (event->kind == BARO_TRACE_TCP_AFTER)
        group->has_before = false;
    if (!block_add(block, &telling, prefix, line))
        story->memory_failed = true;
}

/* A line in the innermost group, or a block of its own. */
static void line_place(struct story *story, struct host *host, const struct baro_trace_event *event,
                       const char *waiting)
{
    struct group *group = host->depth > 0 ? &host->group[host->depth - 1] : &host->free;
    if (event->kind == BARO_TRACE_TCP_BEFORE) { /* told with what came after */
        group->before = *event;
        group->has_before = true;
        return;
    }
    if (host->depth == 0)
        story_block_open(&group->block, host, STORY_EVENT, event);
    story_line_add(story, host, group, &group->block, event, waiting);
    if (event->kind == BARO_TRACE_LOOPBACK && group->block.kind == STORY_UNSENT)
        group->block.kind = STORY_LOOP;
    if (host->depth == 0)
        story_hand_out(story, &group->block);
}

/* Summaries are made last: the events in the group tell where sequence numbers began. */
static void group_summary(struct story *story, struct host *host, struct group *group)
{
    struct story_block *block = &group->block;
    enum baro_language language = story->config.language;
    struct text out;
    text_init(&out, block->summary, sizeof block->summary);
    if (block->kind == STORY_CALL) {
        if (group->descriptor < 0)
            text_add(&out, call_name(group->call));
        else
            text_format(&out, phrase(PHRASE_CALL_TEXT, language), call_name(group->call),
                        (long long)group->descriptor);
    } else if (!block->has_frame) {
        text_add(&out, phrase(block->kind == STORY_LOOP ? PHRASE_LOOP_TEXT : PHRASE_UNSENT_TEXT, language));
    } else {
        bool in = block->kind == STORY_IN;
        const struct frame_view *view = &block->view;
        const struct flow *flow = group->flow;
        if (flow == NULL &&
            view->protocol == 6) /* it waited for its neighbour: the segment was told before */
            flow = flow_find(&host->flows, in ? &view->destination : &view->source,
                             in ? &view->source : &view->destination);
        if (story->config.absolute_sequence)
            flow = NULL;
        uint32_t isn = flow != NULL ? flow->isn : 0, irs = flow != NULL ? flow->irs : 0;
        frame_write(&out, &block->view, language, in ? irs : isn, in ? isn : irs);
    }
    if (block->kind == STORY_OUT && group->departure != 0) {
        struct sent *sent = &host->sent[group->departure % SENT_LIMIT];
        sent->departure = group->departure;
        sent->view = block->view;
        memcpy(sent->summary, block->summary, sizeof sent->summary);
    }
}

static void group_close(struct story *story, struct host *host)
{
    struct group *group = &host->group[host->depth - 1];
    host->depth--; /* first, so that a block handed out is no longer open */
    group_summary(story, host, group);
    story_hand_out(story, &group->block);
}

static struct group *group_open(struct story *story, struct host *host, enum story_kind kind,
                                const struct baro_trace_event *event)
{
    while (host->depth == GROUP_LIMIT)
        group_close(story, host);
    struct group *group = &host->group[host->depth++];
    story_block_open(&group->block, host, kind, event);
    group->flow = NULL;
    group->has_before = false;
    group->departure = 0;
    return group;
}

static void block_interface(const struct story *story, struct story_block *block, uint64_t interface)
{
    block->interface = (uint32_t)interface;
    for (size_t i = 0; i < story->config.interface_count; i++)
        if (story->config.interfaces[i].host == block->host && story->config.interfaces[i].interface == interface)
            block->wire = story->config.interfaces[i].wire;
}

static void frame_in(struct story *story, struct host *host, const struct baro_trace_event *event)
{
    if (host->depth > 0 && host->group[host->depth - 1].block.kind == STORY_IN)
        group_close(story, host);
    struct group *group = group_open(story, host, STORY_IN, event);
    story_adapter_join(story, host, &group->block, event->value[2].as.number);
    block_interface(story, &group->block, event->value[0].as.number);
    if (!block_frame(&group->block, event->bytes, story->config.capture))
        story->memory_failed = true;
    line_place(story, host, event, NULL);
}

static void frame_out(struct story *story, struct host *host, const struct baro_trace_event *event)
{
    struct group *group = host->depth > 0 ? &host->group[host->depth - 1] : NULL;
    if (group != NULL && group->block.kind == STORY_OUT) { /* the next fragment of the same packet */
        group_close(story, host);
        group = NULL;
    }
    if (group == NULL || (group->block.kind != STORY_UNSENT && group->block.kind != STORY_LOOP))
        group = group_open(story, host, STORY_UNSENT, event);
    group->block.kind = STORY_OUT;
    group->block.at = event->at;
    block_interface(story, &group->block, event->value[0].as.number);
    if (!block_frame(&group->block, event->bytes, story->config.capture))
        story->memory_failed = true;
    group->departure = event->value[2].as.number;
    line_place(story, host, event, NULL);
}

/* A call that returned "not yet" waits until its descriptor wakes or it is called again. */
static void waiting_remove(struct host *host, int64_t descriptor)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < host->waiting_count; i++)
        if (host->waiting[i].descriptor != descriptor)
            host->waiting[kept++] = host->waiting[i];
    host->waiting_count = kept;
}

static void waiting_add(struct host *host, int64_t descriptor, uint64_t call)
{
    waiting_remove(host, descriptor);
    if (host->waiting_count == WAITING_LIMIT)
        waiting_remove(host, host->waiting[0].descriptor);
    host->waiting[host->waiting_count++] = (struct waiting){ descriptor, call };
}

static void woke(struct story *story, struct host *host, const struct baro_trace_event *event)
{
    char text[128];
    int64_t descriptor = event->value[0].as.signed_number;
    const struct waiting *found = NULL;
    for (unsigned i = 0; i < host->waiting_count; i++)
        if (host->waiting[i].descriptor == descriptor)
            found = &host->waiting[i];
    if (found != NULL) {
        struct text out;
        text_init(&out, text, sizeof text);
        text_format(&out, phrase(PHRASE_WAITING, story->config.language), call_name(found->call),
                    (unsigned long long)descriptor);
    }
    line_place(story, host, event, found != NULL ? text : NULL);
    waiting_remove(host, descriptor);
}

static void call_begin(struct story *story, struct host *host, const struct baro_trace_event *event)
{
    struct group *group = group_open(story, host, STORY_CALL, event);
    group->call = event->value[0].as.number;
    group->descriptor = event->value[1].as.signed_number;
    waiting_remove(host, group->descriptor);
}

static void call_end(struct story *story, struct host *host, const struct baro_trace_event *event)
{
    unsigned open = host->depth;
    int64_t result = event->value[1].as.signed_number;
    while (open > 0 && host->group[open - 1].block.kind != STORY_CALL)
        open--;
    if (open == 0)
        return;
    while (host->depth > open)
        group_close(story, host);
    const struct group *group = &host->group[open - 1];
    if ((result == -EAGAIN || result == -EINPROGRESS) && group->descriptor >= 0)
        waiting_add(host, group->descriptor, group->call);
    line_place(story, host, event, NULL);
    group_close(story, host);
}

static void frame_end(struct story *story, struct host *host)
{
    if (host->depth > 0 && host->group[host->depth - 1].block.kind != STORY_CALL)
        group_close(story, host);
}

void story_event(struct story *story, const struct baro_trace_event *event)
{
    struct host *host = event->kind < BARO_TRACE_COUNT ? host_get(story, event->host) : NULL;
    if (host == NULL)
        return;
    if (host->lost != NULL && event->kind != BARO_TRACE_DROP)
        story_adapter_flush(story, host, false);
    if (event->kind != BARO_TRACE_DROP && !story_is_adapter(event->kind))
        host->touched = NULL;
    if (event->kind == BARO_TRACE_INTERRUPT || event->kind == BARO_TRACE_DRIVER_BURST)
        story_burst_event(story, host, event);
    else if (story_is_adapter(event->kind))
        story_adapter_event(story, host, event);
    else if (event->kind == BARO_TRACE_FRAME_IN)
        frame_in(story, host, event);
    else if (event->kind == BARO_TRACE_PACKET_OUT)
        group_open(story, host, STORY_UNSENT, event);
    else if (event->kind == BARO_TRACE_FRAME_OUT)
        frame_out(story, host, event);
    else if (event->kind == BARO_TRACE_FRAME_END)
        frame_end(story, host);
    else if (event->kind == BARO_TRACE_CALL)
        call_begin(story, host, event);
    else if (event->kind == BARO_TRACE_CALL_END)
        call_end(story, host, event);
    else if (event->kind == BARO_TRACE_WOKE)
        woke(story, host, event);
    else if (event->kind != BARO_TRACE_DROP || host->depth > 0 || !story_adapter_drop(story, host, event))
        line_place(story, host, event, NULL);
}

int story_finish(struct story *story)
{
    for (struct host *host = story->hosts; host != NULL; host = host->next) {
        while (host->depth > 0)
            group_close(story, host);
        story_adapter_flush(story, host, true);
    }
    return story->memory_failed ? -ENOMEM : 0;
}

static void host_free(struct host *host)
{
    for (int i = 0; i < GROUP_LIMIT; i++)
        block_release(&host->group[i].block);
    for (int i = 0; i < PENDING_LIMIT; i++)
        block_release(&host->pending[i].block);
    block_release(&host->burst);
    block_release(&host->free.block);
    free(host);
}

void story_free(struct story *story)
{
    if (story == NULL)
        return;
    while (story->hosts != NULL) {
        struct host *next = story->hosts->next;
        host_free(story->hosts);
        story->hosts = next;
    }
    for (size_t i = 0; i < story->config.host_count; i++)
        free((char *)story->config.hosts[i].name);
    for (size_t i = 0; i < story->config.interface_count; i++)
        free((char *)story->config.interfaces[i].wire);
    free((struct baro_host_name *)story->config.hosts);
    free((struct baro_interface_name *)story->config.interfaces);
    free(story);
}
