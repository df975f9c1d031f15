// For tests on a device: one device for the group.
#ifndef GM_TESTS_DEVICE_TEST_H
#define GM_TESTS_DEVICE_TEST_H

#include "check_ok.h"
#include "ganymede/device.h"

#include <stdio.h>

static gm_device *device;

static inline int open_device(void **unused) {
    (void)unused;
    return gm_device_open(&device, NULL) == GM_OK ? 0 : (fprintf(stderr, "%s\n", gm_error_message()), -1);
}

static inline int close_device(void **unused) {
    (void)unused;
    gm_device_close(&device);
    return 0;
}

#endif
