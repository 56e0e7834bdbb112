/* Decodes a JPEG to RGB, for uncompressed image files. */
#ifndef PH_JPEG_RGB_H
#define PH_JPEG_RGB_H

#include <stddef.h>
#include <stdint.h>

#include "jpeg.h"
#include "status.h"

struct ph_jpeg_rgb {
  int32_t width, height;
  char message[PH_JPEG_MESSAGE_SIZE]; /* the reason of a failure */
};

/* Decodes `jpeg`, `size` bytes, into `rgb`, 3 bytes per pixel without padding. Returns PH_OK;
 * PH_JPEG_BUFFER_TOO_SMALL, with nothing decoded, if `capacity` is less than 3 * width * height;
 * PH_ERR_FORMAT if the data is damaged, truncated, too large or not a JPEG. May be called from
 * several threads at once. */
PH_API int ph_jpeg_rgb(const uint8_t *jpeg, size_t size, uint8_t *rgb, size_t capacity,
                       struct ph_jpeg_rgb *result);

#endif
