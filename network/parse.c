/* A wire's specification, as a person writes it, into a struct baro_wire_config.
 *
 * Words with commas between, read from left to right; a later word wins over an earlier one. What is wrong is told
 * in one sentence that names the word. Numbers are read by hand: no locale, no silent overflow. */
#include "network_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What is being read: one word, name and value, and where to complain. */
struct word {
    char name[24], value[24];
    char *error;
    size_t error_size;
};

static int complain(const struct word *word, const char *what)
{
    snprintf(word->error, word->error_size, "wire: \"%s%s%s\": %s", word->name, *word->value ? "=" : "",
             word->value, what);
    return -EINVAL;
}

struct unit {
    const char *name;
    uint64_t factor;
};

/* "12.5ms" into whole numbers of the smallest unit: the digits, up to nine after the point, times the unit's
 * factor. False: no such number or unit, or too large. */
static bool read_number(const char *text, const struct unit *units, uint64_t limit, uint64_t *result)
{
    uint64_t whole = 0, part = 0, scale = 1;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (whole > limit)
            return false;
        whole = whole * 10 + (uint64_t)(*at - '0');
    }
    if (at == text)
        return false;
    if (*at == '.') {
        const char *digits = ++at;
        for (; *at >= '0' && *at <= '9'; at++) {
            if (scale >= UINT64_C(1000000000))
                return false;
            part = part * 10 + (uint64_t)(*at - '0');
            scale *= 10;
        }
        if (at == digits)
            return false;
    }
    while (units->name && strcmp(units->name, at) != 0)
        units++;
    if (!units->name || whole > limit / units->factor)
        return false;
    *result = whole * units->factor + part * units->factor / scale;
    return *result <= limit && part * units->factor % scale == 0;
}

static int read_share(const struct word *word, uint32_t *ppm)
{
    static const struct unit units[] = { { "%", 10000 }, { NULL, 0 } };
    uint64_t number;
    if (!read_number(word->value, units, 1000000, &number))
        return complain(word, "a share is 0% to 100%, with up to four decimals, such as 0.5%");
    *ppm = (uint32_t)number;
    return 0;
}

static int read_time(const struct word *word, struct baro_duration *time)
{
    static const struct unit units[] = {
        { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 }, { NULL, 0 }
    };
    uint64_t number;
    if (!read_number(word->value, units, UINT64_C(60000000000), &number))
        return complain(word, "a time is a number with ns, us, ms or s, up to 60s, such as 20ms");
    time->ns = (int64_t)number;
    return 0;
}

static int read_rate(const struct word *word, uint64_t *rate)
{
    static const struct unit units[] = {
        { "bit", 1 }, { "kbit", 1000 }, { "mbit", 1000000 }, { "gbit", 1000000000 }, { NULL, 0 }
    };
    if (!read_number(word->value, units, UINT64_C(1000000000000), rate) || *rate < 1000)
        return complain(word, "a rate is a number with bit, kbit, mbit or gbit, from 1kbit to 1000gbit, "
                              "such as 10mbit");
    return 0;
}

static int read_queue(const struct word *word, struct baro_wire_config *config)
{
    static const struct unit sizes[] = { { "", 1 }, { "k", 1024 }, { "m", 1048576 }, { NULL, 0 } };
    static const struct unit frames[] = { { "p", 1 }, { NULL, 0 } };
    uint64_t number;
    if (read_number(word->value, frames, 1000000, &number) && number > 0)
        config->queue_packets = (uint32_t)number;
    else if (read_number(word->value, sizes, UINT64_C(1) << 40, &number) && number > 0)
        config->queue_bytes = number;
    else
        return complain(word, "a queue is octets (64k, 1m) or frames (100p), above 0");
    return 0;
}

static int read_count(const struct word *word, uint64_t least, uint64_t most, uint64_t *number)
{
    static const struct unit units[] = { { "", 1 }, { NULL, 0 } };
    if (read_number(word->value, units, most, number) && *number >= least)
        return 0;
    char what[80];
    snprintf(what, sizeof what, "a whole number from %llu to %llu is wanted", (unsigned long long)least,
             (unsigned long long)most);
    return complain(word, what);
}

static int read_ppm(const struct word *word, int32_t *ppm)
{
    struct word positive = *word;
    bool minus = word->value[0] == '-';
    memmove(positive.value, positive.value + minus, strlen(positive.value) - minus + 1);
    uint64_t number;
    if (read_count(&positive, 0, 1000, &number) < 0)
        return complain(word, "a clock offset is a whole number from -1000 to 1000");
    *ppm = minus ? -(int32_t)number : (int32_t)number;
    return 0;
}

static int read_small(const struct word *word, uint64_t least, uint64_t most, uint32_t *result)
{
    uint64_t number = 0;
    int error = read_count(word, least, most, &number);
    if (error == 0)
        *result = (uint32_t)number;
    return error;
}

static int read_corrupt(const struct word *word, struct baro_wire_config *config)
{
    if (strcmp(word->value, "ip") != 0)
        return read_share(word, &config->corrupt_ppm);
    config->corrupt_ip = true;
    return 0;
}

static int read_large(const struct word *word, struct baro_wire_config *config)
{
    if (strcmp(word->value, "yes") != 0 && strcmp(word->value, "no") != 0)
        return complain(word, "yes or no is wanted");
    config->no_large = word->value[0] == 'n';
    return 0;
}

static int read_kind(const struct word *word, struct baro_wire_config *config)
{
    static const char *const kinds[] = { "fast", "10base-t", "100base-tx" };
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(word->name, kinds[i]) == 0) {
            config->kind = (enum baro_medium_kind)i;
            return 0;
        }
    return complain(word, "no such wire; there are fast, 10base-t and 100base-tx, and settings such as loss=1%");
}

