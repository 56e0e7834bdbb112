import type { StatusName } from "../estimate.ts";

/** All that is said about one status code. */
export interface StatusRow {
  /** The contract's number; from 100 on the project's own. */
  readonly code: number;
  readonly name: StatusName;
  /** What is the matter, a sentence for a person. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
  /** What raises it, a sentence for whoever runs the server. */
  readonly cause: string;
}

/** One row a status; to add a code, add a row here and its name to `StatusName`. */
const ROWS: readonly StatusRow[] = [
  {
    code: 0,
    name: "OK",
    message: "The picture is good.",
    hint: "Stay as you are.",
    cause: "None of the conditions below holds.",
  },
  {
    code: 1,
    name: "NO_FACES_FOUND",
    message: "No face is in the picture.",
    hint: "Face the camera and let light fall on your face.",
    cause: "The detector found no face in most frames of the last second.",
  },
  {
    code: 2,
    name: "MORE_THAN_ONE_FACE_FOUND",
    message: "More than one face is in the picture.",
    hint: "Let only the person to be measured be seen; the largest face is measured meanwhile.",
    cause: "The detector found two faces or more in most frames of the last second.",
  },
  {
    code: 3,
    name: "FACE_NOT_CENTERED",
    message: "The face is at the edge of the picture.",
    hint: "Move to the middle of the picture or turn the camera.",
    cause: "The middle of the face is near an edge, or a part of the face is cut off.",
  },
  {
    code: 4,
    name: "FACE_TOO_BIG_OR_TOO_SMALL",
    message: "The face is too near to the camera or too far from it.",
    hint: "Sit about an arm's length from the camera.",
    cause: "The face is under 1/8 or over 9/10 of the picture's height.",
  },
  {
    code: 5,
    name: "IMAGE_TOO_DARK",
    message: "The picture is too dark.",
    hint: "Switch on a light in front of the face.",
    cause: "The skin, or the whole picture where no face is seen, is near black.",
  },
  {
    code: 6,
    name: "IMAGE_TOO_BRIGHT",
    message: "The picture is too bright.",
    hint: "Move away from direct light or lower the exposure of the camera.",
    cause: "A large share of the skin, or of the whole picture where no face is seen, is clipped.",
  },
  {
    code: 7,
    name: "CHEST_TOO_FAR_OR_NOT_ENOUGH_SHOWING",
    message: "Too little of the chest is in the picture to measure breathing.",
    hint: "Move back or tilt the camera down until the shoulders and the chest are seen.",
    cause: "The motion of the chest could be followed in too few frames of the last two seconds.",
  },
  {
    code: 8,
    name: "PROCESSING_NOT_STARTED",
    message: "The measurement has not begun.",
    hint: "Wait for the camera to deliver its first picture.",
    cause: "No frame has been processed since the start or the last reset.",
  },
  {
    code: 10,
    name: "CAMERA_TUNING",
    message: "The camera is adjusting itself to the light.",
    hint: "Wait a moment and keep the light steady.",
    cause: "The first second after the first frame, or the whole picture's exposure is changing.",
  },
  {
    code: 11,
    name: "FRAME_RATE_TOO_LOW",
    message: "The camera delivers too few pictures a second.",
    hint:
      "Add light, choose a smaller picture or another codec, or take load off the USB bus or link.",
    cause: "Fewer than 10 frames a second arrived over the last two seconds.",
  },
  {
    code: 12,
    name: "EXCESSIVE_MOTION",
    message: "There is too much motion.",
    hint: "Keep the head and the camera still for some seconds.",
    cause: "The face moves fast, or changes much from frame to frame.",
  },
  {
    code: 100,
    name: "CAMERA_DISCONNECTED",
    message: "The camera is not connected or has fallen silent.",
    hint: "Check the cable and the power of the camera; the server goes on trying by itself.",
    cause: "The source reported that it is gone, or no frame came for three seconds.",
  },
  {
    code: 101,
    name: "PUBLISH_DEGRADED",
    message: "Measurements are not getting through, or only a part of them.",
    hint: "Check that the broker is up, reachable and fast enough, and see the server's log.",
    cause: "The backend is unreachable or too slow: messages are kept back or dropped.",
  },
  {
    code: 102,
    name: "STOPPING",
    message: "The server is stopping.",
    hint: "Start it again to go on measuring.",
    cause: "The server was asked to stop.",
  },
];

/** The row of each status. */
export const STATUS_TABLE = Object.fromEntries(
  ROWS.map((row) => [row.name, row]),
) as Readonly<Record<StatusName, StatusRow>>;
