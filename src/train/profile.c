// The profile of training steps: where their time goes, against the device's ceilings.
#include "train/trainer.h"

#include "device/device.h"
#include "ganymede/bench.h"

#include <stdlib.h>

// What a kernel reaches of what bounds it: the larger of its shares of the arithmetic and the memory ceiling.
// Operations count as the direct algorithm's: a fast convolution may go beyond its ceiling.
static double share_of_ceiling(const gm_profile_row *row, const gm_bench_peak *peak) {
    double seconds = GM_MAX(row->seconds, 1e-12);
    return GM_MAX(1e-9 * row->flop / seconds / peak->gemm_gflops, 1e-9 * row->bytes / seconds / peak->triad_gbps);
}

static void append_table(gm_text *text, const gm_profile_row *rows, size_t count, uint64_t steps, double busy,
                         const gm_bench_peak *peak) {
    gm_text_printf(text, "ceilings: %.1f GFLOP/s (matrix kernel in the cache), %.1f GB/s (triad in memory)\n\n",
                   peak->gemm_gflops, peak->triad_gbps);
    gm_text_printf(text, "%-40s %9s %11s %7s %9s %8s %10s\n", "kernel", "calls", "ms/step", "share", "GFLOP/s", "GB/s",
                   "of ceiling");
    for (size_t i = 0; i < count; i++) {
        double seconds = GM_MAX(rows[i].seconds, 1e-12);
        gm_text_printf(text, "%-40s %9zu %11.4f %6.1f%% %9.2f %8.2f %10.2f\n", rows[i].kernel, rows[i].calls,
                       1e3 * rows[i].seconds / (double)steps, busy > 0 ? 100 * rows[i].seconds / busy : 0,
                       1e-9 * rows[i].flop / seconds, 1e-9 * rows[i].bytes / seconds, share_of_ceiling(&rows[i], peak));
    }
}

gm_status gm_trainer_write_profile(gm_trainer *trainer, const char *folder, uint64_t steps, const gm_moment *start) {
    double waiting = gm_trainer_waiting_since(trainer, start);
    gm_status status = GM_OK;
    gm_text text = {0}, path = {0};
    gm_profile_row *rows = NULL;
    size_t count = 0;
    double span = 0, busy = 0;
    gm_bench_peak peak;
    steps = GM_MAX(steps, UINT64_C(1));
    gm_text_printf(&path, "%s/trace.json", folder);
    gm_status traced = path.failed ? gm_fail_memory(0, "a file's name") : gm_profile_trace(trainer->device, path.data);
    GM_TRY_DONE(gm_profile_stop(trainer->device, &rows, &count, &span, &busy)); // whatever became of the trace
    GM_TRY_DONE(traced);
    GM_TRY_DONE(gm_bench_peak_measure(trainer->device, 0, &peak));
    gm_text_printf(&text, "%llu steps: %.3f ms each, %.1f %% of it not covered by any kernel\n",
                   (unsigned long long)steps, 1e3 * span / (double)steps, span > 0 ? 100 * (1 - busy / span) : 0);
    gm_text_printf(&text, "waiting for data: %.1f %% of the time\n", 100 * waiting);
    append_table(&text, rows, count, steps, busy, &peak);
    path.length = 0;
    gm_text_printf(&path, "%s/kernels.txt", folder);
    status = text.failed || path.failed ? gm_fail_memory(text.length, "a profile")
                                        : gm_file_write_atomic(path.data, text.data, text.length);
done:
    free(rows);
    gm_text_finish(&text);
    gm_text_finish(&path);
    return status;
}

gm_status gm_trainer_profile(gm_trainer *trainer, const char *folder, size_t steps) {
    GM_TRY(gm_folder_create(folder));
    GM_TRY(gm_trainer_wait(trainer));
    GM_TRY(gm_profile_start(trainer->device));
    gm_moment start = gm_trainer_moment(trainer);
    gm_status status = GM_OK;
    for (size_t i = 0; status == GM_OK && i < steps; i++)
        status = gm_trainer_step(trainer);
    gm_status written = gm_trainer_write_profile(trainer, folder, steps, &start);
    return status == GM_OK ? written : status;
}
