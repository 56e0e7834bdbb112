/* Compresses planar pictures, for cameras that make no JPEGs and for pictures that were turned. */
#ifndef PH_JPEG_ENCODE_H
#define PH_JPEG_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "picture.h"
#include "status.h"

/* Compresses `pixels`, laid out as `picture`, at a quality of 1..100; limited range is widened to
 * JPEG's full one. `message` gets the reason of a failure. Any thread. */
int ph_jpeg_encode(const struct ph_picture *picture, const uint8_t *pixels, int quality,
                   struct ph_bytes *jpeg, char *message, size_t message_size);

#endif
