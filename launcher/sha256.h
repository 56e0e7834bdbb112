/* SHA-256 as FIPS 180-4 defines it. */
#ifndef PHYSIOLOGY_LAUNCHER_SHA256_H
#define PHYSIOLOGY_LAUNCHER_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define SHA256_HEX (2 * SHA256_BYTES + 1)

struct sha256 {
  uint32_t state[8];
  uint64_t length;
  unsigned char block[64];
  size_t filled;
};

void sha256_begin(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *bytes, size_t size);
void sha256_end(struct sha256 *hash, unsigned char digest[SHA256_BYTES]);

/* Writes the digest in lower-case hexadecimal, with a final NUL. */
void sha256_hex(const unsigned char digest[SHA256_BYTES], char text[SHA256_HEX]);

#endif
