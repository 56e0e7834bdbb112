#include "jpeg_encode.h"

#include <string.h>

#include "jpeg_errors.h"

#include <jerror.h>

enum { PLANES = 3, ROWS = 2 * DCTSIZE, FIRST_CAPACITY = 64 * 1024 };

/* Where a component comes from, and a strip of whole blocks of it, which libjpeg reads. */
struct strip {
  const uint8_t *source;
  const uint8_t *widen; /* a table from limited to full range, or NULL */
  int32_t stride, width, height, rows, padded;
  uint8_t *samples;
};

struct encoding {
  struct jpeg_compress_struct jpeg;
  struct ph_jpeg_errors errors;
  struct strip strips[PLANES];
  uint8_t *samples;
  struct jpeg_destination_mgr destination;
  struct ph_bytes *out;
};

/* libjpeg's own memory destination loses its buffer where compression fails half-way. */
static void start_output(j_compress_ptr jpeg) {
  struct encoding *encoding = jpeg->client_data;
  encoding->destination.next_output_byte = encoding->out->data;
  encoding->destination.free_in_buffer = encoding->out->capacity;
}

static boolean grow_output(j_compress_ptr jpeg) {
  struct encoding *encoding = jpeg->client_data;
  struct ph_bytes *out = encoding->out;
  size_t used = out->capacity;
  uint8_t *data = realloc(out->data, used * 2);
  if (data == NULL) ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
  out->data = data;
  out->capacity = used * 2;
  encoding->destination.next_output_byte = data + used;
  encoding->destination.free_in_buffer = used;
  return TRUE;
}

static void end_output(j_compress_ptr jpeg) {
  struct encoding *encoding = jpeg->client_data;
  encoding->out->size = encoding->out->capacity - encoding->destination.free_in_buffer;
}

static uint8_t clamp(int value) { return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value); }

static void make_tables(uint8_t luma[256], uint8_t chroma[256]) {
  for (int i = 0; i < 256; i++) {
    luma[i] = clamp(((i - 16) * 255 * 2 + 219) / (2 * 219));
    chroma[i] = clamp(128 + ((i - 128) * 255) / 224);
  }
}

static void fill_strip(const struct strip *strip, int32_t first) {
  for (int32_t row = 0; row < strip->rows; row++) {
    int32_t from = first + row < strip->height ? first + row : strip->height - 1;
    const uint8_t *in = strip->source + (size_t)from * (size_t)strip->stride;
    uint8_t *out = strip->samples + (size_t)row * (size_t)strip->padded;
    if (strip->widen == NULL) {
      memcpy(out, in, (size_t)strip->width);
    } else {
      for (int32_t i = 0; i < strip->width; i++) out[i] = strip->widen[in[i]];
    }
    memset(out + strip->width, out[strip->width - 1], (size_t)(strip->padded - strip->width));
  }
}

/* Describes the strips and gives them memory. */
static int lay_out(struct encoding *encoding, const struct ph_picture *picture,
                   const uint8_t *pixels) {
  const int planes = picture->u_offset < 0 ? 1 : PLANES;
  const int32_t offsets[PLANES] = {picture->y_offset, picture->u_offset, picture->v_offset};
  size_t bytes = 0;
  for (int i = 0; i < planes; i++) {
    struct strip *strip = &encoding->strips[i];
    int32_t shift_x = i == 0 ? 0 : picture->chroma_shift_x;
    int32_t shift_y = i == 0 ? 0 : picture->chroma_shift_y;
    strip->source = pixels + offsets[i];
    strip->stride = i == 0 ? picture->y_stride : picture->uv_stride;
    strip->width = (picture->width + shift_x) >> shift_x;
    strip->height = (picture->height + shift_y) >> shift_y;
    strip->padded = (strip->width + ROWS - 1) / ROWS * ROWS;
    strip->rows = DCTSIZE << (picture->chroma_shift_y - shift_y);
    bytes += (size_t)strip->padded * (size_t)strip->rows;
  }
  encoding->samples = malloc(bytes);
  if (encoding->samples == NULL) return 0;
  uint8_t *place = encoding->samples;
  for (int i = 0; i < planes; i++) {
    encoding->strips[i].samples = place;
    place += (size_t)encoding->strips[i].padded * (size_t)encoding->strips[i].rows;
  }
  return planes;
}

