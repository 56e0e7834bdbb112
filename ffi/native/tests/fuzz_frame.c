/* Fuzzes the conversion of a camera's buffer and the recompression of its JPEG. The first four
 * bytes select the camera's format and the settings. */
#include <linux/videodev2.h>
#include <string.h>

#include "../frame_converter.h"
#include "../jpeg_shrink.h"

enum { CHOICES = 4 };

static const uint32_t formats[] = {V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_YUYV,   V4L2_PIX_FMT_UYVY,
                                   V4L2_PIX_FMT_NV12,  V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_GREY,
                                   V4L2_PIX_FMT_Y10,   V4L2_PIX_FMT_Y16};

static void read_all(const uint8_t *bytes, size_t size) {
  volatile uint8_t sum = 0;
  for (size_t i = 0; i < size; i++) sum ^= bytes[i];
}

static void shrink(const struct ph_bytes *jpeg, int scale) {
  struct ph_jpeg_shrunk shrunk;
  uint8_t *smaller =
      malloc(jpeg->size); /* exact size, so that AddressSanitizer detects an overflow */
  if (ph_jpeg_shrink(jpeg->data, jpeg->size, 100 + 16 * scale, 16, smaller, &shrunk) == PH_OK) {
    read_all(smaller, (size_t)shrunk.bytes);
  }
  free(smaller);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < CHOICES) return 0;
  /* Mostly JPEGs: their decoder has far more branches than the raw formats. */
  unsigned kind = data[0] < 224 ? 0 : data[0] % (sizeof formats / sizeof *formats);
  struct ph_frame_converter converter = {.format.fourcc = formats[kind],
                                         .format.width = 2 + data[1] % 62,
                                         .format.height = 2 + data[1] / 4,
                                         .settings.transform = data[2] % PH_TRANSFORM_COUNT,
                                         .settings.jpeg_quality = data[2] > 127 ? 50 : 0,
                                         .settings.min_width = data[3]};
  const struct ph_raw_format *raw = ph_raw_format_find(formats[kind]);
  if (raw != NULL) converter.format.stride = ph_raw_min_stride(raw, converter.format.width);
  struct ph_converted_frame frame = {0};
  if (ph_frame_copy(&converter, data + CHOICES, size - CHOICES, &frame) == PH_OK &&
      ph_frame_convert(&converter, &frame) == PH_OK) {
    read_all(frame.pixels.data, (size_t)frame.image.bytes);
    read_all(frame.jpeg.data, frame.jpeg.size);
    if (frame.jpeg.size > 0) shrink(&frame.jpeg, data[3]);
  }
  ph_converted_frame_free(&frame);
  ph_frame_converter_free(&converter);
  return 0;
}
