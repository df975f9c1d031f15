// Printing for people and for programs.
#include "command.h"

#include "ganymede/base.h"

#include <math.h>
#include <stdio.h>

int fail_with_message(void) {
    fprintf(stderr, "ganymede: %s\n", gm_error_message());
    return EXIT_ERROR;
}

void print_json_string(const char *text) {
    putchar('"');
    for (const unsigned char *c = (const unsigned char *)(text ? text : ""); *c; c++) {
        if (*c == '"' || *c == '\\')
            printf("\\%c", *c);
        else if (*c < 0x20)
            printf("\\u%04x", (unsigned)*c);
        else
            putchar(*c);
    }
    putchar('"');
}

void print_json_number(double value) {
    if (isfinite(value))
        printf("%.9g", value);
    else
        printf("null");
}

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
