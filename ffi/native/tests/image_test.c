#include <linux/videodev2.h>
#include <string.h>

#include "../raw_format.h"
#include "../transform.h"
#include "check.h"
#include "native_test.h"

/* Returns one sample of a raw image by the definition of its format, not by the library's table. */
static uint8_t *sample(uint8_t *data, uint32_t fourcc, int stride, int height, int x, int y,
                       int channel) {
  uint8_t *row = data + y * stride, *chroma = data + stride * height;
  int pair = x / 2 * 4;
  switch (fourcc) {
    case V4L2_PIX_FMT_YUYV: return row + (channel == 0 ? x * 2 : pair + (channel == 1 ? 1 : 3));
    case V4L2_PIX_FMT_YVYU: return row + (channel == 0 ? x * 2 : pair + (channel == 1 ? 3 : 1));
    case V4L2_PIX_FMT_UYVY: return row + (channel == 0 ? x * 2 + 1 : pair + (channel == 1 ? 0 : 2));
    case V4L2_PIX_FMT_VYUY: return row + (channel == 0 ? x * 2 + 1 : pair + (channel == 1 ? 2 : 0));
    case V4L2_PIX_FMT_NV12:
      return channel == 0 ? row + x : chroma + y / 2 * stride + x / 2 * 2 + (channel == 1 ? 0 : 1);
    case V4L2_PIX_FMT_NV21:
      return channel == 0 ? row + x : chroma + y / 2 * stride + x / 2 * 2 + (channel == 1 ? 1 : 0);
    case V4L2_PIX_FMT_YUV420:
      if (channel == 2) chroma += stride / 2 * (height / 2);
      return channel == 0 ? row + x : chroma + y / 2 * (stride / 2) + x / 2;
    default: return channel == 0 ? row + x : NULL;
  }
}

static void check_scale(uint32_t fourcc, int width, int height, int min_width) {
  const struct ph_raw_format *format = ph_raw_format_find(fourcc);
  int stride = ph_raw_min_stride(format, width) + 8;
  size_t size = ph_raw_size(format, stride, height);
  uint8_t *data = malloc(size); /* exact size, for AddressSanitizer */
  memset(data, 0, size);
  int channels = fourcc == V4L2_PIX_FMT_GREY ? 1 : 3;
  for (int y = 0; y < height; y++) {
    for (int x = 0; x < width; x++) {
      for (int c = 0; c < channels; c++) {
        /* All pixels of a 2x2 block have the same chroma, whatever the subsampling. */
        uint8_t value = (uint8_t)(c ? pattern(x / 2, y / 2, c) : pattern(x, y, c));
        *sample(data, fourcc, stride, height, x, y, c) = value;
      }
    }
  }
  const struct ph_raw_image raw = {format, data, width, height, stride};
  struct ph_image image;
  ph_raw_lay_out(&raw, min_width, &image);
  uint8_t *pixels = malloc((size_t)image.bytes);
  ph_raw_scale(&raw, &image, pixels);
  int divisor = ph_scale_divisor(width, min_width);
  for (int c = 0; c < channels; c++) {
    int sx = c ? image.chroma_shift_x : 0, sy = c ? image.chroma_shift_y : 0;
    const int32_t offsets[] = {image.y_offset, image.u_offset, image.v_offset};
    for (int y = 0; y < image.height >> sy; y++) {
      for (int x = 0; x < image.width >> sx; x++) {
        int sum = divisor * divisor / 2;
        for (int k = 0; k < divisor * divisor; k++) {
          int at_x = (x * divisor + k % divisor) << sx, at_y = (y * divisor + k / divisor) << sy;
          sum += *sample(data, fourcc, stride, height, at_x, at_y, c);
        }
        int found = pixels[offsets[c] + y * (c ? image.uv_stride : image.y_stride) + x];
        if (found != sum / (divisor * divisor)) {
          CHECK(0, "%.4s %dx%d to %d, channel %d at %d,%d: %d, not %d", (char *)&fourcc, width,
                height, min_width, c, x, y, found, sum / (divisor * divisor));
          free(data);
          free(pixels);
          return;
        }
      }
    }
  }
  free(data);
  free(pixels);
}

