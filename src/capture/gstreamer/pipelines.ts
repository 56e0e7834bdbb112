/** What a pipeline is built from. */
export interface PipelineSettings {
  /** A pipeline without its sink, the name of one of `READY_PIPELINES`, or only rtspsrc. */
  readonly pipeline: string;
  /** Path of the device of V4L2. */
  readonly device: string;
  /** Number of the camera, for sources that count cameras. */
  readonly index: number;
  readonly width: number;
  readonly height: number;
  /** Frames per second. */
  readonly fps: number;
}

/** Name of the sink, which the native code looks for (`PH_GST_SINK`). */
const SINK_NAME = "physiology_sink";
/** Newest frames that wait for a late reader. */
const MAX_BUFFERS = 4;

const rateOf = (fps: number) => `${Math.round(fps * 1000)}/1000`;

/** Pipelines that a name stands for. */
const READY_PIPELINES: Readonly<Record<string, (settings: PipelineSettings) => string>> = {
  v4l2src: ({ device, width, height, fps }) =>
    `v4l2src device=${device} ! image/jpeg,width=${width},height=${height},framerate=${
      rateOf(fps)
    }`,
  libcamerasrc: ({ width, height, fps }) =>
    `libcamerasrc ! video/x-raw,width=${width},height=${height},framerate=${rateOf(fps)}`,
  // The conversion copies the image out of the memory of the image processor.
  nvarguscamerasrc: ({ index, width, height, fps }) =>
    `nvarguscamerasrc sensor-id=${index} ! video/x-raw(memory:NVMM),width=${width},` +
    `height=${height},framerate=${rateOf(fps)} ! nvvidconv ! video/x-raw,format=I420`,
};

/** An rtspsrc with its properties and nothing behind it. */
const ONLY_RTSPSRC = /^\s*rtspsrc(\s[^!]*\blocation=[^!]*)$/;

/** Completes a source that the settings only name. */
function described(settings: PipelineSettings): string {
  const { pipeline } = settings;
  const ready = READY_PIPELINES[pipeline.trim()];
  if (ready) return ready(settings);
  // The times of the RTP packets are kept. decodebin takes the decoder of the highest rank: hardware.
  const [, properties] = ONLY_RTSPSRC.exec(pipeline) ?? [];
  return properties
    ? `rtspsrc buffer-mode=none${properties.trimEnd()} ! application/x-rtp,media=video ! decodebin`
    : pipeline;
}

/**
 * Returns the whole pipeline. If the last element of the description delivers JPEGs, they are passed
 * on; everything else is converted to I420. The sink drops the oldest frames if they are not read,
 * and does not wait for their presentation times.
 */
export function wholePipeline(settings: PipelineSettings): string {
  const description = described(settings);
  const last = description.split("!").at(-1) ?? "";
  const isJpeg = /^\s*"?image\/jpeg\b|^\s*(jpegenc|nvjpegenc|v4l2jpegenc|rtpjpegdepay|jpegparse)\b/
    .test(last);
  const end = isJpeg ? [] : ["videoconvert", "video/x-raw,format=I420"];
  const sink = `appsink name=${SINK_NAME} max-buffers=${MAX_BUFFERS} drop=true sync=false`;
  return [description, ...end, sink].join(" ! ");
}
