/* The queue of frames between the camera's thread and the reader. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../frame_ring.h"
#include "check.h"
#include "native_test.h"

static struct ph_frame_ring *create(void) {
  struct ph_frame_ring *ring = calloc(1, sizeof *ring);
  ph_ring_init(ring);
  return ring;
}

static void destroy(struct ph_frame_ring *ring) {
  ph_ring_free(ring);
  free(ring);
}

/* Puts a frame whose pixels and JPEG have `value`. Returns 0 if the ring is full. */
static int put(struct ph_frame_ring *ring, uint32_t sequence, int value) {
  struct ph_frame_slot *slot = ph_ring_reserve(ring, sequence);
  if (slot == NULL) return 0;
  ph_bytes_reserve(&slot->converted.pixels, 6);
  ph_bytes_reserve(&slot->converted.jpeg, 4);
  memset(slot->converted.pixels.data, value, 6);
  memset(slot->converted.jpeg.data, value, 4);
  slot->converted.image = (struct ph_image){.width = 3, .height = 2, .bytes = 6};
  slot->converted.jpeg.size = 4;
  slot->time_us = 1000 + value;
  ph_ring_commit(ring);
  return 1;
}

static int take(struct ph_frame_ring *ring, struct ph_camera_frame *frame) {
  uint8_t *pixels = malloc(6), *jpeg = malloc(4); /* exact sizes, for AddressSanitizer */
  int status = ph_ring_next(ring, 0, pixels, 6, jpeg, 4, frame);
  int value = (int)(frame->time_us - 1000);
  for (int i = 0; status == PH_OK && i < 6; i++) CHECK(pixels[i] == value, "pixel %d", i);
  for (int i = 0; status == PH_OK && i < 4; i++) CHECK(jpeg[i] == value, "byte %d", i);
  free(pixels);
  free(jpeg);
  return status;
}

static void test_order(void) {
  struct ph_frame_ring *ring = create();
  struct ph_camera_frame frame;
  CHECK(take(ring, &frame) == PH_ERR_TIMEOUT, "an empty ring");
  for (int i = 0; i < 100; i++) {
    CHECK(put(ring, (uint32_t)(500 + 2 * i), i) && put(ring, (uint32_t)(501 + 2 * i), i + 100),
          "a slot was not given back: %d", i);
    for (int k = 0; k < 2; k++) {
      CHECK(take(ring, &frame) == PH_OK, "frame %d", i);
      CHECK(frame.sequence == 2 * i + k && frame.time_us == 1000 + i + 100 * k, "frame %d: %lld", i,
            (long long)frame.sequence);
      CHECK(frame.jpeg_bytes == 4 && frame.image.width == 3 && frame.image.height == 2, "size");
      CHECK(frame.lost + frame.damaged + frame.overrun == 0 && frame.message[0] == 0, "losses");
    }
  }
  destroy(ring);
}

/* The driver's sequence numbers, and the numbers and losses that follow from them. */
static void test_sequence(void) {
  static const struct {
    uint32_t driver;
    int64_t sequence, lost;
  } cases[] = {{7, 0, 0},
               {8, 1, 0},
               {10, 3, 1},
               {10, 4, 1},
               {100010, 100004, 100000},
               {200011, 100005, 100000},
               {5, 100006, 100000},
               {6, 100007, 100000}};
  struct ph_frame_ring *ring = create();
  struct ph_camera_frame frame;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    put(ring, cases[i].driver, 1);
    take(ring, &frame);
    CHECK(frame.sequence == cases[i].sequence && frame.lost == cases[i].lost,
          "number %u: %lld, %lld lost", cases[i].driver, (long long)frame.sequence,
          (long long)frame.lost);
  }
  destroy(ring);
  ring = create();
  put(ring, 0xffffffffu, 1);
  put(ring, 0, 1);
  for (int i = 0; i < 2; i++) take(ring, &frame);
  CHECK(frame.sequence == 1 && frame.lost == 0, "an overflow: %lld", (long long)frame.sequence);
  destroy(ring);
}