static void test_raw_formats(void) {
  static const uint32_t formats[] = {V4L2_PIX_FMT_YUYV,   V4L2_PIX_FMT_YVYU, V4L2_PIX_FMT_UYVY,
                                     V4L2_PIX_FMT_VYUY,   V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_NV21,
                                     V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_GREY};
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    for (int min_width = 0; min_width <= 80; min_width = min_width ? min_width * 2 : 20) {
      check_scale(formats[i], 160, 120, min_width);
      check_scale(formats[i], 166, 122, min_width);
    }
  }
  CHECK(ph_raw_format_find(V4L2_PIX_FMT_H264) == NULL, "H.264 is no raw format");
}

/* Writes a grayscale sample of two bytes by the definition of V4L2: the lower byte first. */
static void write_wide(uint8_t *at, unsigned value) {
  at[0] = (uint8_t)value;
  at[1] = (uint8_t)(value >> 8);
}

static unsigned wide_pattern(int x, int y, int bits) {
  return ((unsigned)x * 2654435761U + (unsigned)y * 40503U) >> 7 & ((1U << bits) - 1);
}

/* Compares the means of blocks, rounded to 8 bits, with their definition. */
static void check_wide(uint32_t fourcc, int bits, int width, int height, int min_width) {
  const struct ph_raw_format *format = ph_raw_format_find(fourcc);
  int stride = ph_raw_min_stride(format, width) + 6;
  CHECK(stride == 2 * width + 6, "%.4s: a stride of %d", (char *)&fourcc, stride);
  size_t size = ph_raw_size(format, stride, height);
  CHECK(size == (size_t)stride * (size_t)height, "%.4s: %zu bytes", (char *)&fourcc, size);
  uint8_t *data = malloc(size); /* exact size, for AddressSanitizer */
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) write_wide(data + y * stride + 2 * x, wide_pattern(x, y, bits));
  const struct ph_raw_image raw = {format, data, width, height, stride};
  struct ph_image image;
  ph_raw_lay_out(&raw, min_width, &image);
  CHECK(image.u_offset == -1 && image.v_offset == -1, "%.4s has chroma", (char *)&fourcc);
  uint8_t *pixels = malloc((size_t)image.bytes);
  ph_raw_scale(&raw, &image, pixels);
  int divisor = ph_scale_divisor(width, min_width), wrong = 0;
  for (int y = 0; y < image.height; y++)
    for (int x = 0; x < image.width; x++) {
      uint64_t sum = 0, unit = (uint64_t)(divisor * divisor) << (bits - 8);
      for (int k = 0; k < divisor * divisor; k++)
        sum += wide_pattern(x * divisor + k % divisor, y * divisor + k / divisor, bits);
      uint64_t expected = (sum + unit / 2) / unit;
      wrong += pixels[y * image.y_stride + x] != (expected > 255 ? 255 : expected);
    }
  CHECK(wrong == 0, "%.4s %dx%d to %d: %d pixels are wrong", (char *)&fourcc, width, height,
        min_width, wrong);
  free(data);
  free(pixels);
}

/* Rounding, and values on both sides of the largest that a format defines. */
static void check_wide_limits(void) {
  static const struct {
    uint32_t fourcc;
    unsigned value;
    uint8_t expected;
  } cases[] = {
      {V4L2_PIX_FMT_Y10, 0, 0},           {V4L2_PIX_FMT_Y10, 1, 0},
      {V4L2_PIX_FMT_Y10, 2, 1},           {V4L2_PIX_FMT_Y10, 1017, 254},
      {V4L2_PIX_FMT_Y10, 1018, 255},      {V4L2_PIX_FMT_Y10, 1023, 255},
      {V4L2_PIX_FMT_Y10, 1024, 255},      {V4L2_PIX_FMT_Y10, 65535, 255},
      {V4L2_PIX_FMT_Y12, 7, 0},           {V4L2_PIX_FMT_Y12, 8, 1},
      {V4L2_PIX_FMT_Y12, 4095, 255},      {V4L2_PIX_FMT_Y12, 4096, 255},
      {V4L2_PIX_FMT_Y16, 127, 0},         {V4L2_PIX_FMT_Y16, 128, 1},
      {V4L2_PIX_FMT_Y16, 128 * 256, 128}, {V4L2_PIX_FMT_Y16, 65535, 255},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint8_t data[2], pixels[64];
    write_wide(data, cases[i].value);
    const struct ph_raw_image raw = {ph_raw_format_find(cases[i].fourcc), data, 1, 1, 2};
    struct ph_image image;
    ph_raw_lay_out(&raw, 0, &image);
    ph_raw_scale(&raw, &image, pixels);
    CHECK(pixels[0] == cases[i].expected, "%.4s: %u became %d, not %d", (char *)&cases[i].fourcc,
          cases[i].value, pixels[0], cases[i].expected);
  }
}

