/* All workloads, in the order in which they run and are printed. */
#include "bench.h"

extern const struct workload work_memory_after, work_memory_keep0, work_memory_million;
extern const struct workload work_memory_one;
extern const struct workload work_pair, work_replace, work_open_close;
extern const struct workload work_fill_300k, work_fill_300k_beside, work_fill_1m;
extern const struct workload work_fill_1m_beside, work_fill_3keep, work_regions;
extern const struct workload work_mix, work_large, work_larger, work_medium, work_medium_warm;
extern const struct workload work_grow, work_grow_copy, work_grow_again;
extern const struct workload work_threads, work_one_key, work_cross, work_experts;
extern const struct workload work_space_64, work_space_4k, work_space_40000, work_space_64k;
extern const struct workload work_space_300000, work_space_1m, work_space_10m;
extern const struct workload work_experts_1, work_experts_10, work_experts_100;
extern const struct workload work_experts_1000, work_experts_10000;
extern const struct workload work_blocks_1000, work_blocks_10000, work_blocks_100000;
extern const struct workload work_blocks_1000000, work_blocks_10000000;

const struct workload *const bench_workloads[] = {&work_pair,
                                                  &work_replace,
                                                  &work_mix,
                                                  &work_fill_300k,
                                                  &work_fill_1m,
                                                  &work_fill_3keep,
                                                  &work_large,
                                                  &work_larger,
                                                  &work_medium,
                                                  &work_medium_warm,
                                                  &work_grow,
                                                  &work_grow_copy,
                                                  &work_grow_again,
                                                  &work_open_close,
                                                  &work_threads,
                                                  &work_one_key,
                                                  &work_cross,
                                                  &work_experts,
                                                  &work_fill_300k_beside,
                                                  &work_fill_1m_beside,
                                                  &work_regions,
                                                  &work_memory_million,
                                                  &work_memory_one,
                                                  &work_memory_after,
                                                  &work_memory_keep0,
                                                  &work_space_64,
                                                  &work_space_4k,
                                                  &work_space_40000,
                                                  &work_space_64k,
                                                  &work_space_300000,
                                                  &work_space_1m,
                                                  &work_space_10m,
                                                  &work_experts_1,
                                                  &work_experts_10,
                                                  &work_experts_100,
                                                  &work_experts_1000,
                                                  &work_experts_10000,
                                                  &work_blocks_1000,
                                                  &work_blocks_10000,
                                                  &work_blocks_100000,
                                                  &work_blocks_1000000,
                                                  &work_blocks_10000000,
                                                  NULL};
