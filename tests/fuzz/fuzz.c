// libFuzzer's entry. A target that has had many inputs and found none acceptable fails: it tests the reader's first
// check alone.
#include "fuzz.h"

#include "ganymede/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MANY = 1000 };

static size_t inputs, accepted;

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void check_reached(void) {
    fprintf(stderr, "%zu of %zu inputs were accepted\n", accepted, inputs);
    if (inputs >= MANY && accepted == 0)
        _exit(1);
}

static void say_nothing(gm_log_level level, const char *message, void *user) {
    (void)level;
    (void)message;
    (void)user;
}

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count, (void)arguments;
    gm_log_set(say_nothing, NULL);
    return atexit(check_reached);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    inputs++;
    accepted += fuzz_one(data, bytes);
    return 0;
}

void fuzz_expect(bool holds, const char *text) {
    if (holds)
        return;
    fprintf(stderr, "%s\n", text);
    abort();
}
