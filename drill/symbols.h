/* drill/symbols.h: the names that scripts use: constants, errno, ICMP's types and codes. */
#ifndef DRILL_SYMBOLS_H
#define DRILL_SYMBOLS_H

#include "script.h"

/* A constant of the socket calls, as Linux numbers it. False: no such name. */
bool drill_symbol_constant(const char *name, size_t length, long long *number);

/* ECONNREFUSED and so on; 0: no such name. */
int drill_symbol_errno(const char *name, size_t length);
/* The name of an errno, or "errno". */
const char *drill_symbol_errno_name(int number);

/* Types of ICMP or ICMPv6 ("unreachable") and, for `type`, codes ("frag_needed"). -1: no such name. */
int drill_symbol_icmp_type(bool v6, const char *name, size_t length);
int drill_symbol_icmp_code(bool v6, int type, const char *name, size_t length);
/* NULL: it has none. */
const char *drill_symbol_icmp_type_name(bool v6, int type);
const char *drill_symbol_icmp_code_name(bool v6, int type, int code);

#endif
