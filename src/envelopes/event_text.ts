/** The vital signs whose rates can be withheld. */
export type EventVital = "pulse" | "breathing";

const NAMES: Readonly<Record<EventVital, string>> = { pulse: "Pulse", breathing: "Breathing" };

/** Returns the text of the event that a rate is measured, or is withheld for a reason. */
export function vitalEvent(vital: EventVital, withheld: string | undefined): string {
  return `${NAMES[vital]} ${withheld === undefined ? "measured" : `withheld: ${withheld}`}`;
}

/** Returns the text of the event that the status changes. */
export function statusEvent(name: string): string {
  return `Status: ${name}`;
}

/** Returns the text of the event that a recording starts or ends. */
export function recordingEvent(isRecording: boolean): string {
  return isRecording ? "Recording started" : "Recording ended";
}
