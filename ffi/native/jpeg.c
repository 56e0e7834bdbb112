#include "jpeg.h"

#include "jpeg_errors.h"

#include <jpegint.h>

/* Bounds the time for a malicious progressive JPEG with very many scans. */
enum { MAX_SCANS = 64 };
enum { PLANES = 3, MAX_ROWS = 4 * DCTSIZE, ALIGNMENT = 64 };

struct decoding {
  struct jpeg_decompress_struct jpeg;
  struct ph_jpeg_errors errors;
  struct jpeg_progress_mgr progress;
  struct ph_jpeg_result *result;
};

/* A component's plane in the output. It has whole blocks, so that libjpeg can write its rows. */
struct plane {
  uint8_t *start;
  int stride, rows, rows_per_step;
  int widen; /* 2 if each sample is doubled, else 1 */
  int decoded_width;
};

static void limit_scans(j_common_ptr common) {
  struct decoding *decoding = common->client_data;
  if (!common->is_decompressor || decoding->jpeg.input_scan_number <= MAX_SCANS) return;
  snprintf(decoding->result->message, PH_JPEG_MESSAGE_SIZE,
           "Cannot decode the JPEG: more than %d scans", MAX_SCANS);
  longjmp(decoding->errors.failed, 1);
}

static int fail_format(struct decoding *decoding, const char *reason) {
  snprintf(decoding->result->message, PH_JPEG_MESSAGE_SIZE, "Cannot decode the JPEG: %s", reason);
  return PH_ERR_FORMAT;
}

static int round_up(int value, int step) { return (value + step - 1) / step * step; }

/* Returns log2 of the subsampling (0, 1 or 2), or -1 if it is unsupported. */
static int shift_of(int luma, int chroma) {
  if (chroma <= 0) return -1;
  if (luma == chroma) return 0;
  if (luma == 2 * chroma) return 1;
  return luma == 4 * chroma ? 2 : -1;
}

static void choose_scale(j_decompress_ptr jpeg, int min_width) {
  jpeg->scale_num = 1;
  jpeg->scale_denom = 1;
  if (min_width <= 0) return;
  while (jpeg->scale_denom < 8 &&
         jpeg->image_width / (jpeg->scale_denom * 2) >= (unsigned)min_width) {
    jpeg->scale_denom *= 2;
  }
}

/* Disables libjpeg's chroma upsampling by a larger IDCT: a mean does not need it, and it costs
 * time. Must be called after jpeg_start_decompress, which makes that choice. The quantization
 * tables of the slow IDCT are the same for all sizes. */
static void disable_chroma_upsampling(j_decompress_ptr jpeg) {
  for (int i = 1; i < jpeg->num_components; i++) {
    jpeg_component_info *component = &jpeg->comp_info[i];
    if (component->DCT_scaled_size == jpeg->min_DCT_scaled_size) continue;
    component->DCT_scaled_size = jpeg->min_DCT_scaled_size;
    component->MCU_sample_width = component->MCU_width * component->DCT_scaled_size;
    jpeg->idct->inverse_DCT[i] = jpeg->idct->inverse_DCT[0];
  }
}

/* Computes the layout of the planes from the header and the scale. */
static int lay_out(struct decoding *decoding, struct plane planes[PLANES]) {
  j_decompress_ptr jpeg = &decoding->jpeg;
  struct ph_image *image = &decoding->result->image;
  const jpeg_component_info *luma = &jpeg->comp_info[0];
  int shift_x = 0, shift_y = 0;

  if (luma->h_samp_factor != jpeg->max_h_samp_factor ||
      luma->v_samp_factor != jpeg->max_v_samp_factor) {
    return fail_format(decoding, "its luma is subsampled");
  }
  if (jpeg->num_components == 3) {
    const jpeg_component_info *u = &jpeg->comp_info[1], *v = &jpeg->comp_info[2];
    if (u->h_samp_factor != v->h_samp_factor || u->v_samp_factor != v->v_samp_factor) {
      return fail_format(decoding, "its chroma planes differ in size");
    }
    shift_x = shift_of(luma->h_samp_factor, u->h_samp_factor);
    shift_y = shift_of(luma->v_samp_factor, u->v_samp_factor);
    if (shift_x < 0 || shift_y < 0 || shift_y > 1) {
      return fail_format(decoding, "its chroma subsampling is not supported");
    }
  }

  size_t offset = 0;
  for (int i = 0; i < jpeg->num_components; i++) {
    const jpeg_component_info *component = &jpeg->comp_info[i];
    struct plane *plane = &planes[i];
    int mcu_columns = (int)(jpeg->image_width + jpeg->max_h_samp_factor * DCTSIZE - 1) /
                      (jpeg->max_h_samp_factor * DCTSIZE);
    int mcu_rows = (int)jpeg->total_iMCU_rows;
    int size = jpeg->min_DCT_scaled_size; /* of a block */
    int width = mcu_columns * component->h_samp_factor * size;
    plane->widen = i > 0 && shift_x == 2 ? 2 : 1;
    plane->decoded_width = width;
    plane->stride = round_up(width * plane->widen, ALIGNMENT);
    plane->rows_per_step = component->v_samp_factor * size;
    plane->rows = mcu_rows * plane->rows_per_step;
    int32_t *plane_offset = i == 0   ? &image->y_offset
                            : i == 1 ? &image->u_offset
                                     : &image->v_offset;
    *plane_offset = (int32_t)offset;
    offset += (size_t)plane->stride * (size_t)plane->rows;
  }
  image->width = (int32_t)jpeg->output_width;
  image->height = (int32_t)jpeg->output_height;
  image->y_stride = planes[0].stride;
  image->uv_stride = jpeg->num_components == 3 ? planes[1].stride : 0;
  image->chroma_shift_x = shift_x > 1 ? 1 : shift_x;
  image->chroma_shift_y = shift_y;
  image->bytes = (int32_t)offset;
  return PH_OK;
}

