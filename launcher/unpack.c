#include "unpack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "branches.h"
#include "common.h"

#define MAX_THREADS 4
#define PART_BYTES (1 << 16)

static bool has_digest(const char *path, const unsigned char expected[SHA256_BYTES]) {
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return false;
  char buffer[1 << 16];
  struct sha256 hash;
  sha256_begin(&hash);
  ssize_t count;
  while ((count = read(file, buffer, sizeof buffer)) > 0) sha256_add(&hash, buffer, (size_t)count);
  close(file);
  unsigned char digest[SHA256_BYTES];
  sha256_end(&hash, digest);
  return count == 0 && memcmp(digest, expected, SHA256_BYTES) == 0;
}

/* Checks type, size and mode, and with `contents` the SHA-256. */
static bool is_entry_intact(const struct entry *entry, const char *directory, bool contents) {
  char path[PATH_MAX];
  struct stat info;
  format_path(path, "%s/%s", directory, entry->path);
  if (lstat(path, &info) != 0 || !S_ISREG(info.st_mode)) return false;
  if ((uint64_t)info.st_size != entry->size || (info.st_mode & 07777) != entry->mode) return false;
  return !contents || has_digest(path, entry->digest);
}

bool has_files(const struct payload *payload, const char *directory) {
  for (size_t i = 0; i < payload->count; i++) {
    if (!is_entry_intact(&payload->entries[i], directory, false)) return false;
  }
  return true;
}

struct checking {
  const struct payload *payload;
  const char *directory;
  _Atomic size_t next;
  _Atomic bool damaged;
};

static void *check_entries(void *argument) {
  struct checking *checking = argument;
  const struct payload *payload = checking->payload;
  for (size_t i; !checking->damaged && (i = checking->next++) < payload->count;) {
    if (!is_entry_intact(&payload->entries[i], checking->directory, true)) checking->damaged = true;
  }
  return NULL;
}

/* Returns the number of files and links in a directory; directories are not counted. */
static size_t count_files(const char *path) {
  DIR *entries = opendir(path);
  if (!entries) return 0;
  size_t count = 0;
  for (struct dirent *entry; (entry = readdir(entries));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char inner[PATH_MAX];
    struct stat info;
    format_path(inner, "%s/%s", path, entry->d_name);
    bool is_directory = lstat(inner, &info) == 0 && S_ISDIR(info.st_mode);
    count += is_directory ? count_files(inner) : 1;
  }
  closedir(entries);
  return count;
}

bool is_intact(const struct payload *payload, const char *directory) {
  /* The loader prefers a library beside ONNX Runtime to that of the system. */
  if (count_files(directory) != payload->count) return false;
  /* Two large files, Deno and ONNX Runtime, take most of the time. */
  pthread_t threads[MAX_THREADS - 1];
  size_t started = 0, processors = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
  struct checking checking = {.payload = payload, .directory = directory};
  while (started + 1 < MAX_THREADS && started + 1 < processors &&
         pthread_create(&threads[started], NULL, check_entries, &checking) == 0) {
    started++;
  }
  check_entries(&checking);
  for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
  return !checking.damaged;
}

void remove_directory(const char *path) {
  DIR *entries = opendir(path);
  if (entries) {
    for (struct dirent *entry; (entry = readdir(entries));) {
      if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
      char inner[PATH_MAX];
      format_path(inner, "%s/%s", path, entry->d_name);
      struct stat info;
      if (lstat(inner, &info) == 0 && S_ISDIR(info.st_mode))
        remove_directory(inner);
      else
        unlink(inner);
    }
    closedir(entries);
  }
  rmdir(path);
}

struct unpacking {
  const struct payload *payload;
  const char *directory; /* the temporary directory */
  size_t next;           /* index of the entry that the next byte belongs to */
  uint64_t received;     /* bytes of this entry */
  uint64_t written;      /* bytes of this entry that are on the disk */
  /* The bytes between: a part of an entry, after those of an instruction that it completes. */
  unsigned char part[PART_BYTES];
  int file;
  struct sha256 hash;
};

static void fail_unpacking(struct unpacking *state, int error) {
  remove_directory(state->directory);
  double megabytes = (double)state->payload->total / 1e6;
  if (error == ENOSPC || error == EDQUOT) {
    fail(EXIT_UNAVAILABLE,
         "Cannot unpack into %s: %s: free %.0f MB, or set XDG_CACHE_HOME to a directory on another "
         "disk",
         state->directory, strerror(error), megabytes);
  }
  if (error) fail(EXIT_UNAVAILABLE, "Cannot unpack into %s: %s", state->directory, strerror(error));
  fail(EXIT_INTERNAL, "Cannot unpack %s: the file is damaged: copy it here again",
       state->payload->executable);
}

static void make_parents(struct unpacking *state, char *path) {
  for (char *slash = path + strlen(state->directory) + 1; (slash = strchr(slash, '/')); slash++) {
    *slash = 0;
    if (mkdir(path, 0755) != 0 && errno != EEXIST) fail_unpacking(state, errno);
    *slash = '/';
  }
}

