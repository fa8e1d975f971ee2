/* bench/tcp_figures.c: what several runs say together: the mean, and how far it may be from the truth, from Student's t
 * distribution at 95 per cent. Runs without figures do not count. */
#include "tcp.h"

#include <math.h>
#include <string.h>

/* t at 0.975 for 1, 2, ... degrees of freedom; beyond them the normal distribution is near enough. */
static const double student[] = { 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                  2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                                  2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042 };
enum { STUDENT = sizeof student / sizeof student[0] };

struct tcp_mean tcp_mean(const double *value, unsigned count)
{
    struct tcp_mean result = { .count = count };
    double squares = 0;

    if (count == 0)
        return result;
    result.least = value[0];
    for (unsigned i = 0; i < count; i++) {
        result.mean += value[i] / count;
        result.least = value[i] < result.least ? value[i] : result.least;
    }
    if (count == 1)
        return result;
    for (unsigned i = 0; i < count; i++)
        squares += (value[i] - result.mean) * (value[i] - result.mean);
    double t = count - 1 <= STUDENT ? student[count - 2] : 1.96;
    result.half = t * sqrt(squares / (count - 1) / count);
    return result;
}

struct tcp_mean tcp_mean_of(const struct tcp_figures *figures, unsigned count, size_t offset)
{
    double value[TCP_SEED_LIMIT];
    unsigned values = 0;

    for (unsigned i = 0; i < count; i++) {
        if (figures[i].error[0] == '\0')
            memcpy(&value[values++], (const char *)&figures[i] + offset, sizeof value[0]);
    }
    return tcp_mean(value, values);
}

uint64_t tcp_sum_of(const struct tcp_figures *figures, unsigned count, size_t offset)
{
    uint64_t sum = 0, one;

    for (unsigned i = 0; i < count; i++) {
        memcpy(&one, (const char *)&figures[i] + offset, sizeof one);
        sum += figures[i].error[0] == '\0' ? one : 0;
    }
    return sum;
}
