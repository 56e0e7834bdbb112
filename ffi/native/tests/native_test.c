/* The native tests: `make test` runs them under AddressSanitizer and UBSan. */
#include "native_test.h"

#include "check.h"

int failures;

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  test_jpegs();
  test_images();
  test_cameras();
  test_http2();
  test_regions();
  test_region_measurement();
  test_region_layouts();
  test_masks();
  test_motion();
  test_camera_rings();
  test_resampling();
  printf(failures ? "%d checks failed\n" : "ok\n", failures);
  return failures > 0;
}
