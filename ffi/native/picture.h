/* A picture as the library hands it out: planar YUV, 8 bits a sample, the first row on top, all
 * planes in one block of memory that the caller owns. ffi/picture.ts reads the same bytes. */
#ifndef PH_PICTURE_H
#define PH_PICTURE_H

#include <stdint.h>

struct ph_picture {
  int32_t width, height;                  /* of the Y plane */
  int32_t full_width, full_height;        /* of what the camera or the JPEG had, before scaling */
  int32_t y_offset, u_offset, v_offset;   /* from the block's start; u and v are -1 for grey */
  int32_t y_stride, uv_stride;            /* bytes from one row to the next */
  int32_t chroma_shift_x, chroma_shift_y; /* U and V: ceil(width >> x) by ceil(height >> y) */
  int32_t full_range;                     /* 1: 0..255 as in JPEG; 0: 16..235 as in television */
  int32_t bt709;                          /* 1: bt709 matrix, 0: bt601 */
  int32_t bytes;                          /* the block's size */
};

/* The largest picture that is decoded or captured: a header must not make us ask for more. */
#ifndef PH_MAX_PIXELS
#define PH_MAX_PIXELS (32 * 1024 * 1024)
#endif

#endif
