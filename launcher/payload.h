/*
 * What hangs behind the launcher in its own file:
 *
 *   the ELF | manifest | archive | trailer
 *
 * The manifest is text, a line for each file: SHA-256, mode (octal), size, path. The archive is the
 * contents of these files in the same order, one after the other, as one zstd frame. The trailer,
 * of TRAILER_BYTES, ends the file:
 *
 *   "PHYSPAK1"                 8 bytes
 *   size of the manifest       8 bytes, little-endian
 *   size of the archive        8 bytes, little-endian
 *   SHA-256 of the manifest    32 bytes
 *   SHA-256 of both            32 bytes: the payload's name
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
  char *path; /* relative, without "..", in the payload's memory */
};

struct payload {
  int file;
  char *executable; /* the absolute path of this program */
  char *manifest;
  uint64_t manifest_size;
  struct sha256 hash; /* of the manifest so far; the archive follows */
  off_t archive_offset;
  uint64_t archive_size;
  unsigned char digest[SHA256_BYTES];
  char name[SHA256_HEX];
  struct entry *entries;
  size_t count;
  uint64_t total; /* bytes of all files */
};

/* Opens this program's own payload; ends the process with a message where there is none. */
void payload_open(struct payload *payload);

/* Ends the process with status 69 (or another) and one line on stderr. */
void fail(int status, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));

#define EXIT_UNAVAILABLE 69
#define EXIT_INTERNAL 70

#endif
