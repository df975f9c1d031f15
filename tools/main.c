// The `ganymede` command: picks the sub-command.
#include "command.h"

#include "ganymede/base.h"
#include "ganymede/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const command_row commands[] = {
    {"devices", "list the OpenCL devices that can be used", command_devices},
    {"data", "say what is in a data set, check it, convert it", command_data},
    {"augment", "make a data set larger, by changed images or generated ones", command_augment},
    {"train", "train the networks of a recipe, or go on with a run", command_train},
    {"sample", "draw samples from a trained run: pictures, arrays, rows of a table, texts", command_sample},
    {"interpolate", "make a film of the way from one sample to the next", command_interpolate},
    {"project", "find the latents whose samples come nearest to given images", command_project},
    {"directions", "find the latent directions along which samples change most", command_directions},
    {"saliency", "draw what a discriminator or classifier looks at", command_saliency},
    {"complete", "fill in the hidden pixels of pictures, or the gaps of a text", command_complete},
    {"translate", "make the counterparts of images as a trained translation has learned them", command_translate},
    {"impute", "fill in the missing cells of a table, or say how well that goes", command_impute},
    {"measure", "say how far generated samples are from real ones, in numbers", command_measure},
    {"evaluate", "say how a trained model does on held-out data", command_evaluate},
    {"bench", "measure a training step, single operations or a device's ceilings", command_bench},
    {"privacy", "say what private training spends, or which noise it needs", command_privacy},
    {"tune", "find the fastest kernels for a recipe, or list those found", command_tune},
};

static void print_help(FILE *file) {
    fprintf(file, "Ganymede trains generative adversarial networks on any OpenCL device.\n\n"
                  "usage: ganymede COMMAND [ARGUMENTS]\n\n");
    for (size_t i = 0; i < COUNT(commands); i++)
        fprintf(file, "  %-11s %s\n", commands[i].name, commands[i].summary);
    fprintf(file, "\nganymede COMMAND --help explains one; ganymede --version prints the version.\n"
                  "Example: ganymede train samples/dcgan-fashion.yaml --device gpu\n");
}

static int run_command(int count, char **arguments) {
    if (count < 1) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    const char *name = arguments[0];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help(stdout);
        return EXIT_OK;
    }
    if (strcmp(name, "--version") == 0) {
        printf("ganymede %s\n", gm_version());
        return EXIT_OK;
    }
    for (size_t i = 0; i < COUNT(commands); i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(count - 1, arguments + 1);
    fail_with("'%s' is not a command; expected one of %s", name, list_names(commands, COUNT(commands)).text);
    return EXIT_USAGE;
}

// A standard stream that is closed would lend its number to the next file that is opened, and what is printed would go
// there. As it is opened here, printing fails as it should.
static void hold_standard_streams(void) {
    static const int mode[] = {O_WRONLY, O_RDONLY, O_RDONLY};
    for (int stream = 0; stream < 3; stream++)
        if (fcntl(stream, F_GETFD) < 0 && open("/dev/null", mode[stream]) < 0) // the lowest free number is this one
            _exit(EXIT_ERROR);
}

int main(int count, char **arguments) {
    hold_standard_streams();
    if (gm_compilers_start() != GM_OK) {
        fail_with("%s", gm_error_message());
        return EXIT_ERROR;
    }
    int code = run_command(count - 1, arguments + 1);
    // A full disk behind a redirection shows only here.
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == EXIT_OK) {
        fprintf(stderr, "ganymede: standard output cannot be written: %s\n", strerror(errno));
        return EXIT_ERROR;
    }
    return code;
}
