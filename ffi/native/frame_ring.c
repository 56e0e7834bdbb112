#include "frame_ring.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A larger step of the driver's sequence number means that it restarted. */
enum { MAX_SEQUENCE_STEP = 100000 };

void ph_ring_init(struct ph_frame_ring *ring) {
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_mutex_init(&ring->mutex, NULL);
  pthread_cond_init(&ring->changed, &monotonic);
  pthread_condattr_destroy(&monotonic);
  ring->sequence = -1;
}

void ph_ring_free(struct ph_frame_ring *ring) {
  for (int i = 0; i < PH_RING_SLOTS; i++) ph_converted_frame_free(&ring->slots[i].converted);
  pthread_cond_destroy(&ring->changed);
  pthread_mutex_destroy(&ring->mutex);
}

struct ph_frame_slot *ph_ring_reserve(struct ph_frame_ring *ring, uint32_t driver_sequence) {
  uint32_t step = driver_sequence - ring->last_sequence;
  struct ph_frame_slot *slot = NULL;
  ring->last_sequence = driver_sequence;
  pthread_mutex_lock(&ring->mutex);
  if (ring->sequence < 0) {
    ring->sequence = 0;
  } else if (step == 0 || step > MAX_SEQUENCE_STEP) {
    ring->sequence++;
  } else {
    ring->sequence += step;
    ring->lost += step - 1;
  }
  if (ring->written - ring->taken < PH_RING_SLOTS) {
    slot = &ring->slots[ring->written % PH_RING_SLOTS];
    slot->sequence = ring->sequence;
  } else {
    ring->overrun++;
  }
  pthread_mutex_unlock(&ring->mutex);
  return slot;
}

void ph_ring_commit(struct ph_frame_ring *ring) {
  pthread_mutex_lock(&ring->mutex);
  ring->written++;
  pthread_mutex_unlock(&ring->mutex);
  pthread_cond_signal(&ring->changed); /* after the unlock, so that the consumer does not block */
}

void ph_ring_count_damaged(struct ph_frame_ring *ring, const char *reason) {
  pthread_mutex_lock(&ring->mutex);
  ring->damaged++;
  snprintf(ring->damaged_message, sizeof ring->damaged_message, "%s", reason);
  pthread_mutex_unlock(&ring->mutex);
}

void ph_ring_end(struct ph_frame_ring *ring, int status, const char *message) {
  pthread_mutex_lock(&ring->mutex);
  ring->ended = status;
  snprintf(ring->ended_message, sizeof ring->ended_message, "%s", message);
  pthread_cond_broadcast(&ring->changed);
  pthread_mutex_unlock(&ring->mutex);
}

void ph_ring_stop(struct ph_frame_ring *ring) {
  pthread_mutex_lock(&ring->mutex);
  ring->stopped = 1;
  pthread_cond_broadcast(&ring->changed);
  pthread_mutex_unlock(&ring->mutex);
}

static struct timespec deadline_after(int64_t ms) {
  struct timespec deadline;
  clock_gettime(CLOCK_MONOTONIC, &deadline);
  int64_t nanoseconds = deadline.tv_nsec + ms % 1000 * 1000000;
  deadline.tv_sec += ms / 1000 + nanoseconds / 1000000000;
  deadline.tv_nsec = nanoseconds % 1000000000;
  return deadline;
}

/* Waits until a frame is ready or the ring has ended. The caller holds the mutex. */
static int wait_for_frame(struct ph_frame_ring *ring, int32_t timeout_ms) {
  struct timespec deadline = deadline_after(timeout_ms < 0 ? 0 : timeout_ms);
  while (1) {
    if (ring->stopped) return PH_ERR_STATE;
    if (ring->written > ring->taken) return PH_OK;
    if (ring->ended != PH_OK) return ring->ended;
    if (pthread_cond_timedwait(&ring->changed, &ring->mutex, &deadline) == ETIMEDOUT) {
      return ring->written > ring->taken ? PH_OK : PH_ERR_TIMEOUT;
    }
  }
}

int ph_ring_next(struct ph_frame_ring *ring, int32_t timeout_ms, uint8_t *pixels,
                 size_t pixels_capacity, uint8_t *jpeg, size_t jpeg_capacity,
                 struct ph_camera_frame *frame) {
  pthread_mutex_lock(&ring->mutex);
  int status = wait_for_frame(ring, timeout_ms);
  memset(frame, 0, sizeof *frame);
  frame->lost = ring->lost;
  frame->damaged = ring->damaged;
  frame->overrun = ring->overrun;
  snprintf(
      frame->message, sizeof frame->message, "%s",
      status == PH_OK || status == PH_ERR_TIMEOUT ? ring->damaged_message : ring->ended_message);
  const struct ph_frame_slot *slot = &ring->slots[ring->taken % PH_RING_SLOTS];
  pthread_mutex_unlock(&ring->mutex);
  if (status != PH_OK) return status;

  frame->image = slot->converted.image;
  frame->jpeg_bytes = (int32_t)slot->converted.jpeg.size;
  frame->time_us = slot->time_us;
  frame->sequence = slot->sequence;
  if (pixels_capacity < (size_t)frame->image.bytes || jpeg_capacity < slot->converted.jpeg.size) {
    return PH_CAMERA_BUFFER_TOO_SMALL;
  }
  memcpy(pixels, slot->converted.pixels.data, (size_t)frame->image.bytes);
  if (slot->converted.jpeg.size > 0)
    memcpy(jpeg, slot->converted.jpeg.data, slot->converted.jpeg.size);
  pthread_mutex_lock(&ring->mutex);
  ring->taken++;
  pthread_mutex_unlock(&ring->mutex);
  return PH_OK;
}
