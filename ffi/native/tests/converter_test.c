/* The conversion of a camera's buffer to an analysis image and a JPEG. */
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>

#include "../frame_converter.h"
#include "check.h"
#include "native_test.h"

static struct ph_frame_converter converter_of(uint32_t fourcc, int width, int height) {
  struct ph_frame_converter converter = {
      .format = {.fourcc = fourcc, .width = width, .height = height}};
  const struct ph_raw_format *raw = ph_raw_format_find(fourcc);
  if (raw != NULL) converter.format.stride = ph_raw_min_stride(raw, width);
  return converter;
}

static int convert(struct ph_frame_converter *converter, const void *data, size_t size,
                   struct ph_converted_frame *frame) {
  CHECK(ph_frame_copy(converter, data, size, frame) == PH_OK, "out of memory");
  return ph_frame_convert(converter, frame);
}

static void release(struct ph_frame_converter *converter, struct ph_converted_frame *frame) {
  ph_converted_frame_free(frame);
  ph_frame_converter_free(converter);
}

static void test_kinds(void) {
  CHECK(ph_is_jpeg(V4L2_PIX_FMT_MJPEG) && ph_is_jpeg(V4L2_PIX_FMT_JPEG), "JPEGs");
  CHECK(!ph_is_jpeg(V4L2_PIX_FMT_YUYV) && !ph_is_jpeg(0), "raw pixels");
}

/* Zeros after the end marker of a camera's JPEG are not part of it; other zeros are. */
static void test_trailing_zeros(void) {
  static const struct {
    uint8_t bytes[6];
    size_t size, expected;
  } cases[] = {
      {{0xff, 0xd9, 0, 0, 0}, 5, 2},
      {{0xff, 0xd9}, 2, 2},
      {{1, 0xff, 0xd9, 0}, 4, 3},
      {{0xff, 0xd8, 0, 0}, 4, 4},
      {{1, 0xd9, 0}, 3, 3},
      {{0xd9, 0, 0}, 3, 3},
      {{0, 0, 0}, 3, 3},
      {{0xff, 0xd9, 0, 7, 0}, 5, 5},
      {{0}, 0, 0},
      {{0xff, 0, 0}, 3, 3},
      {{0xff, 0xd9, 0xff, 0xd9}, 4, 4},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct ph_frame_converter converter = converter_of(V4L2_PIX_FMT_MJPEG, 16, 16);
    struct ph_converted_frame frame = {0};
    int status = convert(&converter, cases[i].bytes, cases[i].size, &frame);
    CHECK(status == PH_ERR_FORMAT && converter.result.message[0] != '\0', "case %zu: %d", i,
          status);
    CHECK(frame.jpeg.size == cases[i].expected, "case %zu: %zu bytes", i, frame.jpeg.size);
    release(&converter, &frame);
  }
}

static void check_jpeg_size(const struct ph_bytes *jpeg, int width, int height, const char *what) {
  static uint8_t pixels[1 << 18];
  struct ph_jpeg_result result;
  int status = ph_jpeg_decode(jpeg->data, jpeg->size, 0, pixels, sizeof pixels, &result);
  CHECK(status == PH_OK && result.image.width == width && result.image.height == height,
        "%s: %d: %dx%d: %s", what, status, result.image.width, result.image.height, result.message);
}

/* A camera's JPEG is kept byte for byte unless the image is transformed. */
static void test_camera_jpegs(void) {
  static const struct {
    enum ph_transform transform;
    int quality, width, height;
  } cases[] = {
      {PH_TRANSFORM_NONE, 0, 80, 64},           {PH_TRANSFORM_NONE, 70, 80, 64},
      {PH_TRANSFORM_CLOCKWISE_90, 0, 64, 80},   {PH_TRANSFORM_CLOCKWISE_90, 1, 64, 80},
      {PH_TRANSFORM_CLOCKWISE_180, 70, 80, 64},
  };
  struct ph_bytes jpeg = {0};
  make_jpeg(160, 128, 3, 2, 1, &jpeg);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct ph_frame_converter converter = converter_of(V4L2_PIX_FMT_MJPEG, 160, 128);
    struct ph_converted_frame frame = {0};
    int transformed = cases[i].transform != PH_TRANSFORM_NONE;
    int turned = cases[i].width < cases[i].height;
    converter.settings = (struct ph_frame_settings){80, cases[i].transform, cases[i].quality};
    for (int round = 0; round < 2; round++) { /* the second round uses the memory again */
      strcpy(converter.result.message, "of the frame before");
      int status = convert(&converter, jpeg.data, jpeg.size, &frame);
      CHECK(status == PH_OK && converter.result.message[0] == '\0', "case %zu: %d: %s", i, status,
            converter.result.message);
      CHECK(frame.image.width == cases[i].width && frame.image.height == cases[i].height,
            "case %zu: %dx%d", i, frame.image.width, frame.image.height);
      CHECK(frame.image.full_width == (turned ? 128 : 160), "%d", frame.image.full_width);
      if (!transformed) {
        CHECK(frame.jpeg.size == jpeg.size && memcmp(frame.jpeg.data, jpeg.data, jpeg.size) == 0,
              "case %zu: another JPEG", i);
      } else if (cases[i].quality == 0) {
        CHECK(frame.jpeg.size == 0, "case %zu: %zu bytes", i, frame.jpeg.size);
      } else {
        check_jpeg_size(&frame.jpeg, turned ? 128 : 160, turned ? 160 : 128, "transformed");
      }
    }
    release(&converter, &frame);
  }
  free(jpeg.data);
}

