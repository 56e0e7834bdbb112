#include "sha256.h"

#include <string.h>

#include "sha256_blocks.h"

void sha256_begin(struct sha256 *hash) {
  static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  memset(hash, 0, sizeof *hash);
  memcpy(hash->state, initial, sizeof initial);
}

void sha256_add(struct sha256 *hash, const void *bytes, size_t size) {
  const unsigned char *next = bytes;
  hash->length += size;
  while (size > 0) {
    if (hash->filled == 0 && size >= sizeof hash->block) {
      size_t count = size / sizeof hash->block, bytes = count * sizeof hash->block;
      sha256_add_blocks(hash->state, next, count);
      next += bytes, size -= bytes;
      continue;
    }
    size_t part = sizeof hash->block - hash->filled;
    if (part > size) part = size;
    memcpy(hash->block + hash->filled, next, part);
    hash->filled += part, next += part, size -= part;
    if (hash->filled == sizeof hash->block) {
      sha256_add_blocks(hash->state, hash->block, 1);
      hash->filled = 0;
    }
  }
}

void sha256_end(struct sha256 *hash, unsigned char digest[SHA256_BYTES]) {
  uint64_t bits = hash->length * 8;
  unsigned char tail[72] = {0x80};
  size_t zeros = (hash->filled < 56 ? 56 : 120) - hash->filled;
  for (int i = 0; i < 8; i++) tail[zeros + (size_t)i] = (unsigned char)(bits >> (56 - 8 * i));
  sha256_add(hash, tail, zeros + 8);
  for (int i = 0; i < SHA256_BYTES; i++) {
    digest[i] = (unsigned char)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
  }
}

void sha256_hex(const unsigned char digest[SHA256_BYTES], char text[SHA256_HEX]) {
  static const char digits[] = "0123456789abcdef";
  for (int i = 0; i < SHA256_BYTES; i++) {
    text[2 * i] = digits[digest[i] >> 4];
    text[2 * i + 1] = digits[digest[i] & 15];
  }
  text[2 * SHA256_BYTES] = 0;
}
