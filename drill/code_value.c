/* drill/code_value.c: Python's values as words, and compared. */
#include "code_run.h"

#include <stdio.h>
#include <string.h>

enum { WORDS = 512 };

static double real_of(const struct code_value *value)
{
    return value->type == CODE_REAL ? value->real : (double)value->number;
}

static bool is_number(const struct code_value *value)
{
    return value->type == CODE_BOOL || value->type == CODE_INTEGER || value->type == CODE_REAL;
}

/* ---- words ---- */

struct words {
    char *to;
    size_t size, used;
};

static void put(struct words *words, const char *text, size_t length)
{
    size_t room = words->size - words->used - 1;

    if (length > room)
        length = room;
    memcpy(words->to + words->used, text, length);
    words->used += length;
    words->to[words->used] = '\0';
}

static void put_value(struct words *words, const struct code_value *value, bool quoted)
{
    char number[48];

    switch (value->type) {
    case CODE_NONE:
        put(words, "None", 4);
        break;
    case CODE_BOOL:
        put(words, value->number != 0 ? "True" : "False", value->number != 0 ? 4 : 5);
        break;
    case CODE_INTEGER:
        snprintf(number, sizeof number, "%lld", value->number);
        put(words, number, strlen(number));
        break;
    case CODE_REAL:
        snprintf(number, sizeof number, "%.12g", value->real);
        if (strpbrk(number, ".ein") == NULL)
            strcat(number, ".0");
        put(words, number, strlen(number));
        break;
    case CODE_TEXT:
        put(words, "'", quoted);
        put(words, value->text, value->length);
        put(words, "'", quoted);
        break;
    case CODE_TUPLE:
        put(words, "(", 1);
        for (size_t i = 0; i < value->length; i++) {
            put(words, ", ", i == 0 ? 0 : 2);
            put_value(words, &value->items[i], true);
        }
        put(words, ",)", value->length == 1 ? 2 : 0);
        put(words, ")", value->length != 1);
        break;
    }
}

void drill_code_print(const struct code_value *value, char *to, size_t size)
{
    struct words words = { to, size, 0 };

    to[0] = '\0';
    put_value(&words, value, false);
}

/* ---- order ---- */

static int order(long long difference)
{
    return difference < 0 ? -1 : difference > 0;
}

static int compare_texts(const struct code_value *left, const struct code_value *right)
{
    size_t length = left->length < right->length ? left->length : right->length;
    int result = length == 0 ? 0 : memcmp(left->text, right->text, length);

    return result != 0 ? order(result) : left->length < right->length ? -1 : left->length > right->length;
}

static int compare_tuples(const struct code_value *left, const struct code_value *right)
{
    for (size_t i = 0; i < left->length && i < right->length; i++) {
        int result = drill_code_compare(&left->items[i], &right->items[i]);

        if (result != 0)
            return result;
    }
    return left->length < right->length ? -1 : left->length > right->length;
}

int drill_code_compare(const struct code_value *left, const struct code_value *right)
{
    if (is_number(left) && is_number(right)) {
        if (left->type != CODE_REAL && right->type != CODE_REAL)
            return left->number < right->number ? -1 : left->number > right->number;
        return real_of(left) < real_of(right) ? -1 : real_of(left) > real_of(right);
    }
    if (left->type != right->type)
        return 2;
    if (left->type == CODE_TEXT)
        return compare_texts(left, right);
    return left->type == CODE_TUPLE ? compare_tuples(left, right) : 2;
}

bool drill_code_same(const struct code_value *left, const struct code_value *right)
{
    if (left->type == CODE_NONE || right->type == CODE_NONE)
        return left->type == right->type;
    return drill_code_compare(left, right) == 0;
}

/* ---- "%d of %s" % values ---- */

/* One conversion, its letter included, of a value. False: they do not fit. */
static bool convert(struct words *words, const char *conversion, size_t length,
                    const struct code_value *value)
{
    char form[24], made[WORDS], text[WORDS];
    char letter = conversion[length - 1];

    if (length + 2 >= sizeof form)
        return false;
    memcpy(form, conversion, length - 1);
    form[length - 1] = '\0';
    if (letter == 's' || letter == 'r') {
        struct words one = { text, sizeof text, 0 };

        text[0] = '\0';
        put_value(&one, value, letter == 'r');
        strcat(form, "s");
        snprintf(made, sizeof made, form, text);
    } else if (!is_number(value)) {
        return false;
    } else if (strchr("diuxXo", letter) != NULL) {
        form[length - 1] = 'l';
        form[length] = 'l';
        form[length + 1] = letter == 'u' ? 'd' : letter;
        form[length + 2] = '\0';
        snprintf(made, sizeof made, form, value->type == CODE_REAL ? (long long)value->real : value->number);
    } else {
        form[length - 1] = letter;
        form[length] = '\0';
        snprintf(made, sizeof made, form, real_of(value));
    }
    put(words, made, strlen(made));
    return true;
}

/* The length of the conversion that begins at a '%'; 0: it is none of ours. Widths of more than two digits
 * are not. */
static size_t conversion_length(const char *at, size_t left)
{
    size_t length = 1 + strspn(at + 1, "-+ 0#");
    size_t digits = strspn(at + length, "0123456789");

    if (digits > 2)
        return 0;
    length += digits;
    if (length < left && at[length] == '.') {
        digits = strspn(at + length + 1, "0123456789");
        if (digits > 2)
            return 0;
        length += 1 + digits;
    }
    return length < left && length < 16 && at[length] != '\0' && strchr("diuxXosrfFeEgG", at[length]) != NULL
               ? length + 1
               : 0;
}

bool drill_code_format(struct run *run, const struct code_value *format, const struct code_value *values,
                       struct code_value *result)
{
    const struct code_value *items = values->type == CODE_TUPLE ? values->items : values;
    size_t count = values->type == CODE_TUPLE ? values->length : 1, used = 0;
    char *made = drill_arena_take(&run->code->arena, WORDS);
    struct words words = { made, WORDS, 0 };

    for (size_t i = 0; i < format->length; i++) {
        size_t length;

        if (format->text[i] != '%' || (i + 1 < format->length && format->text[i + 1] == '%')) {
            put(&words, &format->text[i], 1);
            i += format->text[i] == '%';
            continue;
        }
        length = conversion_length(&format->text[i], format->length - i);
        if (length == 0 || used == count || !convert(&words, &format->text[i], length, &items[used++]))
            return drill_run_fail(run, "the string '%.*s' does not fit its values", (int)format->length,
                                  format->text);
        i += length - 1;
    }
    if (used != count)
        return drill_run_fail(run, "the string '%.*s' does not fit its values", (int)format->length,
                              format->text);
    *result = (struct code_value){ .type = CODE_TEXT, .text = made, .length = words.used };
    return true;
}
