// ganymede privacy: what private training spends, or the noise that it needs.
#include "command.h"

#include "ganymede/privacy.h"

#include <math.h>
#include <stdio.h>

// A bound stays one when it is printed: up to the next number of five digits.
static double up(double x) {
    if (!(x > 0))
        return 0;
    const double unit = pow(10, floor(log10(x)) - 4);
    return ceil(x / unit - 1e-9) * unit;
}

static int print_spent(const gm_private_steps *steps, bool json) {
    gm_privacy_spent spent;
    if (gm_privacy_account(steps, &spent) != GM_OK)
        return fail_with_message();
    if (json) {
        const double numbers[] = {up(spent.epsilon), spent.order, up(spent.tight),     steps->delta,
                                  steps->noise,      steps->rate, (double)steps->steps};
        static const char *const names[] = {"epsilon", "order", "tight_epsilon", "delta", "noise", "rate", "steps"};
        for (size_t i = 0; i < COUNT(numbers); i++) {
            printf("%s\"%s\": ", i ? ", " : "{", names[i]);
            print_json_number(numbers[i]);
        }
        printf("}\n");
        return EXIT_OK;
    }
    print_line("epsilon %.5g at delta %g: Renyi accountant, order %g", up(spent.epsilon), steps->delta, spent.order);
    if (spent.tight < spent.epsilon)
        print_line("epsilon %.5g at delta %g: the least that there is, from the distribution of the loss",
                   up(spent.tight), steps->delta);
    else
        print_line("no smaller one is known");
    return EXIT_OK;
}

static int print_noise(gm_private_steps *steps, double epsilon, bool json) {
    double noise[2];
    for (size_t tight = 0; tight < 2; tight++)
        if (gm_privacy_find_noise(steps, epsilon, tight == 1, &noise[tight]) != GM_OK)
            return fail_with_message();
    if (json) {
        printf("{\"noise\": ");
        print_json_number(noise[0]);
        printf(", \"tight_noise\": ");
        print_json_number(noise[1]);
        printf("}\n");
        return EXIT_OK;
    }
    print_line("noise %.4g keeps epsilon %g at delta %g: Renyi accountant", noise[0], epsilon, steps->delta);
    print_line("noise %.4g keeps epsilon %g at delta %g: the least that there is", noise[1], epsilon, steps->delta);
    return EXIT_OK;
}

int command_privacy(int count, char **arguments) {
    option_decimal noise = {0}, rate = {0}, delta = {0}, epsilon = {0};
    option_number steps = {0};
    bool json = false;
    const option_row options[] = {
        {"--noise", "S", OPTION_DECIMAL, &noise, "deviation of the noise, as a multiple of the clipping length"},
        {"--rate", "Q", OPTION_DECIMAL, &rate, "probability of an example to be in a batch: 0.01, or 64/60000"},
        {"--steps", "N", OPTION_NUMBER, &steps, "updates that see the data"},
        {"--delta", "D", OPTION_DECIMAL, &delta, "probability that the bound may not hold; well below 1/examples"},
        {"--epsilon", "E", OPTION_DECIMAL, &epsilon, "in place of --noise: say which noise keeps this bound"},
        {"--json", NULL, OPTION_FLAG, &json, "one JSON object on standard output"},
    };
    const usage_text usage = {
        .command = "ganymede privacy",
        .arguments = "",
        .summary =
            "Says how much training with clipped gradients and Gaussian noise tells of any one example: epsilon, for\n"
            "batches that take each example with the same probability (Poisson sampling).",
        .example = "ganymede privacy --noise 1.1 --rate 64/60000 --steps 20000 --delta 1e-5",
        .options = options,
        .option_count = COUNT(options),
    };
    int exit_code;
    if (!options_parse(&usage, count, arguments, NULL, &exit_code))
        return exit_code;
    if (!rate.given || !steps.given || !delta.given)
        return usage_error(&usage, "expected --rate, --steps and --delta");
    if (noise.given == epsilon.given)
        return usage_error(&usage, "expected --noise, or --epsilon to find it");
    gm_private_steps p = {.noise = noise.value, .rate = rate.value, .steps = steps.value, .delta = delta.value};
    return noise.given ? print_spent(&p, json) : print_noise(&p, epsilon.value, json);
}
