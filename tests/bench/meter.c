/* Measures a part of the work: time, page faults, system calls. */
#include "bench.h"

#include <math.h>

static void read_counts(const struct peer *peer, struct meter *meter)
{
    meter->faults = sys_faults();
    meter->memory_calls = NAN;
    meter->thread_calls = NAN;
    if (peer->calls != NULL)
        peer->calls(&meter->memory_calls, &meter->thread_calls);
}

static double now(void)
{
    return bench_cpu_time ? sys_cpu_now() : sys_now();
}

void bench_begin(const struct peer *peer, struct meter *meter)
{
    read_counts(peer, meter);
    meter->ns = now();
}

void bench_end(const struct peer *peer, const struct meter *meter, double operations, double unit,
               struct figure *figure)
{
    double ended = now();
    struct meter after;

    read_counts(peer, &after);
    figure->value = (ended - meter->ns) / operations / unit;
    figure->faults = (after.faults - meter->faults) / operations * 1000;
    figure->memory_calls = (after.memory_calls - meter->memory_calls) / operations * 1000;
    figure->thread_calls = (after.thread_calls - meter->thread_calls) / operations * 1000;
}

struct figure bench_plain(double value)
{
    return (struct figure){value, NAN, NAN, NAN};
}
