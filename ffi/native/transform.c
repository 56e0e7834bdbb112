#include "transform.h"

#include <stddef.h>

static int swaps_axes(enum ph_transform transform) {
  return transform == PH_TRANSFORM_CLOCKWISE_90 || transform == PH_TRANSFORM_COUNTERCLOCKWISE_90;
}

static int32_t round_up(int32_t value) { return (value + 63) / 64 * 64; }

static int32_t chroma_size(int32_t size, int32_t shift) { return (size + shift) >> shift; }

struct ph_image ph_transformed_layout(const struct ph_image *image, enum ph_transform transform) {
  struct ph_image transformed = *image;
  if (swaps_axes(transform)) {
    transformed.width = image->height;
    transformed.height = image->width;
    transformed.full_width = image->full_height;
    transformed.full_height = image->full_width;
    transformed.chroma_shift_x = image->chroma_shift_y;
    transformed.chroma_shift_y = image->chroma_shift_x;
  }
  transformed.y_offset = 0;
  transformed.y_stride = round_up(transformed.width);
  transformed.bytes = transformed.y_stride * transformed.height;
  if (image->u_offset < 0) return transformed;
  transformed.uv_stride = round_up(chroma_size(transformed.width, transformed.chroma_shift_x));
  int32_t plane =
      transformed.uv_stride * chroma_size(transformed.height, transformed.chroma_shift_y);
  transformed.u_offset = transformed.bytes;
  transformed.v_offset = transformed.u_offset + plane;
  transformed.bytes += 2 * plane;
  return transformed;
}

/* A transform is defined by its first source pixel and the steps along and down the source. */
static void transform_plane(const uint8_t *in, ptrdiff_t stride, int32_t width, int32_t height,
                            enum ph_transform transform, uint8_t *out, ptrdiff_t out_stride) {
  ptrdiff_t right = width - 1, bottom = (height - 1) * stride;
  ptrdiff_t first = 0, along = 1, down = stride;
  switch (transform) {
    case PH_TRANSFORM_CLOCKWISE_90:
      first = bottom;
      along = -stride;
      down = 1;
      break;
    case PH_TRANSFORM_COUNTERCLOCKWISE_90:
      first = right;
      along = stride;
      down = -1;
      break;
    case PH_TRANSFORM_CLOCKWISE_180:
      first = bottom + right;
      along = -1;
      down = -stride;
      break;
    case PH_TRANSFORM_MIRROR_HORIZONTAL:
      first = right;
      along = -1;
      break;
    case PH_TRANSFORM_MIRROR_VERTICAL:
      first = bottom;
      down = -stride;
      break;
    default: break;
  }
  int32_t columns = swaps_axes(transform) ? height : width;
  int32_t rows = swaps_axes(transform) ? width : height;
  for (int32_t row = 0; row < rows; row++) {
    const uint8_t *from = in + first + row * down;
    uint8_t *to = out + row * out_stride;
    for (int32_t column = 0; column < columns; column++, from += along) to[column] = *from;
  }
}

void ph_transform(const struct ph_image *image, const uint8_t *pixels, enum ph_transform transform,
                  uint8_t *out) {
  const struct ph_image transformed = ph_transformed_layout(image, transform);
  transform_plane(pixels + image->y_offset, image->y_stride, image->width, image->height, transform,
                  out + transformed.y_offset, transformed.y_stride);
  if (image->u_offset < 0) return;
  int32_t width = chroma_size(image->width, image->chroma_shift_x);
  int32_t height = chroma_size(image->height, image->chroma_shift_y);
  transform_plane(pixels + image->u_offset, image->uv_stride, width, height, transform,
                  out + transformed.u_offset, transformed.uv_stride);
  transform_plane(pixels + image->v_offset, image->uv_stride, width, height, transform,
                  out + transformed.v_offset, transformed.uv_stride);
}
