// What the objectives share.
#ifndef GM_LOSS_LOSS_H
#define GM_LOSS_LOSS_H

#include "ganymede/loss.h"

// e^x, from x = limit on the line that continues it: finite, and never without a gradient.
gm_tensor *gm_exp_continued(gm_tensor *x, double limit);
// ln x, from x = limit downwards on the line that continues it: finite for every finite x.
gm_tensor *gm_log_continued(gm_tensor *x, double limit);

// Exponents beyond which e^x is a line. e^20 = 5e8: the best logits of distributions that overlap stay below, and sums
// of squares of such gradients, as Adam takes them, are far from float32's end. Weights of the forward KL term: e^10.
static const double gm_exponent_limit = 20, gm_kl_exponent_limit = 10;

#endif