static int read_word(const struct word *word, struct baro_wire_config *config)
{
    const char *name = word->name;
    if (strcmp(name, "loss") == 0)
        return read_share(word, &config->loss_ppm);
    if (strcmp(name, "burst") == 0)
        return read_small(word, 2, 1000, &config->burst_frames);
    if (strcmp(name, "reorder") == 0)
        return read_share(word, &config->reorder_ppm);
    if (strcmp(name, "duplicate") == 0)
        return read_share(word, &config->duplicate_ppm);
    if (strcmp(name, "corrupt") == 0)
        return read_corrupt(word, config);
    if (strcmp(name, "delay") == 0)
        return read_time(word, &config->delay);
    if (strcmp(name, "jitter") == 0)
        return read_time(word, &config->jitter);
    if (strcmp(name, "rate") == 0)
        return read_rate(word, &config->rate);
    if (strcmp(name, "queue") == 0)
        return read_queue(word, config);
    if (strcmp(name, "ecn") == 0)
        return read_small(word, 1, 1000000, &config->ecn_packets);
    if (strcmp(name, "mtu") == 0)
        return read_small(word, 68, 65535, &config->mtu);
    if (strcmp(name, "blackhole") == 0)
        return read_small(word, 68, 65535, &config->blackhole);
    if (strcmp(name, "noise") == 0)
        return read_small(word, 0, 8000, &config->noise_mv);
    if (strcmp(name, "ppm") == 0)
        return read_ppm(word, &config->clock_ppm);
    if (strcmp(name, "edge-jitter") == 0)
        return read_small(word, 0, 1000, &config->edge_jitter_ps);
    if (strcmp(name, "seed") == 0)
        return read_count(word, 1, UINT64_C(1000000000000000000), &config->seed);
    if (strcmp(name, "large") == 0)
        return read_large(word, config);
    return complain(word, "no such setting; there are loss, burst, reorder, duplicate, corrupt, delay, jitter, "
                          "rate, queue, ecn, mtu, blackhole, noise, ppm, edge-jitter, seed and large");
}

/* Cuts the next word out of the specification; -EINVAL when it is empty or too long. */
static int cut_word(const char **at, struct word *word)
{
    size_t length = strcspn(*at, ",");
    char text[48];
    if (length == 0) {
        snprintf(word->error, word->error_size, "wire: an empty word; words stand between single commas");
        return -EINVAL;
    }
    snprintf(text, sizeof text, "%.*s", length < sizeof text ? (int)length : (int)sizeof text - 1, *at);
    char *value = strchr(text, '=');
    if (value)
        *value++ = '\0';
    snprintf(word->name, sizeof word->name, "%.23s", text);
    snprintf(word->value, sizeof word->value, "%.23s", value ? value : "");
    if (length >= sizeof text || strlen(text) >= sizeof word->name || (value && strlen(value) >= sizeof word->value))
        return complain(word, "the word is too long");
    *at += length;
    if (**at == ',' && *++*at == '\0') {
        snprintf(word->error, word->error_size, "wire: a comma at the end; words stand between single commas");
        return -EINVAL;
    }
    return value && !*value ? complain(word, "the value is missing after \"=\"") : value != NULL;
}

/* Settings that do not go together. */
static int check_together(struct word *word, const struct baro_wire_config *config)
{
    bool faithful = config->kind != BARO_MEDIUM_FAST;
    *word->value = '\0';
    if (config->corrupt_ip && config->corrupt_ppm == 0) {
        snprintf(word->name, sizeof word->name, "corrupt=ip");
        return complain(word, "says where, but not how often; add a share such as corrupt=0.1%");
    }
    if (config->burst_frames && config->loss_ppm == 0) {
        snprintf(word->name, sizeof word->name, "burst");
        return complain(word, "says how losses come, but not how often; add a share such as loss=1%");
    }
    if (config->burst_frames && config->loss_ppm < 1000000 &&
        config->loss_ppm > (uint64_t)config->burst_frames * (1000000 - config->loss_ppm)) {
        snprintf(word->name, sizeof word->name, "burst");
        return complain(word, "is too short for so much loss, even with one frame between any two bursts");
    }
    if ((config->queue_bytes || config->queue_packets) && config->rate == 0) {
        snprintf(word->name, sizeof word->name, "queue");
        return complain(word, "without a rate nothing queues; add one such as rate=10mbit");
    }
    if (config->ecn_packets && config->rate == 0) {
        snprintf(word->name, sizeof word->name, "ecn");
        return complain(word, "without a rate nothing queues; add one such as rate=10mbit");
    }
    if (faithful && config->mtu > BARO_SIGNAL_FRAME_LIMIT - 22) {
        snprintf(word->name, sizeof word->name, "mtu");
        return complain(word, "a wire with a signal carries at most mtu=1978");
    }
    if (!faithful && (config->noise_mv || config->clock_ppm || config->edge_jitter_ps)) {
        snprintf(word->name, sizeof word->name, "%s",
                 config->noise_mv ? "noise" : config->clock_ppm ? "ppm" : "edge-jitter");
        return complain(word, "a fast wire has no signal; begin with 10base-t or 100base-tx");
    }
    return 0;
}

int baro_wire_parse(const char *specification, struct baro_wire_config *config, char *error, size_t error_size)
{
    struct word word = { .error = error, .error_size = error_size };
    memset(config, 0, sizeof *config);
    const char *at = specification;
    while (*at) {
        int valued = cut_word(&at, &word);
        if (valued < 0)
            return valued;
        int result = valued ? read_word(&word, config) : read_kind(&word, config);
        if (result < 0)
            return result;
    }
    return check_together(&word, config);
}
