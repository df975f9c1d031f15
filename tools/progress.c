// How `ganymede train` shows what happens: a line rewritten in place, plain lines, JSON objects, or nothing.
#include "progress.h"

#include "command.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WORTH_SAYING .03 // of the time

typedef struct time_text {
    char text[32];
} time_text;

static time_text format_time(double seconds) {
    time_text result = {"-"};
    if (!isfinite(seconds) || seconds < 0 || seconds > 1e9)
        return result;
    long whole = (long)(seconds + .5);
    snprintf(result.text, sizeof result.text, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    return result;
}

void progress_prepare(const progress_printer *printer, bool begins) {
    if (printer->style != PROGRESS_TERMINAL)
        return;
    printf("\r\033[K%s", begins ? "preparing: a first start compiles and times kernels for some seconds" : "");
    fflush(stdout);
}

static uint64_t device_bytes(const gm_train_info *info) {
    return info->statistics.device_bytes + info->statistics.state_bytes + info->statistics.input_bytes;
}

void progress_start(progress_printer *printer, const gm_train_info *info) {
    printer->noun = info->noun;
    if (printer->style == PROGRESS_QUIET)
        return;
    if (printer->style == PROGRESS_JSON) {
        printf("{\"event\": \"start\", \"name\": ");
        print_json_string(info->name);
        printf(", \"run\": ");
        if (info->folder)
            print_json_string(info->folder);
        else
            printf("null");
        printf(", \"device\": ");
        print_json_string(info->device);
        printf(", \"data\": ");
        print_json_string(info->data);
        printf(", \"items\": %zu, \"seed\": %llu, \"step\": %llu, \"steps\": %llu, \"batch\": %zu, ", info->data_count,
               (unsigned long long)info->seed, (unsigned long long)info->step, (unsigned long long)info->steps,
               info->batch);
        for (size_t i = 0; i < info->network_count; i++)
            printf("\"%s_parameters\": %zu, ", info->networks[i].name, info->networks[i].parameters);
        if (info->from) {
            printf("\"from\": ");
            print_json_string(info->from);
            printf(", \"taken\": %zu, \"not_taken\": ", info->taken_count);
            print_json_string(info->not_taken);
            printf(", ");
        }
        if (info->privacy) {
            printf("\"privacy\": ");
            print_json_string(info->privacy);
            printf(", ");
        }
        printf("\"device_bytes\": %llu}\n", (unsigned long long)device_bytes(info));
        fflush(stdout);
        return;
    }
    print_line("%s on %s", info->name, info->device);
    char frames[40] = "";
    if (info->frames > 0)
        snprintf(frames, sizeof frames, "%zu frames of ", info->frames);
    print_line("data: %s, %zu %s of %s%zux%zux%zu%s", info->data, info->data_count, info->noun, frames, info->channels,
               info->height, info->width, info->resident ? ", on the device" : "");
    for (size_t i = 0; i < info->network_count; i++)
        printf("%s%s %zu", i ? ", " : "parameters: ", info->networks[i].name, info->networks[i].parameters);
    printf("%sdevice memory %s\n", info->network_count > 0 ? "; " : "", format_bytes(device_bytes(info)).text);
    if (info->privacy)
        print_line("privacy: %s", info->privacy);
    if (info->from) {
        print_line("from %s, step %llu: took %zu variables: %s", info->from, (unsigned long long)info->from_step,
                   info->taken_count, info->taken);
        if (info->not_taken) {
            printf("not taken:\n");
            print_block(info->not_taken);
            printf("\n");
        }
    }
    if (info->folder)
        print_line("run: %s, step %llu of %llu", info->folder, (unsigned long long)info->step,
                   (unsigned long long)info->steps);
    if (info->pretrained < info->pretraining_steps && info->step == 0)
        print_line("pretraining before it: step %llu of %llu", (unsigned long long)info->pretrained,
                   (unsigned long long)info->pretraining_steps);
    fflush(stdout);
}

static void show_json(const progress_printer *printer, const gm_train_progress *progress) {
    if (!progress->tick && !progress->picture && !progress->checkpoint)
        return;
    printf("{\"event\": \"step\", \"step\": %llu, ", (unsigned long long)progress->step);
    if (progress->pretraining_steps > 0)
        printf("\"pretraining\": %llu, ", (unsigned long long)progress->pretrained);
    printf("\"seconds\": ");
    print_json_number(progress->seconds);
    printf(", \"%s_per_s\": ", printer->noun);
    print_json_number(progress->items_per_second);
    if (progress->tick && progress->waiting > 0) {
        printf(", \"waiting\": ");
        print_json_number(progress->waiting);
    }
    for (size_t i = 0; progress->tick && i < progress->number_count; i++) {
        printf(", \"%s\": ", progress->numbers[i].name);
        print_json_number(progress->numbers[i].value);
    }
    for (size_t i = 0; progress->measured && i < progress->figure_count; i++) {
        printf(", \"%s\": ", progress->figures[i].name);
        print_json_number(progress->figures[i].value);
    }
    if (progress->alarm) {
        printf(", \"alarm\": ");
        print_json_string(progress->alarm);
    }
    if (progress->moved) {
        printf(", \"moved\": ");
        print_json_string(progress->moved);
    }
    if (progress->picture) {
        printf(", \"picture\": ");
        print_json_string(progress->picture);
    }
    if (progress->checkpoint) {
        printf(", \"checkpoint\": ");
        print_json_string(progress->checkpoint);
    }
    printf("}\n");
    fflush(stdout);
}

// A line that wraps could not be rewritten.
static size_t terminal_columns(void) {
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
}

static void show_terminal(progress_printer *printer, const gm_train_progress *progress, const char *line) {
    // Writing at most ten times a second keeps a fast step fast.
    if (!progress->tick && progress->step < progress->steps && progress->seconds - printer->shown < .1)
        return;
    size_t length = strlen(line), columns = terminal_columns();
    if (length >= columns)
        length = columns - 1;
    printf("\r%.*s%*s", (int)length, line, length < printer->width ? (int)(printer->width - length) : 0, "");
    fflush(stdout);
    printer->shown = progress->seconds;
    printer->width = length;
    printer->open_line = true;
}

void progress_show(progress_printer *printer, const gm_train_progress *progress) {
    if (printer->style == PROGRESS_QUIET)
        return;
    if (printer->style == PROGRESS_JSON) {
        show_json(printer, progress);
        return;
    }
    char line[320];
    const bool before = progress->pretraining_steps > 0;
    int used = snprintf(line, sizeof line, "%s %llu/%llu  %.0f %s/s  left %s", before ? "pretraining" : "step",
                        (unsigned long long)(before ? progress->pretrained : progress->step),
                        (unsigned long long)(before ? progress->pretraining_steps : progress->steps),
                        progress->items_per_second, printer->noun, format_time(progress->seconds_left).text);
    if (progress->waiting > WORTH_SAYING && used > 0 && (size_t)used < sizeof line)
        used +=
            snprintf(line + used, sizeof line - (size_t)used, "  waiting for data %.0f %%", 100 * progress->waiting);
    for (size_t i = 0; i < progress->number_count && used > 0 && (size_t)used < sizeof line; i++)
        used += snprintf(line + used, sizeof line - (size_t)used, "  %s %.3g", progress->numbers[i].label,
                         progress->numbers[i].value);
    for (size_t i = 0; i < progress->figure_count && used > 0 && (size_t)used < sizeof line; i++)
        if (progress->figures[i].label)
            used += snprintf(line + used, sizeof line - (size_t)used, "  %s %.3g", progress->figures[i].label,
                             progress->figures[i].value);
    if (printer->style == PROGRESS_TERMINAL) {
        show_terminal(printer, progress, line);
    } else if (progress->tick) {
        printf("%s\n", line);
        fflush(stdout);
    }
}

void progress_end(progress_printer *printer, const gm_train_info *info, gm_status status) {
    if (printer->open_line)
        printf("\n");
    printer->open_line = false;
    if (printer->style == PROGRESS_JSON) {
        printf("{\"event\": \"end\", \"status\": \"%s\", \"step\": %llu",
               status == GM_OK            ? "done"
               : status == GM_INTERRUPTED ? "interrupted"
                                          : "failed",
               (unsigned long long)info->step);
        if (info->monitor_share > 0) {
            printf(", \"monitor_share\": ");
            print_json_number(info->monitor_share);
        }
        if (info->waiting_share > 0) {
            printf(", \"waiting_share\": ");
            print_json_number(info->waiting_share);
        }
        if (info->ended) {
            printf(", \"ended\": ");
            print_json_string(info->ended);
        }
        printf("}\n");
    } else if (printer->style != PROGRESS_QUIET && info->folder && status == GM_OK) {
        if (info->ended)
            print_line("ended at %s", info->ended);
        if (info->monitor_share > 0)
            printf("monitoring took %.2g %% of the time\n", 100 * info->monitor_share);
        if (info->waiting_share > WORTH_SAYING)
            printf("waiting for data took %.0f %% of the time\n", 100 * info->waiting_share);
        const char *shown = info->pictured ? info->pictured : "";
        print_line(strcmp(shown, "generate") == 0      ? "done: ganymede sample %s -o grid.png draws samples"
                   : strcmp(shown, "reconstruct") == 0 ? "done: %s/samples has the reconstructions"
                                                       : "done: ganymede evaluate %s says how well it does",
                   info->folder);
    }
    fflush(stdout);
}
