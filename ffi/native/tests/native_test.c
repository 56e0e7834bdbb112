/* The native tests: `make test` runs them under AddressSanitizer and UBSan. */
#include "native_test.h"

#include <dirent.h>

#include "check.h"

int failures;

int open_files(void) {
  DIR *folder = opendir("/proc/self/fd");
  int count = 0;
  while (readdir(folder) != NULL) count++;
  closedir(folder);
  return count;
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  test_jpegs();
  test_images();
  test_jpeg_errors();
  test_converter();
  test_file_devices();
  test_cameras();
  test_http2();
  test_http2_requests();
  test_regions();
  test_region_measurement();
  test_region_layouts();
  test_masks();
  test_motion();
  test_camera_rings();
  test_resampling();
  test_scenes();
  printf(failures ? "%d checks failed\n" : "ok\n", failures);
  return failures > 0;
}
