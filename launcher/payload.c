#include "payload.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"

static const char MAGIC[8] = {'P', 'H', 'Y', 'S', 'P', 'A', 'K', '2'};
#define MAX_MANIFEST (1 << 20)

static void fail_damaged(const struct payload *payload) {
  fail(EXIT_INTERNAL, "Cannot read the program in %s: the file is damaged: copy it here again",
       payload->executable);
}

static uint64_t little_endian(const unsigned char *bytes) {
  uint64_t value = 0;
  for (int i = 7; i >= 0; i--) value = value << 8 | bytes[i];
  return value;
}

/* Returns the path of this executable. Without /proc, uses the path that it was started with. */
static char *own_path(void) {
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length > 0) {
    path[length] = 0;
    return strdup(path);
  }
  const char *started = (const char *)getauxval(AT_EXECFN);
  return started ? realpath(started, NULL) : NULL;
}

static void read_exactly(const struct payload *payload, void *buffer, uint64_t size, off_t offset) {
  char *next = buffer;
  while (size > 0) {
    ssize_t count = pread(payload->file, next, size, offset);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail_damaged(payload);
    next += count, offset += count, size -= (uint64_t)count;
  }
}

static int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

static void parse_line(struct payload *payload, char *line) {
  struct entry *entry = &payload->entries[payload->count++];
  char *next = line;
  for (int i = 0; i < SHA256_BYTES; i++, next += 2) {
    int high = hex_digit(next[0]), low = high < 0 ? -1 : hex_digit(next[1]);
    if (low < 0) fail_damaged(payload);
    entry->digest[i] = (unsigned char)(high << 4 | low);
  }
  entry->mode = (mode_t)strtoul(next, &next, 8);
  entry->size = strtoull(next, &next, 10);
  if (*next != ' ') fail_damaged(payload);
  entry->path = next + 1;
  if (entry->path[0] == '/' || entry->path[0] == 0 || strstr(entry->path, ".."))
    fail_damaged(payload);
  payload->total += entry->size;
}

static void parse_manifest(struct payload *payload) {
  size_t lines = 0;
  for (uint64_t i = 0; i < payload->manifest_size; i++) lines += payload->manifest[i] == '\n';
  payload->entries = calloc(lines + 1, sizeof *payload->entries);
  if (!payload->entries) fail(EXIT_UNAVAILABLE, "Cannot start: out of memory");
  char *rest = payload->manifest;
  for (char *line; (line = strsep(&rest, "\n")) && *line;) parse_line(payload, line);
}

void payload_open(struct payload *payload) {
  memset(payload, 0, sizeof *payload);
  payload->executable = own_path();
  if (!payload->executable) fail(EXIT_INTERNAL, "Cannot find the executable file of this program");
  payload->file = open(payload->executable, O_RDONLY | O_CLOEXEC);
  struct stat info;
  if (payload->file < 0 || fstat(payload->file, &info) != 0) {
    fail(EXIT_INTERNAL, "Cannot open %s: %s", payload->executable, strerror(errno));
  }
  unsigned char trailer[TRAILER_BYTES];
  if (info.st_size < TRAILER_BYTES) fail_damaged(payload);
  read_exactly(payload, trailer, sizeof trailer, info.st_size - TRAILER_BYTES);
  if (memcmp(trailer, MAGIC, sizeof MAGIC) != 0) fail_damaged(payload);
  payload->manifest_size = little_endian(trailer + 8);
  payload->archive_size = little_endian(trailer + 16);
  uint64_t available = (uint64_t)info.st_size - TRAILER_BYTES;
  if (payload->manifest_size > MAX_MANIFEST || payload->manifest_size > available ||
      payload->archive_size > available - payload->manifest_size) {
    fail_damaged(payload);
  }
  payload->archive_offset = (off_t)(available - payload->archive_size);
  memcpy(payload->digest, trailer + 56, SHA256_BYTES);
  sha256_hex(payload->digest, payload->name);
  payload->manifest = calloc(1, payload->manifest_size + 1);
  if (!payload->manifest) fail(EXIT_UNAVAILABLE, "Cannot start: out of memory");
  read_exactly(payload, payload->manifest, payload->manifest_size,
               payload->archive_offset - (off_t)payload->manifest_size);
  unsigned char digest[SHA256_BYTES];
  sha256_begin(&payload->hash);
  sha256_add(&payload->hash, payload->manifest, payload->manifest_size);
  struct sha256 hash = payload->hash;
  sha256_end(&hash, digest);
  if (memcmp(digest, trailer + 24, SHA256_BYTES) != 0) fail_damaged(payload);
  parse_manifest(payload);
}
