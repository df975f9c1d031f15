// Numbers as text and back, with a point whatever the program's locale: kernels, files and recipes are read by others.
#ifdef __APPLE__
#include <xlocale.h>
#endif
#include "base/base.h"

#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t plain; // NULL, memory being exhausted, leaves the locale as it is

static void make_plain(void) {
    plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static locale_t enter_plain(void) {
    pthread_once(&once, make_plain);
    return uselocale(plain);
}

int gm_vsnprintf(char *text, size_t size, const char *format, va_list arguments) {
    locale_t before = enter_plain();
    int length = vsnprintf(text, size, format, arguments);
    uselocale(before);
    return length;
}

int gm_snprintf(char *text, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = gm_vsnprintf(text, size, format, arguments);
    va_end(arguments);
    return length;
}

double gm_parse_double(const char *text, char **end) {
    locale_t before = enter_plain();
    double number = strtod(text, end);
    uselocale(before);
    return number;
}

bool gm_multiply_sizes(size_t a, size_t b, size_t *product) {
    if (b != 0 && a > SIZE_MAX / b)
        return false;
    *product = a * b;
    return true;
}
