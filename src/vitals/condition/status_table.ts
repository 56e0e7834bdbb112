/** Everything that is documented about one status code. */
export interface StatusRow {
  /** Number in the `status` message; codes from 100 on are additions of this server. */
  readonly code: number;
  /** The condition, one sentence for a person. */
  readonly message: string;
  /** What the person can do about it. */
  readonly hint: string;
  /** When the status begins, for the operator. */
  readonly begins: string;
  /** When the status ends, for the operator. */
  readonly ends: string;
  /** What else the operator can do. */
  readonly advice: string;
}

/**
 * One row per status, in the order of their priority: of several conditions that hold, the first is
 * published. Adding a status takes a row here and its condition in `condition.ts`.
 */
export const STATUS_TABLE = {
  STOPPING: {
    code: 102,
    message: "The server is stopping.",
    hint: "Start it again to continue.",
    begins: "The server was asked to stop, or its input has ended.",
    ends: "Never.",
    advice: "With systemd, `journalctl -u physiology_server` shows who stopped it.",
  },
  CAMERA_DISCONNECTED: {
    code: 100,
    message: "The camera is disconnected or delivers no images.",
    hint: "Check the cable and the power of the camera. The server keeps trying to reconnect.",
    begins: "The source reports it, or no frame arrived for 3 s.",
    ends: "Frames arrive again.",
    advice: "See the log for the reason. The server tries again every second.",
  },
  PUBLISH_DEGRADED: {
    code: 101,
    message: "Measurements are delayed or not delivered.",
    hint: "Check that the broker is running, reachable and fast enough, and see the server's log.",
    begins: "The backend is unreachable or too slow: messages are kept back or dropped.",
    ends: "Messages are delivered again.",
    advice: "The message names the reason. Metrics wait in the spool and are delivered later.",
  },
  PROCESSING_NOT_STARTED: {
    code: 8,
    message: "The measurement has not started.",
    hint: "Wait for the first image of the camera.",
    begins: "No frame has been processed since the start or the last reset.",
    ends: "The first frame.",
    advice: "If the first frame does not arrive, check the camera.",
  },
  CAMERA_TUNING: {
    code: 10,
    message: "The camera is adjusting to the light.",
    hint: "Wait a moment, and keep the light steady.",
    begins: "The first second of frames, or brightness moves one way by over 12 % within 1.5 s.",
    ends: "Under 6 %.",
    advice:
      "If it repeats, keep the light steady: no flickering screen, no sun behind moving leaves.",
  },
  PICTURE_FROZEN: {
    code: 103,
    message: "The camera repeats the same frame.",
    hint: "Restart the camera or the stream.",
    begins: "All frames were identical for 0.5 s.",
    ends: "A frame that differs.",
    advice:
      "The source has lost its input and repeats its last frame: look at the camera itself, a capture card or a media server. Sensor noise makes the frames of a live camera differ.",
  },
  FRAME_RATE_TOO_LOW: {
    code: 11,
    message: "The camera delivers too few frames per second.",
    hint: "Add light, choose a smaller image or another codec, or reduce the load on the USB bus.",
    begins: "Fewer than 10 frames/s over the last 2 s.",
    ends: "11 frames/s.",
    advice: "`--codec=MJPG`, another USB port, better cooling or a faster machine.",
  },
  IMAGE_TOO_DARK: {
    code: 5,
    message: "The image is too dark.",
    hint: "Switch on a light in front of the face.",
    begins: "Luma of the skin (without a face: of the image) is below 28.",
    ends: "34.",
    advice: "Put a lamp in front of the face.",
  },
  IMAGE_TOO_BRIGHT: {
    code: 6,
    message: "The image is too bright.",
    hint: "Move out of direct light, or lower the exposure of the camera.",
    begins: "Over 25 % of the skin is clipped (without a face: 50 % of the image).",
    ends: "15 % (40 %).",
    advice: "Avoid direct sun and a window behind the person.",
  },
  NO_FACES_FOUND: {
    code: 1,
    message: "No face is visible.",
    hint: "Face the camera and make sure that light falls on your face.",
    begins: "No face in over 60 % of the frames of the last second.",
    ends: "Under 40 %.",
    advice: "Light from the front, and a distance of 0.4 to 1.5 m.",
  },
  MORE_THAN_ONE_FACE_FOUND: {
    code: 2,
    message: "More than one face is visible.",
    hint: "Only one person should be visible. The largest face is measured meanwhile.",
    begins: "Several faces in over 60 % of the frames of the last second.",
    ends: "Under 40 %.",
    advice: "Remove photographs and mirrors from the image.",
  },
  EXCESSIVE_MOTION: {
    code: 12,
    message: "There is too much movement.",
    hint: "Keep the head and the camera still for a few seconds.",
    begins: "The face moves by over 0.5 of its width per second, or changes by over 14 gray " +
      "levels per frame.",
    ends: "0.35 and 10.",
    advice: "Mount the camera on something solid.",
  },
  FACE_TOO_BIG_OR_TOO_SMALL: {
    code: 4,
    message: "The face is too close to the camera or too far away.",
    hint: "Sit about an arm's length from the camera.",
    begins: "The height of the face is below 0.125 or above 0.9 of that of the image.",
    ends: "0.14 and 0.86.",
    advice: "Move the camera or the seat.",
  },
  FACE_NOT_CENTERED: {
    code: 3,
    message: "The face is at the edge of the image.",
    hint: "Move to the middle of the image, or turn the camera.",
    begins: "The center of the face is within 0.12 of an edge, or less than 85 % of it is visible.",
    ends: "0.15 and 90 %.",
    advice: "Turn the camera until the whole face is in the image.",
  },
  CHEST_TOO_FAR_OR_NOT_ENOUGH_SHOWING: {
    code: 7,
    message: "Too little of the chest is visible to measure breathing.",
    hint: "Move back, or tilt the camera down until shoulders and chest are visible.",
    begins: "The chest is tracked in fewer than half of the frames of the last 2 s.",
    ends: "60 %.",
    advice: "The pulse is measured meanwhile.",
  },
  OK: {
    code: 0,
    message: "Good signal.",
    hint: "Keep still, and keep the light steady.",
    begins: "None of the other conditions holds.",
    ends: "One of them begins.",
    advice: "A value that is still missing has its reason in `withheld`.",
  },
} as const satisfies Readonly<Record<string, StatusRow>>;

export type StatusName = keyof typeof STATUS_TABLE;

/** The name of each status with its condition, as documentation. */
export const STATUS_NAMES = Object.fromEntries(
  Object.entries(STATUS_TABLE).map(([name, { begins }]) => [name, begins]),
) as Readonly<Record<StatusName, string>>;
