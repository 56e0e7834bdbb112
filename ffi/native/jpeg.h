/* Decodes the JPEGs of cameras to planar YUV, scaled while decoding, without a color conversion.
 *
 * The functions keep no state and may be called from several threads at once. */
#ifndef PH_JPEG_H
#define PH_JPEG_H

#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "status.h"

/* Size of an error message inside a struct, for calls that run on another thread than the code that
 * reads the message. */
#define PH_JPEG_MESSAGE_SIZE 256

struct ph_jpeg_result {
  struct ph_image image;
  char message[PH_JPEG_MESSAGE_SIZE];
};

enum { PH_JPEG_BUFFER_TOO_SMALL = 1 };

/* Decodes `jpeg`, `size` bytes, into `pixels`, `capacity` bytes.
 *
 * The image is scaled by 1, 1/2, 1/4 or 1/8: the smallest that is at least `min_width` wide (0:
 * unscaled). Only YCbCr and grayscale are supported. 4:1:1 is returned as 4:2:2 with doubled chroma
 * columns, everything else with its own subsampling.
 *
 * Returns PH_OK; PH_JPEG_BUFFER_TOO_SMALL, with nothing decoded, if `capacity` is less than
 * `result->image.bytes`; PH_ERR_FORMAT if the data is not a complete JPEG (damaged, truncated,
 * without an end marker) or larger than PH_MAX_PIXELS. After an error the contents of `pixels` are
 * undefined and `result->message` has the reason. */
PH_API int ph_jpeg_decode(const uint8_t *jpeg, size_t size, int32_t min_width, uint8_t *pixels,
                          size_t capacity, struct ph_jpeg_result *result);

#endif
