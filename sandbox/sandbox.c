/* Starts a program that reads data of others, ffmpeg or Valkey, with few rights:
 *
 *     sandbox [--network] [--listen=PORT] [--large-pipes] [--read=PATH]... [--write=PATH]...
 *         PROGRAM [ARGUMENT]...
 *
 * It cannot gain privileges, start programs, write files, open connections, listen or dump its memory
 * unless an option allows it, and it ends with the thread that started it. A program that listens has
 * a process group of its own: its owner ends it, not the Ctrl-C of a terminal. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "calls.h"
#include "files.h"

/* Enough for video of 3840x2160 on several threads, of which each reserves its stack. */
#define MEMORY_BYTES (4ULL << 30)
#define OPEN_FILES 64
/* A program that listens has a file for each client. */
#define OPEN_FILES_LISTENING 1024
/* A pipe of 64 KiB, the default, passes a raw picture of 640x480 in eight parts. */
#define PIPE_BYTES (1 << 20)

_Noreturn void fail(const char *action) {
  fprintf(stderr, "sandbox: Cannot %s: %s\n", action, strerror(errno));
  exit(126);
}

static void limit(int resource, rlim_t value) {
  struct rlimit limits;
  if (getrlimit(resource, &limits)) fail("read the resource limits");
  if (limits.rlim_max < value) value = limits.rlim_max;
  limits.rlim_cur = limits.rlim_max = value;
  if (setrlimit(resource, &limits)) fail("limit its resources");
}

static void limit_resources(const struct rights *rights) {
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_AS, MEMORY_BYTES);
  limit(RLIMIT_NOFILE, rights->listen_port ? OPEN_FILES_LISTENING : OPEN_FILES);
  /* A write then fails; the signal would end the program. */
  if (rights->write_count == 0 && signal(SIGXFSZ, SIG_IGN) != SIG_ERR) limit(RLIMIT_FSIZE, 0);
}

/* Enlarges stdin and stdout. Without success, at the limit of a user, they only cost more. */
static void enlarge_pipes(void) {
  fcntl(STDIN_FILENO, F_SETPIPE_SZ, PIPE_BYTES);
  fcntl(STDOUT_FILENO, F_SETPIPE_SZ, PIPE_BYTES);
}

static void end_with_parent(void) {
  pid_t parent = getppid();
  if (prctl(PR_SET_PDEATHSIG, SIGKILL)) fail("follow the end of this program");
  if (getppid() != parent) exit(126); /* it has ended meanwhile */
}

/* Returns the path of a program as execvp() finds it. */
static const char *find_program(const char *name) {
  static char path[PATH_MAX];
  if (strchr(name, '/')) return name;
  const char *folders = getenv("PATH");
  for (const char *folder = folders ? folders : "/usr/bin:/bin"; *folder;) {
    int size = (int)strcspn(folder, ":");
    int written = snprintf(path, sizeof path, "%.*s/%s", size, folder, name);
    if (written > 0 && (size_t)written < sizeof path && access(path, X_OK) == 0) return path;
    folder += size + (folder[size] == ':');
  }
  errno = ENOENT;
  fail("find the program");
}

/* Copies a path to a page at a random address that nothing else uses. */
static const char *hide(const char *path) {
  size_t size = strlen(path) + 1;
  for (int attempt = 0; attempt < 64; attempt++) {
    uint64_t random;
    if (getrandom(&random, sizeof random, 0) != sizeof random) break;
    /* Below the smallest address space of the processors, 2^39 bytes with pages of 4 to 64 KiB. */
    void *wanted = (void *)(uintptr_t)((random & ((1ULL << 38) - 1)) & ~0xffffULL);
    char *page = mmap(wanted, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) break;
    if (page == wanted) return memcpy(page, path, size);
    munmap(page, size);
  }
  fail("choose an address");
}

static const char *value_of(const char *argument, const char *option) {
  size_t size = strlen(option);
  return strncmp(argument, option, size) == 0 ? argument + size : NULL;
}

/* Returns a TCP port, or 0 if the text is none. */
static unsigned short port_of(const char *text) {
  char *end;
  unsigned long port = strtoul(text, &end, 10);
  return *text && !*end && port <= 65535 ? (unsigned short)port : 0;
}

int main(int count, char **arguments) {
  const char **read = calloc((size_t)count, sizeof *read);
  const char **write = calloc((size_t)count, sizeof *write);
  if (!read || !write) fail("allocate memory");
  struct rights rights = {.read = read, .write = write};
  char **next = arguments + 1;
  bool has_large_pipes = false;
  for (const char *path, *port; *next && strncmp(*next, "--", 2) == 0; next++) {
    if (strcmp(*next, "--network") == 0)
      rights.network = true;
    else if (strcmp(*next, "--large-pipes") == 0)
      has_large_pipes = true;
    else if ((port = value_of(*next, "--listen="))) {
      if (!(rights.listen_port = port_of(port))) break;
    } else if ((path = value_of(*next, "--read=")))
      read[rights.read_count++] = path;
    else if ((path = value_of(*next, "--write=")))
      write[rights.write_count++] = path;
    else
      break;
  }
  if (!*next || **next == '-') {
    fputs(
        "Usage: sandbox [--network] [--listen=PORT] [--large-pipes] [--read=PATH]... "
        "[--write=PATH]... PROGRAM [ARGUMENT]...\n",
        stderr);
    return 64;
  }
  const char *program = hide(find_program(*next));
  end_with_parent();
  if (has_large_pipes) enlarge_pipes();
  if (rights.listen_port && setpgid(0, 0)) fail("leave the process group");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) fail("give up privileges");
  limit_files(program, &rights);
  limit_resources(&rights);
  limit_calls(program, &rights);
  execve(program, next, environ);
  fail("start the program");
}
