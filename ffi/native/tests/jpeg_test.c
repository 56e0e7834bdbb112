#include <stdlib.h>
#include <string.h>

#include "../jpeg.h"
#include "../jpeg_encode.h"
#include "../jpeg_errors.h"
#include "../jpeg_rgb.h"
#include "../jpeg_shrink.h"
#include "check.h"
#include "native_test.h"
#include "picture.h"

enum { WIDTH = 160, HEIGHT = 128 };

int pattern(int x, int y, int channel) {
  int phase = (x * (channel + 1) + y * (3 - channel)) % 256;
  return 64 + (phase < 128 ? phase : 255 - phase);
}

void make_jpeg(int width, int height, int components, int h, int v, struct ph_bytes *jpeg) {
  struct jpeg_compress_struct compress;
  struct ph_jpeg_errors errors;
  char message[200];
  unsigned char *out = NULL;
  unsigned long size = 0;
  compress.err = ph_jpeg_errors_init(&errors, "make a JPEG", message, sizeof message);
  if (setjmp(errors.failed) != 0) abort();
  jpeg_create_compress(&compress);
  jpeg_mem_dest(&compress, &out, &size);
  compress.image_width = (JDIMENSION)width;
  compress.image_height = (JDIMENSION)height;
  compress.input_components = components;
  compress.in_color_space = components == 1 ? JCS_GRAYSCALE : JCS_YCbCr;
  jpeg_set_defaults(&compress);
  jpeg_set_quality(&compress, 95, TRUE);
  compress.comp_info[0].h_samp_factor = h;
  compress.comp_info[0].v_samp_factor = v;
  jpeg_start_compress(&compress, TRUE);
  uint8_t *line = malloc((size_t)(width * components));
  for (int y = 0; y < height; y++) {
    for (int x = 0; x < width; x++) {
      for (int c = 0; c < components; c++) line[x * components + c] = (uint8_t)pattern(x, y, c);
    }
    JSAMPROW row = line;
    jpeg_write_scanlines(&compress, &row, 1);
  }
  free(line);
  jpeg_finish_compress(&compress);
  jpeg_destroy_compress(&compress);
  ph_bytes_reserve(jpeg, size);
  memcpy(jpeg->data, out, size);
  free(out);
}

/* Makes a grayscale JPEG with 1 to 128 progressive scans: the first for the DC coefficients, then
 * one for each AC coefficient, which are refined by one bit each if there are more. */
static void make_progressive_jpeg(int scans, struct ph_bytes *jpeg) {
  struct jpeg_compress_struct compress;
  struct ph_jpeg_errors errors;
  jpeg_scan_info script[128];
  char message[200];
  unsigned char *out = NULL;
  unsigned long size = 0;
  int refinements = scans > DCTSIZE2 ? scans - DCTSIZE2 : 0;
  for (int i = 0; i < scans; i++) {
    int coefficient = i % DCTSIZE2, low = i >= DCTSIZE2 ? 0 : coefficient < refinements;
    script[i] = (jpeg_scan_info){
        .comps_in_scan = 1, .Ss = coefficient, .Se = coefficient, .Ah = i >= DCTSIZE2, .Al = low};
  }
  compress.err = ph_jpeg_errors_init(&errors, "make a JPEG", message, sizeof message);
  if (setjmp(errors.failed) != 0) abort();
  jpeg_create_compress(&compress);
  jpeg_mem_dest(&compress, &out, &size);
  compress.image_width = compress.image_height = DCTSIZE;
  compress.input_components = 1;
  compress.in_color_space = JCS_GRAYSCALE;
  jpeg_set_defaults(&compress);
  compress.scan_info = script;
  compress.num_scans = scans;
  jpeg_start_compress(&compress, TRUE);
  for (int y = 0; y < DCTSIZE; y++) {
    uint8_t line[DCTSIZE];
    for (int x = 0; x < DCTSIZE; x++) line[x] = (uint8_t)pattern(x * 30, y * 30, 0);
    JSAMPROW row = line;
    jpeg_write_scanlines(&compress, &row, 1);
  }
  jpeg_finish_compress(&compress);
  jpeg_destroy_compress(&compress);
  ph_bytes_reserve(jpeg, size);
  memcpy(jpeg->data, out, size);
  free(out);
}

static double pattern_mean(int channel) {
  double sum = 0;
  for (int y = 0; y < HEIGHT; y++) {
    for (int x = 0; x < WIDTH; x++) sum += pattern(x, y, channel);
  }
  return sum / (WIDTH * HEIGHT);
}

