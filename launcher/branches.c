#include "branches.h"

/* Bytes of the distance, which ends an instruction of x64. */
#define DISTANCE_BYTES 4
/* Distances have 28 bits with a sign: no program is larger than 128 MB. */
#define DISTANCE_SIGN (UINT32_C(1) << 27)

/*
 * Returns the bytes before the distance of a CALL, or of a MOV or LEA of 64 bits whose address is
 * relative to the instruction; 0 for what holds no distance.
 */
static size_t bytes_before_distance(const unsigned char *bytes) {
  if (bytes[0] == 0xE8) return 1;
  if (bytes[0] != 0x48 && bytes[0] != 0x4C) return 0;
  return (bytes[1] == 0x8B || bytes[1] == 0x8D) && (bytes[2] & 0xC7) == 0x05 ? 3 : 0;
}

static uint32_t sign_extend(uint32_t value) {
  return ((value & (DISTANCE_SIGN * 2 - 1)) ^ DISTANCE_SIGN) - DISTANCE_SIGN;
}

size_t restore_distances_x64(unsigned char *bytes, size_t size, uint64_t position) {
  size_t at = 0;
  while (at + MAX_UNRESTORED < size) {
    size_t before = bytes_before_distance(bytes + at);
    if (before == 0) {
      at++;
      continue;
    }
    unsigned char *field = bytes + at + before;
    at += before + DISTANCE_BYTES;
    /* Targets are big-endian: the bytes that vary least come first. */
    uint32_t value = 0;
    for (int i = 0; i < DISTANCE_BYTES; i++) value = value << 8 | field[i];
    /* What is larger was no distance. */
    if (value == sign_extend(value)) value = sign_extend(value - (uint32_t)(position + at));
    for (int i = 0; i < DISTANCE_BYTES; i++) field[i] = (unsigned char)(value >> (8 * i));
  }
  return at;
}

size_t restore_distances_arm64(unsigned char *bytes, size_t size, uint64_t position) {
  size_t at = 0;
  for (; at + 4 <= size; at += 4) {
    uint32_t word = 0;
    for (int i = 3; i >= 0; i--) word = word << 8 | bytes[at + (size_t)i];
    uint64_t place = position + at;
    if ((word & 0xFC000000) == 0x94000000) { /* BL: 26 bits, in words */
      word = 0x94000000 | ((word - (uint32_t)(place >> 2)) & 0x03FFFFFF);
    } else if ((word & 0x9F000000) == 0x90000000) { /* ADRP: 21 bits, in pages of 4 KiB */
      uint32_t page = (word >> 3 & 0x1FFFFC) | (word >> 29 & 3);
      page -= (uint32_t)(place >> 12);
      word = (word & 0x9F00001F) | (page & 3) << 29 | (page & 0x1FFFFC) << 3;
    }
    for (size_t i = 0; i < 4; i++) bytes[at + i] = (unsigned char)(word >> (8 * i));
  }
  return at;
}
