// Samples beside the real images that are nearest to them.
#include "nearest.h"

#include "command.h"

#include <stdlib.h>
#include <string.h>

// Of one way to be near: images (count, k, C, H, W), their places and distances (count, k).
typedef struct neighbors {
    float *images, *distances;
    int32_t *indices;
    bool known; // false: there is no classifier
} neighbors;

static void neighbors_finish(neighbors *n) {
    free(n->images);
    free(n->distances);
    free(n->indices);
}

static bool find(neighbors *n, gm_sampler *sampler, gm_neighbor_space space, const float *samples, size_t count,
                 size_t k, size_t item) {
    n->images = malloc(count * k * item * sizeof *n->images);
    n->distances = malloc(count * k * sizeof *n->distances);
    n->indices = malloc(count * k * sizeof *n->indices);
    if (!n->images || !n->distances || !n->indices) {
        fail_with("out of memory for %zu neighbours", count * k);
        return false;
    }
    n->known = gm_sampler_nearest(sampler, samples, count, k, space, n->images, n->indices, n->distances) == GM_OK;
    if (!n->known && space == GM_NEIGHBORS_PIXELS)
        fail_with_message();
    return n->known || space == GM_NEIGHBORS_CLASSIFIER;
}

static void print_row(const neighbors *n, const char *by, size_t i, size_t k) {
    print_part("  %s", by);
    for (size_t j = 0; j < k; j++)
        print_part("%s %d (%.3g)", j > 0 ? "," : "", (int)n->indices[i * k + j], (double)n->distances[i * k + j]);
}

bool nearest_write(gm_sampler *sampler, const char *path, const float *samples, const uint64_t *seeds, size_t count,
                   size_t k) {
    gm_sampler_info info;
    neighbors of[2] = {{0}};
    gm_sampler_get_info(sampler, &info);
    size_t item = info.values;
    if (info.frames > 0)
        return fail_with("%s: --nearest is of images, not of %s", path, info.noun) == EXIT_OK;
    bool done = find(&of[0], sampler, GM_NEIGHBORS_PIXELS, samples, count, k, item) &&
                find(&of[1], sampler, GM_NEIGHBORS_CLASSIFIER, samples, count, k, item);
    size_t columns = 1 + (of[1].known ? 2 : 1) * (k + 1); // an empty one before each kind
    float *cells = done ? malloc(count * columns * item * sizeof *cells) : NULL;
    if (done && !cells)
        done = fail_with("out of memory for %zu images", count * columns) == EXIT_OK;
    for (size_t i = 0; done && i < count; i++) {
        float *row = cells + i * columns * item;
        for (size_t v = 0; v < columns * item; v++)
            row[v] = (float)info.high;
        memcpy(row, samples + i * item, item * sizeof *row);
        print_part("seed %llu:", (unsigned long long)seeds[i]);
        for (size_t s = 0; s < 2 && of[s].known; s++) {
            memcpy(row + (2 + s * (k + 1)) * item, of[s].images + i * k * item, k * item * sizeof *row);
            print_row(&of[s], s == 0 ? "pixels" : "features", i, k);
        }
        print_line("%s", "");
    }
    const gm_write_options options = {.rows = count, .columns = columns};
    if (done && gm_sampler_write(sampler, path, cells, count * columns, &options) != GM_OK)
        done = fail_with_message() == EXIT_OK;
    if (done)
        print_line("%s", path);
    free(cells);
    neighbors_finish(&of[0]);
    neighbors_finish(&of[1]);
    return done;
}
