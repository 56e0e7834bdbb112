/* A growable byte buffer that keeps its memory between uses. */
#ifndef PH_BYTES_H
#define PH_BYTES_H

#include <stdint.h>
#include <stdlib.h>

/* Initialize with zeros; release with free(data). */
struct ph_bytes {
  uint8_t *data;
  size_t size, capacity;
};

/* Sets the size to `size` bytes and grows the memory if needed. The old contents are lost.
 * Returns 1, or 0 if memory allocation failed. */
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
