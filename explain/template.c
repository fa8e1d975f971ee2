/* Filling templates in (their language is described in words.h).
 *
 * The reader is a recursive descent over the string: a placeholder ends at its matching brace,
 * alternatives at bars of the same depth. Recursion is as deep as the template's braces, which
 * come from our own tables; a template with an unknown name writes the name in question marks,
 * and a test sees to it that none does. */
#include "words.h"

#include <string.h>

/* A placeholder, taken apart. */
struct placeholder {
    const char *name, *other, *style, *choices; /* choices: after '?' or '#', up to `end` */
    size_t name_length, other_length, style_length;
    char test;   /* '=', '<', '>', '/' or 0 */
    char choose; /* '?', '#' or 0 */
    const char *end;
};

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '~' || c == '-';
}

static const char *name_end(const char *at)
{
    while (is_name(*at))
        at++;
    return at;
}

/* The next bar of this depth, or the end. */
static const char *choice_end(const char *at, const char *end)
{
    int depth = 0;
    for (; at < end; at++) {
        depth += *at == '{' ? 1 : *at == '}' ? -1 : 0;
        if (*at == '|' && depth == 0)
            return at;
    }
    return end;
}

/* The brace that closes the one before `at`; NULL when there is none. */
static const char *brace_end(const char *at)
{
    int depth = 1;
    for (; *at != '\0'; at++) {
        depth += *at == '{' ? 1 : *at == '}' ? -1 : 0;
        if (depth == 0)
            return at;
    }
    return NULL;
}

/* `at` stands behind the opening brace. */
static bool placeholder_read(struct placeholder *placeholder, const char *at)
{
    memset(placeholder, 0, sizeof *placeholder);
    placeholder->end = brace_end(at);
    if (placeholder->end == NULL)
        return false;
    placeholder->name = at;
    at = name_end(at);
    placeholder->name_length = (size_t)(at - placeholder->name);
    if (*at == '!') {
        placeholder->style = ++at;
        at = name_end(at);
        placeholder->style_length = (size_t)(at - placeholder->style);
    }
    if (*at == '=' || *at == '<' || *at == '>' || *at == '/') {
        placeholder->test = *at++;
        placeholder->other = at;
        at = name_end(at);
        placeholder->other_length = (size_t)(at - placeholder->other);
    }
    if (*at == '?' || *at == '#') {
        placeholder->choose = *at++;
        placeholder->choices = at;
        at = placeholder->end;
    }
    return at == placeholder->end && placeholder->name_length > 0;
}

/* A number for octets: 0 if all are, else one that others do not have (but for one chance in 2^40 or so). */
static int64_t number_of_octets(const uint8_t *octets, size_t count, uint64_t number)
{
    for (size_t i = 0; i < count; i++)
        number = number * UINT64_C(0x9E3779B97F4A7C15) + octets[i];
    return (int64_t)number;
}

static int64_t number_of_value(const struct baro_trace_value *value, char type)
{
    const struct baro_endpoint *endpoint = &value->as.endpoint;
    if (type == 'a' || type == 'e')
        return number_of_octets(endpoint->address.octet, sizeof endpoint->address.octet,
                                (uint64_t)endpoint->address.family << 16 | endpoint->port.number);
    if (type == 'm')
        return number_of_octets(value->as.mac.octet, sizeof value->as.mac.octet, 0);
    return value->as.signed_number; /* the same bits as `number` */
}

/* The number that a name or a numeral stands for. False: neither. */
static bool number_of(const struct telling *telling, const char *name, size_t length, int64_t *number)
{
    if ((name[0] >= '0' && name[0] <= '9') || name[0] == '-') {
        int64_t value = 0;
        for (size_t i = name[0] == '-'; i < length; i++)
            value = value * 10 + (name[i] - '0');
        *number = name[0] == '-' ? -value : value;
        return true;
    }
    if (length == 8 && memcmp(name, "~waiting", 8) == 0) {
        *number = telling->waiting != NULL;
        return true;
    }
    if (length == 5 && memcmp(name, "~ipv6", 5) == 0) {
        *number = telling->ipv6;
        return true;
    }
    char type;
    int index = argument_find(telling->event->kind, name, length, &type);
    if (index < 0)
        return false;
    *number = number_of_value(&telling->event->value[index], type);
    return true;
}

