#include "payload.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

static const char MAGIC[8] = {'P', 'H', 'Y', 'S', 'P', 'A', 'K', '1'};
#define MAX_MANIFEST (1 << 20)

void fail(int status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("physiology_server: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(status);
}

static void broken(const struct payload *payload) {
  fail(EXIT_INTERNAL, "Cannot read the program in %s: the file is damaged: copy it here again",
       payload->executable);
}

static uint64_t little_endian(const unsigned char *bytes) {
  uint64_t value = 0;
  for (int i = 7; i >= 0; i--) value = value << 8 | bytes[i];
  return value;
}

/* The kernel names the file that it started; /proc may be missing in a small root. */
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

static void read_whole(const struct payload *payload, void *into, uint64_t size, off_t offset) {
  char *next = into;
  while (size > 0) {
    ssize_t got = pread(payload->file, next, size, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) broken(payload);
    next += got, offset += got, size -= (uint64_t)got;
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
    if (low < 0) broken(payload);
    entry->digest[i] = (unsigned char)(high << 4 | low);
  }
  entry->mode = (mode_t)strtoul(next, &next, 8);
  entry->size = strtoull(next, &next, 10);
  if (*next != ' ') broken(payload);
  entry->path = next + 1;
  if (entry->path[0] == '/' || entry->path[0] == 0 || strstr(entry->path, "..")) broken(payload);
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
  if (!payload->executable) fail(EXIT_INTERNAL, "Cannot find this program's own file");
  payload->file = open(payload->executable, O_RDONLY | O_CLOEXEC);
  struct stat about;
  if (payload->file < 0 || fstat(payload->file, &about) != 0) {
    fail(EXIT_INTERNAL, "Cannot open %s: %s", payload->executable, strerror(errno));
  }
  unsigned char trailer[TRAILER_BYTES];
  if (about.st_size < TRAILER_BYTES) broken(payload);
  read_whole(payload, trailer, sizeof trailer, about.st_size - TRAILER_BYTES);
  if (memcmp(trailer, MAGIC, sizeof MAGIC) != 0) broken(payload);
  payload->manifest_size = little_endian(trailer + 8);
  payload->archive_size = little_endian(trailer + 16);
  uint64_t available = (uint64_t)about.st_size - TRAILER_BYTES;
  if (payload->manifest_size > MAX_MANIFEST || payload->manifest_size > available ||
      payload->archive_size > available - payload->manifest_size) {
    broken(payload);
  }
  payload->archive_offset = (off_t)(available - payload->archive_size);
  memcpy(payload->digest, trailer + 56, SHA256_BYTES);
  sha256_hex(payload->digest, payload->name);
  payload->manifest = calloc(1, payload->manifest_size + 1);
  if (!payload->manifest) fail(EXIT_UNAVAILABLE, "Cannot start: out of memory");
  read_whole(payload, payload->manifest, payload->manifest_size,
             payload->archive_offset - (off_t)payload->manifest_size);
  unsigned char digest[SHA256_BYTES];
  sha256_begin(&payload->hash);
  sha256_add(&payload->hash, payload->manifest, payload->manifest_size);
  struct sha256 hash = payload->hash;
  sha256_end(&hash, digest);
  if (memcmp(digest, trailer + 24, SHA256_BYTES) != 0) broken(payload);
  parse_manifest(payload);
}
