/* Raw pixels as cameras lay them out, and how a small planar picture is made from them. */
#ifndef PH_RAW_FORMAT_H
#define PH_RAW_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "picture.h"
#include "status.h"

/* Where one component's samples lie. */
struct ph_raw_component {
  uint8_t plane;  /* 0: among the rows of Y; 1, 2: in the block behind it */
  uint8_t offset; /* of the first sample, in bytes */
  uint8_t step;   /* from one sample to the next, in bytes; 0: there is no such component */
};

struct ph_raw_format {
  uint32_t fourcc; /* V4L2_PIX_FMT_... */
  struct ph_raw_component y, u, v;
  uint8_t chroma_shift_x, chroma_shift_y;
  uint8_t chroma_stride_shift; /* a chroma row's bytes: those of a Y row, shifted right by this */
};

/* NULL where the library cannot read the format. */
const struct ph_raw_format *ph_raw_format_find(uint32_t fourcc);

/* A raw picture in a driver's buffer. */
struct ph_raw_image {
  const struct ph_raw_format *format;
  const uint8_t *data;
  int32_t width, height;
  int32_t stride; /* bytes of a row of Y */
};

/* Bytes that an image of this height and stride has. */
size_t ph_raw_size(const struct ph_raw_format *format, int32_t stride, int32_t height);

/* Bytes of the smallest stride that `width` pixels need. */
int32_t ph_raw_least_stride(const struct ph_raw_format *format, int32_t width);

/* The divisor, 1, 2, 4 or 8, that leaves at least `least_width` pixels; 1 where it is 0. */
int32_t ph_scale_divisor(int32_t width, int32_t least_width);

/* Lays `picture` out for ph_raw_scale; sets all but the colour fields. It is empty only where the
 * image has not one whole sample of chroma. */
void ph_raw_lay_out(const struct ph_raw_image *image, int32_t least_width,
                    struct ph_picture *picture);

/* Fills `pixels`, of picture->bytes, with the mean of each block of pixels. */
void ph_raw_scale(const struct ph_raw_image *image, const struct ph_picture *picture,
                  uint8_t *pixels);

#endif
