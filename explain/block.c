/* Blocks being put together, and the lines in them. */
#include "block.h"

#include <stdlib.h>
#include <string.h>

void block_release(struct story_block *block)
{
    for (size_t i = 0; i < block->lines; i++)
        free(block->line[i].text);
    free(block->line);
    free(block->frame);
    memset(block, 0, sizeof *block);
}

static bool block_room(struct story_block *block, size_t lines)
{
    if (block->room - block->lines >= lines)
        return true;
    size_t room = block->room * 2 + lines;
    struct story_line *line = realloc(block->line, room * sizeof *line);
    if (line == NULL)
        return false;
    block->line = line;
    block->room = room;
    return true;
}

bool block_add(struct story_block *block, const struct telling *telling, const char *prefix, const char *text)
{
    const struct baro_trace_event *event = telling->event;
    struct story_line line = { baro_trace_step(event->kind),
                               event_label(event->kind, telling->language, telling->ipv6),
                               event_source(event, telling->ipv6), NULL };
    if (event->kind == BARO_TRACE_DROP) /* where it ended is the reason's own */
        line.step = baro_drop_step((enum baro_drop_reason)event->value[0].as.number);
    size_t first = strlen(prefix), second = strlen(text);
    if (!block_room(block, 1) || (line.text = malloc(first + second + 1)) == NULL)
        return false;
    memcpy(line.text, prefix, first);
    memcpy(line.text + first, text, second + 1);
    block->line[block->lines++] = line;
    return true;
}

bool block_join(struct story_block *to, struct story_block *from)
{
    if (from->lines == 0)
        return true;
    if (!block_room(to, from->lines))
        return false;
    memcpy(to->line + to->lines, from->line, from->lines * sizeof *from->line);
    to->lines += from->lines;
    from->lines = 0;
    return true;
}

bool block_frame(struct story_block *block, struct baro_bytes frame, size_t capture)
{
    frame_read(&block->view, frame);
    block->has_frame = true;
    if (block->view.kind != FRAME_OTHER)
        block->family = block->view.kind == FRAME_IPV6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4;
    block->octets = frame.length;
    size_t captured = frame.length < capture ? frame.length : capture;
    if (captured == 0)
        return true;
    block->frame = malloc(captured);
    if (block->frame == NULL)
        return false;
    memcpy(block->frame, frame.data, captured);
    block->captured = captured;
    return true;
}

void variables_write(struct text *text, const struct telling *before, const struct telling *after)
{
    static const char *const names[] = { "connection", "",        "SND.UNA", "SND.NXT",  "SND.WND",
                                         "RCV.NXT",    "RCV.WND", "cwnd",    "ssthresh", "RTO" };
    bool changed = false;
    const struct baro_trace_value *old = before->event->value, *new = after->event->value;
    argument_write(text, before, 1, 's');
    if (old[1].as.number != new[1].as.number) {
        text_add(text, " -> ");
        argument_write(text, after, 1, 's');
        changed = true;
    }
    for (int i = 2; i < BARO_TRACE_ARGUMENTS; i++) {
        if (old[i].as.number == new[i].as.number)
            continue;
        char type = i == BARO_TRACE_ARGUMENTS - 1 ? 't' : 'n';
        text_format(text, ", %s ", names[i]);
        bool same = type == 'n' && (uint32_t)old[i].as.number - before->base[i] ==
                                       (uint32_t) new[i].as.number - after->base[i];
        if (!same) { /* else only the number it counts from became known */
            argument_write(text, before, i, type);
            text_add(text, " -> ");
        }
        argument_write(text, after, i, type);
        changed = true;
    }
    if (!changed)
        text_format(text, ", %s", phrase(PHRASE_UNCHANGED, after->language));
}
