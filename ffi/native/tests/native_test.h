#ifndef PH_NATIVE_TEST_H
#define PH_NATIVE_TEST_H

#include "../bytes.h"

void test_jpegs(void);
void test_images(void);
void test_jpeg_errors(void);
void test_converter(void);
void test_file_devices(void);
void test_cameras(void);
void test_http2(void);
void test_http2_requests(void);
void test_regions(void);
void test_region_measurement(void);
void test_region_layouts(void);
void test_masks(void);
void test_motion(void);
void test_camera_rings(void);
void test_resampling(void);
void test_scenes(void);

/* Encodes a JPEG of the test pattern with the sampling factors `h` and `v` of Y. `components` is 1
 * for grayscale, else 3. */
void make_jpeg(int width, int height, int components, int h, int v, struct ph_bytes *jpeg);

/* Returns a sample of the test pattern, 0..255. */
int pattern(int x, int y, int channel);

/* Returns the number of open files of this process. */
int open_files(void);

#endif
