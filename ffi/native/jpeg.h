/* Decodes JPEGs as cameras make them: scaled while decoding, to planar YUV, never converted.
 *
 * Every function here may be called from any thread, also at once: none keeps anything. */
#ifndef PH_JPEG_H
#define PH_JPEG_H

#include <stddef.h>
#include <stdint.h>

#include "picture.h"
#include "status.h"

/* What went wrong, for calls that run on another thread than their caller's. */
#define PH_JPEG_MESSAGE_SIZE 256

struct ph_jpeg_result {
  struct ph_picture picture;
  char message[PH_JPEG_MESSAGE_SIZE];
};

enum { PH_JPEG_NEEDS_ROOM = 1 };

/* Decodes `jpeg`, `size` bytes, into `pixels`, `capacity` bytes.
 *
 * The picture is scaled by 1, 1/2, 1/4 or 1/8: the smallest that is still `least_width` wide
 * (0: not scaled). Only YCbCr and grey; 4:1:1 is handed out with its chroma columns doubled, as
 * 4:2:2, all others with the subsampling that they have.
 *
 * Returns PH_OK; PH_JPEG_NEEDS_ROOM, with nothing decoded, where `capacity` is under
 * `result->picture.bytes`; PH_ERR_FORMAT for what is no whole JPEG: damaged, truncated, without
 * its end, or larger than PH_MAX_PIXELS. After an error the contents of `pixels` are undefined and
 * `result->message` says why. */
PH_API int ph_jpeg_decode(const uint8_t *jpeg, size_t size, int32_t least_width, uint8_t *pixels,
                          size_t capacity, struct ph_jpeg_result *result);

#endif
