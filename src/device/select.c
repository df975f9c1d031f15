// Which of the devices found a selector names.
#include "device/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const type_names[] = {[GM_DEVICE_OTHER] = "other",
                                         [GM_DEVICE_CPU] = "cpu",
                                         [GM_DEVICE_GPU] = "gpu",
                                         [GM_DEVICE_ACCELERATOR] = "accelerator"};

enum { NOTHING = -1 };

static bool same_letters(const char *a, const char *b, size_t length) { // in any case; stops at either's end
    for (size_t i = 0; i < length; i++)
        if (tolower((unsigned char)a[i]) != tolower((unsigned char)b[i]) || a[i] == '\0')
            return false;
    return true;
}

bool gm_contains_any_case(const char *text, const char *part) {
    size_t length = strlen(part);
    for (; *text; text++)
        if (same_letters(text, part, length))
            return true;
    return false;
}

// A number and nothing behind it.
static bool parse_index(const char *text, long *value) {
    if (!isdigit((unsigned char)*text))
        return false;
    char *end;
    *value = strtol(text, &end, 10);
    return *end == '\0';
}

// "gpu", "gpu:1"; *index = -1 without a number.
static bool parse_type(const char *selector, gm_device_type *type, long *index) {
    size_t length = strcspn(selector, ":");
    for (int i = GM_DEVICE_CPU; i <= GM_DEVICE_ACCELERATOR; i++) {
        if (strlen(type_names[i]) != length || !same_letters(selector, type_names[i], length))
            continue;
        *type = (gm_device_type)i;
        *index = NOTHING;
        return selector[length] == '\0' || parse_index(selector + length + 1, index);
    }
    return false;
}

static bool parse_pair(const char *selector, long *platform, long *device) {
    char first[16];
    size_t length = strcspn(selector, ":");
    if (selector[length] != ':' || length >= sizeof first)
        return false;
    memcpy(first, selector, length);
    first[length] = '\0';
    return parse_index(first, platform) && parse_index(selector + length + 1, device);
}

// Best of those that match. Simulators and devices that are switched off have a negative score: they come only by
// name or index, so `any_score` says whether they count.
static long best(const gm_found *found, size_t count, bool any_score, bool (*match)(const gm_found *, const void *),
                 const void *argument) {
    long chosen = NOTHING;
    for (size_t i = 0; i < count; i++) {
        const gm_device_info *info = &found[i].info;
        if ((any_score || info->score >= 0) && match(&found[i], argument) &&
            (chosen == NOTHING || info->score > found[chosen].info.score))
            chosen = (long)i;
    }
    return chosen;
}

static bool match_any(const gm_found *found, const void *unused) {
    (void)found, (void)unused;
    return true;
}

static bool match_type(const gm_found *found, const void *type) {
    return found->info.type == *(const gm_device_type *)type;
}

// The vendors too: pocl's platform is called "Portable Computing Language", by "The pocl project".
static bool match_name(const gm_found *found, const void *part) {
    const char *const texts[] = {found->info.name, found->info.platform, found->info.vendor, found->platform_vendor};
    for (size_t i = 0; i < GM_COUNT(texts); i++)
        if (texts[i] && gm_contains_any_case(texts[i], part))
            return true;
    return false;
}

static long select_index(const gm_found *found, size_t count, const char *selector) {
    gm_device_type type;
    long first, second;
    if (parse_type(selector, &type, &first)) {
        if (first == NOTHING)
            return best(found, count, false, match_type, &type);
        for (size_t i = 0; i < count; i++)
            if (found[i].info.type == type && found[i].info.score >= 0 && first-- == 0)
                return (long)i;
        return NOTHING;
    }
    if (parse_pair(selector, &first, &second)) {
        for (size_t i = 0; i < count; i++)
            if (found[i].info.platform_index == first && found[i].info.device_index == second)
                return (long)i;
        return NOTHING;
    }
    // A bare number would match any name with that digit in it: surely a mistake.
    bool letter = false;
    for (const char *c = selector; *c; c++)
        letter = letter || isalpha((unsigned char)*c);
    return letter ? best(found, count, true, match_name, selector) : NOTHING;
}

static gm_status fail_with_list(const gm_found *found, size_t count, const char *problem) {
    gm_text text = {0};
    for (size_t i = 0; i < count; i++) {
        const gm_device_info *info = &found[i].info;
        gm_text_printf(&text, "\n  %d:%d  %-11s  %s (%s)", info->platform_index, info->device_index,
                       info->simulator ? "simulator" : type_names[info->type], info->name, info->platform);
    }
    gm_status status = gm_fail(
        GM_ERROR_ARGUMENT,
        "%s; say gpu, cpu or accelerator (gpu:1 for the second), P:D, part of a name of these, or a description's "
        "name (`ganymede devices --described`):",
        problem);
    gm_fail_lines(status, "%s%s", gm_error_message(), text.data ? text.data : "");
    gm_text_finish(&text);
    return status;
}

gm_status gm_found_choose(const gm_found *found, size_t count, const char *selector, size_t *index) {
    const char *source = "";
    if (!selector || !*selector) {
        selector = getenv("GANYMEDE_DEVICE");
        source = "GANYMEDE_DEVICE: ";
    }
    bool automatic = !selector || !*selector;
    long chosen = automatic ? best(found, count, false, match_any, NULL) : select_index(found, count, selector);
    if (chosen != NOTHING) {
        *index = (size_t)chosen;
        return GM_OK;
    }
    char problem[256];
    if (automatic)
        snprintf(problem, sizeof problem, "only simulators or unavailable devices are here, used only when named");
    else
        snprintf(problem, sizeof problem, "%sno OpenCL device \"%s\"", source, selector);
    return fail_with_list(found, count, problem);
}
