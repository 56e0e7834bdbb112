#include "jpeg_shrink.h"

#include <string.h>

#include "jpeg_encode.h"
#include "jpeg_errors.h"

/* Sum of the luma quantizers at quality 50: the example table of ITU-T T.81, annex K. */
enum { STANDARD_SUM = 3688 };
/* Quantizers of quality 10, in percent of those of quality 50. */
enum { COARSEST_PERCENT = 500 };
/* Half the width has a quarter of the samples, so the quantizers can be four times finer. */
enum { QUANTIZER_GAIN_OF_HALVING = 4 };

struct header {
  int32_t width;
  int32_t percent; /* the luma quantizers in percent of those of quality 50 */
};

static int read_header(const uint8_t *data, size_t size, struct header *header, char *message) {
  struct jpeg_decompress_struct jpeg;
  struct ph_jpeg_errors errors;
  volatile int status = PH_ERR_FORMAT;
  jpeg.err = ph_jpeg_errors_init(&errors, "shrink the JPEG", message, PH_JPEG_MESSAGE_SIZE);
  if (setjmp(errors.failed) == 0) {
    jpeg_create_decompress(&jpeg);
    jpeg_mem_src(&jpeg, data, size);
    jpeg_read_header(&jpeg, TRUE);
    int table_number = jpeg.comp_info[0].quant_tbl_no; /* from the file, not validated yet */
    const JQUANT_TBL *table =
        table_number < NUM_QUANT_TBLS ? jpeg.quant_tbl_ptrs[table_number] : NULL;
    int64_t sum = 0;
    for (int i = 0; table != NULL && i < DCTSIZE2; i++) sum += table->quantval[i];
    header->width = (int32_t)jpeg.image_width;
    header->percent = (int32_t)(sum * 100 / STANDARD_SUM);
    status = PH_OK;
  }
  jpeg_destroy_decompress(&jpeg);
  return status;
}

static int quality_of(int64_t percent) {
  if (percent < 1) return 100;
  return (int)(percent > 100 ? 5000 / percent : (200 - percent) / 2);
}

static int decode(const uint8_t *jpeg, size_t size, int32_t min_width, struct ph_bytes *pixels,
                  struct ph_jpeg_result *result) {
  int status = ph_jpeg_decode(jpeg, size, min_width, NULL, 0, result);
  if (status != PH_JPEG_BUFFER_TOO_SMALL) return status;
  if (!ph_bytes_reserve(pixels, (size_t)result->image.bytes)) {
    snprintf(result->message, PH_JPEG_MESSAGE_SIZE, "Cannot shrink the JPEG: out of memory");
    return PH_ERR_MEMORY;
  }
  return ph_jpeg_decode(jpeg, size, min_width, pixels->data, pixels->capacity, result);
}

int ph_jpeg_shrink(const uint8_t *jpeg, size_t size, int32_t quantizer_percent, int32_t min_width,
                   uint8_t *smaller, struct ph_jpeg_shrunk *shrunk) {
  struct header header;
  struct ph_jpeg_result decoded;
  struct ph_bytes pixels = {0}, out = {0};
  *shrunk = (struct ph_jpeg_shrunk){0};
  int status = read_header(jpeg, size, &header, shrunk->message);
  if (status != PH_OK) return status;

  int64_t percent = (int64_t)header.percent * quantizer_percent / 100;
  int32_t width = header.width;
  while (percent > COARSEST_PERCENT && width / 2 >= min_width && width * 4 > header.width) {
    width /= 2;
    percent /= QUANTIZER_GAIN_OF_HALVING;
  }
  if (percent > COARSEST_PERCENT) percent = COARSEST_PERCENT;
  shrunk->quality = quality_of(percent);

  status = decode(jpeg, size, width, &pixels, &decoded);
  if (status == PH_OK) {
    status = ph_jpeg_encode(&decoded.image, pixels.data, shrunk->quality, &out, shrunk->message,
                            PH_JPEG_MESSAGE_SIZE);
  } else {
    memcpy(shrunk->message, decoded.message, PH_JPEG_MESSAGE_SIZE);
  }
  if (status == PH_OK && out.size >= size) status = PH_JPEG_NOT_SMALLER;
  if (status == PH_OK) {
    memcpy(smaller, out.data, out.size);
    shrunk->width = decoded.image.width;
    shrunk->height = decoded.image.height;
    shrunk->bytes = (int32_t)out.size;
  }
  free(pixels.data);
  free(out.data);
  return status;
}
