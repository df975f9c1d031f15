// Whether two data sets mean the same by their classes' numbers.
#ifndef GM_DATA_CLASSES_H
#define GM_DATA_CLASSES_H

#include "ganymede/data.h"

// Which class of those that a model was trained on (`names`, `count` of them) each class of `data` is: by name, or
// where not all are known and either has but numbers ("0", "1", ...), or count is 0 (not known any more), by number.
// -> places (data's class_count). Fails with GM_ERROR_ARGUMENT for a class that the model does not know.
gm_status gm_classes_match(const gm_dataset_info *data, const char *const *names, size_t count, size_t *places);
// The same of data that may have others, too, whose place is SIZE_MAX. How many are known.
size_t gm_classes_place(const gm_dataset_info *data, const char *const *names, size_t count, size_t *places);

// Which of `classes` classes a word names: one of the names of the first `count`, as data have them or as a checkpoint
// has them (a line), or a number; `classes`: none.
size_t gm_class_find(const char *word, const char *const *names, size_t count, size_t classes);

enum { GM_CLASS_FOLDER_BYTES = 256 }; // of a folder's name, with its NUL: what file systems take

// The folder of samples of class `index` among `classes`, of which the first `count` have `names`: its name, of which
// '/', '\\' and '%', and the first byte of names that mean something else to readers of folders (".x", "train"),
// become %2F and so on, which gm_classes_match takes for the same name. Where all names are numbers, or none is known:
// the number, with zeros before it, so that folders in order of name are classes in order. A class without a name, or
// with a longer one than a folder's, among others with names: %3 for class 3, which is no name's.
void gm_class_folder(char folder[GM_CLASS_FOLDER_BYTES], const char *const *names, size_t count, size_t classes,
                     size_t index);
// The way back, in place: the name whose folder is called so; what gm_class_folder would not have written stays.
void gm_class_name(char *folder);

#endif
