#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#endif

#define REFUSE(error) (SECCOMP_RET_ERRNO | (error))
#define ARGUMENT(i) (uint32_t)(offsetof(struct seccomp_data, args) + 8 * (i))

static struct sock_filter filter[512];
static unsigned short length;

static void add(uint16_t code, uint32_t k, uint8_t if_true, uint8_t if_false) {
  if (length == sizeof filter / sizeof *filter) {
    errno = E2BIG;
    fail("limit its system calls");
  }
  filter[length++] = (struct sock_filter){code, if_true, if_false, k};
}

static void load(uint32_t offset) { add(BPF_LD | BPF_W | BPF_ABS, offset, 0, 0); }
static void result(uint32_t value) { add(BPF_RET | BPF_K, value, 0, 0); }
static void load_call(void) { load(offsetof(struct seccomp_data, nr)); }

/* Refuses calls, whatever their arguments. */
static void refuse(const int *calls, size_t count, uint32_t action) {
  for (size_t i = 0; i < count; i++) {
    add(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i], 0, 1);
    result(action);
  }
}
#define REFUSE_ALL(action, ...) \
  refuse((const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int), action)

/* Refuses a call if its argument has any (or, with `unless`, none) of these bits. */
static void refuse_bits(int call, int argument, uint32_t bits, bool unless) {
  add(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 4);
  load(ARGUMENT(argument));
  add(BPF_JMP | BPF_JSET | BPF_K, bits, unless ? 1 : 0, unless ? 0 : 1);
  result(REFUSE(EPERM));
  load_call();
}

/* Refuses a call if its argument is one of (or, with `unless`, none of) these values of 32 bits. */
static void refuse_values(int call, int argument, const uint32_t *values, uint8_t count,
                          bool unless, uint16_t error) {
  add(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, count + 3);
  load(ARGUMENT(argument));
  for (uint8_t i = 0; i < count; i++) {
    bool is_last = i == count - 1;
    add(BPF_JMP | BPF_JEQ | BPF_K, values[i], count - i - !unless, is_last && !unless);
  }
  result(REFUSE(error));
  load_call();
}

/* Refuses sockets of other families than those of the internet, of name resolution by a service of
 * this machine, and of the list of addresses. */
static void limit_sockets(void) {
  static const uint32_t families[] = {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK};
  refuse_values(SYS_socket, 0, families, 4, true, EAFNOSUPPORT);
}

static void limit_network(const struct rights *rights) {
  if (!rights->listen_port) REFUSE_ALL(REFUSE(EPERM), SYS_listen, SYS_accept, SYS_accept4);
  if (!rights->network) REFUSE_ALL(REFUSE(EPERM), SYS_socketpair, SYS_connect);
  if (rights->network || rights->listen_port)
    limit_sockets();
  else
    REFUSE_ALL(REFUSE(EPERM), SYS_socket, SYS_bind);
}

/* Refuses to end, limit or slow down other processes, by the calls that also have uses for a process
 * itself. execve() keeps its number. */
static void limit_to_itself(void) {
  const uint32_t itself[] = {0, (uint32_t)getpid()};
  refuse_values(SYS_tgkill, 0, itself + 1, 1, true, EPERM);
  refuse_values(SYS_prlimit64, 0, itself, 2, true, EPERM);
  REFUSE_ALL(REFUSE(EPERM), SYS_setpriority, SYS_ioprio_set, SYS_sched_setaffinity,
             SYS_sched_setscheduler, SYS_sched_setparam, SYS_sched_setattr, SYS_migrate_pages,
             SYS_move_pages);
}

/* Refuses to write input to a terminal, from which a shell may read it. */
static void limit_terminals(void) {
  static const uint32_t requests[] = {TIOCSTI, TIOCLINUX};
  refuse_values(SYS_ioctl, 1, requests, 2, false, EPERM);
}

/* Memory and queues that outlive the process. */
static void refuse_shared_objects(void) {
  REFUSE_ALL(REFUSE(EPERM), SYS_shmget, SYS_msgget, SYS_semget, SYS_mq_open, SYS_mq_unlink);
}

