#include "jpeg_rgb.h"

#include "jpeg_errors.h"

static int decode(j_decompress_ptr jpeg, uint8_t *rgb, size_t capacity,
                  struct ph_jpeg_rgb *result) {
  if ((uint64_t)jpeg->image_width * jpeg->image_height > PH_MAX_PIXELS) {
    snprintf(result->message, PH_JPEG_MESSAGE_SIZE,
             "Cannot decode the JPEG: its size of %ux%u pixels is too large", jpeg->image_width,
             jpeg->image_height);
    return PH_ERR_FORMAT;
  }
  result->width = (int32_t)jpeg->image_width;
  result->height = (int32_t)jpeg->image_height;
  size_t row_bytes = (size_t)jpeg->image_width * 3;
  if (capacity < row_bytes * jpeg->image_height) return PH_JPEG_BUFFER_TOO_SMALL;
  jpeg->out_color_space = JCS_RGB;
  jpeg_start_decompress(jpeg);
  while (jpeg->output_scanline < jpeg->output_height) {
    JSAMPROW row = rgb + row_bytes * jpeg->output_scanline;
    jpeg_read_scanlines(jpeg, &row, 1);
  }
  jpeg_finish_decompress(jpeg);
  return PH_OK;
}

int ph_jpeg_rgb(const uint8_t *data, size_t size, uint8_t *rgb, size_t capacity,
                struct ph_jpeg_rgb *result) {
  struct jpeg_decompress_struct jpeg;
  struct ph_jpeg_errors errors;
  volatile int status = PH_ERR_FORMAT;
  *result = (struct ph_jpeg_rgb){0};
  jpeg.err = ph_jpeg_errors_init(&errors, "decode the JPEG", result->message, PH_JPEG_MESSAGE_SIZE);
  if (setjmp(errors.failed) == 0) {
    jpeg_create_decompress(&jpeg);
    jpeg_mem_src(&jpeg, data, size);
    jpeg_read_header(&jpeg, TRUE);
    status = decode(&jpeg, rgb, capacity, result);
  }
  jpeg_destroy_decompress(&jpeg);
  return status;
}
