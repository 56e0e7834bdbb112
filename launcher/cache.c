#include "cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common.h"
#include "unpack.h"

/* Where `install`, and the packages, unpack; src/installation/paths.ts. */
static const char *const INSTALLED[] = {
    "/usr/local/lib/physiology_server",
    "/usr/lib/physiology_server",
};

/* Creates a directory and its parents. Returns false and sets errno on failure. */
static bool make_directories(char *path, mode_t mode) {
  for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
    *slash = 0;
    int result = mkdir(path, 0755);
    *slash = '/';
    if (result != 0 && errno != EEXIST && access(path, F_OK) != 0 && errno != ENOENT) return false;
  }
  return mkdir(path, mode) == 0 || errno == EEXIST;
}

/* Checks that no other user can write to a directory: in a world-writable parent such as /var/tmp,
 * another user may have created it. Returns false and sets errno if it is unsafe. */
static bool is_private(const char *path) {
  struct stat info;
  if (lstat(path, &info) != 0) return false;
  if (!S_ISDIR(info.st_mode)) return errno = ENOTDIR, false;
  if (info.st_uid != geteuid() || (info.st_mode & (S_IWGRP | S_IWOTH))) {
    return errno = EPERM, false;
  }
  return true;
}

/* The search for a usable directory. */
struct search {
  const struct payload *payload;
  char *directory;
  char error[PATH_MAX + 64]; /* of the first candidate that failed */
};

/* Checks that programs can be unpacked to a directory and run there. Returns false and sets errno if
 * not. */
static bool is_usable(const struct payload *payload, const char *directory) {
  struct statvfs disk;
  if (statvfs(directory, &disk) != 0) return false;
  if (disk.f_flag & ST_NOEXEC) return errno = ENOEXEC, false;
  if (access(directory, W_OK) == 0) return true;
  if (errno != EROFS) return false;
  /* On a disk that is now read-only, a program that was unpacked before can still be used. */
  char program[PATH_MAX];
  format_path(program, "%s/%s", directory, payload->name);
  if (has_files(payload, program)) return true;
  return errno = EROFS, false;
}

static bool try_directory(struct search *search, const char *format, const char *base) {
  if (!base || base[0] != '/') return false;
  const char *end = strchr(base, ':'); /* STATE_DIRECTORY may contain several paths */
  char first[PATH_MAX], path[PATH_MAX];
  snprintf(first, sizeof first, "%.*s", end ? (int)(end - base) : PATH_MAX - 1, base);
  format_path(path, format, first, "");
  if (make_directories(path, 0700) && is_private(path) && is_usable(search->payload, path)) {
    return strcpy(search->directory, path), true;
  }
  if (!search->error[0]) {
    const char *reason = errno == ENOEXEC ? "the disk is mounted noexec" : strerror(errno);
    snprintf(search->error, sizeof search->error, "%s: %s", path, reason);
  }
  return false;
}

/* Checks that a directory of an installation has this version. Only root can change it. */
static bool has_installed(const struct payload *payload, const char *directory) {
  struct stat info;
  char program[PATH_MAX];
  format_path(program, "%s/%s", directory, payload->name);
  if (lstat(directory, &info) != 0 || info.st_uid != 0) return false;
  if (!S_ISDIR(info.st_mode) || (info.st_mode & (S_IWGRP | S_IWOTH))) return false;
  return has_files(payload, program);
}

/* Selects the directory of an installation that has this version. */
static bool find_installed(const struct payload *payload, char directory[PATH_MAX]) {
  for (size_t i = 0; i < sizeof INSTALLED / sizeof *INSTALLED; i++) {
    if (has_installed(payload, INSTALLED[i])) return strcpy(directory, INSTALLED[i]), true;
  }
  return false;
}

void cache_find(const struct payload *payload, char directory[PATH_MAX]) {
  struct search search = {.payload = payload, .directory = directory};
  char temporary[64];
  snprintf(temporary, sizeof temporary, "%%s/physiology_server-%u%%s", (unsigned)geteuid());
  if (find_installed(payload, directory)) return;
  if (try_directory(&search, "%s/program%s", getenv("STATE_DIRECTORY"))) return;
  if (try_directory(&search, "%s/physiology_server%s", getenv("XDG_CACHE_HOME"))) return;
  if (try_directory(&search, "%s/.cache/physiology_server%s", getenv("HOME"))) return;
  if (try_directory(&search, temporary, "/var/tmp")) return;
  if (try_directory(&search, temporary, "/tmp")) return;
  fail(EXIT_UNAVAILABLE, "Cannot unpack into %s: set XDG_CACHE_HOME to a directory of yours",
       search.error);
}

