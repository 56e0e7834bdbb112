/** Why a number is not shown, for a person in front of the camera. */
const REASONS = {
  no_face: "No face is in the picture.",
  warming_up: "Measuring: this takes some seconds.",
  low_quality: "The signal is too weak to be sure.",
  motion: "Too much movement.",
  flicker: "The light flickers.",
  too_dark: "The picture is too dark.",
  too_bright: "The picture is too bright.",
  low_frame_rate: "Too few pictures a second.",
  no_chest: "The chest is not in the picture.",
  camera_disconnected: "The camera is not connected.",
};

export function reasonInWords(reason) {
  if (typeof reason !== "string" || reason === "") return "Not sure enough to show a number.";
  return Object.hasOwn(REASONS, reason) ? REASONS[reason] : `Withheld: ${reason.slice(0, 60)}.`;
}

/** "Measuring.", "No face is in the picture. Sit in front of the camera." */
export function statusInWords(payload) {
  const parts = [payload.message, payload.hint].filter((part) => typeof part === "string" && part);
  return (parts.length ? parts.join(" ") : String(payload.name ?? "")).slice(0, 400);
}

export function secondsInWords(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** Confidence is a probability: it is never all. */
export function confidenceInWords(confidence) {
  if (!Number.isFinite(confidence)) return "";
  return confidence > 0.99 ? "over 99 % sure" : `${Math.round(confidence * 100)} % sure`;
}
