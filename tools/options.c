// The option parser: one table per sub-command gives both the parsing and the help.
#include "command.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int usage_error(const usage_text *usage, const char *format, ...) {
    char hint[80];
    va_list arguments;
    snprintf(hint, sizeof hint, " (see '%s --help')", usage->command);
    va_start(arguments, format);
    print_error(usage->command, hint, format, arguments);
    va_end(arguments);
    return EXIT_USAGE;
}

name_list list_names(const command_row *rows, size_t count) {
    name_list list = {""};
    for (size_t i = 0, used = 0; i < count && used < sizeof list.text; i++)
        used += (size_t)snprintf(list.text + used, sizeof list.text - used, "%s%s", i > 0 ? ", " : "", rows[i].name);
    return list;
}

bool option_apart(const usage_text *usage, const char *read, const char *written) {
    struct stat a, b;
    if (!read || !written || stat(read, &a) != 0 || stat(written, &b) != 0 || a.st_dev != b.st_dev ||
        a.st_ino != b.st_ino)
        return true;
    usage_error(usage, "%s is what is read: name another file to write", written);
    return false;
}

static void print_usage(const usage_text *usage) {
    printf("usage: %s %s%s[OPTIONS]\n\n%s\n\n", usage->command, usage->arguments, *usage->arguments ? " " : "",
           usage->summary);
    for (size_t i = 0; i < usage->option_count; i++) {
        const option_row *option = &usage->options[i];
        char left[40];
        snprintf(left, sizeof left, "%s%s%s", option->name, option->argument ? " " : "",
                 option->argument ? option->argument : "");
        printf("  %-18s %s\n", left, option->help);
    }
    printf("  %-18s %s\n\nExample: %s\n", "--help", "print this", usage->example);
}

static bool parse_number(const char *text, uint64_t *value) {
    char *end = NULL;
    errno = 0;
    unsigned long long parsed = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0)
        return false;
    *value = parsed;
    return true;
}

// "0.5" or "64/60000".
static bool parse_decimal(const char *text, double *value) {
    char *end = NULL;
    double below = 1;
    *value = strtod(text, &end);
    if (end == text)
        return false;
    if (*end == '/') {
        const char *second = end + 1;
        below = strtod(second, &end);
        if (end == second || below == 0)
            return false;
    }
    *value /= below;
    return *end == '\0' && isfinite(*value);
}

// `text` is NULL for a flag, and for a count that is left out.
static bool store(const usage_text *usage, const option_row *option, const char *text, int *exit_code) {
    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)option->value = true;
        return true;
    case OPTION_TEXT:
        *(const char **)option->value = text;
        return true;
    case OPTION_NUMBER: {
        option_number *number = option->value;
        number->given = true;
        if (parse_number(text, &number->value))
            return true;
        *exit_code = usage_error(usage, "%s expects a whole number, not '%s'", option->name, text);
        return false;
    }
    case OPTION_DECIMAL: {
        option_decimal *number = option->value;
        number->given = true;
        if (parse_decimal(text, &number->value))
            return true;
        *exit_code = usage_error(usage, "%s expects a number, not '%s'", option->name, text);
        return false;
    }
    case OPTION_COUNT: {
        option_number *number = option->value;
        number->given = true;
        if (!text || parse_number(text, &number->value))
            return true;
        *exit_code = usage_error(usage, "%s expects a whole number or nothing, not '%s'", option->name, text);
        return false;
    }
    case OPTION_LIST: {
        option_list *list = option->value;
        list->entries[list->count++] = text;
        return true;
    }
    }
    return false;
}

// Matches "--name", and "--name=value" for a long option that takes one (*value is then the value, else NULL).
static const option_row *find_option(const usage_text *usage, const char *argument, const char **value) {
    const char *equals = strncmp(argument, "--", 2) == 0 ? strchr(argument, '=') : NULL;
    size_t length = equals ? (size_t)(equals - argument) : strlen(argument);
    *value = equals ? equals + 1 : NULL;
    for (size_t i = 0; i < usage->option_count; i++) {
        const char *name = usage->options[i].name;
        if (strlen(name) == length && strncmp(name, argument, length) == 0)
            return &usage->options[i];
    }
    return NULL;
}

bool options_parse(const usage_text *usage, int count, char **arguments, const char **positional, int *exit_code) {
    size_t found = 0;
    bool only_positional = false;
    for (int i = 0; i < count; i++) {
        const char *argument = arguments[i], *value = NULL;
        if (!only_positional && strcmp(argument, "--") == 0) {
            only_positional = true;
            continue;
        }
        if (only_positional || argument[0] != '-' || argument[1] == '\0') {
            if (found == usage->most) {
                *exit_code = usage_error(usage, "'%s' is one argument too many; expected %s", argument,
                                         *usage->arguments ? usage->arguments : "options only");
                return false;
            }
            positional[found++] = argument;
            continue;
        }
        if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
            print_usage(usage);
            *exit_code = EXIT_OK;
            return false;
        }
        const option_row *option = find_option(usage, argument, &value);
        if (!option) {
            *exit_code = usage_error(usage, "unknown option '%s'", argument);
            return false;
        }
        if (option->kind == OPTION_FLAG && value) {
            *exit_code = usage_error(usage, "%s takes no value", option->name);
            return false;
        }
        if (option->kind == OPTION_COUNT && !value) {
            bool follows = i + 1 < count && strspn(arguments[i + 1], "0123456789") == strlen(arguments[i + 1]);
            value = follows && *arguments[i + 1] ? arguments[++i] : NULL;
        } else if (option->kind != OPTION_FLAG && !value) {
            if (i + 1 == count) {
                *exit_code = usage_error(usage, "%s expects %s behind it", option->name, option->argument);
                return false;
            }
            value = arguments[++i];
        }
        if (!store(usage, option, value, exit_code))
            return false;
    }
    if (found < usage->least) {
        *exit_code = usage_error(usage, "expected %s", usage->arguments);
        return false;
    }
    return true;
}
