#include "turn.h"

#include <stddef.h>

static int swaps_sides(enum ph_turn turn) {
  return turn == PH_TURN_CLOCKWISE_90 || turn == PH_TURN_COUNTERCLOCKWISE_90;
}

static int32_t round_up(int32_t value) { return (value + 63) / 64 * 64; }

static int32_t chroma_size(int32_t size, int32_t shift) { return (size + shift) >> shift; }

struct ph_picture ph_turned(const struct ph_picture *picture, enum ph_turn turn) {
  struct ph_picture turned = *picture;
  if (swaps_sides(turn)) {
    turned.width = picture->height;
    turned.height = picture->width;
    turned.full_width = picture->full_height;
    turned.full_height = picture->full_width;
    turned.chroma_shift_x = picture->chroma_shift_y;
    turned.chroma_shift_y = picture->chroma_shift_x;
  }
  turned.y_offset = 0;
  turned.y_stride = round_up(turned.width);
  turned.bytes = turned.y_stride * turned.height;
  if (picture->u_offset < 0) return turned;
  turned.uv_stride = round_up(chroma_size(turned.width, turned.chroma_shift_x));
  int32_t plane = turned.uv_stride * chroma_size(turned.height, turned.chroma_shift_y);
  turned.u_offset = turned.bytes;
  turned.v_offset = turned.u_offset + plane;
  turned.bytes += 2 * plane;
  return turned;
}

/* Each turn is a first pixel and two steps through the source. */
static void turn_plane(const uint8_t *in, ptrdiff_t stride, int32_t width, int32_t height,
                       enum ph_turn turn, uint8_t *out, ptrdiff_t out_stride) {
  ptrdiff_t right = width - 1, bottom = (height - 1) * stride;
  ptrdiff_t first = 0, along = 1, down = stride;
  switch (turn) {
    case PH_TURN_CLOCKWISE_90:
      first = bottom;
      along = -stride;
      down = 1;
      break;
    case PH_TURN_COUNTERCLOCKWISE_90:
      first = right;
      along = stride;
      down = -1;
      break;
    case PH_TURN_180:
      first = bottom + right;
      along = -1;
      down = -stride;
      break;
    case PH_TURN_MIRROR_HORIZONTAL:
      first = right;
      along = -1;
      break;
    case PH_TURN_MIRROR_VERTICAL:
      first = bottom;
      down = -stride;
      break;
    default: break;
  }
  int32_t columns = swaps_sides(turn) ? height : width;
  int32_t rows = swaps_sides(turn) ? width : height;
  for (int32_t row = 0; row < rows; row++) {
    const uint8_t *from = in + first + row * down;
    uint8_t *to = out + row * out_stride;
    for (int32_t column = 0; column < columns; column++, from += along) to[column] = *from;
  }
}

void ph_turn(const struct ph_picture *picture, const uint8_t *pixels, enum ph_turn turn,
             uint8_t *out) {
  const struct ph_picture turned = ph_turned(picture, turn);
  turn_plane(pixels + picture->y_offset, picture->y_stride, picture->width, picture->height, turn,
             out + turned.y_offset, turned.y_stride);
  if (picture->u_offset < 0) return;
  int32_t width = chroma_size(picture->width, picture->chroma_shift_x);
  int32_t height = chroma_size(picture->height, picture->chroma_shift_y);
  turn_plane(pixels + picture->u_offset, picture->uv_stride, width, height, turn,
             out + turned.u_offset, turned.uv_stride);
  turn_plane(pixels + picture->v_offset, picture->uv_stride, width, height, turn,
             out + turned.v_offset, turned.uv_stride);
}
