/* Encodes planar images as JPEG, for cameras without JPEGs and for transformed images. */
#ifndef PH_JPEG_ENCODE_H
#define PH_JPEG_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "image.h"
#include "status.h"

/* Encodes `pixels`, in the layout of `image`, with a quality of 1..100. Limited range is expanded
 * to the full range of JPEG. Writes the reason of a failure to `message`. May be called from any
 * thread. */
int ph_jpeg_encode(const struct ph_image *image, const uint8_t *pixels, int quality,
                   struct ph_bytes *jpeg, char *message, size_t message_size);

#endif
