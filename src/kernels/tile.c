// The tiles of results that work-groups of GPUs make, and which of them suits a contraction.
#include "kernels/contraction.h"

static const gm_gpu_tile tiles[] = {
    {128, 128, 1, 1}, {128, 64, 1, 0.95}, {64, 64, 1, 0.9}, {64, 32, 2, 0.8}, {32, 32, 4, 0.65}};

enum {
    FULL_SUB_GROUPS = 4, // of Intel's units, which are smaller
    ITEM_SUMS = 64,
};

size_t gm_gpu_tile_items(const gm_gpu_tile *tile) {
    return tile->rows * tile->columns / ITEM_SUMS * tile->slices;
}

size_t gm_gpu_full_units(const gm_device_info *info) {
    size_t items = info->least_sub_group > 0 ? FULL_SUB_GROUPS * info->least_sub_group : (size_t)GM_GPU_FULL_ITEMS;
    return GM_MAX(info->compute_units * items / GM_GPU_FULL_ITEMS, (size_t)1);
}

static bool tile_runs(const gm_emitter *emitter, const gm_gpu_tile *tile) {
    return gm_gpu_tile_items(tile) <= emitter->info->max_work_group_size && !(emitter->matrix && tile->slices > 1);
}

bool gm_gpu_has_few_registers(const gm_device_info *info) {
    return info->least_sub_group > 0 && !info->more_registers;
}

// Where registers are few Intel's compiler puts sums of some kernels with 64 columns into memory.
bool gm_gpu_tile_runs(const gm_emitter *emitter, size_t rows, size_t columns) {
    for (size_t i = 0; i < GM_COUNT(tiles); i++)
        if (tiles[i].rows == rows && tiles[i].columns == columns)
            return tile_runs(emitter, &tiles[i]) && !(columns == 64 && gm_gpu_has_few_registers(emitter->info));
    return false;
}

// As long as a compute unit's groups take, but no less than half of a full unit's, which few items cannot use. Few
// registers have no room for 64 sums beside what takes many others, whatever the variant says; nor have Intel's for the
// loads of a tile of 64 x 64 on matrix units, two values a word.
const gm_gpu_tile *gm_gpu_tile_choose(const gm_contraction *c, size_t rows, size_t columns, size_t copies,
                                      bool crowded) {
    const bool wide = crowded && c->emitter->matrix && c->emitter->info->least_sub_group > 0;
    const gm_gpu_tile *best = &tiles[wide ? 1 : 2];
    crowded = crowded || (c->epilogue && c->epilogue->operand_count > 1);
    const bool few = crowded && gm_gpu_has_few_registers(c->emitter->info), forced = c->variant->columns > 0 && !few;
    double least = 0;
    for (size_t i = 0; i < GM_COUNT(tiles); i++) {
        const gm_gpu_tile *tile = &tiles[i];
        if ((forced && (tile->rows != c->variant->tile || tile->columns != c->variant->columns)) ||
            (few && tile->slices == 1) || (wide && tile->rows < 128))
            continue;
        size_t groups = gm_divide_up(rows, tile->rows) * gm_divide_up(columns, tile->columns) * copies;
        size_t unit_items = gm_divide_up(groups, gm_gpu_full_units(c->emitter->info)) * gm_gpu_tile_items(tile);
        double items = (double)GM_MAX(unit_items, (size_t)GM_GPU_FULL_ITEMS / 2);
        double cost = items * (double)(tile->rows * tile->columns / gm_gpu_tile_items(tile)) / tile->pace;
        if (!tile_runs(c->emitter, tile) || (least > 0 && cost >= least))
            continue;
        best = tile;
        least = cost;
    }
    return best;
}
