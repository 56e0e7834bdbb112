#include "jpeg_encode.h"

#include <string.h>

#include "jpeg_errors.h"

#include <jerror.h>

enum { PLANES = 3, ROWS = 2 * DCTSIZE, INITIAL_CAPACITY = 64 * 1024 };

/* A component of the input, and the strip of whole blocks of it that libjpeg reads next. */
struct strip {
  const uint8_t *source;
  const uint8_t *expand; /* lookup table from limited to full range, or NULL */
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

/* Replaces jpeg_mem_dest, which leaks its buffer if the compression fails. */
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
    if (strip->expand == NULL) {
      memcpy(out, in, (size_t)strip->width);
    } else {
      for (int32_t i = 0; i < strip->width; i++) out[i] = strip->expand[in[i]];
    }
    memset(out + strip->width, out[strip->width - 1], (size_t)(strip->padded - strip->width));
  }
}

/* Sets up the strips and allocates their memory. Returns the number of planes, 0 on failure. */
static int lay_out(struct encoding *encoding, const struct ph_image *image, const uint8_t *pixels) {
  const int planes = image->u_offset < 0 ? 1 : PLANES;
  const int32_t offsets[PLANES] = {image->y_offset, image->u_offset, image->v_offset};
  size_t bytes = 0;
  for (int i = 0; i < planes; i++) {
    struct strip *strip = &encoding->strips[i];
    int32_t shift_x = i == 0 ? 0 : image->chroma_shift_x;
    int32_t shift_y = i == 0 ? 0 : image->chroma_shift_y;
    strip->source = pixels + offsets[i];
    strip->stride = i == 0 ? image->y_stride : image->uv_stride;
    strip->width = (image->width + shift_x) >> shift_x;
    strip->height = (image->height + shift_y) >> shift_y;
    strip->padded = (strip->width + ROWS - 1) / ROWS * ROWS;
    strip->rows = DCTSIZE << (image->chroma_shift_y - shift_y);
    bytes += (size_t)strip->padded * (size_t)strip->rows;
  }
  encoding->samples = malloc(bytes);
  if (encoding->samples == NULL) return 0;
  uint8_t *samples = encoding->samples;
  for (int i = 0; i < planes; i++) {
    encoding->strips[i].samples = samples;
    samples += (size_t)encoding->strips[i].padded * (size_t)encoding->strips[i].rows;
  }
  return planes;
}

static void set_parameters(j_compress_ptr jpeg, const struct ph_image *image, int planes,
                           int quality) {
  jpeg->image_width = (JDIMENSION)image->width;
  jpeg->image_height = (JDIMENSION)image->height;
  jpeg->input_components = planes;
  jpeg->in_color_space = planes == 1 ? JCS_GRAYSCALE : JCS_YCbCr;
  jpeg_set_defaults(jpeg);
  jpeg_set_quality(jpeg, quality, TRUE);
  jpeg->raw_data_in = TRUE;
  for (int i = 0; i < planes; i++) {
    jpeg->comp_info[i].h_samp_factor = i == 0 && planes > 1 ? 1 << image->chroma_shift_x : 1;
    jpeg->comp_info[i].v_samp_factor = i == 0 && planes > 1 ? 1 << image->chroma_shift_y : 1;
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

int ph_jpeg_encode(const struct ph_image *image, const uint8_t *pixels, int quality,
                   struct ph_bytes *jpeg, char *message, size_t message_size) {
  struct encoding encoding = {.out = jpeg};
  uint8_t luma[256], chroma[256];
  volatile int status = PH_ERR_SYSTEM;
  if (image->width <= 0 || image->height <= 0) {
    snprintf(message, message_size, "Cannot encode the JPEG: %dx%d pixels", image->width,
             image->height);
    return PH_ERR_ARGUMENT;
  }
  volatile const int planes = lay_out(&encoding, image, pixels);
  if (planes == 0 || !ph_bytes_reserve(jpeg, INITIAL_CAPACITY)) {
    free(encoding.samples);
    snprintf(message, message_size, "Cannot encode the JPEG: out of memory");
    return PH_ERR_MEMORY;
  }
  if (!image->full_range) {
    make_tables(luma, chroma);
    for (int i = 0; i < planes; i++) encoding.strips[i].expand = i == 0 ? luma : chroma;
  }
  encoding.jpeg.err =
      ph_jpeg_errors_init(&encoding.errors, "encode the JPEG", message, message_size);
  encoding.jpeg.client_data = &encoding;
  if (setjmp(encoding.errors.failed) == 0) {
    jpeg_create_compress(&encoding.jpeg);
    encoding.destination.init_destination = start_output;
    encoding.destination.empty_output_buffer = grow_output;
    encoding.destination.term_destination = end_output;
    encoding.jpeg.dest = &encoding.destination;
    set_parameters(&encoding.jpeg, image, planes, quality);
    jpeg_start_compress(&encoding.jpeg, TRUE);
    write_strips(&encoding, planes);
    jpeg_finish_compress(&encoding.jpeg);
    status = PH_OK;
  }
  jpeg_destroy_compress(&encoding.jpeg);
  free(encoding.samples);
  return status;
}
