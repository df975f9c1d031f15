// The table of formats. A new one is a file with a reader and a row here.
#include "data/format.h"

#include "data/cifar.h"
#include "data/csv.h"
#include "data/folder.h"
#include "data/idx.h"
#include "data/list.h"
#include "data/magic.h"
#include "data/npy.h"
#include "data/npz.h"
#include "data/paths.h"
#include "data/picture.h"
#include "data/sounds.h"
#include "data/table.h"
#include "data/tensors.h"
#include "data/texts.h"

#include <stdlib.h>

// The first row that tells a source reads it: the surer ones first.
static const gm_format formats[] = {
    {.name = "text", .takes = GM_SETTINGS_OF_TEXTS, .tell = gm_texts_tell, .open = gm_texts_open},
    {.name = "texts",
     .folder = true,
     .takes = GM_SETTINGS_OF_TEXTS,
     .tell = gm_texts_tell_folder,
     .open = gm_texts_open},
    {.name = "IDX files",
     .folder = true,
     .takes = GM_SETTINGS_OF_IMAGES,
     .tell = gm_idx_folder_tell,
     .open = gm_idx_folder_open},
    {.name = "CIFAR-10 batches",
     .folder = true,
     .takes = GM_SETTINGS_OF_IMAGES,
     .tell = gm_cifar_folder_tell,
     .open = gm_cifar_folder_open},
    {.name = "sounds",
     .folder = true,
     .takes = GM_SETTINGS_OF_SOUNDS,
     .tell = gm_sounds_tell_folder,
     .open = gm_sounds_open,
     .check = gm_sounds_check,
     .survey = gm_sounds_survey},
    {.name = "pictures",
     .folder = true,
     .takes = GM_SETTINGS_OF_PICTURES,
     .open = gm_folder_open,
     .check = gm_folder_check,
     .survey = gm_folder_survey},
    {.name = "NPZ", .takes = GM_SETTINGS_OF_ARRAYS, .tell = gm_npz_tell, .open = gm_npz_open},
    {.name = "sound",
     .takes = GM_SETTINGS_OF_SOUNDS,
     .tell = gm_sounds_tell,
     .open = gm_sounds_open,
     .check = gm_sounds_check,
     .survey = gm_sounds_survey},
    {.name = "ZIP of sounds",
     .takes = GM_SETTINGS_OF_SOUNDS,
     .tell = gm_sounds_tell_zip,
     .open = gm_sounds_open,
     .check = gm_sounds_check,
     .survey = gm_sounds_survey},
    {.name = "ZIP",
     .takes = GM_SETTINGS_OF_PICTURES,
     .tell = gm_folder_tell_zip,
     .open = gm_folder_open,
     .check = gm_folder_check,
     .survey = gm_folder_survey},
    {.name = "paths of sounds",
     .takes = GM_SETTINGS_OF_SOUNDS,
     .tell = gm_sounds_tell_list,
     .open = gm_sounds_open,
     .check = gm_sounds_check,
     .survey = gm_sounds_survey},
    {.name = "paths of pictures",
     .takes = GM_SETTINGS_OF_PICTURES,
     .tell = gm_list_tell,
     .open = gm_folder_open,
     .check = gm_folder_check,
     .survey = gm_folder_survey},
    {.name = "paths of pictures with labels",
     .takes = GM_SETTINGS_OF_PICTURES,
     .tell = gm_list_tell_labelled,
     .open = gm_folder_open,
     .check = gm_folder_check,
     .survey = gm_folder_survey},
    {.name = "NPY", .array = true, .takes = GM_SETTINGS_OF_ARRAYS, .tell = gm_npy_tell, .open = gm_npy_open},
    {.name = "safetensors", .takes = GM_SETTINGS_OF_ARRAYS, .tell = gm_tensors_tell, .open = gm_tensors_open},
    {.name = "IDX", .takes = GM_SETTINGS_OF_IMAGES, .tell = gm_idx_tell, .open = gm_idx_open},
    {.name = "CSV",
     .array = true,
     .table = true,
     .takes = GM_SETTINGS_OF_TABLES,
     .tell = gm_csv_tell,
     .open = gm_table_open},
};

// "a, b or c": the names of the formats of folders, or of files.
static void append_names(gm_text *text, bool folder) {
    size_t left = 0;
    for (size_t i = 0; i < GM_COUNT(formats); i++)
        left += formats[i].folder == folder;
    for (size_t i = 0; i < GM_COUNT(formats); i++)
        if (formats[i].folder == folder) {
            left--;
            gm_text_printf(text, "%s%s", formats[i].name, left > 1 ? ", " : left == 1 ? " or " : "");
        }
}

// A single picture is no data set; one that cannot be read is told as that.
static gm_status refuse_picture(const gm_source *source) {
    char *data;
    size_t bytes;
    gm_picture picture = {0};
    const char *format = gm_picture_tell(source->head, source->head_bytes);
    GM_TRY(gm_file_read(source->path, GM_PICTURE_LIMIT, &data, &bytes));
    gm_status status = gm_picture_parse(source->path, data, bytes, NULL, &picture);
    free(picture.pixels);
    free(data);
    return status == GM_OK ? gm_fail(GM_ERROR_FORMAT, "%s: is a %s file: give the folder that it lies in", source->path,
                                     format ? format : "picture")
                           : status;
}

static gm_status refuse(const gm_source *source) {
    const char *known = gm_magic_describe(source->head, source->head_bytes);
    gm_text expected = {0};
    if (gm_picture_tell(source->head, source->head_bytes) || (!known && gm_path_is_picture(source->path)))
        return refuse_picture(source);
    if (known)
        return gm_fail(GM_ERROR_FORMAT, "%s: is %s", source->path, known);
    append_names(&expected, true);
    gm_text_append(&expected, ", or a file of ");
    append_names(&expected, false);
    gm_status status =
        expected.failed ? gm_fail_memory(64, "a message")
                        : gm_fail(GM_ERROR_FORMAT, "%s: is %s: expected a folder of %s", source->path,
                                  source->head_bytes == 0 ? "no data set: it is empty" : "no data set", expected.data);
    gm_text_finish(&expected);
    return status;
}

gm_status gm_format_find(const gm_source *source, const gm_format **format) {
    for (size_t i = 0; i < GM_COUNT(formats); i++) {
        *format = &formats[i];
        if ((*format)->folder == source->folder && (!(*format)->tell || (*format)->tell(source)))
            return GM_OK;
    }
    *format = NULL;
    return refuse(source);
}

gm_status gm_format_check_settings(const gm_format *format, const gm_source *source, bool named,
                                   const gm_dataset_options *options) {
    char what[60];
    gm_snprintf(what, sizeof what, "is a %s of %s", format->folder ? "folder" : "file", format->name);
    return gm_settings_check(source->path, what, format->takes | (named ? GM_SETTING_FOLDER : 0u), options);
}