static void test_wide_formats(void) {
  static const struct {
    uint32_t fourcc;
    int bits;
  } formats[] = {{V4L2_PIX_FMT_Y10, 10}, {V4L2_PIX_FMT_Y12, 12}, {V4L2_PIX_FMT_Y16, 16}};
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    for (int min_width = 0; min_width <= 80; min_width = min_width ? min_width * 2 : 20) {
      check_wide(formats[i].fourcc, formats[i].bits, 160, 120, min_width);
      check_wide(formats[i].fourcc, formats[i].bits, 165, 121, min_width);
    }
  }
  check_wide_limits();
}

/* Checks that a transform and its inverse restore the image, also with odd sizes. */
static void check_inverse(enum ph_transform transform, enum ph_transform inverse, int width,
                          int height) {
  struct ph_image image = {.width = width,
                           .height = height,
                           .u_offset = 64 * height,
                           .v_offset = 96 * height,
                           .y_stride = 64,
                           .uv_stride = 32,
                           .chroma_shift_x = 1,
                           .chroma_shift_y = 0,
                           .bytes = 128 * height};
  uint8_t *pixels = malloc((size_t)image.bytes);
  for (int i = 0; i < image.bytes; i++) pixels[i] = (uint8_t)(i * 37 >> 2);
  struct ph_image transformed = ph_transformed_layout(&image, transform);
  uint8_t *once = malloc((size_t)transformed.bytes);
  ph_transform(&image, pixels, transform, once);
  struct ph_image restored = ph_transformed_layout(&transformed, inverse);
  uint8_t *twice = malloc((size_t)restored.bytes);
  ph_transform(&transformed, once, inverse, twice);
  CHECK(restored.width == width && restored.height == height && restored.chroma_shift_x == 1 &&
            restored.chroma_shift_y == 0,
        "%dx%d was restored as %dx%d", width, height, restored.width, restored.height);
  for (int y = 0; y < height; y++) {
    CHECK(memcmp(pixels + y * 64, twice + restored.y_offset + y * restored.y_stride,
                 (size_t)width) == 0,
          "luma row %d, transforms %d and %d", y, transform, inverse);
    CHECK(memcmp(pixels + image.v_offset + y * 32,
                 twice + restored.v_offset + y * restored.uv_stride, (size_t)(width + 1) / 2) == 0,
          "chroma row %d, transforms %d and %d", y, transform, inverse);
  }
  free(pixels);
  free(once);
  free(twice);
}

static void test_transforms(void) {
  for (int width = 1; width <= 33; width += 16) {
    check_inverse(PH_TRANSFORM_CLOCKWISE_90, PH_TRANSFORM_COUNTERCLOCKWISE_90, width, 21);
    check_inverse(PH_TRANSFORM_CLOCKWISE_180, PH_TRANSFORM_CLOCKWISE_180, width, 21);
    check_inverse(PH_TRANSFORM_MIRROR_HORIZONTAL, PH_TRANSFORM_MIRROR_HORIZONTAL, width, 21);
    check_inverse(PH_TRANSFORM_MIRROR_VERTICAL, PH_TRANSFORM_MIRROR_VERTICAL, width, 21);
  }
  /* a b    c a
   * c d -> d b   clockwise */
  const uint8_t square[] = {'a', 'b', 'c', 'd'};
  struct ph_image image = {
      .width = 2, .height = 2, .u_offset = -1, .v_offset = -1, .y_stride = 2, .bytes = 4};
  uint8_t out[128];
  ph_transform(&image, square, PH_TRANSFORM_CLOCKWISE_90, out);
  CHECK(out[0] == 'c' && out[1] == 'a' && out[64] == 'd' && out[65] == 'b', "not clockwise");
}

void test_images(void) {
  test_raw_formats();
  test_wide_formats();
  test_transforms();
}
