/*
 * physiology_server as one file: unpacks the program once, asks it which permissions its
 * configuration needs, and becomes Deno with just these.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "payload.h"
#include "unpack.h"

/* The planning run's exit status for "go on, with what I printed as Deno's flags". */
#define PLANNED 200
#define MAX_ARGUMENTS 256

static void format_path(char into[PATH_MAX], const char *format, const char *a, const char *b) {
  if (snprintf(into, PATH_MAX, format, a, b) >= PATH_MAX) {
    fail(EXIT_UNAVAILABLE, "Cannot use %s: the path is too long", a);
  }
}

/* mkdir -p; false with errno. */
static bool make_folder(char *path, mode_t mode) {
  for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
    *slash = 0;
    int made = mkdir(path, 0755);
    *slash = '/';
    if (made != 0 && errno != EEXIST && access(path, F_OK) != 0 && errno != ENOENT) return false;
  }
  return mkdir(path, mode) == 0 || errno == EEXIST;
}

/*
 * True where nobody else can put a program into `path`. In a folder that all may write to, such
 * as /var/tmp, another user may have been there first.
 */
static bool is_ours(const char *path) {
  struct stat about;
  if (lstat(path, &about) != 0) return false;
  if (!S_ISDIR(about.st_mode)) return errno = ENOTDIR, false;
  if (about.st_uid != geteuid() || (about.st_mode & (S_IWGRP | S_IWOTH))) {
    return errno = EPERM, false;
  }
  return true;
}

struct place {
  char path[PATH_MAX];
  char complaint[PATH_MAX + 64];
};

static bool try_place(struct place *place, const char *format, const char *base) {
  if (!base || base[0] != '/') return false;
  const char *end = strchr(base, ':'); /* STATE_DIRECTORY may name several */
  char first[PATH_MAX], path[PATH_MAX];
  snprintf(first, sizeof first, "%.*s", end ? (int)(end - base) : PATH_MAX - 1, base);
  format_path(path, format, first, "");
  if (make_folder(path, 0700) && is_ours(path)) {
    /* A folder that is there already may still lie on a disk that is read-only by now. */
    if (access(path, W_OK) == 0 || errno == EROFS) return strcpy(place->path, path), true;
  }
  if (!place->complaint[0]) {
    snprintf(place->complaint, sizeof place->complaint, "%s: %s", path, strerror(errno));
  }
  return false;
}

/* The folder for unpacked programs: the first that can be written to. */
static void find_place(struct place *place) {
  memset(place, 0, sizeof *place);
  char user[32];
  snprintf(user, sizeof user, "/physiology_server-%u", (unsigned)geteuid());
  char shared[64];
  snprintf(shared, sizeof shared, "%%s%s%%s", user);
  if (try_place(place, "%s/program%s", getenv("STATE_DIRECTORY"))) return;
  if (try_place(place, "%s/physiology_server%s", getenv("XDG_CACHE_HOME"))) return;
  if (try_place(place, "%s/.cache/physiology_server%s", getenv("HOME"))) return;
  if (try_place(place, shared, "/var/tmp")) return;
  if (try_place(place, shared, "/tmp")) return;
  fail(EXIT_UNAVAILABLE, "Cannot unpack into %s: name a folder of yours by XDG_CACHE_HOME",
       place->complaint);
}

/* A lock file; -1 where the disk is read-only. */
static int open_lock(const char *folder, const char *suffix, bool survives_exec) {
  char path[PATH_MAX];
  format_path(path, "%s%s", folder, suffix);
  return open(path, O_RDWR | O_CREAT | O_NOFOLLOW | (survives_exec ? 0 : O_CLOEXEC), 0600);
}

static void ensure_unpacked(const struct payload *payload, const char *folder, bool suspicious) {
  enum check check = suspicious || getenv("PHYSIOLOGY_VERIFY") ? CHECK_FULL : CHECK_QUICK;
  if (folder_is_whole(payload, folder, check)) return;
  int lock = open_lock(folder, ".lock", false);
  if (lock < 0) fail(EXIT_UNAVAILABLE, "Cannot unpack into %s: %s", folder, strerror(errno));
  while (flock(lock, LOCK_EX) != 0 && errno == EINTR) continue;
  /* Another first start may have done it meanwhile. */
  if (!folder_is_whole(payload, folder, check)) unpack(payload, folder);
  close(lock);
}

/*
 * Removes unpacked programs of other versions that nobody runs, but for the one used last, to
 * which a user may want to roll back.
 */
