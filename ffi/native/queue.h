/* A growable byte queue. */
#ifndef PH_QUEUE_H
#define PH_QUEUE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Initialize with zeros; release with ph_queue_release. Read with ph_queue_read. */
struct ph_queue {
  uint8_t *data;
  size_t start, length, capacity;
};

/* Returns 0, or -1 if memory allocation failed. */
static inline int ph_queue_append(struct ph_queue *queue, const void *data, size_t length) {
  if (queue->start + queue->length + length > queue->capacity) {
    if (queue->start) {
      memmove(queue->data, queue->data + queue->start, queue->length);
      queue->start = 0;
    }
    if (queue->length + length > queue->capacity) {
      size_t capacity = queue->capacity ? queue->capacity : 256;
      while (capacity < queue->length + length) capacity *= 2;
      uint8_t *grown = realloc(queue->data, capacity);
      if (!grown) return -1;
      queue->data = grown;
      queue->capacity = capacity;
    }
  }
  if (length) memcpy(queue->data + queue->start + queue->length, data, length);
  queue->length += length;
  return 0;
}

/* Moves up to `capacity` bytes from the start of the queue to `out`. Returns how many. */
static inline size_t ph_queue_read(struct ph_queue *queue, uint8_t *out, size_t capacity) {
  size_t count = queue->length < capacity ? queue->length : capacity;
  if (count) memcpy(out, queue->data + queue->start, count);
  queue->start += count;
  queue->length -= count;
  if (queue->length == 0) queue->start = 0;
  return count;
}

static inline void ph_queue_release(struct ph_queue *queue) {
  free(queue->data);
  memset(queue, 0, sizeof *queue);
}

/* Appends a little-endian integer. Returns 0, or -1 if memory allocation failed. */
static inline int ph_queue_append_u32(struct ph_queue *queue, uint32_t value) {
  uint8_t raw[4] = {value & 0xff, value >> 8 & 0xff, value >> 16 & 0xff, value >> 24};
  return ph_queue_append(queue, raw, sizeof raw);
}

#endif
