// Printing for people and for programs. All text that is not the command's own is escaped here, in one place.
#include "command.h"

#include "ganymede/base.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// ---- Text from elsewhere ----

static void print_text(FILE *file, gm_escape_kind kind, const char *text) {
    size_t bytes = gm_escape(kind, NULL, 0, text) + 1;
    char *shown = malloc(bytes);
    if (shown)
        gm_escape(kind, shown, bytes, text);
    fputs(shown ? shown : "(out of memory)", file);
    free(shown);
}

static void print_format(FILE *file, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    size_t bytes = length < 0 ? 1 : (size_t)length + 1;
    char *text = calloc(bytes, 1);
    if (text)
        vsnprintf(text, bytes, format, arguments);
    print_text(file, GM_ESCAPE_LINE, text ? text : "(out of memory)");
    free(text);
}

void print_part(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_format(stdout, format, arguments);
    va_end(arguments);
}

void print_line(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_format(stdout, format, arguments);
    va_end(arguments);
    putchar('\n');
}

void print_block(const char *text) {
    print_text(stdout, GM_ESCAPE_LINES, text);
}

void print_error(const char *start, const char *end, const char *format, va_list arguments) {
    fprintf(stderr, "%s: ", start);
    print_format(stderr, format, arguments);
    fprintf(stderr, "%s\n", end);
}

int fail_with(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_error("ganymede", "", format, arguments);
    va_end(arguments);
    return EXIT_ERROR;
}

int fail_with_message(void) {
    fprintf(stderr, "ganymede: %s\n", gm_error_message());
    return EXIT_ERROR;
}

// ---- JSON ----

void print_json_string(const char *text) {
    putchar('"');
    print_text(stdout, GM_ESCAPE_JSON, text ? text : "");
    putchar('"');
}

void print_json_number(double value) {
    if (isfinite(value))
        printf("%.9g", value);
    else
        printf("null");
}

// ---- Sizes ----

size_text format_bytes(uint64_t bytes) {
    static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1000 && unit + 1 < COUNT(units)) {
        value /= 1000;
        unit++;
    }
    size_text result;
    snprintf(result.text, sizeof result.text, "%.*f %s", unit > 0 && value < 100 ? 1 : 0, value, units[unit]);
    return result;
}

// ---- Paths ----

bool names_folder(const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    struct stat info;
    return *name == '\0' || !strchr(name + 1, '.') || (stat(path, &info) == 0 && S_ISDIR(info.st_mode));
}
