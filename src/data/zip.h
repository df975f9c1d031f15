// Zip archives, read in place.
#ifndef GM_DATA_ZIP_H
#define GM_DATA_ZIP_H

#include "base/base.h"

typedef struct gm_zip gm_zip;

// Whether a file with these first bytes is a zip archive, even an empty one; programs may be, which unpack themselves.
bool gm_zip_tell(const char *path, const uint8_t *head, size_t bytes);
// Fail for what is no archive or lacks its directory, for more than 2^31 - 1 entries, and for names that lead out of
// the archive. In memory 16 bytes and its name stay of each entry. Of open_memory the data must outlive the archive;
// `path` is for messages.
gm_status gm_zip_open(gm_zip **zip, const char *path);
gm_status gm_zip_open_memory(gm_zip **zip, const char *path, const void *data, size_t bytes);
void gm_zip_close(gm_zip **zip);

size_t gm_zip_count(const gm_zip *zip);
// In UTF-8. Folders are parted by '/', also where the archive says '\'; a folder's own entry ends in one. The
// archive's.
const char *gm_zip_name(const gm_zip *zip, size_t entry);
// How many bytes the archive says that an entry has unpacked. *swells: it is far more than what it has packed, as only
// constant values and traps are: more than GM_ZIP_PLAIN bytes and GM_ZIP_RATIO times as much.
#define GM_ZIP_PLAIN ((uint64_t)16 << 20)
#define GM_ZIP_RATIO 64
gm_status gm_zip_measure(const gm_zip *zip, size_t entry, const char *path, uint64_t *bytes, bool *swells);
// An entry's whole content as gm_file_read gives it; what is wrong with it is GM_ERROR_FORMAT. One that swells may have
// GM_ZIP_PLAIN bytes, or so many as are `expected` of it. Any number of threads may read. `path` is for messages.
gm_status gm_zip_read(const gm_zip *zip, size_t entry, const char *path, uint64_t limit, uint64_t expected, char **data,
                      size_t *bytes);
// The first `most` bytes, or all of a shorter one, whose checksum then agrees.
gm_status gm_zip_read_start(const gm_zip *zip, size_t entry, const char *path, void *data, size_t most, size_t *bytes);

#endif
