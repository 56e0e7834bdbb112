/* Raw pixel formats of cameras, and their conversion to a scaled planar image. */
#ifndef PH_RAW_FORMAT_H
#define PH_RAW_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "status.h"

/* The memory layout of one component's samples. */
struct ph_raw_component {
  uint8_t plane;  /* 0: in the rows of Y; 1, 2: in the first or second plane after it */
  uint8_t offset; /* of the first sample, in bytes */
  uint8_t step;   /* from one sample to the next, in bytes; 0: the component does not exist */
  uint8_t bits; /* 0: 8 bits in one byte; else the bits of a sample in two, the lower byte first */
};

struct ph_raw_format {
  uint32_t fourcc; /* V4L2_PIX_FMT_... */
  struct ph_raw_component y, u, v;
  uint8_t chroma_shift_x, chroma_shift_y;
  uint8_t chroma_stride_shift; /* stride of a chroma row: that of Y, shifted right by this */
};

/* Returns NULL if the library cannot read the format. */
const struct ph_raw_format *ph_raw_format_find(uint32_t fourcc);

/* A raw image in a driver's buffer. */
struct ph_raw_image {
  const struct ph_raw_format *format;
  const uint8_t *data;
  int32_t width, height;
  int32_t stride; /* bytes of a row of Y */
};

/* Returns the size in bytes of an image with this stride and height. */
size_t ph_raw_size(const struct ph_raw_format *format, int32_t stride, int32_t height);

/* Returns the minimum stride in bytes for `width` pixels. */
int32_t ph_raw_min_stride(const struct ph_raw_format *format, int32_t width);

/* Returns the largest divisor of 1, 2, 4 and 8 that leaves at least `min_width` pixels; 1 if
 * `min_width` is 0. */
int32_t ph_scale_divisor(int32_t width, int32_t min_width);

/* Computes the layout of the scaled `image` for ph_raw_scale and sets all fields except those of
 * the color. The image is empty only if `raw` has less than one complete chroma sample. */
void ph_raw_lay_out(const struct ph_raw_image *raw, int32_t min_width, struct ph_image *image);

/* Fills `pixels`, of `image->bytes` bytes, with the mean of each block of pixels. */
void ph_raw_scale(const struct ph_raw_image *raw, const struct ph_image *image, uint8_t *pixels);

#endif