static void test_full(void) {
  struct ph_frame_ring *ring = create();
  struct ph_camera_frame frame;
  for (int i = 0; i < PH_RING_SLOTS; i++) CHECK(put(ring, (uint32_t)i, i), "slot %d", i);
  for (int i = 0; i < 3; i++)
    CHECK(!put(ring, (uint32_t)(PH_RING_SLOTS + i), 0), "the ring is not full");
  CHECK(take(ring, &frame) == PH_OK && frame.sequence == 0 && frame.overrun == 3, "%lld overrun",
        (long long)frame.overrun);
  CHECK(put(ring, PH_RING_SLOTS + 3, 77), "the slot was not given back");
  for (int i = 1; i < PH_RING_SLOTS; i++) CHECK(take(ring, &frame) == PH_OK, "frame %d", i);
  CHECK(take(ring, &frame) == PH_OK && frame.sequence == PH_RING_SLOTS + 3 && frame.lost == 0,
        "the last frame: %lld", (long long)frame.sequence);
  destroy(ring);
}

/* A frame that does not fit stays in the ring; its sizes are returned. */
static void test_capacity(void) {
  struct ph_frame_ring *ring = create();
  struct ph_camera_frame frame;
  uint8_t pixels[6], jpeg[4];
  put(ring, 0, 9);
  CHECK(ph_ring_next(ring, 0, pixels, 5, jpeg, 4, &frame) == PH_CAMERA_BUFFER_TOO_SMALL, "pixels");
  CHECK(ph_ring_next(ring, 0, pixels, 6, jpeg, 3, &frame) == PH_CAMERA_BUFFER_TOO_SMALL, "JPEG");
  CHECK(frame.image.bytes == 6 && frame.jpeg_bytes == 4, "%d and %d bytes", frame.image.bytes,
        frame.jpeg_bytes);
  CHECK(take(ring, &frame) == PH_OK, "it was lost");
  destroy(ring);
}

static void test_end(void) {
  struct ph_frame_ring *ring = create();
  struct ph_camera_frame frame;
  put(ring, 0, 1);
  ph_ring_count_damaged(ring, "half of it is missing");
  ph_ring_end(ring, PH_ERR_NO_DEVICE, "unplugged");
  CHECK(take(ring, &frame) == PH_OK && frame.damaged == 1, "the frames before the end remain");
  CHECK(strcmp(frame.message, "half of it is missing") == 0, "%s", frame.message);
  for (int i = 0; i < 2; i++) {
    CHECK(take(ring, &frame) == PH_ERR_NO_DEVICE && frame.damaged == 1, "the end");
    CHECK(strcmp(frame.message, "unplugged") == 0, "%s", frame.message);
  }
  ph_ring_stop(ring);
  CHECK(take(ring, &frame) == PH_ERR_STATE, "stopped");
  destroy(ring);
  ring = create();
  put(ring, 0, 1);
  ph_ring_count_damaged(ring, "noise");
  ph_ring_stop(ring);
  CHECK(take(ring, &frame) == PH_ERR_STATE, "a stopped ring gives no more frames");
  destroy(ring);
}

static void test_timeout(void) {
  static const int cases[][2] = {{-5, 0}, {0, 0}, {30, 30}, {1050, 1050}};
  struct ph_frame_ring *ring = create();
  struct ph_camera_frame frame;
  ph_ring_count_damaged(ring, "noise");
  for (int i = 0; i < 4; i++) {
    long long before = ph_monotonic_us();
    int status = ph_ring_next(ring, cases[i][0], NULL, 0, NULL, 0, &frame);
    long long ms = (ph_monotonic_us() - before) / 1000;
    CHECK(status == PH_ERR_TIMEOUT && strcmp(frame.message, "noise") == 0, "%d: %s", status,
          frame.message);
    CHECK(ms >= cases[i][1] && ms < cases[i][1] + 900, "%lld ms of %d", ms, cases[i][0]);
  }
  destroy(ring);
}

void test_camera_rings(void) {
  test_order();
  test_sequence();
  test_full();
  test_capacity();
  test_end();
  test_timeout();
}
