/* The LAN adapter's part of a frame's story, kept by frame number until the stack tells of the frame.
 *
 * Received: SIGNAL_IN, FCS_IN, MAC_FILTER, RX_RING, then FRAME_IN of the same number takes the lines.
 * Numbers rise, so what is kept from before that number was lost. A frame that the adapter gives up
 * (signal, FCS, MAC address) is handed out with the next event, so that a DROP can still join it.
 * Sent: TX_RING, FCS_OUT, SIGNAL_OUT, the last of which ends the block. At most PENDING_LIMIT frames
 * are kept. Interrupt and driver speak of a burst: their lines go to its first frame. */
#include "story_state.h"

/* Frees the place of a frame. */
static void pending_close(struct host *host, struct pending *pending)
{
    block_release(&pending->block);
    pending->used = false;
    host->lost = host->lost == pending ? NULL : host->lost;
    host->touched = host->touched == pending ? NULL : host->touched;
}

static void pending_hand_out(struct story *story, struct host *host, struct pending *pending)
{
    struct text out;
    struct story_block *block = &pending->block;
    struct sent *sent = &host->sent[pending->frame % SENT_LIMIT];
    if (pending->out && block->lines < 2) { /* a fast wire: there is nothing between the ring and the peer */
        pending_close(host, pending);
        return;
    }
    text_init(&out, block->summary, sizeof block->summary);
    if (pending->out && sent->departure == pending->frame) {
        text_add(&out, sent->summary);
        block->view = sent->view;
    } else {
        text_format(&out, phrase(pending->out ? PHRASE_FRAME : PHRASE_LOST_TEXT, story->config.language),
                    (unsigned long long)pending->frame);
    }
    story_hand_out(story, block);
    pending_close(host, pending);
}

/* The place of a frame in the adapter; a full table gives up its lowest number. */
static struct pending *pending_get(struct story *story, struct host *host, bool out,
                                   const struct baro_trace_event *event)
{
    struct pending *place = NULL, *oldest = &host->pending[0];
    uint64_t frame = event->value[0].as.number;
    for (int i = 0; i < PENDING_LIMIT; i++) {
        struct pending *pending = &host->pending[i];
        if (pending->used && pending->out == out && pending->frame == frame)
            return pending;
        if (!pending->used)
            place = pending;
        if (pending->block.at.ns < oldest->block.at.ns)
            oldest = pending;
    }
    if (place == NULL) {
        pending_hand_out(story, host, oldest);
        place = oldest;
    }
    story_block_open(&place->block, host, out ? STORY_WIRE : STORY_LOST, event);
    place->used = true;
    place->out = out;
    place->frame = frame;
    return place;
}

/* Whether the adapter gives the frame up with this event. */
static bool adapter_loses(const struct baro_trace_event *event)
{
    switch (event->kind) {
    case BARO_TRACE_SIGNAL_LOST:
        return true;
    case BARO_TRACE_FCS_IN:
        return event->value[1].as.number != event->value[2].as.number;
    case BARO_TRACE_MAC_FILTER:
        return event->value[3].as.number == 0;
    default:
        return false;
    }
}

/* The transmitter takes frames in order: those before this one have left, without a signal. */
static void earlier_hand_out(struct story *story, struct host *host, uint64_t frame)
{
    for (int i = 0; i < PENDING_LIMIT; i++)
        if (host->pending[i].used && host->pending[i].out && host->pending[i].frame < frame)
            pending_hand_out(story, host, &host->pending[i]);
}

