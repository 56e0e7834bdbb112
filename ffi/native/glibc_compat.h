/* Selects old versions of glibc symbols, so that a library linked on Debian 12 (glibc 2.36), and
 * ffmpeg, which scripts/build_ffmpeg links with 2.31, also load on systems with glibc 2.28, the oldest
 * version that ONNX Runtime supports. Included before everything else; names each used function that
 * has a newer version since 2.28. */
#if !defined(PH_GLIBC_COMPAT_H) && !defined(__ASSEMBLER__)
#define PH_GLIBC_COMPAT_H

#if defined(__x86_64__)
#define PH_GLIBC(function, x64) __asm__(".symver " #function ", " #function "@GLIBC_" x64)
#else
#define PH_GLIBC(function, x64) __asm__(".symver " #function ", " #function "@GLIBC_2.17")
#endif

PH_GLIBC(exp, "2.2.5");
PH_GLIBC(exp2, "2.2.5");
PH_GLIBC(hypotf, "2.2.5");
PH_GLIBC(log, "2.2.5");
PH_GLIBC(pthread_condattr_setclock, "2.3.3");
PH_GLIBC(pow, "2.2.5");
PH_GLIBC(pthread_create, "2.2.5");
PH_GLIBC(pthread_setname_np, "2.12");
PH_GLIBC(pthread_sigmask, "2.2.5");
PH_GLIBC(pthread_tryjoin_np, "2.3.3");

#endif
