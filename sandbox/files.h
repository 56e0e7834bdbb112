/* Limits the files of this process. */
#ifndef PHYSIOLOGY_SANDBOX_FILES_H
#define PHYSIOLOGY_SANDBOX_FILES_H

#include "rights.h"

/* Limits the files that this process and what it executes can open, and its TCP ports, by
 * Landlock; does nothing if the kernel has none (before 5.13, and in Raspberry Pi OS). `program` is
 * the path of the only program that may be executed. */
void limit_files(const char *program, const struct rights *rights);

#endif
