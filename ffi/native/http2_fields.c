#include "http2_fields.h"

static uint32_t read_u32(const uint8_t *raw) {
  return (uint32_t)raw[0] | (uint32_t)raw[1] << 8 | (uint32_t)raw[2] << 16 | (uint32_t)raw[3] << 24;
}

int ph_http2_count_fields(const uint8_t *list, size_t length) {
  int count = 0;
  for (size_t at = 0; at < length; count++) {
    if (length - at < 8) return -1;
    size_t field = (size_t)read_u32(list + at) + read_u32(list + at + 4);
    if (length - at - 8 < field) return -1;
    at += 8 + field;
  }
  return count;
}

int ph_http2_fill_fields(nghttp2_nv *fields, int capacity, const uint8_t *list, size_t length) {
  int count = ph_http2_count_fields(list, length);
  if (count < 0 || count > capacity) return -1;
  for (int i = 0; i < count; i++) {
    size_t name = read_u32(list), value = read_u32(list + 4);
    fields[i] = (nghttp2_nv){(uint8_t *)list + 8, (uint8_t *)list + 8 + name, name, value,
                             NGHTTP2_NV_FLAG_NONE};
    list += 8 + name + value;
  }
  return count;
}
