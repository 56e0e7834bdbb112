#include "unpack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

/* The time of every unpacked file; any other means that somebody wrote to it. */
#define UNPACKED_AT 1000000000

static void join(char into[PATH_MAX], const char *folder, const char *name) {
  if (snprintf(into, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX) {
    fail(EXIT_UNAVAILABLE, "Cannot use %s: the path is too long", folder);
  }
}

static bool has_digest(const char *path, const unsigned char expected[SHA256_BYTES]) {
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return false;
  static char buffer[1 << 18];
  struct sha256 hash;
  sha256_begin(&hash);
  ssize_t got;
  while ((got = read(file, buffer, sizeof buffer)) > 0) sha256_add(&hash, buffer, (size_t)got);
  close(file);
  unsigned char digest[SHA256_BYTES];
  sha256_end(&hash, digest);
  return got == 0 && memcmp(digest, expected, SHA256_BYTES) == 0;
}

bool folder_is_whole(const struct payload *payload, const char *folder, enum check check) {
  char path[PATH_MAX];
  for (size_t i = 0; i < payload->count; i++) {
    const struct entry *entry = &payload->entries[i];
    struct stat about;
    join(path, folder, entry->path);
    if (lstat(path, &about) != 0 || !S_ISREG(about.st_mode)) return false;
    if ((uint64_t)about.st_size != entry->size || about.st_mtime != UNPACKED_AT) return false;
    if ((about.st_mode & 07777) != entry->mode) return false;
    if (check == CHECK_FULL && !has_digest(path, entry->digest)) return false;
  }
  return true;
}

void remove_folder(const char *path) {
  DIR *folder = opendir(path);
  if (folder) {
    for (struct dirent *item; (item = readdir(folder));) {
      if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0) continue;
      char inner[PATH_MAX];
      join(inner, path, item->d_name);
      struct stat about;
      if (lstat(inner, &about) == 0 && S_ISDIR(about.st_mode))
        remove_folder(inner);
      else
        unlink(inner);
    }
    closedir(folder);
  }
  rmdir(path);
}

struct unpacking {
  const struct payload *payload;
  const char *folder; /* where it grows */
  size_t next;        /* the entry that the next byte belongs to */
  uint64_t written;   /* of this entry */
  int file;
  struct sha256 hash;
};

static void give_up(struct unpacking *work, int error) {
  remove_folder(work->folder);
  double megabytes = (double)work->payload->total / 1e6;
  if (error == ENOSPC || error == EDQUOT) {
    fail(EXIT_UNAVAILABLE,
         "Cannot unpack into %s: %s: %.0f MB are needed: free some, or name another disk by "
         "XDG_CACHE_HOME",
         work->folder, strerror(error), megabytes);
  }
  if (error) fail(EXIT_UNAVAILABLE, "Cannot unpack into %s: %s", work->folder, strerror(error));
  fail(EXIT_INTERNAL, "Cannot unpack %s: the file is damaged: copy it here again",
       work->payload->executable);
}

static void make_parents(struct unpacking *work, char *path) {
  for (char *slash = path + strlen(work->folder) + 1; (slash = strchr(slash, '/')); slash++) {
    *slash = 0;
    if (mkdir(path, 0755) != 0 && errno != EEXIST) give_up(work, errno);
    *slash = '/';
  }
}

static void begin_entry(struct unpacking *work) {
  char path[PATH_MAX];
  join(path, work->folder, work->payload->entries[work->next].path);
  make_parents(work, path);
  work->file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (work->file < 0) give_up(work, errno);
  work->written = 0;
  sha256_begin(&work->hash);
}

static void end_entry(struct unpacking *work) {
  const struct entry *entry = &work->payload->entries[work->next++];
  unsigned char digest[SHA256_BYTES];
  sha256_end(&work->hash, digest);
  if (memcmp(digest, entry->digest, SHA256_BYTES) != 0) give_up(work, 0);
  const struct timespec times[2] = {{.tv_sec = UNPACKED_AT}, {.tv_sec = UNPACKED_AT}};
  if (fchmod(work->file, entry->mode) != 0 || futimens(work->file, times) != 0 ||
      close(work->file) != 0) {
    give_up(work, errno);
  }
  work->file = -1;
}

/* Entries begin and end where the last byte of the one before was, so empty files work too. */
static void take_bytes(struct unpacking *work, const char *bytes, size_t size) {
  while (work->next < work->payload->count) {
    if (work->file < 0) begin_entry(work);
    uint64_t missing = work->payload->entries[work->next].size - work->written;
    size_t part = missing < size ? (size_t)missing : size;
    sha256_add(&work->hash, bytes, part);
    for (size_t done = 0; done < part;) {
      ssize_t put = write(work->file, bytes + done, part - done);
      if (put < 0 && errno != EINTR) give_up(work, errno);
      if (put > 0) done += (size_t)put;
    }
    work->written += part, bytes += part, size -= part;
    if (work->written < work->payload->entries[work->next].size) return;
    end_entry(work);
  }
  if (size > 0) give_up(work, 0);
}

static void unpack_archive(struct unpacking *work) {
  const struct payload *payload = work->payload;
  static char in[1 << 17], out[1 << 18];
  ZSTD_DStream *stream = ZSTD_createDStream();
  if (!stream) give_up(work, ENOMEM);
  ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, 27);
  struct sha256 whole = payload->hash;
  size_t state = 1;
  for (uint64_t read_bytes = 0; read_bytes < payload->archive_size;) {
    uint64_t left = payload->archive_size - read_bytes;
    ssize_t got = pread(payload->file, in, left < sizeof in ? left : sizeof in,
                        payload->archive_offset + (off_t)read_bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) give_up(work, got < 0 ? errno : 0);
    read_bytes += (uint64_t)got;
    sha256_add(&whole, in, (size_t)got);
    ZSTD_inBuffer input = {in, (size_t)got, 0};
    bool more = true;
    while (more && state != 0) {
      ZSTD_outBuffer output = {out, sizeof out, 0};
      state = ZSTD_decompressStream(stream, &output, &input);
      if (ZSTD_isError(state)) give_up(work, 0);
      take_bytes(work, out, output.pos);
      more = input.pos < input.size || output.pos == output.size;
    }
  }
  ZSTD_freeDStream(stream);
  unsigned char digest[SHA256_BYTES];
  sha256_end(&whole, digest);
  if (state != 0 || work->next != payload->count ||
      memcmp(digest, payload->digest, SHA256_BYTES) != 0) {
    give_up(work, 0);
  }
}

void unpack(const struct payload *payload, const char *folder) {
  char growing[PATH_MAX], old[PATH_MAX];
  if (snprintf(growing, sizeof growing, "%s.new", folder) >= PATH_MAX ||
      snprintf(old, sizeof old, "%s.old", folder) >= PATH_MAX) {
    fail(EXIT_UNAVAILABLE, "Cannot use %s: the path is too long", folder);
  }
  /* The lock is ours: these are left from an unpacking that was killed. */
  remove_folder(growing);
  remove_folder(old);
  struct unpacking work = {.payload = payload, .folder = growing, .file = -1};
  if (mkdir(growing, 0755) != 0) give_up(&work, errno);
  unpack_archive(&work);
  /* A name must not be on the disk before the contents are. */
  int handle = open(growing, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0 || syncfs(handle) != 0) give_up(&work, errno);
  close(handle);
  if (rename(folder, old) != 0 && errno != ENOENT) give_up(&work, errno);
  if (rename(growing, folder) != 0) give_up(&work, errno);
  remove_folder(old);
}
