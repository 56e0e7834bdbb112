/* Recompresses a JPEG to fewer bytes, for a link with too little bandwidth. */
#ifndef PH_JPEG_SHRINK_H
#define PH_JPEG_SHRINK_H

#include <stddef.h>
#include <stdint.h>

#include "jpeg.h"
#include "status.h"

struct ph_jpeg_shrunk {
  int32_t width, height;
  int32_t quality; /* 1..100, on the scale of libjpeg */
  int32_t bytes;
  char message[PH_JPEG_MESSAGE_SIZE]; /* the reason of a failure */
};

enum { PH_JPEG_NOT_SMALLER = 1 };

/* Recompresses `jpeg`, `size` bytes, into `smaller`, which has a capacity of `size` bytes, with its
 * quantizers multiplied by `quantizer_percent` / 100. If the quality would fall below 10, the image
 * is halved instead, and halved again, as long as it stays at least `min_width` wide.
 *
 * Returns PH_OK; PH_JPEG_NOT_SMALLER if the result would not be smaller; or an error of
 * ph_jpeg_decode or ph_jpeg_encode. May be called from several threads at once. */
PH_API int ph_jpeg_shrink(const uint8_t *jpeg, size_t size, int32_t quantizer_percent,
                          int32_t min_width, uint8_t *smaller, struct ph_jpeg_shrunk *shrunk);

#endif
