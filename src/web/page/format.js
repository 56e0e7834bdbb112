import { REASONS } from "./reasons.js";

/** Returns the text for a reason of `withheld`. */
export function formatReason(reason) {
  if (typeof reason !== "string" || reason === "") return "Low confidence";
  return Object.hasOwn(REASONS, reason) ? REASONS[reason] : `Withheld: ${reason.slice(0, 60)}`;
}

/** Returns the message and the hint of a status, such as "Good signal." */
export function formatStatus(payload) {
  const parts = [payload.message, payload.hint].filter((part) => typeof part === "string" && part);
  return (parts.length ? parts.join(" ") : String(payload.name ?? "")).slice(0, 400);
}

/** Returns a duration in s, min or h. */
export function formatDuration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** Returns a confidence in percent; as a probability it is never shown as 100 %. */
export function formatConfidence(confidence) {
  if (!Number.isFinite(confidence)) return "";
  return confidence > 0.99 ? "Confidence > 99 %" : `Confidence ${Math.round(confidence * 100)} %`;
}

/** Returns frame rate and latency, such as "30 fps · latency 14 ms". */
export function formatSignal({ fps, latencyMs }) {
  return [
    Number.isFinite(fps) ? `${Number(fps.toFixed(1))} fps` : "",
    Number.isFinite(latencyMs) ? `latency ${latencyMs.toFixed(0)} ms` : "",
  ].filter(Boolean).join(" · ");
}
