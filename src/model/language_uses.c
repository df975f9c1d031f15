// What a trained language model is for: writing, and reading. Both go from symbol to symbol, with the network's memory.
//   C = symbols; a symbol goes in as its code + 1, 0 is the beginning of a text
#include "base/base.h"
#include "graph/graph.h"
#include "model/common.h"
#include "model/language.h"

static const double coldest = 1e-4; // as good as the likeliest symbol

static gm_status add_network(gm_use *use, size_t symbols, gm_tensor *before, gm_tensor **logits) {
    const gm_language_settings *settings = gm_language_of(use->recipe);
    gm_layer_list layers;
    gm_network *network;
    GM_TRY(gm_language_layers(use->graph, settings, symbols, &layers));
    GM_TRY(gm_use_add_network(use, "language", &layers, settings->initializer, &settings->average, &network));
    gm_use_remember(use, network);
    gm_tensor *labels = NULL;
    if (gm_network_needs_labels(network)) {
        const gm_layer *layer;
        use->classes = gm_language_classes(settings, &layer);
        labels = gm_use_add_input(use, "labels", GM_INT32, &GM_SCALAR);
    }
    *logits = gm_network_apply_labelled(network, before, labels, GM_MODE_INFERENCE, NULL);
    if (gm_graph_status(use->graph) == GM_OK)
        *logits = gm_reshape(*logits, GM_SHAPE(use->batch, symbols));
    return GM_OK;
}

static gm_status find_text(const gm_use *use, const gm_text_schema **text) {
    *text = &gm_common_of(use->recipe)->data.text;
    if ((*text)->count > 0)
        return GM_OK;
    return gm_fail(GM_ERROR_FORMAT, "%s: data.text.symbols: are not known, as they are in the recipe of a run",
                   gm_recipe_file(use->recipe));
}

// A draw from softmax(logits / temperature) by the Gumbel-max trick (Maddison et al. 2014), unless a symbol is given.
static gm_status build_generate(gm_use *use) {
    const gm_text_schema *text;
    gm_tensor *logits;
    GM_TRY(find_text(use, &text));
    const gm_language_settings *settings = gm_language_of(use->recipe);
    const size_t C = gm_text_schema_codes(text);
    gm_use_set_positions(use, settings->length > 0 ? settings->length : text->window);
    gm_tensor *before = gm_use_add_carried(use, "before", &GM_SHAPE(1));
    GM_TRY(add_network(use, C, before, &logits));
    gm_tensor *temperature = gm_use_add_settled(use, "temperature", 1, false);
    gm_tensor *given = gm_use_add_settled(use, "given", 0, true);
    gm_tensor *noise = gm_gumbel_noise_of(gm_use_add_along(use, "choices", &GM_SHAPE(C), true));
    gm_tensor *scaled = gm_divide(logits, gm_maximum(temperature, gm_constant(use->graph, coldest)));
    gm_tensor *symbol = gm_cast(gm_argmax(gm_add(scaled, noise), 1), GM_FLOAT32);
    if (text->items == GM_TEXT_LINES) // an end is followed by ends
        symbol = gm_select(gm_equal(before, gm_constant(use->graph, 1)), gm_constant(use->graph, 0), symbol);
    symbol = gm_select(given, gm_offset(given, -1), symbol);
    gm_use_carry(use, "before", gm_offset(symbol, 1));
    gm_use_add_output_along(use, "samples", symbol);
    use->format = gm_sample_of_text(text, use->positions);
    return GM_OK;
}

static gm_status build_read(gm_use *use) {
    const gm_text_schema *text;
    gm_tensor *logits;
    GM_TRY(find_text(use, &text));
    const size_t C = gm_text_schema_codes(text);
    gm_use_set_positions(use, gm_sample_text_length(&use->format));
    gm_tensor *before = gm_use_add_carried(use, "before", &GM_SHAPE(1));
    GM_TRY(add_network(use, C, before, &logits));
    gm_tensor *symbol = gm_use_add_along(use, "data", &GM_SHAPE(1), false);
    gm_tensor *codes = gm_reshape(gm_cast(symbol, GM_INT32), GM_SHAPE(use->batch));
    gm_tensor *chosen = gm_multiply(gm_one_hot(codes, C), gm_log_softmax(logits, 1));
    gm_use_carry(use, "before", gm_offset(symbol, 1));
    gm_use_add_output_along(use, "surprise", gm_negate(gm_sum(chosen, GM_AXIS(1))));
    return GM_OK;
}

static gm_status build_spell(gm_use *use) {
    const gm_text_schema *text;
    gm_tensor *logits;
    GM_TRY(find_text(use, &text));
    gm_use_set_positions(use, 1);
    gm_tensor *symbol = gm_use_add_input(use, "symbol", GM_FLOAT32, &GM_SHAPE(1));
    GM_TRY(add_network(use, gm_text_schema_codes(text), symbol, &logits));
    gm_use_add_output(use, "likelihoods", gm_log_softmax(logits, 1));
    return GM_OK;
}

const gm_use_row gm_language_uses[GM_LANGUAGE_USES] = {{.name = "generate", .build = build_generate},
                                                       {.name = "read", .build = build_read},
                                                       {.name = "spell", .build = build_spell}};
