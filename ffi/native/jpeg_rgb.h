/* Decodes a JPEG to RGB, for files that hold pictures uncompressed. */
#ifndef PH_JPEG_RGB_H
#define PH_JPEG_RGB_H

#include <stddef.h>
#include <stdint.h>

#include "jpeg.h"
#include "status.h"

struct ph_jpeg_rgb {
  int32_t width, height;
  char message[PH_JPEG_MESSAGE_SIZE]; /* why it failed */
};

/* Decodes `jpeg`, `size` bytes, into `rgb`, 3 bytes a pixel without padding. Returns PH_OK;
 * PH_JPEG_NEEDS_ROOM, with nothing decoded, where `capacity` is under 3 * width * height;
 * PH_ERR_FORMAT for what is damaged, truncated, too large or no JPEG. May be called from any
 * thread, also at once. */
PH_API int ph_jpeg_rgb(const uint8_t *jpeg, size_t size, uint8_t *rgb, size_t capacity,
                       struct ph_jpeg_rgb *result);

#endif
