/*
 * The payload that is appended to the launcher's ELF file:
 *
 *   the ELF | manifest | archive | trailer
 *
 * The manifest is text with a line for each file: SHA-256, mode (octal), size, path. The archive is
 * one zstd frame with the concatenated contents of these files, in the same order, each with targets
 * instead of distances (branches.h). The trailer has TRAILER_BYTES and ends the file:
 *
 *   "PHYSPAK2"                 8 bytes
 *   size of the manifest       8 bytes, little-endian
 *   size of the archive        8 bytes, little-endian
 *   SHA-256 of the manifest    32 bytes
 *   SHA-256 of both            32 bytes; it names the payload
 */
#ifndef PHYSIOLOGY_LAUNCHER_PAYLOAD_H
#define PHYSIOLOGY_LAUNCHER_PAYLOAD_H

#include <stdint.h>
#include <sys/types.h>

#include "sha256.h"

#define TRAILER_BYTES 88

struct entry {
  unsigned char digest[SHA256_BYTES];
  mode_t mode;
  uint64_t size;
  char *path; /* relative, without ".."; points into the manifest */
};

struct payload {
  int file;
  char *executable; /* the absolute path of this program */
  char *manifest;
  uint64_t manifest_size;
  struct sha256 hash; /* state after the manifest; the archive follows */
  off_t archive_offset;
  uint64_t archive_size;
  unsigned char digest[SHA256_BYTES];
  char name[SHA256_HEX];
  struct entry *entries;
  size_t count;
  uint64_t total; /* bytes of all files */
};

/* Opens the payload of this executable. Exits with a message if it is missing or damaged. */
void payload_open(struct payload *payload);

#endif
