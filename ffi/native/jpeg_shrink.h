/* Compresses a JPEG anew to fewer bytes, for a link that cannot carry it. */
#ifndef PH_JPEG_SHRINK_H
#define PH_JPEG_SHRINK_H

#include <stddef.h>
#include <stdint.h>

#include "jpeg.h"
#include "status.h"

struct ph_jpeg_shrunk {
  int32_t width, height;
  int32_t quality; /* 1..100, as libjpeg counts it */
  int32_t bytes;
  char message[PH_JPEG_MESSAGE_SIZE]; /* why it failed */
};

enum { PH_JPEG_NOT_SMALLER = 1 };

/* Compresses `jpeg`, `size` bytes, into `smaller`, which has room for as many, with quantisers
 * `coarser_percent` / 100 times those it has. Where that would be worse than quality 10, the
 * picture is halved instead, and halved again, as long as it stays `least_width` wide.
 *
 * Returns PH_OK; PH_JPEG_NOT_SMALLER where nothing would be won; what ph_jpeg_decode and
 * ph_jpeg_encode say of a failure. May be called from any thread, also at once. */
PH_API int ph_jpeg_shrink(const uint8_t *jpeg, size_t size, int32_t coarser_percent,
                          int32_t least_width, uint8_t *smaller, struct ph_jpeg_shrunk *shrunk);

#endif