void cache_make(const char *directory) {
  char path[PATH_MAX];
  format_path(path, "%s%s", directory, "");
  umask(022);
  if (make_directories(path, 0755) && is_private(path)) return;
  fail(EXIT_UNAVAILABLE, "Cannot unpack into %s: %s: run it as root", directory, strerror(errno));
}

static int open_lock(const char *program, const char *suffix, int flags) {
  char path[PATH_MAX];
  format_path(path, "%s%s", program, suffix);
  return open(path, O_RDWR | O_CREAT | O_NOFOLLOW | flags, 0600);
}

void cache_use(const char *program) {
  char path[PATH_MAX];
  format_path(path, "%s%s", program, ".use");
  int lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0644); /* stays open after exec */
  if (lock < 0) lock = open(path, O_RDONLY | O_NOFOLLOW);     /* of root */
  if (lock < 0) return;
  while (flock(lock, LOCK_SH) != 0 && errno == EINTR) continue;
  futimens(lock, NULL);
}

void cache_ensure_unpacked(const struct payload *payload, const char *program) {
  if (is_intact(payload, program)) return;
  int lock = open_lock(program, ".lock", O_CLOEXEC);
  if (lock < 0) {
    fail(EXIT_UNAVAILABLE,
         "Cannot start: %s is damaged and cannot be replaced: %s: run install again, or restart "
         "the service",
         program, strerror(errno));
  }
  while (flock(lock, LOCK_EX) != 0 && errno == EINTR) continue;
  /* Another process may have unpacked it in the meantime. */
  if (!is_intact(payload, program)) unpack(payload, program);
  close(lock);
}

void cache_remove_incomplete(const char *directory) {
  DIR *entries = opendir(directory);
  if (!entries) return;
  for (struct dirent *entry; (entry = readdir(entries));) {
    const char *suffix = entry->d_name + SHA256_HEX - 1;
    if (strlen(entry->d_name) != SHA256_HEX + 3) continue;
    if (strcmp(suffix, ".new") != 0 && strcmp(suffix, ".old") != 0) continue;
    char path[PATH_MAX], program[PATH_MAX];
    format_path(path, "%s/%s", directory, entry->d_name);
    snprintf(program, sizeof program, "%.*s", (int)(strlen(path) - 4), path);
    int lock = open_lock(program, ".lock", O_CLOEXEC);
    if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0) remove_directory(path);
    if (lock >= 0) close(lock);
  }
  closedir(entries);
}

/* Removes a program and all files beside it. */
static void remove_program(const char *program) {
  char path[PATH_MAX + 16];
  remove_directory(program);
  snprintf(path, sizeof path, "%s.deno", program);
  remove_directory(path);
  const char *const suffixes[] = {".use", ".lock"};
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
    snprintf(path, sizeof path, "%s%s", program, suffixes[i]);
    unlink(path);
  }
}

void cache_remove_old(const char *directory, const char *current) {
  char newest[NAME_MAX + 1] = "";
  time_t newest_use = 0;
  /* The first pass finds the most recently used program, the second removes the others. */
  for (int pass = 0; pass < 2; pass++) {
    DIR *entries = opendir(directory);
    if (!entries) return;
    for (struct dirent *entry; (entry = readdir(entries));) {
      char program[PATH_MAX];
      struct stat info;
      const char *name = entry->d_name;
      if (strlen(name) != SHA256_HEX - 1 || strcmp(name, current) == 0) continue;
      format_path(program, "%s/%s", directory, name);
      int lock = open_lock(program, ".use", O_CLOEXEC);
      if (lock < 0) continue;
      if (fstat(lock, &info) != 0) {
        close(lock);
        continue;
      }
      if (pass == 0 && info.st_mtime >= newest_use) {
        newest_use = info.st_mtime;
        strcpy(newest, name);
      } else if (pass == 1 && strcmp(name, newest) != 0 && flock(lock, LOCK_EX | LOCK_NB) == 0) {
        remove_program(program);
      }
      close(lock);
    }
    closedir(entries);
  }
}