static double plane_mean(const uint8_t *plane, int stride, int width, int height) {
  double sum = 0;
  for (int y = 0; y < height; y++) {
    for (int x = 0; x < width; x++) sum += plane[y * stride + x];
  }
  return sum / (width * height);
}

struct means {
  double of[3];
};

static struct means means_of(const struct ph_image *image, const uint8_t *pixels) {
  int width = (image->width + image->chroma_shift_x) >> image->chroma_shift_x;
  int height = (image->height + image->chroma_shift_y) >> image->chroma_shift_y;
  struct means means = {{0}};
  means.of[0] = plane_mean(pixels + image->y_offset, image->y_stride, image->width, image->height);
  if (image->u_offset < 0) return means;
  means.of[1] = plane_mean(pixels + image->u_offset, image->uv_stride, width, height);
  means.of[2] = plane_mean(pixels + image->v_offset, image->uv_stride, width, height);
  return means;
}

static void check_means(struct means found, struct means expected, double tolerance,
                        const char *what) {
  for (int c = 0; c < 3; c++) {
    double difference = found.of[c] - expected.of[c];
    CHECK(difference < tolerance && difference > -tolerance, "%s, plane %d: %.2f, not %.2f", what,
          c, found.of[c], expected.of[c]);
  }
}

/* The capacity is exact, so that AddressSanitizer detects an overflow. */
static struct means check_decode(const struct ph_bytes *jpeg, int min_width, const int shifts[2],
                                 const char *what) {
  struct ph_jpeg_result result;
  int status = ph_jpeg_decode(jpeg->data, jpeg->size, min_width, NULL, 0, &result);
  CHECK(status == PH_JPEG_BUFFER_TOO_SMALL, "%s: %d: %s", what, status, result.message);
  size_t capacity = (size_t)result.image.bytes;
  uint8_t *pixels = malloc(capacity);
  status = ph_jpeg_decode(jpeg->data, jpeg->size, min_width, pixels, capacity - 1, &result);
  CHECK(status == PH_JPEG_BUFFER_TOO_SMALL, "%s: decoded into a buffer that is too small", what);
  status = ph_jpeg_decode(jpeg->data, jpeg->size, min_width, pixels, capacity, &result);
  CHECK(status == PH_OK, "%s: %d: %s", what, status, result.message);
  const struct ph_image *image = &result.image;
  int divisor = WIDTH / image->width;
  CHECK(image->height == HEIGHT / divisor, "%s: %dx%d", what, image->width, image->height);
  CHECK(min_width == 0 ? divisor == 1 : image->width >= min_width && divisor > 1, "%s: %d wide",
        what, image->width);
  CHECK(image->chroma_shift_x == shifts[0] && image->chroma_shift_y == shifts[1],
        "%s: shifts %d %d", what, image->chroma_shift_x, image->chroma_shift_y);
  struct means means = means_of(image, pixels);
  free(pixels);
  return means;
}

static void test_subsamplings(void) {
  static const struct {
    const char *name;
    int components, h, v, shifts[2];
  } kinds[] = {
      {"4:4:4", 3, 1, 1, {0, 0}}, {"4:2:2", 3, 2, 1, {1, 0}}, {"4:2:0", 3, 2, 2, {1, 1}},
      {"4:4:0", 3, 1, 2, {0, 1}}, {"4:1:1", 3, 4, 1, {1, 0}}, {"grey", 1, 1, 1, {0, 0}},
  };
  struct ph_bytes jpeg = {0};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    make_jpeg(WIDTH, HEIGHT, kinds[i].components, kinds[i].h, kinds[i].v, &jpeg);
    struct means full = check_decode(&jpeg, 0, kinds[i].shifts, kinds[i].name);
    struct means expected = {{pattern_mean(0), pattern_mean(1), pattern_mean(2)}};
    if (kinds[i].components == 1) expected.of[1] = expected.of[2] = 0;
    check_means(full, expected, 1, kinds[i].name);
    for (int min_width = 20; min_width <= 80; min_width *= 2) {
      struct means scaled = check_decode(&jpeg, min_width, kinds[i].shifts, kinds[i].name);
      check_means(scaled, full, 0.5, kinds[i].name);
    }
  }
  free(jpeg.data);
}

