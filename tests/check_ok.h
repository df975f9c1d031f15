// For tests: a call that must succeed.
#ifndef GM_TESTS_CHECK_OK_H
#define GM_TESTS_CHECK_OK_H

#include "ganymede/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

// Fails the test with the library's message.
static inline void check_ok(gm_status status) {
    if (status != GM_OK)
        fail_msg("%s", gm_error_message());
}

#endif
