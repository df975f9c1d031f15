// Names in zip archives.
#ifndef GM_DATA_ZIP_NAME_H
#define GM_DATA_ZIP_NAME_H

#include "sample/bytes.h"

// Appends a name and its NUL: in UTF-8, folders parted by '/', shortened (gm_path_shorten). A name that is not UTF-8 is
// in code page 437, as the format has it. `path` is for messages.
gm_status gm_zip_name_append(gm_bytes *names, const char *path, const uint8_t *name, size_t bytes);
// "..", what begins at the root or at a drive: nothing of that kind belongs into an archive. Of an appended name.
bool gm_zip_name_leads_out(const char *name);

#endif
