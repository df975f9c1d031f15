// Any bytes as stored tuning choices, a device's file or a checkpoint's `variants`: as they are, and below the two
// lines that name the device. What is written must be read again as the same.
#include "base/base.h"
#include "device/internal.h"
#include "device/tuning.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static char name[] = "a device", version[] = "1";
static gm_device device = {.info = {.name = name, .driver_version = version}, .cache_identity = 0xfedcba9876543210};

static void finish(gm_tuning *tuning) {
    for (size_t i = 0; i < tuning->count; i++) {
        free(tuning->choices[i].key);
        free(tuning->choices[i].variant);
    }
    free(tuning->choices);
}

static bool parse(const char *text, size_t bytes) {
    gm_tuning first = {.device = &device}, second = first;
    bool known = false, again;
    char *written, *rewritten;
    fuzz_expect(gm_tuning_parse(&first, device.cache_identity, text, bytes, &known) == GM_OK, "memory ran out");
    fuzz_expect(known || first.count == 0, "choices of an unknown device were taken");
    for (size_t i = 0; i < first.count; i++)
        fuzz_expect(gm_tuning_find(&first, first.choices[i].key) == &first.choices[i], "an operation has two choices");
    fuzz_expect(gm_tuning_write(&first, false, &written) == GM_OK, "memory ran out");
    fuzz_expect(gm_tuning_parse(&second, device.cache_identity, written, strlen(written), &again) == GM_OK && again,
                "written choices are of an unknown device");
    fuzz_expect(gm_tuning_write(&second, false, &rewritten) == GM_OK && strcmp(written, rewritten) == 0,
                "written choices are others when read again");
    bool accepted = first.count > 0;
    free(written);
    free(rewritten);
    finish(&first);
    finish(&second);
    return accepted;
}

bool fuzz_one(const uint8_t *data, size_t bytes) {
    gm_tuning empty = {.device = &device};
    char *head;
    fuzz_expect(gm_tuning_write(&empty, false, &head) == GM_OK, "memory ran out");
    size_t length = strlen(head);
    head = realloc(head, length + bytes + 1);
    fuzz_expect(head != NULL, "memory ran out");
    memcpy(head + length, data, bytes);
    bool accepted = parse(head + length, bytes);
    accepted = parse(head, length + bytes) || accepted;
    free(head);
    return accepted;
}