/* An image that is larger than the first memory of the decoder, then a smaller one. */
static void test_growth(void) {
  struct ph_bytes large = {0}, small = {0};
  make_jpeg(1024, 768, 1, 1, 1, &large);
  make_jpeg(64, 48, 1, 1, 1, &small);
  struct ph_frame_converter converter = converter_of(V4L2_PIX_FMT_MJPEG, 1024, 768);
  struct ph_converted_frame frame = {0};
  for (int round = 0; round < 2; round++) {
    int status = convert(&converter, small.data, small.size, &frame);
    CHECK(status == PH_OK && frame.image.width == 64, "%d: %s", status, converter.result.message);
    status = convert(&converter, large.data, large.size, &frame);
    CHECK(status == PH_OK && frame.image.width == 1024, "%d: %s", status, converter.result.message);
    CHECK(frame.pixels.capacity >= 1024 * 768, "%zu bytes", frame.pixels.capacity);
  }
  release(&converter, &frame);
  free(large.data);
  free(small.data);
}

static void test_raw(void) {
  static const uint8_t data[2 * 64 * 48] = {0};
  struct ph_frame_converter converter = converter_of(V4L2_PIX_FMT_YUYV, 64, 48);
  struct ph_converted_frame frame = {0};
  converter.format.full_range = 1;
  converter.format.bt709 = 1;
  converter.settings = (struct ph_frame_settings){32, PH_TRANSFORM_NONE, 70};
  strcpy(converter.result.message, "of the frame before");
  int status = convert(&converter, data, sizeof data, &frame);
  CHECK(converter.result.message[0] == '\0', "%s", converter.result.message);
  CHECK(status == PH_OK && frame.image.width == 32 && frame.image.height == 24, "%d: %s", status,
        converter.result.message);
  CHECK(frame.image.full_range == 1 && frame.image.bt709 == 1, "the color encoding");
  check_jpeg_size(&frame.jpeg, 64, 48, "raw");
  status = convert(&converter, data, sizeof data - 1, &frame);
  CHECK(status == PH_ERR_FORMAT && strstr(converter.result.message, "shorter"), "%d: %s", status,
        converter.result.message);
  converter.settings.jpeg_quality = 0;
  converter.format.full_range = converter.format.bt709 = 0;
  status = convert(&converter, data, sizeof data, &frame);
  CHECK(status == PH_OK && frame.jpeg.size == 0, "%d: %zu bytes of JPEG", status, frame.jpeg.size);
  CHECK(frame.image.full_range == 0 && frame.image.bt709 == 0, "the color encoding");
  release(&converter, &frame);
}

static void check_refused(uint32_t fourcc, int width, int height, const char *reason) {
  static const uint8_t data[64] = {0};
  struct ph_frame_converter converter = converter_of(fourcc, width, height);
  struct ph_converted_frame frame = {0};
  int status = convert(&converter, data, sizeof data, &frame);
  CHECK(status == PH_ERR_FORMAT && strstr(converter.result.message, reason), "%d: %s", status,
        converter.result.message);
  release(&converter, &frame);
}

void test_converter(void) {
  test_kinds();
  test_trailing_zeros();
  test_camera_jpegs();
  test_growth();
  test_raw();
  check_refused(v4l2_fourcc('X', 'X', 'X', 'X'), 4, 4, "its format is unknown");
  check_refused(V4L2_PIX_FMT_NV12, 4, 1, "it is empty");
}
