#include <math.h>
#include <stdlib.h>

#include "regions.h"
#include "regions_internal.h"

struct color_coefficients color_coefficients(const struct ph_geometry *geometry) {
  /* ITU-R BT.601 and BT.709: V to red, U and V to green, U to blue. */
  static const float matrices[2][4] = {{1.402f, 0.344136f, 0.714136f, 1.772f},
                                       {1.5748f, 0.187324f, 0.468124f, 1.8556f}};
  const float *m = matrices[geometry->bt709 ? 1 : 0];
  float chroma = geometry->limited ? 255.0f / 224.0f : 1.0f;
  return (struct color_coefficients){
      .luma_offset = geometry->limited ? 16.0f : 0.0f,
      .luma = geometry->limited ? 255.0f / 219.0f : 1.0f,
      .rv = m[0] * chroma,
      .gu = m[1] * chroma,
      .gv = m[2] * chroma,
      .bu = m[3] * chroma,
  };
}

int check_geometry(const uint8_t *y, const uint8_t *u, const uint8_t *v,
                   const struct ph_geometry *g) {
  if (!y || !g || g->width < 2 || g->height < 2 || g->width > 16384 || g->height > 16384)
    return ph_fail(PH_ERR_ARGUMENT, "Cannot read the image: its size must be 2x2 to 16384x16384");
  if (!u != !v)
    return ph_fail(PH_ERR_ARGUMENT, "Cannot read the image: it has only one of two chroma planes");
  if ((g->shift_x | g->shift_y) & ~1 || g->y_stride < g->width ||
      (u && g->uv_stride < (g->width + g->shift_x) >> g->shift_x))
    return ph_fail(PH_ERR_ARGUMENT, "Cannot read the image: a stride is smaller than the width");
  return PH_OK;
}

static float clamp_byte(float value) { return value < 0 ? 0 : value > 255 ? 255 : value; }

/* The pixels [from, to) that an output pixel covers; empty if it lies outside of the image. */
struct span {
  int from, to;
};

static struct span span_of(float start, float step, int index, int size) {
  float low = start + step * (float)index, high = low + step;
  int from = (int)lroundf(low), to = (int)lroundf(high);
  if (to <= from) { /* upscaling: the pixel under the center */
    from = (int)floorf((low + high) / 2);
    to = from + 1;
  }
  if (from < 0) from = 0;
  if (to > size) to = size;
  return (struct span){from, to};
}

/* Writes the spans of `count` output pixels. */
static void fill_spans(struct span *spans, float start, float step, int count, int size) {
  for (int index = 0; index < count; index++) spans[index] = span_of(start, step, index, size);
}

static float mean_of(const uint8_t *plane, int stride, struct span x, struct span y) {
  uint32_t sum = 0;
  for (int row = y.from; row < y.to; row++) {
    const uint8_t *line = plane + (size_t)row * stride;
    for (int column = x.from; column < x.to; column++) sum += line[column];
  }
  return (float)sum / (float)((x.to - x.from) * (y.to - y.from));
}

static struct span halved(struct span span, int shift) {
  return (struct span){span.from >> shift, ((span.to - 1) >> shift) + 1};
}

int ph_resample_rgb(const uint8_t *y, const uint8_t *u, const uint8_t *v,
                    const struct ph_geometry *g, const float *rectangle, int quarter_turns,
                    int out_width, int out_height, float scale, float offset, float *out) {
  int status = check_geometry(y, u, v, g);
  if (status) return status;
  if (!rectangle || !out || out_width < 1 || out_height < 1 || !(rectangle[2] > 0) ||
      !(rectangle[3] > 0) || !(fabsf(rectangle[0]) < 1e6f) || !(fabsf(rectangle[1]) < 1e6f) ||
      !(rectangle[2] < 1e6f) || !(rectangle[3] < 1e6f))
    return ph_fail(PH_ERR_ARGUMENT,
                   "Cannot resample the image: the rectangle or the output size is invalid");
  struct color_coefficients c = color_coefficients(g);
  quarter_turns &= 3;
  int swaps_axes = quarter_turns & 1;
  int columns = swaps_axes ? out_height : out_width, rows = swaps_axes ? out_width : out_height;
  struct span *spans = malloc(((size_t)columns + rows) * sizeof *spans);
  if (!spans) return ph_fail(PH_ERR_MEMORY, "Cannot resample the image: out of memory");
  fill_spans(spans, rectangle[0], rectangle[2] / (float)columns, columns, g->width);
  fill_spans(spans + columns, rectangle[1], rectangle[3] / (float)rows, rows, g->height);
  for (int row = 0; row < out_height; row++) {
    for (int column = 0; column < out_width; column++) {
      int input_column = quarter_turns == 0   ? column
                         : quarter_turns == 1 ? out_height - 1 - row
                         : quarter_turns == 2 ? out_width - 1 - column
                                              : row;
      int input_row = quarter_turns == 0   ? row
                      : quarter_turns == 1 ? column
                      : quarter_turns == 2 ? out_height - 1 - row
                                           : out_width - 1 - column;
      struct span x = spans[input_column];
      struct span w = spans[columns + input_row];
      float red = 0, green = 0, blue = 0;
      if (x.to > x.from && w.to > w.from) {
        float luma = (mean_of(y, g->y_stride, x, w) - c.luma_offset) * c.luma;
        float cu = 0, cv = 0;
        if (u) {
          struct span chroma_x = halved(x, g->shift_x), chroma_y = halved(w, g->shift_y);
          cu = mean_of(u, g->uv_stride, chroma_x, chroma_y) - 128;
          cv = mean_of(v, g->uv_stride, chroma_x, chroma_y) - 128;
        }
        red = clamp_byte(luma + c.rv * cv);
        green = clamp_byte(luma - c.gu * cu - c.gv * cv);
        blue = clamp_byte(luma + c.bu * cu);
      }
      out[0] = red * scale + offset;
      out[1] = green * scale + offset;
      out[2] = blue * scale + offset;
      out += 3;
    }
  }
  free(spans);
  return PH_OK;
}
