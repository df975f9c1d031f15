// Pictures of any format that is read, told by their first bytes; `name` is for messages.
//
// A data set of pictures is made in two passes: the headers, which gm_picture_check and gm_picture_join bring together,
// then each picture into its item by gm_picture_place.
#ifndef GM_DATA_PICTURE_H
#define GM_DATA_PICTURE_H

#include "data/picture_format.h"

enum { GM_PICTURE_HEAD = 4096 };           // first bytes that tell a picture's format, and mostly its size
#define GM_PICTURE_LIMIT ((size_t)1 << 30) // bytes of a file

// The format's name, "PNG", or NULL.
const char *gm_picture_tell(const uint8_t *head, size_t bytes);
// Fail with what the file is instead, where it is none of them. wish: NULL for the first picture at its own size.
gm_status gm_picture_parse(const char *name, const void *data, size_t bytes, const gm_picture_wish *wish,
                           gm_picture *picture);
// All but the pixels, from the whole file or its first GM_PICTURE_HEAD bytes. Width 0: these do not reach to where it
// stands, which takes the whole file.
gm_status gm_picture_parse_header(const char *name, const void *data, size_t bytes, bool whole,
                                  const gm_picture_wish *wish, gm_picture *picture);

// How the options say that a file's page is read into an item of that size; height and width 0: at its own.
gm_picture_wish gm_picture_wish_of(const gm_dataset_options *options, size_t page, size_t height, size_t width);
// Fails where a picture does not go into the channels asked for, or not with the first one; `name` is its.
gm_status gm_picture_check(const char *name, const gm_picture *header, const gm_picture *first,
                           const gm_dataset_options *options);
// Makes a header that of the part that the options say. Fails where the picture has no halves of whole pixels.
gm_status gm_picture_part_header(const char *name, gm_part part, gm_picture *header);
// Makes `all`, zeroed at first, what a data set has that holds this picture, too: channels without alpha, type, whether
// any has alpha or is of a format with pages.
void gm_picture_join(gm_picture *all, const gm_picture *header);
// The channels of a data set of such pictures, its black and white, and its kind.
gm_dataset_kind gm_picture_set_info(const gm_picture *all, const gm_dataset_options *options, gm_dataset_info *info);
// A file's page as an item of the data set: read, blended or not, fitted.
gm_status gm_picture_place(const char *name, const void *data, size_t bytes, size_t page,
                           const gm_dataset_options *options, const gm_dataset_info *info, void *item);
// The first `count` frames of an animation as items that follow each other.
gm_status gm_picture_place_frames(const char *name, const void *data, size_t bytes, size_t count,
                                  const gm_dataset_options *options, const gm_dataset_info *info, void *items);

#endif
