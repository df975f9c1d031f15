// Why no OpenCL platform is there: no driver is installed, or those that are do not come up. The loader drops a driver
// that it cannot load without a word, so what names drivers is read again, and each is loaded once more for its reason.
#include "device/internal.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MOST_NAMED = 3, NAME_BYTES = 512 };

static int is_icd(const struct dirent *entry) {
    size_t length = strlen(entry->d_name);
    return length > 4 && strcmp(entry->d_name + length - 4, ".icd") == 0;
}

// The driver's library, which its .icd file holds in its first line.
static bool read_library(const char *path, char *library, size_t size) {
    FILE *file = fopen(path, "r");
    bool read = file && fgets(library, (int)size, file);
    if (file)
        fclose(file);
    if (read)
        library[strcspn(library, "\r\n")] = '\0';
    return read && library[0];
}

static void append_reason(gm_text *text, const char *path) {
    char library[NAME_BYTES];
    gm_text_printf(text, "%s %s: ", text->length ? ";" : "", path);
    if (!read_library(path, library, sizeof library)) {
        gm_text_append(text, "the file cannot be read");
        return;
    }
    void *driver = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    const char *reason = driver ? NULL : dlerror();
    if (driver)
        gm_text_printf(text, "%s can be loaded, but offers no platform", library);
    else
        gm_text_printf(text, "%s cannot be loaded (%s)", library, reason ? reason : "for an unknown reason");
    if (driver)
        dlclose(driver);
}

// The files that name drivers in a folder, or of one such file; returns how many there are.
static size_t append_reasons(gm_text *text, const char *place) {
    struct dirent **entries = NULL;
    int count = scandir(place, &entries, is_icd, alphasort);
    if (count < 0 && access(place, F_OK) == 0) {
        append_reason(text, place);
        return 1;
    }
    for (int i = 0; i < count; i++) {
        gm_text path = {0};
        gm_text_printf(&path, "%s%s%s", place, place[strlen(place) - 1] == '/' ? "" : "/", entries[i]->d_name);
        if (i < MOST_NAMED && !path.failed)
            append_reason(text, path.data);
        gm_text_finish(&path);
        free(entries[i]);
    }
    free(entries);
    return count > 0 ? (size_t)count : 0;
}

// Drivers map gigabytes: of a compiler, and of memory set aside.
static void append_limit(gm_text *text) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        gm_text_printf(text,
                       "; this process may map no more than %.0f MiB of memory (`ulimit -v`), which may be too little "
                       "for a driver: allow more",
                       (double)limit.rlim_cur / 1048576);
}

gm_status gm_fail_no_platform(void) {
    const char *const places[] = {getenv("OCL_ICD_VENDORS"), getenv("OPENCL_VENDOR_PATH"), "/etc/OpenCL/vendors"};
    size_t place = 0;
    while (!places[place] || !*places[place])
        place++;
    gm_text reasons = {0};
    size_t count = append_reasons(&reasons, places[place]);
    append_limit(&reasons);
    const char *detail = reasons.data ? reasons.data : "";
    gm_status status;
    if (count == 0)
        status = gm_fail(GM_ERROR_DEVICE,
                         "no OpenCL platform is installed: install your graphics driver's OpenCL package, or a CPU "
                         "driver with `apt-get install pocl-opencl-icd`%s",
                         detail);
    else
        status = gm_fail(GM_ERROR_DEVICE, "no OpenCL platform comes up, though drivers are installed:%s", detail);
    gm_text_finish(&reasons);
    return status;
}
