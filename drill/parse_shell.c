/* drill/parse_shell.c: backquoted shell lines. No shell runs: what scripts do in them is to set the machine
 * up, and here is no machine but one stack.
 *
 * Understood are `sysctl` and `set_sysctls.py` with settings that this stack has, or that say what it does
 * anyway; `defaults.sh`, which stands for Linux' usual settings, and `/tmp/sysctl_restore_*`, since no run
 * leaves anything behind; a queue without pacing or with it; offloads that are off; forgetting what was never
 * kept. All else is refused by name. A setting holds for the whole script: one that comes later may only
 * repeat it. */
#include "parser.h"
#include "shell.h"

#include <stdlib.h>
#include <string.h>

/* ---- settings ---- */

/* What Linux calls true of this stack, or what cannot be seen ("*"): how a host cuts its super-segments,
 * which a script's lines match however they are cut. */
static const struct {
    const char *name, *values;
} facts[] = {
    { "net.ipv4.ip_default_ttl", "64" },
    { "net.ipv4.ip_no_pmtu_disc", "0" },
    { "net.ipv4.tcp_abort_on_overflow", "0" },
    { "net.ipv4.tcp_autocorking", "*" },
    { "net.ipv4.tcp_comp_sack_nr", "0" },
    { "net.ipv4.tcp_dsack", "1" },
    { "net.ipv4.tcp_early_retrans", "3 4" },
    { "net.ipv4.tcp_ecn_fallback", "1" },
    { "net.ipv4.tcp_fack", "0" },
    { "net.ipv4.tcp_fastopen", "0" },
    { "net.ipv4.tcp_frto", "1 2" },
    { "net.ipv4.tcp_limit_output_bytes", "*" },
    { "net.ipv4.tcp_min_tso_segs", "*" },
    { "net.ipv4.tcp_moderate_rcvbuf", "1" },
    { "net.ipv4.tcp_no_metrics_save", "1" },
    { "net.ipv4.tcp_pacing_ca_ratio", "120" },
    { "net.ipv4.tcp_pacing_ss_ratio", "200" },
    { "net.ipv4.tcp_plb_enabled", "0" },
    { "net.ipv4.tcp_recovery", "1" },
    { "net.ipv4.tcp_reordering", "3" },
    { "net.ipv4.tcp_slow_start_after_idle", "0" },
    { "net.ipv4.tcp_stdurg", "0" },
    { "net.ipv4.tcp_thin_linear_timeouts", "0" },
    { "net.ipv4.tcp_tso_rtt_log", "*" },
    { "net.ipv4.tcp_tso_win_divisor", "*" },
    { "net.ipv4.tcp_tw_reuse", "1" },
};

/* Settings that every new socket begins with. */
static const struct {
    const char *name;
    enum baro_option option;
    enum drill_unit unit;
    enum drill_moment moment;
} defaults[] = {
    { "net.ipv4.tcp_fin_timeout", BARO_TCP_ORPHAN_TIME, DRILL_SECONDS, DRILL_AT_SOCKET },
    { "net.ipv4.tcp_keepalive_time", BARO_TCP_KEEPALIVE_IDLE, DRILL_SECONDS, DRILL_AT_SOCKET },
    { "net.ipv4.tcp_keepalive_intvl", BARO_TCP_KEEPALIVE_INTERVAL, DRILL_SECONDS, DRILL_AT_SOCKET },
    { "net.ipv4.tcp_keepalive_probes", BARO_TCP_KEEPALIVE_COUNT, DRILL_PLAIN, DRILL_AT_SOCKET },
    { "net.ipv4.tcp_notsent_lowat", BARO_TCP_NOTSENT_LOW_WATER, DRILL_PLAIN, DRILL_AT_SOCKET },
    { "net.ipv4.tcp_syn_retries", BARO_TCP_SYN_RETRIES, DRILL_PLAIN, DRILL_AT_CONNECT },
    { "net.ipv4.tcp_synack_retries", BARO_TCP_SYN_RETRIES, DRILL_PLAIN, DRILL_AT_LISTEN },
};

