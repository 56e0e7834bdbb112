#include "frame_maker.h"

#include <linux/videodev2.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_PIXELS = 640 * 480 * 2 };

int ph_is_jpeg(uint32_t fourcc) {
  return fourcc == V4L2_PIX_FMT_MJPEG || fourcc == V4L2_PIX_FMT_JPEG;
}

static int fail(struct ph_frame_maker *maker, int status, const char *reason) {
  snprintf(maker->result.message, PH_JPEG_MESSAGE_SIZE, "Cannot use a frame: %s", reason);
  return status;
}

/* Some drivers hand out a JPEG with the rest of its buffer, which is zero. */
static size_t trimmed(const uint8_t *jpeg, size_t size) {
  size_t end = size;
  while (end > 0 && jpeg[end - 1] == 0) end--;
  return end >= 2 && jpeg[end - 2] == 0xff && jpeg[end - 1] == 0xd9 ? end : size;
}

int ph_frame_copy(struct ph_frame_maker *maker, const uint8_t *data, size_t size,
                  struct ph_made_frame *frame) {
  int keeps = ph_is_jpeg(maker->format.fourcc) && maker->settings.turn == PH_TURN_NONE;
  struct ph_bytes *copy = keeps ? &frame->jpeg : &maker->captured;
  if (!keeps) frame->jpeg.size = 0;
  if (!ph_bytes_reserve(copy, size)) return fail(maker, PH_ERR_MEMORY, "out of memory");
  if (size > 0) memcpy(copy->data, data, size);
  return PH_OK;
}

static int decode(struct ph_frame_maker *maker, const struct ph_bytes *jpeg, int32_t least_width,
                  struct ph_bytes *pixels) {
  if (pixels->capacity == 0 && !ph_bytes_reserve(pixels, FIRST_PIXELS)) {
    return fail(maker, PH_ERR_MEMORY, "out of memory");
  }
  int status = ph_jpeg_decode(jpeg->data, jpeg->size, least_width, pixels->data, pixels->capacity,
                              &maker->result);
  if (status != PH_JPEG_NEEDS_ROOM) return status;
  if (!ph_bytes_reserve(pixels, (size_t)maker->result.picture.bytes)) {
    return fail(maker, PH_ERR_MEMORY, "out of memory");
  }
  return ph_jpeg_decode(jpeg->data, jpeg->size, least_width, pixels->data, pixels->capacity,
                        &maker->result);
}

static int scale(struct ph_frame_maker *maker, int32_t least_width, struct ph_bytes *pixels) {
  const struct ph_device_format *format = &maker->format;
  const struct ph_raw_image image = {ph_raw_format_find(format->fourcc), maker->captured.data,
                                     format->width, format->height, format->stride};
  if (image.format == NULL) return fail(maker, PH_ERR_FORMAT, "its format is unknown");
  if (maker->captured.size < ph_raw_size(image.format, image.stride, image.height)) {
    return fail(maker, PH_ERR_FORMAT, "it is shorter than its format");
  }
  struct ph_picture *picture = &maker->result.picture;
  ph_raw_lay_out(&image, least_width, picture);
  if (picture->bytes == 0) return fail(maker, PH_ERR_FORMAT, "it is empty");
  picture->full_range = format->full_range;
  picture->bt709 = format->bt709;
  if (!ph_bytes_reserve(pixels, (size_t)picture->bytes)) {
    return fail(maker, PH_ERR_MEMORY, "out of memory");
  }
  ph_raw_scale(&image, picture, pixels->data);
  return PH_OK;
}

/* Fills `pixels` with the captured picture, scaled and turned. */
static int make_picture(struct ph_frame_maker *maker, const struct ph_bytes *jpeg,
                        int32_t least_width, struct ph_bytes *pixels, struct ph_picture *picture) {
  int turns = maker->settings.turn != PH_TURN_NONE;
  struct ph_bytes *upright = turns ? &maker->turned : pixels;
  int status =
      jpeg != NULL ? decode(maker, jpeg, least_width, upright) : scale(maker, least_width, upright);
  if (status != PH_OK) return status;
  *picture = maker->result.picture;
  if (!turns) return PH_OK;
  *picture = ph_turned(&maker->result.picture, maker->settings.turn);
  if (!ph_bytes_reserve(pixels, (size_t)picture->bytes)) {
    return fail(maker, PH_ERR_MEMORY, "out of memory");
  }
  ph_turn(&maker->result.picture, upright->data, maker->settings.turn, pixels->data);
  return PH_OK;
}

int ph_frame_make(struct ph_frame_maker *maker, struct ph_made_frame *frame) {
  const struct ph_frame_settings *settings = &maker->settings;
  int is_jpeg = ph_is_jpeg(maker->format.fourcc);
  int keeps = is_jpeg && settings->turn == PH_TURN_NONE;
  maker->result.message[0] = '\0';
  if (keeps) frame->jpeg.size = trimmed(frame->jpeg.data, frame->jpeg.size);
  const struct ph_bytes *source = !is_jpeg ? NULL : keeps ? &frame->jpeg : &maker->captured;
  int status = make_picture(maker, source, settings->least_width, &frame->pixels, &frame->picture);
  if (status != PH_OK || keeps || settings->jpeg_quality <= 0) return status;

  struct ph_picture full;
  status = make_picture(maker, source, 0, &maker->full, &full);
  if (status != PH_OK) return status;
  return ph_jpeg_encode(&full, maker->full.data, settings->jpeg_quality, &frame->jpeg,
                        maker->result.message, PH_JPEG_MESSAGE_SIZE);
}

void ph_frame_maker_free(struct ph_frame_maker *maker) {
  free(maker->captured.data);
  free(maker->full.data);
  free(maker->turned.data);
}

void ph_made_frame_free(struct ph_made_frame *frame) {
  free(frame->pixels.data);
  free(frame->jpeg.data);
}