static void read_planes(j_decompress_ptr jpeg, const struct plane planes[PLANES]) {
  JSAMPROW rows[PLANES][MAX_ROWS];
  JSAMPARRAY image[PLANES] = {rows[0], rows[1], rows[2]};
  unsigned lines = (unsigned)(jpeg->max_v_samp_factor * jpeg->min_DCT_scaled_size);
  for (int step = 0; jpeg->output_scanline < jpeg->output_height; step++) {
    for (int i = 0; i < jpeg->num_components; i++) {
      const struct plane *plane = &planes[i];
      uint8_t *row = plane->start + (size_t)plane->stride * (size_t)(step * plane->rows_per_step);
      for (int k = 0; k < plane->rows_per_step; k++, row += plane->stride) rows[i][k] = row;
    }
    jpeg_read_raw_data(jpeg, image, lines);
  }
}

static void double_columns(const struct plane *plane) {
  for (int r = 0; r < plane->rows; r++) {
    uint8_t *row = plane->start + (size_t)plane->stride * (size_t)r;
    for (int i = plane->decoded_width - 1; i >= 0; i--) row[2 * i] = row[2 * i + 1] = row[i];
  }
}

static int decode(struct decoding *decoding, const uint8_t *data, size_t size, int min_width,
                  uint8_t *pixels, size_t capacity) {
  j_decompress_ptr jpeg = &decoding->jpeg;
  struct ph_image *image = &decoding->result->image;
  struct plane planes[PLANES];

  jpeg_mem_src(jpeg, data, size);
  jpeg_read_header(jpeg, TRUE);
  if ((uint64_t)jpeg->image_width * jpeg->image_height > PH_MAX_PIXELS) {
    snprintf(decoding->result->message, PH_JPEG_MESSAGE_SIZE,
             "Cannot decode the JPEG: its size of %ux%u pixels is too large", jpeg->image_width,
             jpeg->image_height);
    return PH_ERR_FORMAT;
  }
  if (jpeg->jpeg_color_space != JCS_YCbCr && jpeg->jpeg_color_space != JCS_GRAYSCALE) {
    return fail_format(decoding, "it is neither YCbCr nor grayscale");
  }
  jpeg->out_color_space = jpeg->jpeg_color_space;
  jpeg->raw_data_out = TRUE;
  jpeg->do_fancy_upsampling = FALSE;
  jpeg->dct_method = JDCT_ISLOW;
  choose_scale(jpeg, min_width);
  jpeg_calc_output_dimensions(jpeg);

  *image = (struct ph_image){.full_width = (int32_t)jpeg->image_width,
                             .full_height = (int32_t)jpeg->image_height,
                             .u_offset = -1,
                             .v_offset = -1,
                             .full_range = 1};
  int status = lay_out(decoding, planes);
  if (status != PH_OK) return status;
  if (capacity < (size_t)image->bytes) return PH_JPEG_BUFFER_TOO_SMALL;

  planes[0].start = pixels + image->y_offset;
  if (jpeg->num_components == 3) {
    planes[1].start = pixels + image->u_offset;
    planes[2].start = pixels + image->v_offset;
  }
  jpeg_start_decompress(jpeg);
  disable_chroma_upsampling(jpeg);
  read_planes(jpeg, planes);
  jpeg_finish_decompress(jpeg); /* reads the end marker; fails if the JPEG is truncated */
  for (int i = 1; i < jpeg->num_components; i++) {
    if (planes[i].widen == 2) double_columns(&planes[i]);
  }
  return PH_OK;
}

int ph_jpeg_decode(const uint8_t *data, size_t size, int32_t min_width, uint8_t *pixels,
                   size_t capacity, struct ph_jpeg_result *result) {
  struct decoding decoding = {.result = result};
  volatile int status = PH_ERR_FORMAT;
  result->message[0] = '\0';
  result->image = (struct ph_image){0};

  decoding.jpeg.err = ph_jpeg_errors_init(&decoding.errors, "decode the JPEG", result->message,
                                          PH_JPEG_MESSAGE_SIZE);
  decoding.progress.progress_monitor = limit_scans;
  decoding.jpeg.client_data = &decoding;
  if (setjmp(decoding.errors.failed) == 0) {
    jpeg_create_decompress(&decoding.jpeg);
    decoding.jpeg.progress = &decoding.progress;
    status = decode(&decoding, data, size, min_width, pixels, capacity);
  }
  jpeg_destroy_decompress(&decoding.jpeg);
  return status;
}
