// ganymede devices: what there is to run on, and how to select it.
#include "command.h"

#include "ganymede/device.h"

#include <stdio.h>

static const char *const type_names[] = {
    [GM_DEVICE_OTHER] = "other",
    [GM_DEVICE_CPU] = "cpu",
    [GM_DEVICE_GPU] = "gpu",
    [GM_DEVICE_ACCELERATOR] = "accelerator",
};

typedef struct selector {
    char text[64];
} selector;

static selector selector_of(const gm_device_info *device) {
    selector s;
    if (device->described)
        snprintf(s.text, sizeof s.text, "%s", device->driver_version);
    else
        snprintf(s.text, sizeof s.text, "%d:%d", device->platform_index, device->device_index);
    return s;
}

static void print_json(const gm_device_info *device, bool chosen) {
    printf("{\"selector\": ");
    print_json_string(selector_of(device).text);
    printf(", \"name\": ");
    print_json_string(device->name);
    printf(", \"platform\": ");
    print_json_string(device->platform);
    printf(", \"vendor\": ");
    print_json_string(device->vendor);
    printf(", \"driver\": ");
    print_json_string(device->driver_version);
    printf(", \"type\": \"%s\", \"compute_units\": %zu, \"global_bytes\": %llu, \"max_allocation_bytes\": %llu, "
           "\"local_bytes\": %llu, \"max_work_group_size\": %zu, \"sub_groups\": %s, \"half\": %s, \"double\": %s, "
           "\"simulator\": %s, \"score\": ",
           type_names[device->type], device->compute_units, (unsigned long long)device->global_bytes,
           (unsigned long long)device->max_allocation_bytes, (unsigned long long)device->local_bytes,
           device->max_work_group_size, device->sub_groups ? "true" : "false", device->half ? "true" : "false",
           device->double_precision ? "true" : "false", device->simulator ? "true" : "false");
    print_json_number(device->score);
    printf(", \"chosen\": %s}\n", chosen ? "true" : "false");
}

static void print_row(const gm_device_info *device, bool chosen) {
    print_line("%c %s  %-11s %s (%s), %zu compute units, %s%s", chosen ? '*' : ' ', selector_of(device).text,
               type_names[device->type], device->name, device->platform, device->compute_units,
               format_bytes(device->global_bytes).text, device->simulator ? ", a simulator: only when selected" : "");
}

// The device that commands without --device would use is the one that an open without a selector gives.
static bool find_chosen(int *platform, int *index) {
    gm_device *device = NULL;
    if (gm_device_open(&device, NULL) != GM_OK)
        return false;
    const gm_device_info *info = gm_device_get_info(device);
    *platform = info->platform_index;
    *index = info->device_index;
    gm_device_close(&device);
    return true;
}

int command_devices(int count, char **arguments) {
    bool json = false, described = false;
    const option_row options[] = {
        {"--described", NULL, OPTION_FLAG, &described,
         "GPUs that need not be here, for `bench programs` and `train --dry-run`"},
        {"--json", NULL, OPTION_FLAG, &json, "one JSON object per device on standard output"},
    };
    const usage_text usage = {
        .command = "ganymede devices",
        .arguments = "",
        .summary = "Lists the OpenCL devices. Select one with --device or GANYMEDE_DEVICE: gpu, cpu or accelerator\n"
                   "(with :N for the N-th), the P:D of this list, or part of a name. The star marks the default.",
        .example = "ganymede devices --json",
        .options = options,
        .option_count = COUNT(options),
    };
    int exit_code;
    if (!options_parse(&usage, count, arguments, NULL, &exit_code))
        return exit_code;
    gm_device_info *list = NULL;
    size_t devices = 0;
    if ((described ? gm_device_list_described : gm_device_list)(&list, &devices) != GM_OK)
        return fail_with_message();
    int platform = -1, index = -1;
    bool found = !described && find_chosen(&platform, &index);
    for (size_t i = 0; i < devices; i++) {
        bool chosen = found && list[i].platform_index == platform && list[i].device_index == index;
        (json ? print_json : print_row)(&list[i], chosen);
    }
    gm_device_list_free(&list, devices);
    if (!found && !described)
        fail_with_message(); // why none of them is the default
    return EXIT_OK;
}