static void check_refused(const uint8_t *data, size_t size, const char *what) {
  static uint8_t pixels[1 << 20];
  struct ph_jpeg_result result;
  uint8_t *exact =
      malloc(size ? size : 1); /* exact size, so that AddressSanitizer detects an overflow */
  memcpy(exact, data, size);
  int status = ph_jpeg_decode(exact, size, 0, pixels, sizeof pixels, &result);
  CHECK(status == PH_ERR_FORMAT && result.message[0] != '\0', "%s: %d: %s", what, status,
        result.message);
  free(exact);
}

static void test_broken(void) {
  struct ph_bytes jpeg = {0};
  make_jpeg(WIDTH, HEIGHT, 3, 2, 1, &jpeg);
  for (size_t size = 0; size < jpeg.size; size += 7) check_refused(jpeg.data, size, "truncated");
  check_refused(jpeg.data, jpeg.size - 1, "half an end marker");
  memset(jpeg.data + 2, 0xff, jpeg.size - 2);
  check_refused(jpeg.data, jpeg.size, "only fill bytes");
  make_jpeg(WIDTH, HEIGHT, 3, 1, 1, &jpeg);
  for (size_t i = 0; i + 9 < jpeg.size; i++) {
    if (jpeg.data[i] != 0xff || jpeg.data[i + 1] != 0xc0) continue;
    memset(jpeg.data + i + 5, 0xe0, 4);
    break;
  }
  check_refused(jpeg.data, jpeg.size, "57568 by 57568 pixels");
  free(jpeg.data);
}

static void test_scans(void) {
  static const int cases[][2] = {{1, 1}, {58, 1}, {64, 1}, {65, 0}, {70, 0}, {128, 0}};
  struct ph_bytes jpeg = {0};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    make_progressive_jpeg(cases[i][0], &jpeg);
    uint8_t pixels[4096];
    struct ph_jpeg_result result;
    int status = ph_jpeg_decode(jpeg.data, jpeg.size, 0, pixels, sizeof pixels, &result);
    CHECK(status == (cases[i][1] ? PH_OK : PH_ERR_FORMAT), "%d scans: %d: %s", cases[i][0], status,
          result.message);
    CHECK(cases[i][1] || strstr(result.message, "more than 64 scans"), "%d scans: %s", cases[i][0],
          result.message);
  }
  free(jpeg.data);
}

static void test_encode(void) {
  static const int kinds[][4] = {
      {3, 1, 1, 0}, {3, 2, 1, 0}, {3, 2, 2, 0}, {3, 1, 2, 0}, {1, 1, 1, 0}};
  struct ph_bytes jpeg = {0}, again = {0};
  char message[200];
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    make_jpeg(WIDTH, HEIGHT, kinds[i][0], kinds[i][1], kinds[i][2], &jpeg);
    struct ph_jpeg_result result;
    ph_jpeg_decode(jpeg.data, jpeg.size, 0, NULL, 0, &result);
    size_t capacity = (size_t)result.image.bytes;
    uint8_t *pixels = malloc(capacity);
    ph_jpeg_decode(jpeg.data, jpeg.size, 0, pixels, capacity, &result);
    struct means before = means_of(&result.image, pixels);
    int status = ph_jpeg_encode(&result.image, pixels, 95, &again, message, sizeof message);
    CHECK(status == PH_OK, "%d: %s", status, message);
    status = ph_jpeg_decode(again.data, again.size, 0, pixels, capacity, &result);
    CHECK(status == PH_OK, "%d: %s", status, result.message);
    check_means(means_of(&result.image, pixels), before, 1, "encoded again");
    free(pixels);
  }
  free(jpeg.data);
  free(again.data);
}

static void test_limited_range(void) {
  uint8_t pixels[64 * 16 * 3];
  struct ph_image image = {.width = 16,
                           .height = 16,
                           .u_offset = 1024,
                           .v_offset = 2048,
                           .y_stride = 64,
                           .uv_stride = 64,
                           .bytes = sizeof pixels};
  memset(pixels, 235, 1024);
  memset(pixels + 1024, 240, 1024);
  memset(pixels + 2048, 16, 1024);
  struct ph_bytes jpeg = {0};
  struct ph_jpeg_result result;
  char message[200];
  CHECK(ph_jpeg_encode(&image, pixels, 100, &jpeg, message, sizeof message) == PH_OK, "%s",
        message);
  uint8_t out[64 * 16 * 3];
  int status = ph_jpeg_decode(jpeg.data, jpeg.size, 0, out, sizeof out, &result);
  CHECK(status == PH_OK, "%s", result.message);
  CHECK(out[0] >= 254 && out[result.image.u_offset] >= 254 && out[result.image.v_offset] <= 1,
        "white in limited range is %d %d %d", out[0], out[result.image.u_offset],
        out[result.image.v_offset]);
  free(jpeg.data);
}

