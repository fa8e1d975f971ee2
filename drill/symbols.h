/* drill/symbols.h: the names that scripts use: constants, errno, ICMP's types and codes. */
#ifndef DRILL_SYMBOLS_H
#define DRILL_SYMBOLS_H

#include "script.h"

/* A constant of the socket calls, as Linux numbers it. False: no such name. */
bool symbol_constant(const char *name, size_t length, long long *number);

/* ECONNREFUSED and so on; 0: no such name. */
int symbol_errno(const char *name, size_t length);
/* The name of an errno, or "errno". */
const char *symbol_errno_name(int number);

/* ICMP types ("unreachable") and, for `type`, codes ("frag_needed"). -1: no such name. */
int symbol_icmp_type(const char *name, size_t length);
int symbol_icmp_code(int type, const char *name, size_t length);
/* NULL: it has none. */
const char *symbol_icmp_type_name(int type);
const char *symbol_icmp_code_name(int type, int code);

#endif
