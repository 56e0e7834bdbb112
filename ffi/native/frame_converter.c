#include "frame_converter.h"

#include <linux/videodev2.h>
#include <stdio.h>
#include <string.h>

enum { INITIAL_CAPACITY = 640 * 480 * 2 };

int ph_is_jpeg(uint32_t fourcc) {
  return fourcc == V4L2_PIX_FMT_MJPEG || fourcc == V4L2_PIX_FMT_JPEG;
}

static int fail(struct ph_frame_converter *converter, int status, const char *reason) {
  snprintf(converter->result.message, PH_JPEG_MESSAGE_SIZE, "Cannot use a frame: %s", reason);
  return status;
}

/* Returns the size without trailing zeros: some drivers return the whole buffer. */
static size_t trimmed_size(const uint8_t *jpeg, size_t size) {
  size_t end = size;
  while (end > 0 && jpeg[end - 1] == 0) end--;
  return end >= 2 && jpeg[end - 2] == 0xff && jpeg[end - 1] == 0xd9 ? end : size;
}

int ph_frame_copy(struct ph_frame_converter *converter, const uint8_t *data, size_t size,
                  struct ph_converted_frame *frame) {
  int keeps_jpeg =
      ph_is_jpeg(converter->format.fourcc) && converter->settings.transform == PH_TRANSFORM_NONE;
  struct ph_bytes *copy = keeps_jpeg ? &frame->jpeg : &converter->captured;
  if (!keeps_jpeg) frame->jpeg.size = 0;
  if (!ph_bytes_reserve(copy, size)) return fail(converter, PH_ERR_MEMORY, "out of memory");
  if (size > 0) memcpy(copy->data, data, size);
  return PH_OK;
}

static int decode(struct ph_frame_converter *converter, const struct ph_bytes *jpeg,
                  int32_t min_width, struct ph_bytes *pixels) {
  if (pixels->capacity == 0 && !ph_bytes_reserve(pixels, INITIAL_CAPACITY)) {
    return fail(converter, PH_ERR_MEMORY, "out of memory");
  }
  int status = ph_jpeg_decode(jpeg->data, jpeg->size, min_width, pixels->data, pixels->capacity,
                              &converter->result);
  if (status != PH_JPEG_BUFFER_TOO_SMALL) return status;
  if (!ph_bytes_reserve(pixels, (size_t)converter->result.image.bytes)) {
    return fail(converter, PH_ERR_MEMORY, "out of memory");
  }
  return ph_jpeg_decode(jpeg->data, jpeg->size, min_width, pixels->data, pixels->capacity,
                        &converter->result);
}

static int scale(struct ph_frame_converter *converter, int32_t min_width, struct ph_bytes *pixels) {
  const struct ph_device_format *format = &converter->format;
  const struct ph_raw_image raw = {ph_raw_format_find(format->fourcc), converter->captured.data,
                                   format->width, format->height, format->stride};
  if (raw.format == NULL) return fail(converter, PH_ERR_FORMAT, "its format is unknown");
  if (converter->captured.size < ph_raw_size(raw.format, raw.stride, raw.height)) {
    return fail(converter, PH_ERR_FORMAT, "it is shorter than its format requires");
  }
  struct ph_image *image = &converter->result.image;
  ph_raw_lay_out(&raw, min_width, image);
  if (image->bytes == 0) return fail(converter, PH_ERR_FORMAT, "it is empty");
  image->full_range = format->full_range;
  image->bt709 = format->bt709;
  if (!ph_bytes_reserve(pixels, (size_t)image->bytes)) {
    return fail(converter, PH_ERR_MEMORY, "out of memory");
  }
  ph_raw_scale(&raw, image, pixels->data);
  return PH_OK;
}

/* Fills `pixels` with the captured image, scaled and transformed. */
static int convert_image(struct ph_frame_converter *converter, const struct ph_bytes *jpeg,
                         int32_t min_width, struct ph_bytes *pixels, struct ph_image *image) {
  int needs_transform = converter->settings.transform != PH_TRANSFORM_NONE;
  struct ph_bytes *target = needs_transform ? &converter->untransformed : pixels;
  int status = jpeg != NULL ? decode(converter, jpeg, min_width, target)
                            : scale(converter, min_width, target);
  if (status != PH_OK) return status;
  *image = converter->result.image;
  if (!needs_transform) return PH_OK;
  *image = ph_transformed_layout(&converter->result.image, converter->settings.transform);
  if (!ph_bytes_reserve(pixels, (size_t)image->bytes)) {
    return fail(converter, PH_ERR_MEMORY, "out of memory");
  }
  ph_transform(&converter->result.image, target->data, converter->settings.transform, pixels->data);
  return PH_OK;
}

int ph_frame_convert(struct ph_frame_converter *converter, struct ph_converted_frame *frame) {
  const struct ph_frame_settings *settings = &converter->settings;
  int is_jpeg = ph_is_jpeg(converter->format.fourcc);
  int keeps_jpeg = is_jpeg && settings->transform == PH_TRANSFORM_NONE;
  converter->result.message[0] = '\0';
  if (keeps_jpeg) frame->jpeg.size = trimmed_size(frame->jpeg.data, frame->jpeg.size);
  const struct ph_bytes *source = !is_jpeg     ? NULL
                                  : keeps_jpeg ? &frame->jpeg
                                               : &converter->captured;
  int status = convert_image(converter, source, settings->min_width, &frame->pixels, &frame->image);
  if (status != PH_OK || keeps_jpeg || settings->jpeg_quality <= 0) return status;

  struct ph_image full;
  status = convert_image(converter, source, 0, &converter->full, &full);
  if (status != PH_OK) return status;
  return ph_jpeg_encode(&full, converter->full.data, settings->jpeg_quality, &frame->jpeg,
                        converter->result.message, PH_JPEG_MESSAGE_SIZE);
}

void ph_frame_converter_free(struct ph_frame_converter *converter) {
  free(converter->captured.data);
  free(converter->full.data);
  free(converter->untransformed.data);
}

void ph_converted_frame_free(struct ph_converted_frame *frame) {
  free(frame->pixels.data);
  free(frame->jpeg.data);
}
