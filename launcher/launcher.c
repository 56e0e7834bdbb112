/* The entry point of the packed executable. It unpacks the program on the first start, verifies
 * it at every start, runs it once to plan which permissions its configuration needs, and becomes
 * Deno with only those. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache.h"
#include "common.h"
#include "payload.h"
#include "secrets.h"

/* Exit status of the planning run if it printed the flags of Deno for the main run. Any other
 * status is that of the whole program. */
#define PLANNED 200
#define MAX_ARGUMENTS 256
/* The argument that only unpacks, to the directory that follows. */
#define UNPACK_TO "--unpack_to="

struct output {
  char *bytes;
  size_t size;
};

/* Runs Deno in a child process and captures its stdout. Returns the exit status. */
static int run_and_capture(char *deno, char **arguments, struct output *output) {
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
         "Cannot start %s: %s: the program needs a system with glibc and a disk that is not "
         "mounted noexec",
         deno, strerror(errno));
  }
  close(ends[1]);
  size_t capacity = 0;
  while (true) {
    if (output->size == capacity) {
      capacity = capacity ? 2 * capacity : 1 << 16;
      output->bytes = realloc(output->bytes, capacity + 1);
      if (!output->bytes) fail(EXIT_UNAVAILABLE, "Cannot start: out of memory");
    }
    ssize_t count = read(ends[0], output->bytes + output->size, capacity - output->size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    output->size += (size_t)count;
  }
  close(ends[0]);
  output->bytes[output->size] = 0;
  int status;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_INTERNAL;
}

/* Prints the output of a command that the planning run has performed, as far as it is read. */
static void print(const struct output *output) {
  signal(SIGPIPE, SIG_IGN);
  for (size_t done = 0; done < output->size;) {
    ssize_t count = write(STDOUT_FILENO, output->bytes + done, output->size - done);
    if (count < 0 && errno != EINTR) return;
    if (count > 0) done += (size_t)count;
  }
}

struct arguments {
  char *items[MAX_ARGUMENTS];
  size_t count;
};

static void push(struct arguments *arguments, char *item) {
  if (arguments->count + 1 >= MAX_ARGUMENTS) fail(EXIT_USAGE, "Cannot start: too many arguments");
  arguments->items[arguments->count++] = item;
}

/* Builds the command line of Deno: common flags, `permissions`, the program and the user's
 * arguments. */
static void build_arguments(struct arguments *arguments, char **permissions, char **user) {
  static char *const common[] = {"physiology_server", "run", "--quiet", "--no-prompt",
                                 "--no-config", "--no-lock", "--no-remote", "--no-npm",
                                 "--unstable-net",
                                 /* Compiled code in a file could be replaced by other code. */
                                 "--no-code-cache",
                                 /* scripts/physiology_server explains these values. */
                                 "--v8-flags=--max-semi-space-size=2,--heap-growing-percent=100"};
  static char program[PATH_MAX];
  format_path(program, "%s%s", getenv("PHYSIOLOGY_ASSETS"), "/main.js");
  arguments->count = 0;
  for (size_t i = 0; i < sizeof common / sizeof *common; i++) push(arguments, common[i]);
  for (; *permissions; permissions++) push(arguments, *permissions);
  push(arguments, program);
  for (; *user; user++) push(arguments, *user);
  arguments->items[arguments->count] = NULL;
}

static void set_environment(const struct payload *payload, const char *directory,
                            const char *program) {
  char path[PATH_MAX];
  const char *state = getenv("STATE_DIRECTORY");
  setenv("PHYSIOLOGY_ASSETS", program, 1);
  setenv("PHYSIOLOGY_EXECUTABLE", payload->executable, 1);
  /* Deno's notes on modules, no code. Each start takes 0.3 s longer without a folder for them. */
  if (state && !strchr(state, ':'))
    format_path(path, "%s/deno%s", state, "");
  else
    format_path(path, "%s%s", program, ".deno");
  setenv("DENO_DIR", path, 1);
  setenv("DENO_NO_UPDATE_CHECK", "1", 1);
  setenv("ORT_DISABLE_TELEMETRY", "1", 1);
  /* Short: a socket address has 107 bytes. */
  format_path(path, "%s/notify%s", state && !strchr(state, ':') ? state : directory, "");
  setenv("PHYSIOLOGY_NOTIFY", path, 1);
}

/* Unpacks without running the program, for `install` and the unit. Returns the exit status. */
static int unpack_only(const struct payload *payload, const char *directory) {
  char program[PATH_MAX];
  cache_make(directory);
  format_path(program, "%s/%s", directory, payload->name);
  cache_use(program);
  cache_remove_incomplete(directory);
  cache_remove_old(directory, payload->name);
  cache_ensure_unpacked(payload, program);
  return 0;
}

int main(int argc, char **argv) {
  char **user = argc > 0 ? argv + 1 : argv;
  /* First: unpacking takes seconds, during which other users can read the command line. */
  move_secrets_to_environment(user);
  struct payload payload;
  char directory[PATH_MAX], program[PATH_MAX], deno[PATH_MAX];
  payload_open(&payload);
  if (*user && !user[1] && strncmp(*user, UNPACK_TO, strlen(UNPACK_TO)) == 0) {
    return unpack_only(&payload, *user + strlen(UNPACK_TO));
  }
  cache_find(&payload, directory);
  format_path(program, "%s/%s", directory, payload.name);
  format_path(deno, "%s%s", program, "/bin/deno");

  cache_use(program);
  set_environment(&payload, directory, program);
  /* Before unpacking, so that an upgrade needs space for two versions, not for three. */
  cache_remove_incomplete(directory);
  cache_remove_old(directory, payload.name);
  cache_ensure_unpacked(&payload, program);
  if (access("/proc/self/exe", F_OK) != 0) {
    fail(EXIT_UNAVAILABLE, "Cannot start: /proc is not mounted: mount -t proc proc /proc");
  }
  struct arguments arguments;
  static char *planning[] = {"--allow-read", "--allow-env", NULL};
  build_arguments(&arguments, planning, user);
  struct output output = {0};
  int status = run_and_capture(deno, arguments.items, &output);
  if (status != PLANNED) {
    print(&output);
    return status;
  }
  unsetenv("PHYSIOLOGY_STAGE");
  char *permissions[MAX_ARGUMENTS / 2] = {0};
  size_t count = 0;
  for (char *line, *rest = output.bytes; (line = strsep(&rest, "\n"));) {
    if (*line && count + 1 < MAX_ARGUMENTS / 2) permissions[count++] = line;
  }
  build_arguments(&arguments, permissions, user);
  execv(deno, arguments.items);
  fail(EXIT_UNAVAILABLE, "Cannot start %s: %s", deno, strerror(errno));
}
