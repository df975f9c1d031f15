// For tests that write files: one folder for the group, removed with all that is in it.
#ifndef GM_TESTS_FOLDER_TEST_H
#define GM_TESTS_FOLDER_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[64];

static inline int make_folder(void **unused) {
    (void)unused;
    strcpy(folder, "/tmp/ganymede-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **unused) {
    (void)unused;
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

#endif