/* A number in full: decimal or with 0x. */
static bool read_number(const char *value, long long *number)
{
    char *end;

    *number = strtoll(value, &end, value[0] == '0' && (value[1] == 'x' || value[1] == 'X') ? 16 : 10);
    return end != value && *end == '\0' && *number >= 0;
}

static bool set_congestion(struct settings *settings, const char *value)
{
    for (enum baro_congestion i = 0; i < BARO_CONGESTION_COUNT; i++) {
        if (strcmp(baro_congestion_name(i), value) != 0)
            continue;
        settings->config.congestion = i;
        return true;
    }
    return false;
}

static bool set_ecn(struct settings *settings, const char *value)
{
    static const enum baro_ecn meaning[] = { BARO_ECN_OFF, BARO_ECN_DEFAULT, BARO_ECN_ANSWER };

    if (value[0] < '0' || value[0] > '2' || value[1] != '\0')
        return false;
    settings->config.ecn = meaning[value[0] - '0'];
    return true;
}

static bool set_syncookies(struct settings *settings, const char *value)
{
    static const enum baro_syn_cookies as_linux[] = { BARO_SYN_COOKIES_OFF, BARO_SYN_COOKIES_DEFAULT,
                                                      BARO_SYN_COOKIES_ALWAYS };

    if (value[0] < '0' || value[0] > '2' || value[1] != '\0')
        return false;
    settings->config.syn_cookies = as_linux[value[0] - '0'];
    return true;
}

/* "least first most": three numbers with blanks between. The least is this stack's own: it is read and not used. */
static bool set_buffer(struct baro_buffer_size *size, const char *value)
{
    long number[3];
    char *end;

    for (unsigned i = 0; i < 3; i++, value = end) {
        number[i] = strtol(value, &end, 10);
        if (end == value || number[i] <= 0 || number[i] > INT32_MAX)
            return false;
    }
    if (*end != '\0' || number[1] > number[2])
        return false;
    *size = (struct baro_buffer_size){ .first = (uint32_t)number[1], .most = (uint32_t)number[2] };
    return true;
}

/* 2 is to probe from the beginning, which this stack does not. */
static bool set_black_holes(struct settings *settings, const char *value)
{
    if ((value[0] != '0' && value[0] != '1') || value[1] != '\0')
        return false;
    settings->config.black_holes = value[0] == '1' ? BARO_BLACK_HOLES_DEFAULT : BARO_BLACK_HOLES_IGNORED;
    return true;
}

/* An option of TCP: 0 leaves it out. */
static bool set_option(struct settings *settings, unsigned option, const char *value)
{
    if ((value[0] != '0' && value[0] != '1') || value[1] != '\0')
        return false;
    settings->config.tcp_without &= ~option;
    settings->config.tcp_without |= value[0] == '0' ? option : 0;
    return true;
}

static bool set_sack(struct settings *settings, const char *value)
{
    return set_option(settings, BARO_TCP_WITHOUT_SACK, value);
}

static bool set_timestamps(struct settings *settings, const char *value)
{
    return set_option(settings, BARO_TCP_WITHOUT_TIMESTAMPS, value);
}

static bool set_scaling(struct settings *settings, const char *value)
{
    return set_option(settings, BARO_TCP_WITHOUT_SCALE, value);
}

static bool set_recv_buffer(struct settings *settings, const char *value)
{
    return set_buffer(&settings->config.recv_buffer, value);
}

static bool set_send_buffer(struct settings *settings, const char *value)
{
    return set_buffer(&settings->config.send_buffer, value);
}

/* Linux' queue `fq` paces what TCP marks for it. */
static bool set_queue(struct settings *settings, const char *value)
{
    if (strcmp(value, "fq") != 0 && strcmp(value, "fq_codel") != 0 && strcmp(value, "pfifo") != 0 &&
        strcmp(value, "pfifo_fast") != 0)
        return false;
    settings->config.pacing = strcmp(value, "fq") == 0 ? BARO_PACING_DEFAULT : BARO_PACING_OFF;
    return true;
}

