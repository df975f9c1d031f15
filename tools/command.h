// What the sub-commands of `ganymede` share: the table row, the option table and its parser, output helpers.
//
// Exit codes: 0 success, 1 a run-time error (one sentence on standard error), 2 wrong usage (one line that says what
// was expected), 130 interrupted with everything saved.
#ifndef GM_TOOLS_COMMAND_H
#define GM_TOOLS_COMMAND_H

#include "ganymede/data.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define PRINTF(string, first) __attribute__((format(printf, string, first)))
#else
#define PRINTF(string, first)
#endif

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { EXIT_OK = 0, EXIT_ERROR = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

// A row of main.c's table. `run` gets the arguments behind the sub-command's name.
typedef struct command_row {
    const char *name, *summary;
    int (*run)(int count, char **arguments);
} command_row;

int command_devices(int count, char **arguments);
int command_augment(int count, char **arguments);
int command_data(int count, char **arguments);
int command_train(int count, char **arguments);
int command_sample(int count, char **arguments);
int command_directions(int count, char **arguments);
int command_saliency(int count, char **arguments);
int command_project(int count, char **arguments);
int command_interpolate(int count, char **arguments);
int command_complete(int count, char **arguments);
int command_measure(int count, char **arguments);
int command_evaluate(int count, char **arguments);
int command_impute(int count, char **arguments);
int command_translate(int count, char **arguments);
int command_bench(int count, char **arguments);
int command_privacy(int count, char **arguments);
int command_tune(int count, char **arguments);

// "devices, train, sample"
typedef struct name_list {
    char text[256];
} name_list;
name_list list_names(const command_row *rows, size_t count);

// ---- Options ----

typedef enum option_kind {
    OPTION_FLAG = 1, // bool
    OPTION_TEXT,     // const char *
    OPTION_NUMBER,   // option_number: a whole number, not negative
    OPTION_DECIMAL,  // option_decimal: a number, or one over another, "64/60000"
    OPTION_LIST,     // option_list: may be given again and again
    OPTION_COUNT,    // option_number, whose number may be left out: its value stays as it was
} option_kind;

typedef struct option_number {
    bool given;
    uint64_t value;
} option_number;

typedef struct option_decimal {
    bool given;
    double value;
} option_decimal;

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

// Whether what is written is another file than what is read (NULL: nothing); else that was wrong usage, and said.
bool option_apart(const usage_text *usage, const char *read, const char *written);

// "ganymede train: SENTENCE (see 'ganymede train --help')" on standard error; returns EXIT_USAGE.
int usage_error(const usage_text *usage, const char *format, ...) PRINTF(2, 3);

// Options that several commands have; NULL: not given. False: they are wrong, which is said.
// --size: "64" or "48x64", height and width
bool option_size(const usage_text *usage, const char *text, size_t size[2]);
// -o and its like: a file whose name ends in one of the endings (text for people: ".png, .jpg or .webp"; NULL: none),
// or a new or empty folder; and whether it can be written, before any work. *exit_code: how to leave.
bool option_output(const usage_text *usage, const char *option, const char *path, const char *endings, bool folder,
                   int *exit_code);
// Its first half: whether the name will do. *folder: whether a folder would do -> whether it is one.
bool option_ending(const usage_text *usage, const char *option, const char *path, const char *endings, bool *folder);
// --format: one of the names (text for people: "png, tiff or webp")
bool option_format(const usage_text *usage, const char *text, const char *names);
// --split: train or test; not given: train
bool option_split(const usage_text *usage, const char *text, gm_split *split);
// --fit: pad, resize or crop
bool option_fit(const usage_text *usage, const char *text, gm_fit *fit);

// ---- Output ----

// All text that comes from elsewhere (names of files, data sets and devices, arguments) goes through these: whatever
// the arguments hold, a line stays one line that a terminal can show (gm_escape).
//
// A part of a line on standard output, and a whole line or its end: a line feed follows.
void print_part(const char *format, ...) PRINTF(1, 2);
void print_line(const char *format, ...) PRINTF(1, 2);
// A text of several lines on standard output.
void print_block(const char *text);
// "ganymede: ..." and a line feed on standard error; returns EXIT_ERROR.
int fail_with(const char *format, ...) PRINTF(1, 2);
// The same with the library's error message.
int fail_with_message(void);
// "START: ...END" and a line feed on standard error.
void print_error(const char *start, const char *end, const char *format, va_list arguments);
// A JSON string with quotes on standard output.
void print_json_string(const char *text);
// A JSON number on standard output, null when it is not finite.
void print_json_number(double value);
// "12.3 MB" into a small buffer.
typedef struct size_text {
    char text[32];
} size_text;
size_text format_bytes(uint64_t bytes);
// DIR/, DIR without an ending, or a folder that is there.
bool names_folder(const char *path);

#endif