/* One color in BT.709, with and without subsampling, in rows that end within a block. */
static void test_matrix(void) {
  uint8_t pixels[17 * 9 * 3], out[64 * 16 * 3];
  for (int shift_x = 0; shift_x <= 1; shift_x++) {
    struct ph_image image = {.width = 17,
                             .height = 9,
                             .u_offset = 153,
                             .v_offset = 306,
                             .y_stride = 17,
                             .uv_stride = 17,
                             .chroma_shift_x = shift_x,
                             .chroma_shift_y = shift_x,
                             .full_range = 1,
                             .bt709 = 1};
    memset(pixels, 100, 153);
    memset(pixels + 153, 200, 153);
    memset(pixels + 306, 90, 153);
    struct ph_bytes jpeg = {0};
    struct ph_jpeg_result result;
    char message[200];
    CHECK(ph_jpeg_encode(&image, pixels, 100, &jpeg, message, sizeof message) == PH_OK, "%s",
          message);
    int status = ph_jpeg_decode(jpeg.data, jpeg.size, 0, out, sizeof out, &result);
    CHECK(status == PH_OK, "%s", result.message);
    const struct means means = means_of(&result.image, out);
    /* Y 100 + 0.101579 * 72 - 0.196076 * 38; Cb 0.989854 * 72 + 0.110653 * 38;
     * Cr -0.072453 * 72 - 0.983398 * 38 */
    check_means(means, (struct means){{99.86, 128 + 75.47, 128 - 42.59}}, 1, "BT.709");
    free(jpeg.data);
  }
}

/* Shifts without chroma planes mean nothing. */
static void test_gray(void) {
  uint8_t pixels[20 * 40], out[64 * 48];
  struct ph_image image = {.width = 20,
                           .height = 40,
                           .u_offset = -1,
                           .v_offset = -1,
                           .y_stride = 20,
                           .chroma_shift_x = 1,
                           .chroma_shift_y = 1,
                           .full_range = 1};
  for (int i = 0; i < 20 * 40; i++) pixels[i] = (uint8_t)(5 * (i / 20));
  struct ph_bytes jpeg = {0};
  struct ph_jpeg_result result;
  char message[200];
  CHECK(ph_jpeg_encode(&image, pixels, 95, &jpeg, message, sizeof message) == PH_OK, "%s", message);
  int status = ph_jpeg_decode(jpeg.data, jpeg.size, 0, out, sizeof out, &result);
  CHECK(status == PH_OK, "%s", result.message);
  for (int row = 0; row < 40; row++) {
    int difference = out[row * result.image.y_stride] - 5 * row;
    CHECK(difference >= -4 && difference <= 4, "row %d is off by %d", row, difference);
  }
  free(jpeg.data);
}

static void test_compress(void) {
  uint8_t pixels[64 * 64];
  for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)random_bits();
  struct ph_image image = {
      .width = 64, .height = 64, .u_offset = -1, .v_offset = -1, .y_stride = 64, .full_range = 1};
  struct ph_jpeg_compressed result;
  uint8_t byte;
  int status = ph_jpeg_compress(&image, pixels, 100, &byte, 1, &result);
  CHECK(status == PH_JPEG_BUFFER_TOO_SMALL && result.bytes > 1000, "%d: %d bytes", status,
        result.bytes);
  size_t size = (size_t)result.bytes;
  uint8_t *jpeg = malloc(size);
  status = ph_jpeg_compress(&image, pixels, 100, jpeg, size, &result);
  CHECK(status == PH_OK && (size_t)result.bytes == size, "%d: %s", status, result.message);
  CHECK(jpeg[0] == 0xff && jpeg[1] == 0xd8 && jpeg[size - 1] == 0xd9, "no JPEG");
  free(jpeg);
  image.width = 0;
  status = ph_jpeg_compress(&image, pixels, 100, &byte, 1, &result);
  CHECK(status == PH_ERR_ARGUMENT && strstr(result.message, "0x64 pixels"), "%s", result.message);
}

