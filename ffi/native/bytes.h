/* Memory that grows and is used again. */
#ifndef PH_BYTES_H
#define PH_BYTES_H

#include <stdint.h>
#include <stdlib.h>

/* Begins as all zero; ends by free(data). */
struct ph_bytes {
  uint8_t *data;
  size_t size, capacity;
};

/* Makes room for `size` bytes and sets the size; what was inside is lost. Answers 0 for no memory. */
static inline int ph_bytes_reserve(struct ph_bytes *bytes, size_t size) {
  if (size > bytes->capacity) {
    size_t capacity = size + size / 4;
    uint8_t *data = malloc(capacity);
    if (data == NULL) return 0;
    free(bytes->data);
    bytes->data = data;
    bytes->capacity = capacity;
  }
  bytes->size = size;
  return 1;
}

#endif
