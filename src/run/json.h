// Parsing JSON, where text that is none must not be taken for memory that ran out.
#ifndef GM_RUN_JSON_H
#define GM_RUN_JSON_H

#include <ganymede/base.h>

#include <jansson.h>

// Parses `text` of `bytes` bytes, with jansson's `flags`. Fails with GM_ERROR_FORMAT if it is no JSON ("FILE: PART is
// not JSON") and with GM_ERROR_MEMORY; *json is NULL then, else the caller's to json_decref.
gm_status gm_json_parse(json_t **json, const char *file, const char *part, const char *text, size_t bytes,
                        size_t flags);

#endif
