#include "raw_format.h"

#include <linux/videodev2.h>

enum { ROW_ALIGNMENT = 64 };

/* A packed 4:2:2 format, by the offsets of its first Y, U and V sample. */
#define PACKED(code, y0, u0, v0) \
  .fourcc = code, .y = {0, y0, 2, 0}, .u = {0, u0, 4, 0}, .v = {0, v0, 4, 0}, .chroma_shift_x = 1

/* A grayscale format with samples of two bytes. */
#define GRAY16(code, bits) .fourcc = code, .y = {0, 0, 2, bits}

static const struct ph_raw_format formats[] = {
    {PACKED(V4L2_PIX_FMT_YUYV, 0, 1, 3)},
    {PACKED(V4L2_PIX_FMT_YVYU, 0, 3, 1)},
    {PACKED(V4L2_PIX_FMT_UYVY, 1, 0, 2)},
    {PACKED(V4L2_PIX_FMT_VYUY, 1, 2, 0)},
    {V4L2_PIX_FMT_NV12, {0, 0, 1, 0}, {1, 0, 2, 0}, {1, 1, 2, 0}, 1, 1, 0},
    {V4L2_PIX_FMT_NV21, {0, 0, 1, 0}, {1, 1, 2, 0}, {1, 0, 2, 0}, 1, 1, 0},
    {V4L2_PIX_FMT_YUV420, {0, 0, 1, 0}, {1, 0, 1, 0}, {2, 0, 1, 0}, 1, 1, 1},
    {.fourcc = V4L2_PIX_FMT_GREY, .y = {0, 0, 1, 0}},
    {GRAY16(V4L2_PIX_FMT_Y10, 10)},
    {GRAY16(V4L2_PIX_FMT_Y12, 12)},
    {GRAY16(V4L2_PIX_FMT_Y16, 16)},
};

const struct ph_raw_format *ph_raw_format_find(uint32_t fourcc) {
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    if (formats[i].fourcc == fourcc) return &formats[i];
  }
  return NULL;
}

static int32_t chroma_rows(const struct ph_raw_format *format, int32_t height) {
  return (height + format->chroma_shift_y) >> format->chroma_shift_y;
}

/* Returns the offset of a plane from the start of the image. */
static size_t plane_start(const struct ph_raw_format *format, int plane, int32_t stride,
                          int32_t height) {
  if (plane == 0) return 0;
  size_t chroma =
      (size_t)(stride >> format->chroma_stride_shift) * (size_t)chroma_rows(format, height);
  return (size_t)stride * (size_t)height + chroma * (size_t)(plane - 1);
}

size_t ph_raw_size(const struct ph_raw_format *format, int32_t stride, int32_t height) {
  int last = format->v.step == 0                 ? 0
             : format->u.plane > format->v.plane ? format->u.plane
                                                 : format->v.plane;
  return plane_start(format, last + 1, stride, height);
}

int32_t ph_raw_min_stride(const struct ph_raw_format *format, int32_t width) {
  return (width + format->chroma_shift_x) / (1 + format->chroma_shift_x) *
         (1 + format->chroma_shift_x) * format->y.step;
}

int32_t ph_scale_divisor(int32_t width, int32_t min_width) {
  int32_t divisor = 1;
  if (min_width <= 0) return 1;
  while (divisor < 8 && width / (divisor * 2) >= min_width) divisor *= 2;
  return divisor;
}

static int32_t round_up(int32_t value) {
  return (value + ROW_ALIGNMENT - 1) / ROW_ALIGNMENT * ROW_ALIGNMENT;
}

void ph_raw_lay_out(const struct ph_raw_image *raw, int32_t min_width, struct ph_image *image) {
  const struct ph_raw_format *format = raw->format;
  int32_t divisor = ph_scale_divisor(raw->width, min_width);
  while (divisor > 1 && (raw->width / divisor >> format->chroma_shift_x == 0 ||
                         raw->height / divisor >> format->chroma_shift_y == 0)) {
    divisor /= 2;
  }
  *image = (struct ph_image){
      .width = raw->width / divisor,
      .height = raw->height / divisor,
      .full_width = raw->width,
      .full_height = raw->height,
      .u_offset = -1,
      .v_offset = -1,
      .chroma_shift_x = format->chroma_shift_x,
      .chroma_shift_y = format->chroma_shift_y,
  };
  /* Crops odd columns and rows that have no complete chroma sample. */
  if (format->u.step != 0) {
    image->width &= ~(int32_t)format->chroma_shift_x;
    image->height &= ~(int32_t)format->chroma_shift_y;
  }
  image->y_stride = round_up(image->width);
  int32_t bytes = image->y_stride * image->height;
  if (format->u.step != 0) {
    image->uv_stride = round_up(image->width >> format->chroma_shift_x);
    int32_t plane = image->uv_stride * (image->height >> format->chroma_shift_y);
    image->u_offset = bytes;
    image->v_offset = bytes + plane;
    bytes += 2 * plane;
  }
  image->bytes = bytes;
}

