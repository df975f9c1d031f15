// Matrix products by CLBlast, with its temporary buffer kept by the device so that a running step allocates nothing.
#include "device/internal.h"

#include <clblast_c.h>
#include <pthread.h>

// CLBlast's program cache belongs to the process; before 1.6.1 it was not safe between threads.
static pthread_mutex_t clblast_lock = PTHREAD_MUTEX_INITIALIZER;

// CLBlast passes the driver's codes through and has its own from -1000 down.
static gm_status check(CLBlastStatusCode code, size_t m, size_t n, size_t k) {
    if (code == CLBlastSuccess)
        return GM_OK;
    if ((int)code > -1000 && (int)code < 0)
        return gm_cl_check((int)code, "a CLBlast product of %zux%zu by %zux%zu", m, k, k, n);
    return gm_fail(GM_ERROR_STATE, "CLBlast refuses a product of %zux%zu by %zux%zu (its code is %d)", m, k, k, n,
                   (int)code);
}

static gm_status reserve_scratch(gm_device *device, size_t bytes) {
    if (device->gemm_scratch && gm_buffer_bytes(device->gemm_scratch) >= bytes)
        return GM_OK;
    gm_buffer *grown;
    GM_TRY(gm_buffer_create(&grown, device, bytes));
    gm_buffer_destroy(&device->gemm_scratch); // OpenCL keeps it while enqueued products use it
    device->gemm_scratch = grown;
    return GM_OK;
}

gm_status gm_clblast_gemm(gm_device *device, bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k,
                          gm_buffer *a, size_t offset_a, size_t lda, gm_buffer *b, size_t offset_b, size_t ldb,
                          gm_buffer *c, size_t offset_c, size_t ldc) {
    CLBlastTranspose ta = transpose_a ? CLBlastTransposeYes : CLBlastTransposeNo;
    CLBlastTranspose tb = transpose_b ? CLBlastTransposeYes : CLBlastTransposeNo;
    size_t scratch = 0;
    cl_event *event = NULL;
    device->clblast_used = true;
    gm_status status;
    pthread_mutex_lock(&clblast_lock);
    GM_TRY_DONE(check(CLBlastSGemmTempBufferSize(CLBlastLayoutRowMajor, ta, tb, m, n, k, offset_a, lda, offset_b, ldb,
                                                 offset_c, ldc, &device->queue, &scratch),
                      m, n, k));
    GM_TRY_DONE(reserve_scratch(device, scratch));
    GM_TRY_DONE(gm_profile_reserve(device, &event));
    GM_TRY_DONE(
        gm_cl_check(gm_fault_due(GM_FAULT_LAUNCH), "launching a CLBlast product of %zux%zu by %zux%zu", m, k, k, n));
    GM_TRY_DONE(check(CLBlastSgemmWithTempBuffer(CLBlastLayoutRowMajor, ta, tb, m, n, k, 1.0f, a->memory, offset_a, lda,
                                                 b->memory, offset_b, ldb, 0.0f, c->memory, offset_c, ldc,
                                                 &device->queue, event, device->gemm_scratch->memory),
                      m, n, k));
    device->counters.launches++;
    device->counters.commands++;
    if (event) // of CLBlast's last kernel: its packing before it is not counted
        gm_profile_commit(device, "clblast_gemm", 2.0 * (double)m * (double)n * (double)k,
                          4.0 * ((double)m * (double)k + (double)k * (double)n + (double)m * (double)n));
done:
    if (status != GM_OK && event && *event) {
        clReleaseEvent(*event);
        *event = NULL;
    }
    pthread_mutex_unlock(&clblast_lock);
    return status;
}

void gm_clblast_finish(gm_device *device) {
    gm_buffer_destroy(&device->gemm_scratch);
    if (!device->clblast_used)
        return;
    pthread_mutex_lock(&clblast_lock);
    CLBlastClearCache(); // its programs hold on to the context
    pthread_mutex_unlock(&clblast_lock);
}
