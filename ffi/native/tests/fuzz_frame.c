/* Any bytes in a camera's buffer: the frame is made or refused, its JPEG made smaller for a slow
 * link, and no memory is harmed. The first four bytes choose what camera it is. */
#include <linux/videodev2.h>
#include <string.h>

#include "../frame_maker.h"
#include "../jpeg_shrink.h"

enum { CHOICES = 4 };

static const uint32_t formats[] = {V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_YUYV,   V4L2_PIX_FMT_UYVY,
                                   V4L2_PIX_FMT_NV12,  V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_GREY};

static void touch(const uint8_t *bytes, size_t size) {
  volatile uint8_t sum = 0;
  for (size_t i = 0; i < size; i++) sum ^= bytes[i];
}

static void make_smaller(const struct ph_bytes *jpeg, int coarser) {
  struct ph_jpeg_shrunk shrunk;
  uint8_t *smaller = malloc(jpeg->size); /* exactly, so that one byte more is seen */
  if (ph_jpeg_shrink(jpeg->data, jpeg->size, 100 + 16 * coarser, 16, smaller, &shrunk) == PH_OK) {
    touch(smaller, (size_t)shrunk.bytes);
  }
  free(smaller);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < CHOICES) return 0;
  /* Mostly JPEGs: raw pixels have little to go wrong. */
  unsigned kind = data[0] < 224 ? 0 : data[0] % (sizeof formats / sizeof *formats);
  struct ph_frame_maker maker = {.format.fourcc = formats[kind],
                                 .format.width = 2 + data[1] % 62,
                                 .format.height = 2 + data[1] / 4,
                                 .settings.turn = data[2] % PH_TURN_COUNT,
                                 .settings.jpeg_quality = data[2] > 127 ? 50 : 0,
                                 .settings.least_width = data[3]};
  const struct ph_raw_format *raw = ph_raw_format_find(formats[kind]);
  if (raw != NULL) maker.format.stride = ph_raw_least_stride(raw, maker.format.width);
  struct ph_made_frame frame = {0};
  if (ph_frame_copy(&maker, data + CHOICES, size - CHOICES, &frame) == PH_OK &&
      ph_frame_make(&maker, &frame) == PH_OK) {
    touch(frame.pixels.data, (size_t)frame.picture.bytes);
    touch(frame.jpeg.data, frame.jpeg.size);
    if (frame.jpeg.size > 0) make_smaller(&frame.jpeg, data[3]);
  }
  ph_made_frame_free(&frame);
  ph_frame_maker_free(&maker);
  return 0;
}