static void fill(struct text *text, const struct telling *telling, const char *at, const char *end);

static void choose(struct text *text, const struct telling *telling, const struct placeholder *p,
                   int64_t number)
{
    uint64_t skip;
    if (p->choose == '?') {
        int64_t other = 0;
        if (p->test != 0)
            number_of(telling, p->other, p->other_length, &other);
        bool yes = p->test == '='   ? number == other
                   : p->test == '<' ? number < other
                   : p->test == '>' ? number > other
                                    : number != 0;
        skip = yes ? 0 : 1;
    } else {
        skip = (uint64_t)number;
    }
    const char *at = p->choices;
    const char *end = choice_end(at, p->end);
    for (; skip > 0 && end < p->end; skip--) {
        at = end + 1;
        end = choice_end(at, p->end);
    }
    if (skip == 0)
        fill(text, telling, at, end);
    else if (p->choose == '#')
        text_format(text, "%lld", (long long)number);
}

static void style(struct text *text, const struct telling *telling, const struct placeholder *p,
                  int64_t number)
{
    if (p->style[0] == 'c') {
        text_add(text, call_name((uint64_t)number));
    } else if (p->style[0] == 'e') {
        const char *name = error_name((int)-number), *words = error_words((int)-number, telling->language);
        if (name == NULL)
            text_format(text, "%lld", (long long)number);
        else
            text_format(text, "%s (%s)", name, words);
    } else {
        const char *const *ready = telling->language == BARO_LANGUAGE_KOREAN ? ready_ko : ready_en;
        bool first = true;
        for (unsigned i = 0; i < 7; i++) {
            if (((uint64_t)number >> i & 1) == 0)
                continue;
            text_format(text, "%s%s", first ? "" : ", ", ready[i]);
            first = false;
        }
        if (first)
            text_add(text, "-");
    }
}

static void placeholder_fill(struct text *text, const struct telling *telling, const struct placeholder *p)
{
    int64_t number = 0, other = 0;
    if (!number_of(telling, p->name, p->name_length, &number) ||
        (p->test != 0 && !number_of(telling, p->other, p->other_length, &other))) {
        text_add(text, "?");
        text_put(text, p->name, p->name_length);
        text_add(text, "?");
    } else if (p->choose != 0) {
        choose(text, telling, p, number);
    } else if (p->test == '/') {
        text_queue(text, (uint64_t)number, (uint64_t)other, phrase(PHRASE_OF, telling->language));
    } else if (p->style != NULL) {
        style(text, telling, p, number);
    } else if (p->name[0] == '~') {
        text_add(text, telling->waiting != NULL ? telling->waiting : "");
    } else {
        char type = 0;
        int index = argument_find(telling->event->kind, p->name, p->name_length, &type);
        argument_write(text, telling, index, type);
    }
}

static void fill(struct text *text, const struct telling *telling, const char *at, const char *end)
{
    while (at < end) {
        const char *brace = memchr(at, '{', (size_t)(end - at));
        struct placeholder placeholder;
        if (brace == NULL || !placeholder_read(&placeholder, brace + 1)) {
            text_put(text, at, (size_t)(end - at));
            return;
        }
        text_put(text, at, (size_t)(brace - at));
        placeholder_fill(text, telling, &placeholder);
        at = placeholder.end + 1;
    }
}

void template_fill(struct text *text, const struct telling *telling, const char *format)
{
    fill(text, telling, format, format + strlen(format));
}

bool template_names(const char *format, void (*visit)(void *context, const char *name, size_t length),
                    void *context)
{
    int depth = 0;
    for (const char *at = format; *at != '\0'; at++) {
        depth += *at == '{' ? 1 : *at == '}' ? -1 : 0;
        if (depth < 0)
            return false;
        if (*at != '{')
            continue;
        struct placeholder p;
        if (!placeholder_read(&p, at + 1))
            return false;
        visit(context, p.name, p.name_length);
        if (p.test != 0 && is_name(p.other[0]) && !(p.other[0] >= '0' && p.other[0] <= '9') &&
            p.other[0] != '-')
            visit(context, p.other, p.other_length);
    }
    return depth == 0;
}
