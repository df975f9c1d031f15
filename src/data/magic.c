// Formats known by their first bytes. None of them is read from here: a reader tells its own format itself, pictures
// among them.
#include "data/magic.h"

typedef struct magic {
    const char *pattern; // '?' is any byte
    size_t bytes;
    const char *text;
} magic;

#define PATTERN(bytes) bytes, sizeof(bytes) - 1

static const magic magics[] = {
    {PATTERN("GIF8"), "a GIF file of a kind that is not read"},
    {PATTERN("BM????\0\0\0\0"), "a BMP file of a kind that is not read"},
    {PATTERN("????ftypavif"), "an AVIF file, which is not read yet"},
    {PATTERN("????ftyphei"), "a HEIC file, which is not read yet"},
    {PATTERN("RIFF????WAVE"), "a WAV file: give sounds a folder of their own"},
    {PATTERN("fLaC"), "a FLAC file: give sounds a folder of their own"},
    {PATTERN("\x93NUMPY"), "an .npy file"},
    {PATTERN("PK\3\4"), "a ZIP file: unpack it, or give it by itself"},
    {PATTERN("\x1f\x8b"), "a gzip file: unpack it"},
    {PATTERN("BZh"), "a bzip2 file: unpack it"},
    {PATTERN("\xfd"
             "7zXZ\0"),
     "an xz file: unpack it"},
    {PATTERN("\x28\xb5\x2f\xfd"), "a Zstandard file: unpack it"},
    {PATTERN("7z\xbc\xaf\x27\x1c"), "a 7z file: unpack it"},
    {PATTERN("\x89HDF\r\n\x1a\n"), "an HDF5 file, which is not read: save its arrays as .npy"},
    {PATTERN("PAR1"), "a Parquet file, which is not read: save its table as CSV"},
    {PATTERN("%PDF-"), "a PDF file, which is not read"},
    {PATTERN("????????{\""), "a .safetensors file: give it by itself"},
    {PATTERN("\xff\xfe"), "text in UTF-16: save it as UTF-8"},
    {PATTERN("\xfe\xff"), "text in UTF-16: save it as UTF-8"},
};

static bool fits(const magic *row, const uint8_t *head, size_t bytes) {
    if (bytes < row->bytes)
        return false;
    for (size_t i = 0; i < row->bytes; i++)
        if (row->pattern[i] != '?' && (uint8_t)row->pattern[i] != head[i])
            return false;
    return true;
}

const char *gm_magic_describe(const uint8_t *head, size_t bytes) {
    for (size_t i = 0; i < GM_COUNT(magics); i++)
        if (fits(&magics[i], head, bytes))
            return magics[i].text;
    return NULL;
}
