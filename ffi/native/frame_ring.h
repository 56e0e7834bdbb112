/* A bounded queue of frames between the camera's thread and the reader, with counts of lost frames.
 *
 * The producer calls ph_ring_reserve, fills the slot and calls ph_ring_commit. Slots keep their
 * memory. There is one producer and one consumer; ph_ring_stop may be called from any thread. */
#ifndef PH_FRAME_RING_H
#define PH_FRAME_RING_H

#include <pthread.h>

#include "camera.h"
#include "frame_converter.h"

/* One second at 30 frames per second: the time for which an event loop may be busy without a
 * loss. */
enum { PH_RING_SLOTS = 32 };

struct ph_frame_slot {
  struct ph_converted_frame converted;
  int64_t time_us, sequence;
};

struct ph_frame_ring {
  uint32_t last_sequence; /* the driver's; used by the producer only */
  pthread_mutex_t mutex;  /* guards everything below except the contents of the slots */
  pthread_cond_t changed;
  uint64_t written, taken; /* the slots from `taken` to `written` - 1 hold frames */
  int64_t sequence, lost, damaged, overrun;
  int stopped;
  int ended; /* the status with which the producer ended; PH_OK while it runs */
  char ended_message[PH_CAMERA_MESSAGE_SIZE], damaged_message[PH_CAMERA_MESSAGE_SIZE];
  struct ph_frame_slot slots[PH_RING_SLOTS];
};

/* Initializes a ring whose memory is all zeros. */
void ph_ring_init(struct ph_frame_ring *ring);
void ph_ring_free(struct ph_frame_ring *ring);

/* Counts the frames that are missing before `driver_sequence` and returns a free slot, or NULL if
 * the ring is full. */
struct ph_frame_slot *ph_ring_reserve(struct ph_frame_ring *ring, uint32_t driver_sequence);
void ph_ring_commit(struct ph_frame_ring *ring);
void ph_ring_count_damaged(struct ph_frame_ring *ring, const char *reason);

/* Marks the end of the frames. Those in the ring can still be taken. */
void ph_ring_end(struct ph_frame_ring *ring, int status, const char *message);

/* Makes the current and every later ph_ring_next return at once. */
void ph_ring_stop(struct ph_frame_ring *ring);

/* See ph_camera_next. */
int ph_ring_next(struct ph_frame_ring *ring, int32_t timeout_ms, uint8_t *pixels,
                 size_t pixels_capacity, uint8_t *jpeg, size_t jpeg_capacity,
                 struct ph_camera_frame *frame);

#endif
