// Options that several commands have.
#include "command.h"

#include "ganymede/sample.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_size(const char *text, size_t size[2]) {
    char *end = (char *)text;
    for (int i = 0; i < 2; i++) {
        if (*end < '0' || *end > '9')
            return false;
        size[i] = (size_t)strtoul(end, &end, 10);
        if (size[i] < 1 || size[i] > 4096)
            return false;
        if (i == 0 && *end == '\0')
            size[++i] = size[0];
        else if (*end++ != (i == 0 ? 'x' : '\0'))
            return false;
    }
    return true;
}

bool option_size(const usage_text *usage, const char *text, size_t size[2]) {
    if (!text || parse_size(text, size))
        return true;
    usage_error(usage, "--size expects H or HxW, 1 to 4096 each, such as 64 or 48x64, not '%s'", text);
    return false;
}

bool option_split(const usage_text *usage, const char *text, gm_split *split) {
    bool test = text && strcmp(text, "test") == 0;
    if (text && !test && strcmp(text, "train") != 0) {
        usage_error(usage, "--split expects train or test, not '%s'", text);
        return false;
    }
    *split = test ? GM_SPLIT_TEST : GM_SPLIT_TRAIN;
    return true;
}

bool option_fit(const usage_text *usage, const char *text, gm_fit *fit) {
    static const char *const names[] = {
        [GM_FIT_AUTO] = "auto", [GM_FIT_PAD] = "pad", [GM_FIT_RESIZE] = "resize", [GM_FIT_CROP] = "crop"};
    for (size_t i = 0; text && i < COUNT(names); i++)
        if (strcmp(text, names[i]) == 0) {
            *fit = (gm_fit)i;
            return true;
        }
    if (text)
        usage_error(usage, "--fit expects pad, resize or crop, not '%s'", text);
    return !text;
}

// ---- Where results go ----

// The text in small letters, cut to the room.
static void to_lower(char *lower, size_t room, const char *text) {
    size_t i = 0;
    for (; text[i] && i + 1 < room; i++)
        lower[i] = (char)tolower((unsigned char)text[i]);
    lower[i] = '\0';
}

static bool has_word(const char *text, const char *word) {
    size_t length = strlen(word);
    for (const char *at = text; length > 0 && (at = strstr(at, word)) != NULL; at += length)
        if (!isalnum((unsigned char)at[length]))
            return true;
    return false;
}

// Whether the path's ending is among those in the text, by any name that its format has.
static bool ends_in(const char *path, const char *endings) {
    const gm_sample_format *format;
    const char *slash = strrchr(path, '/'), *ending = strrchr(slash ? slash + 1 : path, '.');
    char lower[16];
    to_lower(lower, sizeof lower,
             gm_sample_format_find(path, &format) == GM_OK ? format->ending
             : ending                                      ? ending
                                                           : "");
    return has_word(endings, lower);
}

bool option_ending(const usage_text *usage, const char *option, const char *path, const char *endings, bool *folder) {
    const gm_sample_format *format;
    bool named = endings ? ends_in(path, endings) : gm_sample_format_find(path, &format) == GM_OK, or_folder = *folder;
    *folder = or_folder && (names_folder(path) || (!endings && !named));
    if (*path == '\0' || (!*folder && !endings))
        usage_error(usage, "%s expects a folder, not '%s'", option, path);
    else if (!*folder && !named)
        usage_error(usage, "%s expects a name that ends in %s%s, not '%s'", option, endings,
                    or_folder ? ", or a folder's without an ending" : "", path);
    else
        return true;
    return false;
}

bool option_output(const usage_text *usage, const char *option, const char *path, const char *endings, bool folder,
                   int *exit_code) {
    *exit_code = EXIT_USAGE;
    if (!option_ending(usage, option, path, endings, &folder))
        return false;
    *exit_code = gm_output_check(path, folder) == GM_OK ? EXIT_OK : fail_with_message();
    return *exit_code == EXIT_OK;
}

bool option_format(const usage_text *usage, const char *text, const char *names) {
    const gm_sample_format *format;
    char path[64], name[24];
    if (!text)
        return true;
    snprintf(path, sizeof path, "x.%s", text);
    if (gm_sample_format_find(path, &format) == GM_OK) {
        to_lower(name, sizeof name, format->name);
        if (has_word(names, name))
            return true;
    }
    usage_error(usage, "--format expects %s, not '%s'", names, text);
    return false;
}
