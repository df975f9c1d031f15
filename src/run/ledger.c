// privacy.json: what the private training of a run has spent.
#include "run/ledger.h"

#include "base/base.h"
#include "run/folder.h"
#include "run/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_BYTES = 1 << 16 };

gm_status gm_run_write_ledger(gm_run *run, const gm_ledger *ledger, const char *claim) {
    char path[GM_RUN_PATH_BYTES];
    gm_text text = {0};
    gm_text_append(&text, "{\"claim\": ");
    gm_text_append_json(&text, claim);
    gm_text_printf(&text,
                   ",\n \"updates\": %llu, \"items\": %llu, \"batch\": %.17g, \"noise\": %.17g, \"delta\": %.17g, "
                   "\"clip\": %.17g, \"reproducible\": %s}\n",
                   (unsigned long long)ledger->updates, (unsigned long long)ledger->items, ledger->batch, ledger->noise,
                   ledger->delta, ledger->clip, ledger->reproducible ? "true" : "false");
    gm_status status = text.failed
                           ? gm_fail_memory(256, "privacy.json")
                           : gm_file_write_atomic(gm_run_join(run, path, "privacy.json"), text.data, text.length);
    gm_text_finish(&text);
    return status;
}

static gm_status read_fields(const char *path, json_t *object, gm_ledger *ledger) {
    const char *const names[] = {"updates", "items", "batch", "noise", "delta", "clip"};
    double values[GM_COUNT(names)];
    for (size_t i = 0; i < GM_COUNT(names); i++) {
        const json_t *value = json_object_get(object, names[i]);
        values[i] = json_number_value(value);
        if (!json_is_number(value) || !(values[i] >= 0 && values[i] < 0x1p53))
            return gm_fail(GM_ERROR_FORMAT,
                           "%s: has no %s, so that what the run has spent is not known: start a new run", path,
                           names[i]);
    }
    *ledger = (gm_ledger){.updates = (uint64_t)values[0],
                          .items = (uint64_t)values[1],
                          .batch = values[2],
                          .noise = values[3],
                          .delta = values[4],
                          .clip = values[5],
                          .reproducible = json_is_true(json_object_get(object, "reproducible"))};
    return GM_OK;
}

gm_status gm_run_read_ledger(gm_run *run, gm_ledger *ledger, bool *found) {
    char path[GM_RUN_PATH_BYTES], *text;
    struct stat info;
    size_t bytes;
    json_t *object;
    *ledger = (gm_ledger){0};
    *found = stat(gm_run_join(run, path, "privacy.json"), &info) == 0 || errno != ENOENT;
    if (!*found)
        return GM_OK;
    GM_TRY(gm_file_read(path, MOST_BYTES, &text, &bytes));
    gm_status status = gm_json_parse(&object, path, "its text", text, bytes, 0);
    free(text);
    GM_TRY(status);
    status = read_fields(path, object, ledger);
    json_decref(object);
    return status;
}