/* Ends the process if it executes anything else than `path`. */
static void limit_execution(const char *path) {
  uint64_t address = (uintptr_t)path;
  add(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 0, 6);
  load(ARGUMENT(0));
  add(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)address, 0, 3);
  load(ARGUMENT(0) + 4);
  add(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(address >> 32), 0, 1);
  result(SECCOMP_RET_ALLOW);
  result(SECCOMP_RET_KILL_PROCESS);
}

/* Calls of which one is the older form of another exist on x86-64 only. */
static void refuse_old_calls(bool writes) {
#if defined(__x86_64__)
  REFUSE_ALL(REFUSE(EPERM), SYS_fork, SYS_vfork, SYS_modify_ldt, SYS_iopl, SYS_ioperm, SYS_uselib,
             SYS_create_module, SYS_mknod, SYS_creat);
  if (writes) return;
  REFUSE_ALL(REFUSE(EPERM), SYS_unlink, SYS_rename, SYS_link, SYS_symlink, SYS_mkdir, SYS_rmdir,
             SYS_chmod, SYS_chown, SYS_lchown, SYS_utime, SYS_utimes, SYS_futimesat);
  refuse_bits(SYS_open, 1, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC, false);
#else
  (void)writes;
#endif
}

void limit_calls(const char *path, const struct rights *rights) {
  bool writes = rights->write_count > 0;
  load(offsetof(struct seccomp_data, arch));
  add(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
  result(SECCOMP_RET_KILL_PROCESS);
  load_call();
#if defined(__x86_64__)
  /* The calls of the ABI x32 have other numbers. */
  add(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
  result(SECCOMP_RET_KILL_PROCESS);
#endif
  /* Later calls, which this list cannot judge, such as fchmodat2(); the C library has others. */
  add(BPF_JMP | BPF_JGT | BPF_K, SYS_landlock_restrict_self, 0, 1);
  result(REFUSE(ENOSYS));
  limit_execution(path);
  load_call();
  REFUSE_ALL(SECCOMP_RET_KILL_PROCESS, SYS_execveat);
  /* The C library then uses the older call, whose arguments a filter can read. */
  REFUSE_ALL(REFUSE(ENOSYS), SYS_clone3, SYS_openat2);
  refuse_bits(SYS_clone, 0, CLONE_THREAD, true);
  REFUSE_ALL(REFUSE(EPERM), SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp,
             SYS_kill, SYS_tkill, SYS_pidfd_open, SYS_pidfd_getfd, SYS_pidfd_send_signal,
             SYS_process_madvise, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo);
  limit_to_itself();
  limit_terminals();
  refuse_shared_objects();
  REFUSE_ALL(REFUSE(EPERM), SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_setns,
             SYS_unshare, SYS_fsopen, SYS_fsmount, SYS_fsconfig, SYS_fspick, SYS_move_mount,
             SYS_open_tree, SYS_swapon, SYS_swapoff, SYS_quotactl, SYS_acct, SYS_reboot,
             SYS_kexec_load, SYS_init_module, SYS_finit_module, SYS_delete_module);
  REFUSE_ALL(REFUSE(EPERM), SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup,
             SYS_io_uring_enter, SYS_io_uring_register, SYS_keyctl, SYS_add_key, SYS_request_key,
             SYS_personality, SYS_syslog, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex,
             SYS_sethostname, SYS_setdomainname, SYS_open_by_handle_at, SYS_name_to_handle_at,
             SYS_vhangup, SYS_seccomp, SYS_setuid, SYS_setgid, SYS_setresuid, SYS_setresgid,
             SYS_setgroups, SYS_capset, SYS_memfd_create, SYS_mknodat, SYS_setxattr, SYS_lsetxattr,
             SYS_fsetxattr, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr, SYS_fanotify_init);
  if (!writes) {
    refuse_bits(SYS_openat, 2, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC, false);
    REFUSE_ALL(REFUSE(EPERM), SYS_unlinkat, SYS_renameat, SYS_renameat2, SYS_linkat, SYS_symlinkat,
               SYS_mkdirat, SYS_fchmod, SYS_fchmodat, SYS_fchown, SYS_fchownat, SYS_truncate,
               SYS_ftruncate, SYS_utimensat, SYS_fallocate);
  }
  refuse_old_calls(writes);
  limit_network(rights);
  result(SECCOMP_RET_ALLOW);
  struct sock_fprog program = {length, filter};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) fail("limit its system calls");
}
