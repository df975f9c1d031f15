// What the sub-commands of `ganymede` share: the table row, the option table and its parser, output helpers.
//
// Exit codes: 0 success, 1 a run-time error (one sentence on standard error), 2 wrong usage (one line that says what
// was expected), 130 interrupted with everything saved.
#ifndef GM_TOOLS_COMMAND_H
#define GM_TOOLS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { EXIT_OK = 0, EXIT_ERROR = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

// A row of main.c's table. `run` gets the arguments behind the sub-command's name.
typedef struct command_row {
    const char *name, *summary;
    int (*run)(int count, char **arguments);
} command_row;

int command_devices(int count, char **arguments);
int command_train(int count, char **arguments);
int command_sample(int count, char **arguments);
int command_measure(int count, char **arguments);
int command_evaluate(int count, char **arguments);
int command_bench(int count, char **arguments);
int command_tune(int count, char **arguments);

// ---- Options ----

typedef enum option_kind {
    OPTION_FLAG = 1, // bool
    OPTION_TEXT,     // const char *
    OPTION_NUMBER,   // option_number: a whole number, not negative
    OPTION_LIST,     // option_list: may be given again and again
} option_kind;

typedef struct option_number {
    bool given;
    uint64_t value;
} option_number;

// Sized by the caller for as many entries as there are arguments.
typedef struct option_list {
    const char **entries;
    size_t count;
} option_list;

typedef struct option_row {
    const char *name;     // "--steps"
    const char *argument; // what follows it in the help, NULL for a flag
    option_kind kind;
    void *value; // of the kind's type
    const char *help;
} option_row;

typedef struct usage_text {
    const char *command;   // "ganymede train"
    const char *arguments; // "RECIPE"
    const char *summary;   // one sentence
    const char *example;
    const option_row *options;
    size_t option_count;
    size_t least, most; // how many arguments without a dash
} usage_text;

// Fills the options' values and gathers the arguments without a dash into `positional` (room for usage->most).
// Returns true to go on; else *exit_code says how to leave: --help was printed (0), or the usage was wrong (2).
bool options_parse(const usage_text *usage, int count, char **arguments, const char **positional, int *exit_code);

// "ganymede train: SENTENCE (see 'ganymede train --help')" on standard error; returns EXIT_USAGE.
int usage_error(const usage_text *usage, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

// ---- Output ----

// "ganymede: " and the library's error message on standard error; returns EXIT_ERROR.
int fail_with_message(void);
// A JSON string with quotes on standard output.
void print_json_string(const char *text);
// A JSON number on standard output, null when it is not finite.
void print_json_number(double value);
// "12.3 MB" into a small buffer.
typedef struct size_text {
    char text[32];
} size_text;
size_text format_bytes(uint64_t bytes);

#endif
