// Zip archives, read in place.
#ifndef GM_DATA_ZIP_H
#define GM_DATA_ZIP_H

#include "base/base.h"

typedef struct gm_zip gm_zip;

// Whether these first bytes are a zip archive's, even an empty one's.
bool gm_zip_tell(const uint8_t *head, size_t bytes);
// Fail for what is no archive or lacks its directory, for more than 2^31 - 1 entries, for names that lead out of the
// archive, and where this build has no libzip. Of open_memory the data must outlive the archive; `path` is for
// messages.
gm_status gm_zip_open(gm_zip **zip, const char *path);
gm_status gm_zip_open_memory(gm_zip **zip, const char *path, const void *data, size_t bytes);
void gm_zip_close(gm_zip **zip);

size_t gm_zip_count(const gm_zip *zip);
// Folders are parted by '/'; a folder's own entry ends in one. The archive's.
const char *gm_zip_name(const gm_zip *zip, size_t entry);
// What the archive says that an entry has unpacked, in bytes; 0 where it does not.
uint64_t gm_zip_size(const gm_zip *zip, size_t entry);
// An entry's whole content as gm_file_read gives it; what is wrong with it is GM_ERROR_FORMAT. Any number of threads
// may read. `path` is for messages.
gm_status gm_zip_read(gm_zip *zip, size_t entry, const char *path, uint64_t limit, char **data, size_t *bytes);
// The first `most` bytes, or all of a shorter one, whose checksum then agrees.
gm_status gm_zip_read_start(gm_zip *zip, size_t entry, const char *path, void *data, size_t most, size_t *bytes);

#endif