struct target {
  uint8_t *start;
  int32_t stride, width, height;
};

/* Called with constant `step` and `divisor`, so that the compiler unrolls and vectorizes it. */
static inline __attribute__((always_inline)) void average(const uint8_t *source, int32_t stride,
                                                          int step, int divisor,
                                                          const struct target *target) {
  const unsigned half = (unsigned)(divisor * divisor) / 2;
  const unsigned shift = divisor == 8 ? 6 : divisor == 4 ? 4 : divisor == 2 ? 2 : 0;
  const int32_t width = target->width;
  for (int32_t row = 0; row < target->height; row++) {
    const uint8_t *restrict in = source + (size_t)row * (size_t)divisor * (size_t)stride;
    uint8_t *restrict out = target->start + (size_t)row * (size_t)target->stride;
    for (int32_t column = 0; column < width; column++) {
      unsigned sum = half;
      for (int dy = 0; dy < divisor; dy++) {
        for (int dx = 0; dx < divisor; dx++) {
          sum += in[(size_t)dy * (size_t)stride + (size_t)((column * divisor + dx) * step)];
        }
      }
      out[column] = (uint8_t)(sum >> shift);
    }
  }
}

#define FOR_EACH_DIVISOR(step)                                 \
  switch (divisor) {                                           \
    case 1: average(source, stride, step, 1, target); return;  \
    case 2: average(source, stride, step, 2, target); return;  \
    case 4: average(source, stride, step, 4, target); return;  \
    default: average(source, stride, step, 8, target); return; \
  }

static void average_component(const uint8_t *source, int32_t stride, int step, int divisor,
                              const struct target *target) {
  switch (step) {
    case 1: FOR_EACH_DIVISOR(1)
    case 2: FOR_EACH_DIVISOR(2)
    default: FOR_EACH_DIVISOR(4)
  }
}

/* Like average(), for samples of `bits` bits in two bytes. Bits above them are not defined by V4L2,
 * so that they saturate. */
static inline __attribute__((always_inline)) void average_wide(const uint8_t *source,
                                                               int32_t stride, int bits,
                                                               int divisor,
                                                               const struct target *target) {
  const unsigned shift = (unsigned)(bits - 8) + (divisor == 8   ? 6
                                                 : divisor == 4 ? 4
                                                 : divisor == 2 ? 2
                                                                : 0);
  const unsigned half = (1U << shift) / 2;
  for (int32_t row = 0; row < target->height; row++) {
    const uint8_t *restrict in = source + (size_t)row * (size_t)divisor * (size_t)stride;
    uint8_t *restrict out = target->start + (size_t)row * (size_t)target->stride;
    for (int32_t column = 0; column < target->width; column++) {
      unsigned sum = half;
      for (int dy = 0; dy < divisor; dy++) {
        for (int dx = 0; dx < divisor; dx++) {
          const uint8_t *at =
              in + (size_t)dy * (size_t)stride + (size_t)(column * divisor + dx) * 2;
          sum += at[0] | (unsigned)at[1] << 8;
        }
      }
      unsigned value = sum >> shift;
      out[column] = value > 255 ? 255 : (uint8_t)value;
    }
  }
}

static void average_wide_component(const uint8_t *source, int32_t stride, int bits, int divisor,
                                   const struct target *target) {
  switch (divisor) {
    case 1: average_wide(source, stride, bits, 1, target); return;
    case 2: average_wide(source, stride, bits, 2, target); return;
    case 4: average_wide(source, stride, bits, 4, target); return;
    default: average_wide(source, stride, bits, 8, target); return;
  }
}

static void scale_component(const struct ph_raw_image *raw, struct ph_raw_component component,
                            int32_t stride, int divisor, const struct target *target) {
  const uint8_t *source = raw->data + component.offset +
                          plane_start(raw->format, component.plane, raw->stride, raw->height);
  if (component.bits > 0)
    average_wide_component(source, stride, component.bits, divisor, target);
  else
    average_component(source, stride, component.step, divisor, target);
}

void ph_raw_scale(const struct ph_raw_image *raw, const struct ph_image *image, uint8_t *pixels) {
  const struct ph_raw_format *format = raw->format;
  int divisor = image->width > 0 ? raw->width / image->width : 1;
  divisor = divisor >= 8 ? 8 : divisor >= 4 ? 4 : divisor >= 2 ? 2 : 1;
  struct target y = {pixels + image->y_offset, image->y_stride, image->width, image->height};
  scale_component(raw, format->y, raw->stride, divisor, &y);
  if (format->u.step == 0) return;
  int32_t stride = raw->stride >> format->chroma_stride_shift;
  struct target chroma = {pixels + image->u_offset, image->uv_stride,
                          image->width >> format->chroma_shift_x,
                          image->height >> format->chroma_shift_y};
  scale_component(raw, format->u, stride, divisor, &chroma);
  chroma.start = pixels + image->v_offset;
  scale_component(raw, format->v, stride, divisor, &chroma);
}
