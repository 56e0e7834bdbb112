#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Since the kernel 6.7, and newer than the headers of Debian 12. */
#define NETWORK_SINCE 4
#define BIND_TCP (1ULL << 0)
#define CONNECT_TCP (1ULL << 1)
#define RULE_NET_PORT 2
struct ruleset {
  uint64_t files, network;
};
struct net_port_attr {
  uint64_t allowed_access, port;
};

#define READ_FILE LANDLOCK_ACCESS_FS_READ_FILE
#define WRITE_FILE LANDLOCK_ACCESS_FS_WRITE_FILE
#define EXECUTE LANDLOCK_ACCESS_FS_EXECUTE
#define READ_TREE (READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* All rights of the first version of Landlock. */
#define EVERYTHING ((1ULL << 13) - 1)
/* The rights that apply to a file; a folder also takes them for what is in it. */
#define ON_FILES (READ_FILE | WRITE_FILE | EXECUTE)

/* The loader, libraries, name resolution, certificates, and what the C library reads. */
static const char *const SYSTEM[] = {
    "/usr",           "/lib",           "/lib64",        "/etc/ld.so.cache",
    "/etc/hosts",     "/etc/host.conf", "/etc/gai.conf", "/etc/nsswitch.conf",
    "/etc/services",  "/etc/ssl",       "/etc/pki",      "/etc/ca-certificates",
    "/etc/localtime", "/dev/null",      "/dev/urandom",  "/etc/resolv.conf",
    "/run/systemd",   "/sys/devices",   "/proc/cpuinfo",
};

/* A path that does not exist needs no rule. */
static void allow(int ruleset, const char *path, uint64_t rights) {
  int file = open(path, O_PATH | O_CLOEXEC);
  if (file < 0) return;
  struct stat status;
  if (fstat(file, &status) == 0 && !S_ISDIR(status.st_mode)) rights &= ON_FILES;
  struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = file};
  if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
    fail("limit its files");
  close(file);
}

/* A file is created in its folder, which must be the only one that is written. */
static void allow_writing(int ruleset, const char *path) {
  allow(ruleset, path, READ_FILE | WRITE_FILE);
  char *folder = strdup(path);
  char *slash = folder ? strrchr(folder, '/') : NULL;
  if (slash && access(path, F_OK) != 0) {
    *slash = 0;
    allow(ruleset, *folder ? folder : "/", WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG);
  }
  free(folder);
}

static void allow_listening(int ruleset, unsigned short port) {
  struct net_port_attr rule = {BIND_TCP, port};
  if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0)) fail("limit its ports");
}

void limit_files(const char *program, const struct rights *rights) {
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return;
  struct ruleset handled = {.files = EVERYTHING};
  if (version >= NETWORK_SINCE && !rights->network) handled.network = BIND_TCP | CONNECT_TCP;
  size_t size = version >= NETWORK_SINCE ? sizeof handled : sizeof handled.files;
  int ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, size, 0);
  if (ruleset < 0) fail("limit its files");
  for (size_t i = 0; i < sizeof SYSTEM / sizeof *SYSTEM; i++) {
    /* The kernel executes the loader of a program. */
    bool has_loader = strncmp(SYSTEM[i], "/lib", 4) == 0 || strcmp(SYSTEM[i], "/usr") == 0;
    allow(ruleset, SYSTEM[i], has_loader ? READ_TREE | EXECUTE : READ_TREE);
  }
  allow(ruleset, program, READ_FILE | EXECUTE);
  for (size_t i = 0; i < rights->read_count; i++) allow(ruleset, rights->read[i], READ_TREE);
  for (size_t i = 0; i < rights->write_count; i++) allow_writing(ruleset, rights->write[i]);
  if (handled.network && rights->listen_port) allow_listening(ruleset, rights->listen_port);
  if (syscall(SYS_landlock_restrict_self, ruleset, 0)) fail("limit its files");
  close(ruleset);
}
