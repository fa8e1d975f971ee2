/* drill/code_run.h: what a running script's code blocks keep: their variables, and what they learned about
 * the connection at this moment. */
#ifndef DRILL_CODE_RUN_H
#define DRILL_CODE_RUN_H

#include "code.h"
#include "run.h"

struct code_state {
    struct arena arena; /* of texts and tuples that were computed; given back at the script's end */
    struct code_value variable[CODE_VARIABLES_LIMIT];
    bool assigned[CODE_VARIABLES_LIMIT];
    bool asked; /* `info` is of this block's moment */
    struct baro_tcp_info info;
};

/* code_evaluate.c. False: it has no value, and the run has failed. */
bool drill_code_evaluate(struct run *run, const struct code_node *node, struct code_value *value);
bool drill_code_truth(const struct code_value *value);
/* code_value.c: the value as print shows it; in a tuple strings have quotes. Cut where `size` ends. */
void drill_code_print(const struct code_value *value, char *to, size_t size);
/* -1, 0, 1; 2: they cannot be compared. */
int drill_code_compare(const struct code_value *left, const struct code_value *right);
bool drill_code_same(const struct code_value *left, const struct code_value *right);
/* text % values. False after a run_fail. */
bool drill_code_format(struct run *run, const struct code_value *format, const struct code_value *values,
                       struct code_value *result);

#endif