void story_adapter_event(struct story *story, struct host *host, const struct baro_trace_event *event)
{
    bool out = event->kind == BARO_TRACE_TX_RING || event->kind == BARO_TRACE_FCS_OUT ||
               event->kind == BARO_TRACE_SIGNAL_OUT;
    struct pending *pending = pending_get(story, host, out, event);
    story_line_add(story, host, &host->free, &pending->block, event, NULL);
    if (out) /* it may have waited in the ring: the block stands where it ends */
        pending->block.at = event->at;
    host->touched = out ? NULL : pending;
    host->stored = event->kind == BARO_TRACE_RX_RING;
    if (event->kind == BARO_TRACE_SIGNAL_OUT)
        pending_hand_out(story, host, pending);
    else if (event->kind == BARO_TRACE_FCS_OUT)
        earlier_hand_out(story, host, event->value[0].as.number);
    else if (adapter_loses(event))
        host->lost = pending;
}

/* Burst lines that no frame took become blocks of their own. */
static void burst_hand_out(struct story *story, struct host *host)
{
    story_hand_out(story, &host->burst);
    host->burst_taken = false;
}

void story_burst_event(struct story *story, struct host *host, const struct baro_trace_event *event)
{
    char text[128];
    struct text out;
    const struct waiting *last = host->waiting_count > 0 ? &host->waiting[host->waiting_count - 1] : NULL;
    if (host->burst.lines > 0 && (event->kind == BARO_TRACE_INTERRUPT || host->burst_taken))
        burst_hand_out(story, host);
    if (host->burst.lines == 0)
        story_block_open(&host->burst, host, STORY_EVENT, event);
    text_init(&out, text, sizeof text);
    if (last != NULL)
        text_format(&out, phrase(PHRASE_WAITING, story->config.language), call_name(last->call),
                    (unsigned long long)last->descriptor);
    story_line_add(story, host, &host->free, &host->burst, event, last != NULL ? text : NULL);
    host->burst_taken = event->kind == BARO_TRACE_DRIVER_BURST;
}

bool story_is_adapter(enum baro_trace_kind kind)
{
    switch (kind) {
    case BARO_TRACE_SIGNAL_IN:
    case BARO_TRACE_SIGNAL_OUT:
    case BARO_TRACE_SIGNAL_LOST:
    case BARO_TRACE_FCS_IN:
    case BARO_TRACE_FCS_OUT:
    case BARO_TRACE_MAC_FILTER:
    case BARO_TRACE_RX_RING:
    case BARO_TRACE_TX_RING:
        return true;
    default:
        return false;
    }
}

bool story_adapter_drop(struct story *story, struct host *host, const struct baro_trace_event *event)
{
    struct pending *pending = host->lost != NULL ? host->lost : host->touched;
    enum baro_drop_reason reason = (enum baro_drop_reason)event->value[0].as.number;
    if (pending == NULL || baro_drop_step(reason) > 4 || reason == BARO_DROP_TX_RING_FULL ||
        reason == BARO_DROP_LINK_DOWN || (host->stored && reason != BARO_DROP_RX_RING_FULL))
        return false; /* about another frame, of which nothing was told before */
    story_line_add(story, host, &host->free, &pending->block, event, NULL);
    pending_hand_out(story, host, pending);
    return true;
}

void story_adapter_join(struct story *story, struct host *host, struct story_block *block, uint64_t arrival)
{
    for (int i = 0; i < PENDING_LIMIT && arrival != 0; i++) {
        struct pending *pending = &host->pending[i];
        if (!pending->used || pending->out || pending->frame > arrival)
            continue;
        if (pending->frame < arrival) {
            pending_hand_out(story, host, pending);
            continue;
        }
        if (!block_join(block, &pending->block))
            story->memory_failed = true;
        pending_close(host, pending);
    }
    if (!block_join(block, &host->burst))
        story->memory_failed = true;
    block_release(&host->burst);
    host->burst_taken = false;
}

void story_adapter_flush(struct story *story, struct host *host, bool all)
{
    if (host->lost != NULL)
        pending_hand_out(story, host, host->lost);
    for (int i = 0; i < PENDING_LIMIT && all; i++)
        if (host->pending[i].used)
            pending_hand_out(story, host, &host->pending[i]);
    if (all)
        burst_hand_out(story, host);
}