/* The capacity is exactly the JPEG's size, so that AddressSanitizer detects an overflow. */
static int shrink(const struct ph_bytes *jpeg, int quantizer_percent, int min_width,
                  struct ph_jpeg_shrunk *shrunk) {
  uint8_t *smaller = malloc(jpeg->size);
  int status =
      ph_jpeg_shrink(jpeg->data, jpeg->size, quantizer_percent, min_width, smaller, shrunk);
  if (status == PH_OK) {
    static uint8_t pixels[1 << 20];
    struct ph_jpeg_result result;
    int decoded = ph_jpeg_decode(smaller, (size_t)shrunk->bytes, 0, pixels, sizeof pixels, &result);
    CHECK(decoded == PH_OK && result.image.width == shrunk->width, "%s", result.message);
  }
  free(smaller);
  return status;
}

static void test_shrink(void) {
  struct ph_bytes jpeg = {0};
  struct ph_jpeg_shrunk shrunk;
  make_jpeg(WIDTH, HEIGHT, 3, 2, 2, &jpeg);
  int32_t before = (int32_t)jpeg.size;
  for (int percent = 200; percent <= 3200; percent *= 2) {
    CHECK(shrink(&jpeg, percent, WIDTH, &shrunk) == PH_OK, "%s", shrunk.message);
    CHECK(shrunk.width == WIDTH && shrunk.height == HEIGHT, "%d wide", shrunk.width);
    CHECK(shrunk.bytes < before, "%d%%: %d bytes, not under %d", percent, shrunk.bytes, before);
    before = shrunk.bytes;
  }
  CHECK(shrunk.quality >= 10 && shrunk.quality < 20, "quality %d", shrunk.quality);
  CHECK(shrink(&jpeg, 12800, WIDTH / 2, &shrunk) == PH_OK, "%s", shrunk.message);
  CHECK(shrunk.width == WIDTH / 2 && shrunk.quality > 10, "%d wide, quality %d", shrunk.width,
        shrunk.quality);
  CHECK(shrink(&jpeg, 50, WIDTH, &shrunk) == PH_JPEG_NOT_SMALLER, "the result is larger");
  struct ph_bytes half = {.data = jpeg.data, .size = jpeg.size / 2};
  CHECK(shrink(&half, 200, WIDTH, &shrunk) == PH_ERR_FORMAT && shrunk.message[0], "half a JPEG");
  for (size_t i = 0; i + 11 < jpeg.size; i++) {
    if (jpeg.data[i] == 0xff && jpeg.data[i + 1] == 0xc0) jpeg.data[i + 12] = 0xee;
  }
  CHECK(shrink(&jpeg, 200, WIDTH, &shrunk) == PH_ERR_FORMAT, "a missing quantization table");
  free(jpeg.data);
}

static void test_rgb(void) {
  struct ph_bytes jpeg = {0};
  struct ph_jpeg_rgb result;
  make_jpeg(WIDTH, HEIGHT, 1, 1, 1, &jpeg);
  size_t capacity = (size_t)WIDTH * HEIGHT * 3;
  uint8_t *rgb = malloc(capacity);
  CHECK(ph_jpeg_rgb(jpeg.data, jpeg.size, rgb, capacity - 1, &result) == PH_JPEG_BUFFER_TOO_SMALL &&
            result.width == WIDTH && result.height == HEIGHT,
        "%dx%d", result.width, result.height);
  CHECK(ph_jpeg_rgb(jpeg.data, jpeg.size, rgb, capacity, &result) == PH_OK, "%s", result.message);
  double sum = 0;
  for (size_t i = 0; i < capacity; i += 3) {
    CHECK(rgb[i] == rgb[i + 1] && rgb[i] == rgb[i + 2], "a gray pixel is colored");
    sum += rgb[i];
  }
  double difference = sum / (WIDTH * HEIGHT) - pattern_mean(0);
  CHECK(difference < 1 && difference > -1, "off by %.2f", difference);
  CHECK(ph_jpeg_rgb(jpeg.data, jpeg.size / 2, rgb, capacity, &result) == PH_ERR_FORMAT &&
            result.message[0],
        "half a JPEG");
  free(rgb);
  free(jpeg.data);
}

void test_jpegs(void) {
  test_rgb();
  test_shrink();
  test_subsamplings();
  test_broken();
  test_scans();
  test_encode();
  test_limited_range();
  test_matrix();
  test_gray();
  test_compress();
}
