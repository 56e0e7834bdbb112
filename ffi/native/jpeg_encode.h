/* Encodes planar images as JPEG: those of sources without JPEGs, and transformed images. */
#ifndef PH_JPEG_ENCODE_H
#define PH_JPEG_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "image.h"
#include "jpeg.h"
#include "status.h"

/* Encodes `pixels`, in the layout of `image`, with a quality of 1..100. Converts them to the full
 * range and the matrix of JPEG, BT.601. Writes the reason of a failure to `message`. May be called
 * from any thread. */
int ph_jpeg_encode(const struct ph_image *image, const uint8_t *pixels, int quality,
                   struct ph_bytes *jpeg, char *message, size_t message_size);

struct ph_jpeg_compressed {
  int32_t bytes;
  char message[PH_JPEG_MESSAGE_SIZE]; /* the reason of a failure */
};

/* Encodes like ph_jpeg_encode into `jpeg`, which has `capacity` bytes.
 *
 * Returns PH_OK; PH_JPEG_BUFFER_TOO_SMALL if the JPEG has more bytes than `capacity`, with the
 * number of bytes; or an error. May be called from several threads at once. */
PH_API int ph_jpeg_compress(const struct ph_image *image, const uint8_t *pixels, int32_t quality,
                            uint8_t *jpeg, size_t capacity, struct ph_jpeg_compressed *result);

#endif