/* What a setting of the stack's own is called, and who takes its value: false where it cannot be that. */
static const struct {
    const char *name;
    bool (*set)(struct settings *settings, const char *value);
} choices[] = {
    { "net.ipv4.tcp_congestion_control", set_congestion },
    { "net.core.default_qdisc", set_queue },
    { "net.ipv4.tcp_ecn", set_ecn },
    { "net.ipv4.tcp_syncookies", set_syncookies },
    { "net.ipv4.tcp_mtu_probing", set_black_holes },
    { "net.ipv4.tcp_rmem", set_recv_buffer },
    { "net.ipv4.tcp_sack", set_sack },
    { "net.ipv4.tcp_timestamps", set_timestamps },
    { "net.ipv4.tcp_window_scaling", set_scaling },
    { "net.ipv4.tcp_wmem", set_send_buffer },
};

/* Is `value` one of the words of `list`? */
static bool is_listed(const char *list, const char *value)
{
    size_t length = strlen(value);

    if (strcmp(list, "*") == 0)
        return true;
    for (const char *at = list; length != 0 && at != NULL; at = strchr(at, ' ')) {
        at += *at == ' ';
        if (strncmp(at, value, length) == 0 && (at[length] == '\0' || at[length] == ' '))
            return true;
    }
    return false;
}

/* `line` is one of the table above. */
static bool set_default(struct settings *settings, size_t line, const char *value)
{
    struct option_default *place = settings->option;
    enum baro_option option = defaults[line].option;
    long long number;

    if (!read_number(value, &number))
        return false;
    if (number == UINT32_MAX && option == BARO_TCP_NOTSENT_LOW_WATER) /* Linux' way to say none */
        number = 0;
    if (number > INT32_MAX)
        return false;
    while (place < settings->option + settings->options &&
           (place->option != option || place->moment != defaults[line].moment))
        place++;
    if (place == settings->option + OPTION_DEFAULTS_LIMIT)
        return false;
    settings->options += place == settings->option + settings->options;
    *place = (struct option_default){ option, defaults[line].unit, defaults[line].moment, number };
    return true;
}

enum outcome { OUTCOME_DONE, OUTCOME_VALUE, OUTCOME_NAME };

/* One setting by its name in /proc/sys, with dots. */
static enum outcome apply(struct settings *settings, const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
        if (strcmp(facts[i].name, name) == 0)
            return is_listed(facts[i].values, value) ? OUTCOME_DONE : OUTCOME_VALUE;
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++)
        if (strcmp(choices[i].name, name) == 0)
            return choices[i].set(settings, value) ? OUTCOME_DONE : OUTCOME_VALUE;
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        if (strcmp(defaults[i].name, name) == 0)
            return set_default(settings, i, value) ? OUTCOME_DONE : OUTCOME_VALUE;
    return OUTCOME_NAME;
}

/* ---- commands ---- */

/* /proc/sys/net/ipv4/tcp_sack and net/ipv4/tcp_sack are net.ipv4.tcp_sack. */
static void plain_name(char *name)
{
    static const char prefix[] = "/proc/sys/";

    if (strncmp(name, prefix, sizeof prefix - 1) == 0)
        memmove(name, name + sizeof prefix - 1, strlen(name + sizeof prefix - 1) + 1);
    for (; *name != '\0'; name++)
        if (*name == '/')
            *name = '.';
}

static bool do_sysctl(struct lexer *lexer, struct command *command)
{
    for (int i = 1; i < command->words; i++) {
        char *name = command->word[i], *value = strchr(name, '=');
        char whole[SHELL_WORD_BYTES];

        if (name[0] == '-' && value == NULL)
            continue;
        memcpy(whole, name, sizeof whole);
        if (value == NULL)
            return drill_lexer_error(lexer, command->at[i], "sysctl %s: expected NAME=VALUE", whole);
        *value++ = '\0';
        plain_name(name);
        switch (apply(&lexer->script->settings, name, value)) {
        case OUTCOME_DONE:
            break;
        case OUTCOME_VALUE:
            return drill_lexer_error(lexer, command->at[i], "sysctl %s: this stack cannot be set so", whole);
        case OUTCOME_NAME:
            return drill_lexer_error(lexer, command->at[i], "sysctl %s: this stack has no such setting",
                                     whole);
        }
    }
    return true;
}

/* What `defaults.sh` of the kernel's tests sets, where this stack has a choice. What it says of Fast Open and
 * of its keys means nothing to scripts that do without, and those that do not are refused where they use it.
 */
