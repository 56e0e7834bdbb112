#include "jpeg_encode.h"

#include <string.h>

#include "jpeg_errors.h"

#include <jerror.h>

/* Conversion of full-range Y, Cb and Cr from BT.709 to BT.601, in 1/65536: the product of the two
 * matrices of ITU-R BT.709-6 and BT.601-7. */
enum { ONE = 65536, HALF = ONE / 2, BLUE = 0, RED = 1 };
static const int32_t LUMA_FROM[2] = {6657, 12850};
static const int32_t CHROMA_FROM[2][2] = {{64871, -7252}, {-4748, 64448}};

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

/* Converts the samples of all strips from BT.709 to BT.601. */
static void convert_matrix(struct strip strips[PLANES], int shift_x, int shift_y) {
  const struct strip *luma = &strips[0];
  const struct strip *blue = &strips[1], *red = &strips[2];
  for (int32_t row = 0; row < luma->rows; row++) {
    uint8_t *y = luma->samples + (size_t)row * (size_t)luma->padded;
    const size_t chroma = (size_t)(row >> shift_y) * (size_t)blue->padded;
    const uint8_t *u = blue->samples + chroma, *v = red->samples + chroma;
    for (int32_t i = 0; i < luma->padded; i++) {
      int32_t cb = u[i >> shift_x] - 128, cr = v[i >> shift_x] - 128;
      y[i] = clamp((y[i] * ONE + LUMA_FROM[BLUE] * cb + LUMA_FROM[RED] * cr + HALF) >> 16);
    }
  }
  const size_t chroma_samples = (size_t)blue->padded * (size_t)blue->rows;
  for (size_t i = 0; i < chroma_samples; i++) {
    int32_t cb = blue->samples[i] - 128, cr = red->samples[i] - 128;
    for (int plane = BLUE; plane <= RED; plane++) {
      const int32_t *from = CHROMA_FROM[plane];
      strips[1 + plane].samples[i] = clamp(128 + ((from[BLUE] * cb + from[RED] * cr + HALF) >> 16));
    }
  }
}

/* Sets up the strips and allocates their memory. Returns the number of planes, 0 on failure. */
static int lay_out(struct encoding *encoding, const struct ph_image *image, const uint8_t *pixels) {
  const int planes = image->u_offset < 0 ? 1 : PLANES;
  const int32_t mcu_rows = planes > 1 && image->chroma_shift_y ? 2 * DCTSIZE : DCTSIZE;
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
    strip->rows = mcu_rows >> shift_y;
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

static void write_strips(struct encoding *encoding, const struct ph_image *source, int planes) {
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
    if (source->bt709 && planes == PLANES) {
      convert_matrix(encoding->strips, source->chroma_shift_x, source->chroma_shift_y);
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
  const int planes = lay_out(&encoding, image, pixels);
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
    write_strips(&encoding, image, planes);
    jpeg_finish_compress(&encoding.jpeg);
    status = PH_OK;
  }
  jpeg_destroy_compress(&encoding.jpeg);
  free(encoding.samples);
  return status;
}

int ph_jpeg_compress(const struct ph_image *image, const uint8_t *pixels, int32_t quality,
                     uint8_t *jpeg, size_t capacity, struct ph_jpeg_compressed *result) {
  struct ph_bytes out = {0};
  *result = (struct ph_jpeg_compressed){0};
  int status = ph_jpeg_encode(image, pixels, quality, &out, result->message, PH_JPEG_MESSAGE_SIZE);
  if (status == PH_OK) {
    result->bytes = (int32_t)out.size;
    if (out.size > capacity) {
      status = PH_JPEG_BUFFER_TOO_SMALL;
    } else {
      memcpy(jpeg, out.data, out.size);
    }
  }
  free(out.data);
  return status;
}
