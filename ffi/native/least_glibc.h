/*
 * Included before all else: names the oldest version of each function that glibc moved or made
 * anew since 2.28, the least that ONNX Runtime needs. A library that was linked on Debian 12
 * (glibc 2.36) then loads on the older systems of devices too.
 */
#ifndef PHYSIOLOGY_LEAST_GLIBC_H
#define PHYSIOLOGY_LEAST_GLIBC_H

#if defined(__x86_64__)
#define PH_GLIBC(function, x64) __asm__(".symver " #function ", " #function "@GLIBC_" x64)
#else
#define PH_GLIBC(function, x64) __asm__(".symver " #function ", " #function "@GLIBC_2.17")
#endif

PH_GLIBC(hypotf, "2.2.5");
PH_GLIBC(pthread_condattr_setclock, "2.3.3");
PH_GLIBC(pthread_create, "2.2.5");
PH_GLIBC(pthread_setname_np, "2.12");
PH_GLIBC(pthread_sigmask, "2.2.5");
PH_GLIBC(pthread_tryjoin_np, "2.3.3");

#endif