static bool do_defaults(struct settings *settings)
{
    static const char *const lines[][2] = { { "net.ipv4.tcp_congestion_control", "cubic" },
                                            { "net.ipv4.tcp_ecn", "0" },
                                            { "net.ipv4.tcp_syncookies", "1" },
                                            { "net.ipv4.tcp_syn_retries", "5" },
                                            { "net.ipv4.tcp_synack_retries", "5" },
                                            { "net.core.default_qdisc", "pfifo" },
                                            { "net.ipv4.tcp_rmem", "4096 540000 15728640" },
                                            { "net.ipv4.tcp_wmem", "4096 262144 4194304" } };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        (void)apply(settings, lines[i][0], lines[i][1]);
    return true;
}

static bool word_is(const struct command *command, int at, const char *word)
{
    return at < command->words && strcmp(command->word[at], word) == 0;
}

/* `ethtool -K tun0 tso off gso off`: nothing here offloads. */
static bool is_without_offload(const struct command *command)
{
    static const char *const kinds[] = { "tso", "gso", "gro", "lro", "tx", "rx" };
    int i = 3;

    if (!word_is(command, 0, "ethtool") || !word_is(command, 1, "-K"))
        return false;
    for (; i + 1 < command->words; i += 2) {
        size_t kind = 0;

        while (kind < sizeof kinds / sizeof kinds[0] && !word_is(command, i, kinds[kind]))
            kind++;
        if (kind == sizeof kinds / sizeof kinds[0] || !word_is(command, i + 1, "off"))
            return false;
    }
    return i == command->words && i > 3;
}

/* `tc qdisc add dev tun0 root pfifo`: the name of the queue, else NULL. */
static const char *queue_of(const struct command *command)
{
    if (!word_is(command, 0, "tc") || !word_is(command, 1, "qdisc") || command->words != 7 ||
        !word_is(command, 5, "root") || !(word_is(command, 2, "add") || word_is(command, 2, "replace")))
        return NULL;
    return command->word[6];
}

static bool do_command(struct lexer *lexer, struct command *command)
{
    const char *slash = strrchr(command->word[0], '/'), *name = slash == NULL ? command->word[0] : slash + 1;

    if (strcmp(name, "sysctl") == 0 || strcmp(name, "set_sysctls.py") == 0)
        return do_sysctl(lexer, command);
    if (strcmp(name, "defaults.sh") == 0)
        return do_defaults(&lexer->script->settings);
    if (strncmp(command->word[0], "/tmp/sysctl_restore_", 20) == 0 || strcmp(name, "true") == 0 ||
        is_without_offload(command))
        return true;
    if (word_is(command, 0, "ip") && word_is(command, 1, "tcp_metrics") && word_is(command, 2, "flush"))
        return true;
    if (queue_of(command) != NULL &&
        (strcmp(queue_of(command), "pfifo") == 0 ||
         apply(&lexer->script->settings, "net.core.default_qdisc", queue_of(command)) == OUTCOME_DONE))
        return true;
    return drill_lexer_error(lexer, command->at[0], "shell lines are not run here: '%s%s%s%s%s'",
                             command->word[0], command->words > 1 ? " " : "",
                             command->words > 1 ? command->word[1] : "", command->words > 2 ? " " : "",
                             command->words > 2 ? command->word[2] : "");
}

/* ---- lines ---- */

bool drill_parse_shell(struct lexer *lexer)
{
    struct token token = drill_lexer_take(lexer);
    struct shell_reader reader;
    struct command command;

    drill_shell_init(&reader, lexer, &token);
    while (drill_shell_next(&reader, &command))
        if (!do_command(lexer, &command))
            return false;
    return !lexer->script->failed;
}

bool drill_parse_shell_later(struct lexer *lexer)
{
    struct settings before;
    struct location at = drill_lexer_peek(lexer)->at;

    memcpy(&before, &lexer->script->settings, sizeof before);
    if (!drill_parse_shell(lexer))
        return false;
    return memcmp(&before, &lexer->script->settings, sizeof before) == 0 ||
           drill_lexer_error(lexer, at, "settings of the stack cannot change while the script runs");
}
