/* An image in planar YUV with 8 bits per sample and the top row first. All planes lie in one block
 * of memory that the caller owns. ffi/image.ts reads the same struct. */
#ifndef PH_IMAGE_H
#define PH_IMAGE_H

#include <stdint.h>

struct ph_image {
  int32_t width, height;                  /* of the Y plane */
  int32_t full_width, full_height;        /* of the camera's image or the JPEG, before scaling */
  int32_t y_offset, u_offset, v_offset;   /* from the start of the block; u, v: -1 if grayscale */
  int32_t y_stride, uv_stride;            /* bytes from one row to the next */
  int32_t chroma_shift_x, chroma_shift_y; /* size of U and V: ceil(width >> x), ceil(height >> y) */
  int32_t full_range;                     /* 1: Y in 0..255 as in JPEG; 0: 16..235 as in video */
  int32_t bt709;                          /* 1: BT.709 matrix, 0: BT.601 */
  int32_t bytes;                          /* size of the block */
};

/* Maximum number of pixels of an image that is decoded or captured. It bounds the memory that the
 * header of an untrusted JPEG can request. */
#ifndef PH_MAX_PIXELS
#define PH_MAX_PIXELS (32 * 1024 * 1024)
#endif

#endif
