// Any bytes as a run's log: replaying it in two parts, as a run that was interrupted would have, gives the same.
#include "fuzz.h"
#include "train/monitor.h"

#include <string.h>

static const gm_watch_terms terms = {.warmup = 10};

static bool equal(const gm_watch *a, const gm_watch *b) {
    if (a->count != b->count || memcmp(a->held, b->held, sizeof a->held) != 0 ||
        memcmp(a->reached, b->reached, sizeof a->reached) != 0 || memcmp(a->gap, b->gap, sizeof a->gap) != 0)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->entries[i].step != b->entries[i].step || a->entries[i].healthy != b->entries[i].healthy ||
            memcmp(&a->entries[i].score, &b->entries[i].score, sizeof(double)) != 0)
            return false;
    return true;
}

static void check_choice(uint64_t step, const uint64_t *steps, size_t count) {
    bool found = step == GM_RUN_NO_STEP;
    for (size_t i = 0; i < count; i++)
        found = found || step == steps[i];
    fuzz_expect(found, "a checkpoint was chosen that is not there");
}

bool fuzz_one(const uint8_t *data, size_t bytes) {
    static const uint64_t steps[] = {0, 1, 20, 1000, UINT64_MAX - 1};
    const char *text = (const char *)data, *feed = memchr(text + bytes / 2, '\n', bytes - bytes / 2);
    size_t part = feed ? (size_t)(feed + 1 - text) : 0;
    gm_watch whole = {0}, parts = {0};
    fuzz_expect(gm_watch_replay(&whole, &terms, text, bytes) == GM_OK, "memory ran out");
    fuzz_expect(gm_watch_replay(&parts, &terms, text, part) == GM_OK &&
                    gm_watch_replay(&parts, &terms, text + part, bytes - part) == GM_OK,
                "memory ran out");
    fuzz_expect(equal(&whole, &parts), "a log replayed in two parts gives another history");
    check_choice(gm_watch_best(&whole, steps, GM_COUNT(steps)), steps, GM_COUNT(steps));
    check_choice(gm_watch_last_good(&whole, steps, GM_COUNT(steps)), steps, GM_COUNT(steps));
    bool accepted = whole.count > 0;
    gm_watch_finish(&whole);
    gm_watch_finish(&parts);
    return accepted;
}
