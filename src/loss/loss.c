// Cross-entropy, squared error and bounds of mutual information, and how exponentials are kept finite.
// sp(x) = softplus(x) = ln(1 + e^x), so that -ln sigmoid(l) = sp(-l) and -ln(1 - sigmoid(l)) = sp(l).
#include "loss/loss.h"

#include "graph/build.h"

#include <math.h>

// ---- Exponentials and logarithms that continue linearly ----

// With m = min(x, limit): e^m (1 + x - m). The minimum's gradient, half to each operand where they are equal, cancels
// in the derivative: it is e^limit there, too.
gm_tensor *gm_exp_continued(gm_tensor *x, double limit) {
    gm_tensor *m = gm_minimum(x, gm_constant(gm_tensor_graph(x), limit));
    return gm_multiply(gm_exp(m), gm_offset(gm_subtract(x, m), 1));
}

// With m = max(x, limit): ln m + (x - m)/m.
gm_tensor *gm_log_continued(gm_tensor *x, double limit) {
    gm_tensor *m = gm_maximum(x, gm_constant(gm_tensor_graph(x), limit));
    return gm_add(gm_log(m), gm_divide(gm_subtract(x, m), m));
}

// ---- Mutual information ----

gm_tensor *gm_log_mean_exp(gm_tensor *x) {
    gm_tensor *most = gm_stop_gradient(gm_max(x, gm_all_axes(gm_tensor_shape(x)->rank)));
    gm_tensor *mean = gm_mean_all(gm_exp(gm_subtract(x, most)));
    return gm_add(gm_log(mean), gm_reshape(most, GM_SCALAR));
}

gm_tensor *gm_log_moving_average(gm_tensor *log_average, gm_tensor *log_mean, double rate) {
    gm_tensor *inputs[] = {log_average, log_mean}, *poison;
    if (!gm_usable("log_moving_average", inputs, 2, &poison))
        return poison;
    if (!(rate > 0 && rate < 1))
        return gm_fault(log_mean->graph, "log_moving_average: the rate %g must lie between 0 and 1", rate);
    gm_tensor *kept = gm_offset(log_average, log1p(-rate)), *added = gm_offset(log_mean, log(rate));
    return gm_add(kept, gm_softplus(gm_subtract(added, kept))); // ln(e^a + e^b) = a + sp(b - a)
}

static gm_tensor *jensen_shannon(gm_tensor *joint, gm_tensor *product, gm_tensor *log_average) {
    if (log_average != NULL)
        return gm_fault(joint->graph,
                        "mutual_information_bound: the Jensen-Shannon bound takes no moving average; give "
                        "NULL");
    return gm_negate(gm_add(gm_mean_all(gm_softplus(gm_negate(joint))), gm_mean_all(gm_softplus(product))));
}

// The second term's gradient is E[e^T grad T]/E[e^T]. The moving average takes the denominator's place in a term whose
// value is 0.
static gm_tensor *donsker_varadhan(gm_tensor *joint, gm_tensor *product, gm_tensor *log_average) {
    gm_tensor *second = gm_log_mean_exp(product);
    if (log_average != NULL) {
        gm_tensor *shifted = gm_subtract(product, gm_stop_gradient(log_average));
        gm_tensor *slope = gm_mean_all(gm_exp_continued(shifted, gm_exponent_limit));
        second = gm_add(gm_stop_gradient(second), gm_subtract(slope, gm_stop_gradient(slope)));
    }
    return gm_subtract(gm_mean_all(joint), second);
}

gm_tensor *gm_mutual_information_bound(gm_tensor *T_joint, gm_tensor *T_product, gm_mutual_information_bound_kind kind,
                                       gm_tensor *log_average) {
    gm_tensor *inputs[] = {T_joint, T_product, log_average}, *poison;
    if (!gm_usable("mutual_information_bound", inputs, log_average != NULL ? 3 : 2, &poison))
        return poison;
    if (log_average != NULL && gm_shape_count(&log_average->shape) != 1)
        return gm_fault(T_joint->graph, "mutual_information_bound: log_average %s must be a scalar",
                        gm_describe(log_average));
    if (kind == GM_MUTUAL_INFORMATION_JENSEN_SHANNON)
        return jensen_shannon(T_joint, T_product, log_average);
    if (kind == GM_MUTUAL_INFORMATION_DONSKER_VARADHAN)
        return donsker_varadhan(T_joint, T_product, log_average);
    return gm_fault(T_joint->graph, "mutual_information_bound: there is no bound of kind %d", (int)kind);
}

// ---- Others ----

gm_tensor *gm_binary_cross_entropy(gm_tensor *logit, gm_tensor *target) {
    // Both terms are positive: the shorter sp(l) - t l cancels for large logits.
    gm_tensor *one = gm_multiply(target, gm_softplus(gm_negate(logit)));
    gm_tensor *zero = gm_multiply(gm_offset(gm_negate(target), 1), gm_softplus(logit));
    return gm_mean_all(gm_add(one, zero));
}

static gm_tensor *cross_entropy(gm_tensor *logits, gm_tensor *labels, gm_tensor *weights) {
    gm_tensor *inputs[] = {logits, labels, weights}, *poison;
    if (!gm_usable("cross_entropy", inputs, weights != NULL ? 3 : 2, &poison))
        return poison;
    gm_graph *graph = logits->graph;
    gm_shape shape = logits->shape, expected = {.rank = shape.rank - 1, .dim = {shape.dim[0]}};
    if (shape.rank < 2 || logits->type != GM_FLOAT32)
        return gm_fault(graph, "cross_entropy: logits %s are %s but must be float32 (N, K, ...)", gm_describe(logits),
                        gm_type_text(logits->type));
    for (size_t i = 2; i < shape.rank; i++)
        expected.dim[i - 1] = shape.dim[i];
    if (labels->type != GM_INT32 || !gm_shape_equal(&labels->shape, &expected))
        return gm_fault(graph, "cross_entropy: labels %s are %s but must be int32 %s, one for each of logits %s",
                        gm_describe(labels), gm_type_text(labels->type), gm_shape_text(&expected), gm_describe(logits));
    if (weights != NULL && (weights->type != GM_FLOAT32 || !gm_shape_equal(&weights->shape, &expected)))
        return gm_fault(graph, "cross_entropy: weights %s are %s but must be float32 %s", gm_describe(weights),
                        gm_type_text(weights->type), gm_shape_text(&expected));
    size_t K = shape.dim[1];
    shape.dim[1] = 1;
    gm_tensor *own = gm_equal(gm_reshape(labels, shape), gm_indices_along(graph, shape.rank, 1, K));
    gm_tensor *chosen = gm_select(own, gm_log_softmax(logits, 1), gm_constant(graph, 0)); // a product has 0 inf = NaN
    if (weights != NULL)
        chosen = gm_multiply(chosen, gm_reshape(weights, shape));
    gm_tensor *count = gm_maximum(gm_sum_all(own), gm_constant(graph, 1));
    return gm_divide(gm_negate(gm_sum_all(chosen)), count);
}

gm_tensor *gm_cross_entropy(gm_tensor *logits, gm_tensor *labels) {
    return cross_entropy(logits, labels, NULL);
}

gm_tensor *gm_weighted_cross_entropy(gm_tensor *logits, gm_tensor *labels, gm_tensor *weights) {
    return cross_entropy(logits, labels, weights);
}

gm_tensor *gm_mean_squared_error(gm_tensor *x, gm_tensor *target) {
    return gm_mean_all(gm_square(gm_subtract(x, target)));
}
