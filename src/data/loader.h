// The loader, over anything that can fetch items.
#ifndef GM_DATA_LOADER_H
#define GM_DATA_LOADER_H

#include "data/order.h"

// Copies the items at `indices` and their labels; runs on the loader's threads, `threads` of them, each at another
// batch.
typedef gm_status (*gm_fetch)(void *user, const int32_t *indices, size_t count, void *items, int32_t *labels);
// The order must outlive the loader.
gm_status gm_loader_create_fetch(gm_loader **loader, gm_fetch fetch, void *user, const gm_order *order,
                                 size_t item_bytes, size_t batch, uint64_t cursor, size_t threads);
// As gm_loader_create, in that order.
gm_status gm_loader_create_ordered(gm_loader **loader, const gm_dataset *dataset, const gm_order *order, size_t batch,
                                   uint64_t cursor);

#endif
