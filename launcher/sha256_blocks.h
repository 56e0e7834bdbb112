/* The compression function of SHA-256, by the processor's instructions if it has them: software
 * alone would add a second to each start. */
#ifndef PHYSIOLOGY_LAUNCHER_SHA256_BLOCKS_H
#define PHYSIOLOGY_LAUNCHER_SHA256_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BLOCK = 64 };

/* Adds `count` blocks of SHA256_BLOCK bytes to the state. */
void sha256_add_blocks(uint32_t state[8], const unsigned char *blocks, size_t count);

#endif
