// Large pages for large buffers of CPUs, whose memory is the host's: kernels that walk over megabytes spend up to a
// tenth of their time on translating addresses of pages of 4 KB.
#define _DEFAULT_SOURCE // madvise is not in POSIX
#include "device/internal.h"

#include <stdint.h>
#include <sys/mman.h>

#ifdef MADV_HUGEPAGE
enum { LARGE_PAGE = 2 << 20 };

// Advice, of which nothing depends but the speed: what fails is as if it had not been given.
void gm_buffer_advise(gm_buffer *buffer) {
    const gm_device *device = buffer->device;
    cl_int code;
    if (device->info.type != GM_DEVICE_CPU || device->info.simulator || buffer->bytes < 2 * LARGE_PAGE)
        return;
    void *memory = clEnqueueMapBuffer(device->queue, buffer->memory, CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION, 0,
                                      buffer->bytes, 0, NULL, NULL, &code);
    if (code != CL_SUCCESS)
        return;
    const uintptr_t begin = ((uintptr_t)memory + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    const uintptr_t end = ((uintptr_t)memory + buffer->bytes) / LARGE_PAGE * LARGE_PAGE;
    if (begin < end)
        (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
    clEnqueueUnmapMemObject(device->queue, buffer->memory, memory, 0, NULL, NULL);
}
#else
void gm_buffer_advise(gm_buffer *buffer) {
    (void)buffer;
}
#endif