static void forget_old(const char *place, const char *current) {
  char newest[NAME_MAX + 1] = "";
  time_t newest_at = 0;
  for (int pass = 0; pass < 2; pass++) {
    DIR *folder = opendir(place);
    if (!folder) return;
    for (struct dirent *item; (item = readdir(folder));) {
      char path[PATH_MAX];
      struct stat about;
      const char *name = item->d_name;
      if (strlen(name) != SHA256_HEX - 1 || strcmp(name, current) == 0) continue;
      format_path(path, "%s/%s", place, name);
      int use = open_lock(path, ".use", false);
      if (use < 0 || fstat(use, &about) != 0) {
        if (use >= 0) close(use);
        continue;
      }
      if (pass == 0 && about.st_mtime >= newest_at) {
        newest_at = about.st_mtime;
        strcpy(newest, name);
      } else if (pass == 1 && strcmp(name, newest) != 0 && flock(use, LOCK_EX | LOCK_NB) == 0) {
        remove_folder(path);
        char side[PATH_MAX + 16];
        snprintf(side, sizeof side, "%s.deno", path);
        remove_folder(side);
        const char *const suffixes[] = {".use", ".lock", ".running"};
        for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
          snprintf(side, sizeof side, "%s%s", path, suffixes[i]);
          unlink(side);
        }
      }
      close(use);
    }
    closedir(folder);
  }
}

/* Removes what an unpacking of any version left behind that was killed, such as by a power cut. */
static void forget_torn(const char *place) {
  DIR *folder = opendir(place);
  if (!folder) return;
  for (struct dirent *item; (item = readdir(folder));) {
    const char *suffix = item->d_name + SHA256_HEX - 1;
    if (strlen(item->d_name) != SHA256_HEX + 3) continue;
    if (strcmp(suffix, ".new") != 0 && strcmp(suffix, ".old") != 0) continue;
    char path[PATH_MAX], whole[PATH_MAX];
    format_path(path, "%s/%s", place, item->d_name);
    snprintf(whole, sizeof whole, "%.*s", (int)(strlen(path) - 4), path);
    int lock = open_lock(whole, ".lock", false);
    if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0) remove_folder(path);
    if (lock >= 0) close(lock);
  }
  closedir(folder);
}

/* The value's variable for a flag that carries a secret; NULL for any other argument. */
static const char *secret_variable(const char *argument, const char **value) {
  static const char *const names[][2] = {
      {"redis_password", "PHYSIOLOGY_REDIS_PASSWORD"},
      {"redis_sentinel_password", "PHYSIOLOGY_REDIS_SENTINEL_PASSWORD"},
      {"grpc_token", "PHYSIOLOGY_GRPC_TOKEN"},
      {"http_token", "PHYSIOLOGY_HTTP_TOKEN"},
      {"token", "PHYSIOLOGY_TOKEN"},
  };
  if (*argument != '-') return NULL;
  argument += argument[1] == '-' ? 2 : 1;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *a = argument, *b = names[i][0];
    while (*b && (*a == *b || (*a == '-' && *b == '_'))) a++, b++;
    if (*b || (*a && *a != '=')) continue;
    *value = *a ? a + 1 : NULL;
    return names[i][1];
  }
  return NULL;
}

/*
 * Everybody on the machine can read a command line, only the user a process's environment: what
 * is secret moves there, and the arguments become what is left.
 */
static int hide_secrets(int count, char **arguments) {
  int kept = 0;
  for (int i = 0; i < count; i++) {
    const char *value;
    const char *variable = secret_variable(arguments[i], &value);
    if (variable && !value && i + 1 < count) value = arguments[++i];
    if (variable && value)
      setenv(variable, value, 1);
    else
      arguments[kept++] = arguments[i];
  }
  arguments[kept] = NULL;
  return kept;
}

struct output {
  char *bytes;
  size_t size;
};

/* Runs Deno with its stdout caught; returns the exit status. */
static int run_and_catch(char *deno, char **arguments, struct output *output) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail(EXIT_INTERNAL, "Cannot start: %s", strerror(errno));
  pid_t child = fork();
  if (child < 0) fail(EXIT_UNAVAILABLE, "Cannot start: %s", strerror(errno));
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(ends[1], STDOUT_FILENO);
    setenv("PHYSIOLOGY_STAGE", "plan", 1);
    execv(deno, arguments);
    fail(EXIT_UNAVAILABLE,
         "Cannot start %s: %s: a system with glibc is needed, and a disk that is not noexec", deno,
         strerror(errno));
  }
  close(ends[1]);
  size_t room = 0;
  while (true) {
    if (output->size == room) {
      room = room ? 2 * room : 1 << 16;
      output->bytes = realloc(output->bytes, room + 1);
      if (!output->bytes) fail(EXIT_UNAVAILABLE, "Cannot start: out of memory");
    }
    ssize_t got = read(ends[0], output->bytes + output->size, room - output->size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    output->size += (size_t)got;
  }
  close(ends[0]);
  output->bytes[output->size] = 0;
  int status;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_INTERNAL;
}