static void begin_entry(struct unpacking *state) {
  char path[PATH_MAX];
  format_path(path, "%s/%s", state->directory, state->payload->entries[state->next].path);
  make_parents(state, path);
  state->file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (state->file < 0) fail_unpacking(state, errno);
  state->received = state->written = 0;
  sha256_begin(&state->hash);
}

static void end_entry(struct unpacking *state) {
  const struct entry *entry = &state->payload->entries[state->next++];
  unsigned char digest[SHA256_BYTES];
  sha256_end(&state->hash, digest);
  if (memcmp(digest, entry->digest, SHA256_BYTES) != 0) fail_unpacking(state, 0);
  if (fchmod(state->file, entry->mode) != 0 || close(state->file) != 0) {
    fail_unpacking(state, errno);
  }
  state->file = -1;
}

static void write_file(struct unpacking *state, size_t size) {
  sha256_add(&state->hash, state->part, size);
  for (size_t done = 0; done < size;) {
    ssize_t count = write(state->file, state->part + done, size - done);
    if (count < 0 && errno != EINTR) fail_unpacking(state, errno);
    if (count > 0) done += (size_t)count;
  }
  state->written += size;
}

/* Writes bytes of the current entry, at most as many as it misses; returns how many. */
static size_t write_part(struct unpacking *state, const char *bytes, size_t size) {
  uint64_t missing = state->payload->entries[state->next].size - state->received;
  size_t held = (size_t)(state->received - state->written), added = PART_BYTES - held;
  if (added > size) added = size;
  if (added > missing) added = (size_t)missing;
  memcpy(state->part + held, bytes, added);
  state->received += added;
  size_t available = held + added;
  size_t done = restore_distances(state->part, available, state->written);
  if (added == missing) done = available;
  write_file(state, done);
  memmove(state->part, state->part + done, available - done);
  return added;
}

/* Writes uncompressed bytes to the current entry and the following ones, which may be empty. */
static void write_bytes(struct unpacking *state, const char *bytes, size_t size) {
  while (state->next < state->payload->count) {
    if (state->file < 0) begin_entry(state);
    size_t written = write_part(state, bytes, size);
    bytes += written, size -= written;
    if (state->received == state->payload->entries[state->next].size)
      end_entry(state);
    else if (size == 0)
      return;
  }
  if (size > 0) fail_unpacking(state, 0);
}

static void unpack_archive(struct unpacking *state) {
  const struct payload *payload = state->payload;
  static char in[1 << 17], out[1 << 18];
  ZSTD_DStream *stream = ZSTD_createDStream();
  if (!stream) fail_unpacking(state, ENOMEM);
  ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, 27);
  struct sha256 hash = payload->hash;
  size_t remaining = 1;
  for (uint64_t read_bytes = 0; read_bytes < payload->archive_size;) {
    uint64_t left = payload->archive_size - read_bytes;
    ssize_t count = pread(payload->file, in, left < sizeof in ? left : sizeof in,
                          payload->archive_offset + (off_t)read_bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail_unpacking(state, count < 0 ? errno : 0);
    read_bytes += (uint64_t)count;
    sha256_add(&hash, in, (size_t)count);
    ZSTD_inBuffer input = {in, (size_t)count, 0};
    bool more = true;
    while (more && remaining != 0) {
      ZSTD_outBuffer output = {out, sizeof out, 0};
      remaining = ZSTD_decompressStream(stream, &output, &input);
      if (ZSTD_isError(remaining)) fail_unpacking(state, 0);
      write_bytes(state, out, output.pos);
      more = input.pos < input.size || output.pos == output.size;
    }
  }
  ZSTD_freeDStream(stream);
  unsigned char digest[SHA256_BYTES];
  sha256_end(&hash, digest);
  if (remaining != 0 || state->next != payload->count ||
      memcmp(digest, payload->digest, SHA256_BYTES) != 0) {
    fail_unpacking(state, 0);
  }
}

void unpack(const struct payload *payload, const char *directory) {
  char temporary[PATH_MAX], old[PATH_MAX];
  format_path(temporary, "%s%s", directory, ".new");
  format_path(old, "%s%s", directory, ".old");
  /* The caller holds the lock, so these are left from an interrupted unpacking. */
  remove_directory(temporary);
  remove_directory(old);
  struct unpacking state = {.payload = payload, .directory = temporary, .file = -1};
  if (mkdir(temporary, 0755) != 0) fail_unpacking(&state, errno);
  unpack_archive(&state);
  /* The contents must be on the disk before the final name. */
  int handle = open(temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0 || syncfs(handle) != 0) fail_unpacking(&state, errno);
  close(handle);
  if (rename(directory, old) != 0 && errno != ENOENT) fail_unpacking(&state, errno);
  if (rename(temporary, directory) != 0) fail_unpacking(&state, errno);
  remove_directory(old);
}