static void set_parameters(j_compress_ptr jpeg, const struct ph_picture *picture, int planes,
                           int quality) {
  jpeg->image_width = (JDIMENSION)picture->width;
  jpeg->image_height = (JDIMENSION)picture->height;
  jpeg->input_components = planes;
  jpeg->in_color_space = planes == 1 ? JCS_GRAYSCALE : JCS_YCbCr;
  jpeg_set_defaults(jpeg);
  jpeg_set_quality(jpeg, quality, TRUE);
  jpeg->raw_data_in = TRUE;
  for (int i = 0; i < planes; i++) {
    jpeg->comp_info[i].h_samp_factor = i == 0 && planes > 1 ? 1 << picture->chroma_shift_x : 1;
    jpeg->comp_info[i].v_samp_factor = i == 0 && planes > 1 ? 1 << picture->chroma_shift_y : 1;
  }
}

static void write_strips(struct encoding *encoding, int planes) {
  JSAMPROW rows[PLANES][ROWS];
  JSAMPARRAY image[PLANES] = {rows[0], rows[1], rows[2]};
  for (int i = 0; i < planes; i++) {
    struct strip *strip = &encoding->strips[i];
    for (int32_t row = 0; row < strip->rows; row++) {
      rows[i][row] = strip->samples + (size_t)row * (size_t)strip->padded;
    }
  }
  j_compress_ptr jpeg = &encoding->jpeg;
  for (int32_t step = 0; jpeg->next_scanline < jpeg->image_height; step++) {
    for (int i = 0; i < planes; i++) {
      fill_strip(&encoding->strips[i], step * encoding->strips[i].rows);
    }
    jpeg_write_raw_data(jpeg, image, (JDIMENSION)encoding->strips[0].rows);
  }
}

int ph_jpeg_encode(const struct ph_picture *picture, const uint8_t *pixels, int quality,
                   struct ph_bytes *jpeg, char *message, size_t message_size) {
  struct encoding encoding = {.out = jpeg};
  uint8_t luma[256], chroma[256];
  volatile int status = PH_ERR_SYSTEM;
  if (picture->width <= 0 || picture->height <= 0) {
    snprintf(message, message_size, "Cannot make a JPEG: %dx%d pixels", picture->width,
             picture->height);
    return PH_ERR_ARGUMENT;
  }
  const int planes = lay_out(&encoding, picture, pixels);
  if (planes == 0 || !ph_bytes_reserve(jpeg, FIRST_CAPACITY)) {
    free(encoding.samples);
    snprintf(message, message_size, "Cannot make a JPEG: out of memory");
    return PH_ERR_MEMORY;
  }
  if (!picture->full_range) {
    make_tables(luma, chroma);
    for (int i = 0; i < planes; i++) encoding.strips[i].widen = i == 0 ? luma : chroma;
  }
  encoding.jpeg.err = ph_jpeg_errors_init(&encoding.errors, "make a JPEG", message, message_size);
  encoding.jpeg.client_data = &encoding;
  if (setjmp(encoding.errors.failed) == 0) {
    jpeg_create_compress(&encoding.jpeg);
    encoding.destination.init_destination = start_output;
    encoding.destination.empty_output_buffer = grow_output;
    encoding.destination.term_destination = end_output;
    encoding.jpeg.dest = &encoding.destination;
    set_parameters(&encoding.jpeg, picture, planes, quality);
    jpeg_start_compress(&encoding.jpeg, TRUE);
    write_strips(&encoding, planes);
    jpeg_finish_compress(&encoding.jpeg);
    status = PH_OK;
  }
  jpeg_destroy_compress(&encoding.jpeg);
  free(encoding.samples);
  return status;
}