static void write_out(const struct output *output) {
  for (size_t done = 0; done < output->size;) {
    ssize_t put = write(STDOUT_FILENO, output->bytes + done, output->size - done);
    if (put < 0 && errno != EINTR) return;
    if (put > 0) done += (size_t)put;
  }
}

struct arguments {
  char *items[MAX_ARGUMENTS];
  size_t count;
};

static void push(struct arguments *arguments, char *item) {
  if (arguments->count + 1 >= MAX_ARGUMENTS) fail(64, "Cannot start: too many arguments");
  arguments->items[arguments->count++] = item;
}

/* deno run, what both runs share, `permissions`, the program, and the user's own arguments. */
static void build_arguments(struct arguments *into, char **permissions, char **rest) {
  static char *const common[] = {"physiology_server", "run", "--quiet", "--no-prompt",
                                 "--no-config", "--no-lock", "--no-remote", "--no-npm",
                                 "--unstable-net",
                                 /* scripts/physiology_server says why */
                                 "--v8-flags=--max-semi-space-size=2,--heap-growing-percent=100"};
  static char program[PATH_MAX];
  format_path(program, "%s%s", getenv("PHYSIOLOGY_ASSETS"), "/main.js");
  into->count = 0;
  for (size_t i = 0; i < sizeof common / sizeof *common; i++) push(into, common[i]);
  for (; *permissions; permissions++) push(into, *permissions);
  push(into, program);
  for (; *rest; rest++) push(into, *rest);
  into->items[into->count] = NULL;
}

static void set_environment(const struct payload *payload, const char *place, const char *folder) {
  char path[PATH_MAX];
  setenv("PHYSIOLOGY_ASSETS", folder, 1);
  setenv("PHYSIOLOGY_EXECUTABLE", payload->executable, 1);
  format_path(path, "%s%s", folder, ".deno"); /* V8 keeps compiled code there */
  setenv("DENO_DIR", path, 1);
  setenv("DENO_NO_UPDATE_CHECK", "1", 1);
  setenv("ORT_DISABLE_TELEMETRY", "1", 1);
  format_path(path, "%s%s", folder, ".running");
  setenv("PHYSIOLOGY_RUNNING", path, 1);
  format_path(path, "%s/notify%s", place, ""); /* short: the name of a socket has 107 bytes */
  setenv("PHYSIOLOGY_NOTIFY", path, 1);
}

int main(int argc, char **argv) {
  struct payload payload;
  struct place place;
  payload_open(&payload);
  find_place(&place);
  char folder[PATH_MAX], deno[PATH_MAX];
  format_path(folder, "%s/%s", place.path, payload.name);
  format_path(deno, "%s%s", folder, "/bin/deno");

  /* Held while Deno runs, so that no other version removes these files. */
  int use = open_lock(folder, ".use", true);
  bool alone = use >= 0 && flock(use, LOCK_EX | LOCK_NB) == 0;
  if (use >= 0) {
    while (flock(use, LOCK_SH) != 0 && errno == EINTR) continue;
    futimens(use, NULL);
  }
  set_environment(&payload, place.path, folder);
  /* First, so that an upgrade needs room for two versions, not for three. */
  forget_torn(place.path);
  forget_old(place.path, payload.name);
  /* Who ends in order removes the mark: left while nobody runs, it tells of a crash. */
  const char *mark = getenv("PHYSIOLOGY_RUNNING");
  ensure_unpacked(&payload, folder, alone && access(mark, F_OK) == 0);
  if (access("/proc/self/exe", F_OK) != 0) {
    fail(EXIT_UNAVAILABLE, "Cannot start: /proc is not mounted: mount -t proc proc /proc");
  }
  hide_secrets(argc - 1, argv + 1);
  struct arguments arguments;
  static char *planning[] = {"--allow-read", "--allow-env", NULL};
  build_arguments(&arguments, planning, argv + 1);
  struct output output = {0};
  int status = run_and_catch(deno, arguments.items, &output);
  if (status != PLANNED) {
    write_out(&output);
    return status;
  }
  unsetenv("PHYSIOLOGY_STAGE");
  char *granted[MAX_ARGUMENTS / 2] = {0};
  size_t count = 0;
  for (char *line, *rest = output.bytes; (line = strsep(&rest, "\n"));) {
    if (*line && count + 1 < MAX_ARGUMENTS / 2) granted[count++] = line;
  }
  build_arguments(&arguments, granted, argv + 1);
  int marked = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (marked >= 0) close(marked);
  execv(deno, arguments.items);
  fail(EXIT_UNAVAILABLE, "Cannot start %s: %s", deno, strerror(errno));
}
