/* A GStreamer pipeline whose frames are copied into the caller's memory.
 *
 *   ph_gst_open   opens the libraries of GStreamer if need be, builds the pipeline and starts it
 *   ph_gst_next   waits for a frame and copies it
 *   ph_gst_stop   makes the current and every later ph_gst_next return soon
 *   ph_gst_close  ends the pipeline and frees the handle
 *
 * One thread at a time may be in ph_gst_next. ph_gst_stop may be called from any other thread.
 * ph_gst_close must be the last call, with no other call in progress. All functions except
 * ph_gst_stop may block. */
#ifndef PH_GSTREAMER_H
#define PH_GSTREAMER_H

#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "status.h"

typedef struct ph_gst ph_gst;

/* Size of an error message inside a struct; see PH_CAMERA_MESSAGE_SIZE. */
#define PH_GST_MESSAGE_SIZE 256

/* Name of the appsink at the end of a pipeline. */
#define PH_GST_SINK "physiology_sink"

struct ph_gst_frame {
  struct ph_image image; /* of a raw frame; of a JPEG, only its size in bytes */
  int32_t is_jpeg;
  int32_t fps_milli; /* 0: unknown */
  int32_t is_timed;  /* 0: the buffer had no time, and time_us is that of its arrival */
  int32_t unused;
  int64_t time_us; /* CLOCK_MONOTONIC */
  char message[PH_GST_MESSAGE_SIZE];
};

enum { PH_GST_BUFFER_TOO_SMALL = 1 };

/* Starts the pipeline that `description` has in the syntax of gst-launch-1.0; it must contain an
 * appsink with the name PH_GST_SINK that accepts I420 and JPEG only. Returns PH_ERR_NO_DEVICE if
 * GStreamer is not installed, PH_ERR_ARGUMENT if the description has any error, PH_ERR_SYSTEM if it
 * does not start; `message`, of PH_GST_MESSAGE_SIZE bytes, has the reason. */
PH_API int ph_gst_open(const char *description, char *message, ph_gst **pipeline);

/* Checks that all elements exist and can be linked, and starts nothing; returns as ph_gst_open. */
PH_API int ph_gst_check(const char *description, char *message);

/* Waits for the next frame. Returns PH_GST_BUFFER_TOO_SMALL, with the size in `frame->image.bytes`,
 * if `capacity` is too small; the next call returns the same frame. PH_ERR_TIMEOUT if none came,
 * PH_ERR_STATE after ph_gst_stop, PH_ERR_FORMAT if a frame has a layout that is not supported, and
 * PH_ERR_SYSTEM at the end of the stream or if an element fails. */
PH_API int ph_gst_next(ph_gst *pipeline, int32_t timeout_ms, uint8_t *data, size_t capacity,
                       struct ph_gst_frame *frame);

PH_API void ph_gst_stop(ph_gst *pipeline);

PH_API void ph_gst_close(ph_gst *pipeline);

#endif
