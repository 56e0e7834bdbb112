/* Limits the system calls of this process. */
#ifndef PHYSIOLOGY_SANDBOX_CALLS_H
#define PHYSIOLOGY_SANDBOX_CALLS_H

#include "rights.h"

/* Installs a filter of system calls (seccomp(2)) that refuses, for good, to start or inspect
 * processes, to open files for writing, to use sockets, and to change the system, each unless the
 * rights include it. One call remains: execve() with a `path` at this very address. Another address
 * ends the process, so what is executed cannot search for it. */
void limit_calls(const char *path, const struct rights *rights);

#endif
