/* What the program in the sandbox may do besides reading its libraries. */
#ifndef PHYSIOLOGY_SANDBOX_RIGHTS_H
#define PHYSIOLOGY_SANDBOX_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>

struct rights {
  bool network;
  unsigned short listen_port; /* of TCP, to serve clients; 0: none */
  const char *const *read;    /* files and folders */
  size_t read_count;
  const char *const *write; /* files, which may be created */
  size_t write_count;
};

/* Prints `sandbox: Cannot ACTION: REASON of errno` and exits with status 126. */
_Noreturn void fail(const char *action);

#endif
