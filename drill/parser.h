/* drill/parser.h: what the files of the parser share. Each function takes its piece of the language off the
 * lexer; false means that an error was recorded with lexer_error. */
#ifndef DRILL_PARSER_H
#define DRILL_PARSER_H

#include "lexer.h"

/* A token that must be the sign. */
bool drill_parse_sign(struct lexer *lexer, char sign);
/* An unsigned whole number up to `limit`. */
bool drill_parse_number(struct lexer *lexer, uint64_t limit, uint64_t *number);
/* Seconds with a decimal point, in nanoseconds. */
bool drill_parse_seconds(struct lexer *lexer, int64_t *ns);
/* An address of either family in `text`; false without an error. */
bool drill_read_address_text(const char *text, size_t length, struct baro_address *address);
/* What was found, for "expected X, found Y". Good until the next call. */
const char *drill_token_words(const struct token *token);

/* Before the first setting. */
void drill_settings_init(struct settings *settings);
/* `--define=` of the command line, before anything of the script is read. */
bool drill_settings_defines(struct lexer *lexer, const struct baro_drill_options *options);
/* `--name=value` */
bool drill_parse_setting(struct lexer *lexer, const struct token *token);
/* The script's are over: those of the command line, and what nobody said. */
bool drill_settings_finish(struct lexer *lexer, const struct baro_drill_options *options);
/* A backquoted line in front of the events, and one among them, which changes nothing. */
bool drill_parse_shell(struct lexer *lexer);
bool drill_parse_shell_later(struct lexer *lexer);
/* `< S 0:0(0) win 1000 <mss 1460>`, with the direction. */
bool drill_parse_packet(struct lexer *lexer, struct packet_line *packet);
/* `<mss 1460,nop>` behind a TCP line. */
bool drill_parse_tcp_options(struct lexer *lexer, struct packet_line *packet);
/* `...0.5 connect(3, ..., ...) = -1 ECONNREFUSED (words)`; the end time first, if there is one. */
bool drill_parse_call(struct lexer *lexer, struct call_line *call, bool relative);

#endif
