// Compiler logs turned into one message that begins with the .cl file and line of the first error.
#include "device/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_BYTES = 1400 }; // of the 2048 that an error message holds

// The first line that reports an error, else the first that is not empty.
static const char *first_error(const char *log) {
    const char *first = NULL;
    for (const char *line = log; *line;) {
        size_t length = strcspn(line, "\n");
        const char *word = strstr(line, "error");
        if (word && word < line + length)
            return line;
        if (!first && length > 0)
            first = line;
        line += length + (line[length] == '\n');
    }
    return first;
}

typedef struct place {
    const char *name; // not terminated
    size_t length;    // 0: the log names no place
    size_t line;
    const char *rest; // behind "name:line", or the line's begin
} place;

// Finds "name:line" in a log line: clang writes "conv.cl:12:5: error: ...", pocl "error: conv.cl:12:5: ...".
static place find_place(const char *line) {
    for (const char *c = line; *c && *c != '\n'; c++) {
        if (*c != ':' || c == line || isspace((unsigned char)c[-1]) || !isdigit((unsigned char)c[1]))
            continue;
        char *end;
        unsigned long number = strtoul(c + 1, &end, 10);
        if (*end != ':' && *end != ',')
            continue;
        const char *name = c;
        while (name > line && !isspace((unsigned char)name[-1]) && name[-1] != '"')
            name--;
        return (place){name, (size_t)(c - name), number, end};
    }
    return (place){.rest = line};
}

// Oclgrind ignores #line and counts lines of the whole text: find the part that line falls into.
static void locate(const gm_source *sources, size_t count, place *at) {
    for (size_t i = 0; i < count; i++)
        if (strlen(sources[i].name) == at->length && memcmp(sources[i].name, at->name, at->length) == 0)
            return;
    size_t line = at->line;
    for (size_t i = 0; i < count; i++) {
        size_t lines = 1;
        for (const char *c = sources[i].text; *c; c++)
            lines += *c == '\n';
        if (line > 1 && line - 1 <= lines) { // -1: the #line in front
            at->name = sources[i].name;
            at->length = strlen(sources[i].name);
            at->line = line - 1;
            return;
        }
        line -= GM_MIN(line, lines + 1);
    }
}

void gm_debug_build(const char *log) {
    for (const char *line = log; *line; line += strspn(line, "\n")) {
        size_t length = strcspn(line, "\n");
        gm_debug("compiler: %.*s", (int)GM_MIN(length, (size_t)1000), line);
        line += length;
    }
}

gm_status gm_fail_build(const gm_source *sources, size_t count, const char *options, const char *device_name,
                        const char *log) {
    const char *error = first_error(log);
    if (!error)
        return gm_fail(GM_ERROR_DEVICE,
                       "%s: building it on device \"%s\" with \"%s\" failed, and the driver says nothing",
                       count ? sources[count - 1].name : "program", device_name, options);
    place at = find_place(error);
    size_t length = strcspn(error, "\n");
    if (at.length == 0)
        return gm_fail(GM_ERROR_DEVICE, "%s: building it on device \"%s\" with \"%s\" failed: %.*s",
                       count ? sources[count - 1].name : "program", device_name, options,
                       (int)GM_MIN(length, LOG_BYTES), error);
    locate(sources, count, &at);
    size_t shown = GM_MIN(strlen(error), (size_t)LOG_BYTES);
    if (error[shown] != '\0') // cut at a line's end
        while (shown > length && error[shown] != '\n')
            shown--;
    shown = GM_MIN(shown, (size_t)LOG_BYTES);
    while (shown > 0 && error[shown - 1] == '\n')
        shown--;
    return gm_fail_lines(GM_ERROR_DEVICE,
                         "%.*s:%zu: does not compile on device \"%s\" with \"%s\"; the compiler says:\n%.*s%s",
                         (int)at.length, at.name, at.line, device_name, options, (int)shown, error,
                         error[shown] && error[shown + 1] ? "\n... (GANYMEDE_LOG=debug prints it all)" : "");
}
