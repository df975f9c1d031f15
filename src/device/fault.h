// Failing OpenCL calls on purpose. Every OpenCL call that can fail belongs to a class; before the call is made,
// gm_fault_due says whether this is the one that must fail. Releases, and questions asked on an error path, are exempt.
//
// GANYMEDE_FAULT=CLASS:N fails the N-th call of a class, once; it is read whenever devices are listed or opened. Tests
// arm the same from inside: a sweep arms "launch:1", "launch:2", ... until gm_fault_calls shows that the run ended
// before its N-th call. The state belongs to the process and may be used from any thread.
#ifndef GM_DEVICE_FAULT_H
#define GM_DEVICE_FAULT_H

#include "base/base.h"

typedef enum gm_fault_class {
    GM_FAULT_NONE = 0,
    GM_FAULT_DEVICE, // platforms, devices, what they report, contexts, queues
    GM_FAULT_ALLOC,  // buffers and sub-buffers
    GM_FAULT_BUILD,  // programs: creating, building, fetching their binaries
    GM_FAULT_KERNEL, // kernel objects and their arguments
    GM_FAULT_LAUNCH, // kernels, markers, CLBlast
    GM_FAULT_READ,
    GM_FAULT_WRITE, // writes and fills
    GM_FAULT_WAIT,  // flush, finish, waiting for and asking about events
    GM_FAULT_CLASSES,
} gm_fault_class;

// "CLASS:N" arms, NULL or "" disarms; both start counting from zero. Anything else fails and names the classes.
gm_status gm_fault_arm(const char *spec);
// Arms from GANYMEDE_FAULT where that is set; leaves an armed fault alone where it is not.
gm_status gm_fault_arm_environment(void);
// Calls of a class since the last arming, the failed one included.
size_t gm_fault_calls(gm_fault_class class);
const char *gm_fault_class_name(gm_fault_class class);

// Counts a call of the class. 0: make it. Else: do not; this is the OpenCL error code to report in its place.
int gm_fault_due(gm_fault_class class);

// GM_OK for code 0. Else fails with "WHAT: CL_NAME (code); what to do", GM_ERROR_MEMORY where the code means memory.
gm_status gm_cl_check(int code, const char *format, ...) GM_PRINTF(2, 3);
// "CL_OUT_OF_RESOURCES", or "an unknown OpenCL error".
const char *gm_cl_error_name(int code);

#endif
