/* Frames between the thread that makes them and whoever takes them, in order, with what was lost.
 *
 * The maker calls ph_ring_place, fills the slot, and calls ph_ring_hand_over; slots keep their
 * memory. One thread makes, one takes; ph_ring_stop may be called by any. */
#ifndef PH_FRAME_RING_H
#define PH_FRAME_RING_H

#include <pthread.h>

#include "camera.h"
#include "frame_maker.h"

/* A second at 30 frames a second: as long as an event loop may be busy without a loss. */
enum { PH_RING_SLOTS = 32 };

struct ph_frame_slot {
  struct ph_made_frame made;
  int64_t time_us, sequence;
};

struct ph_frame_ring {
  uint32_t last_sequence; /* the driver's; the maker's alone */
  pthread_mutex_t mutex;  /* guards all below but the slots' contents */
  pthread_cond_t changed;
  uint64_t written, taken; /* slots from `taken` up to `written` hold frames */
  int64_t sequence, lost, damaged, overrun;
  int stopped;
  int ended; /* why the maker has ended, PH_OK while it runs */
  char ended_message[PH_CAMERA_MESSAGE_SIZE], damage_message[PH_CAMERA_MESSAGE_SIZE];
  struct ph_frame_slot slots[PH_RING_SLOTS];
};

/* Of a ring that is all zero. */
void ph_ring_init(struct ph_frame_ring *ring);
void ph_ring_free(struct ph_frame_ring *ring);

/* Follows the driver's count, and answers the slot for the frame, or NULL where all are full. */
struct ph_frame_slot *ph_ring_place(struct ph_frame_ring *ring, uint32_t driver_sequence);
void ph_ring_hand_over(struct ph_frame_ring *ring);
void ph_ring_damage(struct ph_frame_ring *ring, const char *reason);

/* No frame comes any more; what is there can still be taken. */
void ph_ring_end(struct ph_frame_ring *ring, int status, const char *message);

/* Makes the present and every later ph_ring_next return at once. */
void ph_ring_stop(struct ph_frame_ring *ring);

/* As ph_camera_next. */
int ph_ring_next(struct ph_frame_ring *ring, int32_t timeout_ms, uint8_t *pixels,
                 size_t pixels_capacity, uint8_t *jpeg, size_t jpeg_capacity,
                 struct ph_camera_frame *frame);

#endif
