import { encodeEnvelope, type Envelope } from "../../src/envelopes/envelope.ts";
import type { ReceivedEnvelope } from "../../src/envelopes/received.ts";
import type { RecordingFormat } from "../../src/recording/formats/format.ts";
import { SessionFiles } from "../../src/recording/session_files.ts";
import { fakeMetrics, fakeRecordingState } from "./fake_stream.ts";

/** Returns an envelope as a subscriber receives it. */
export function received(envelope: Envelope): ReceivedEnvelope {
  return JSON.parse(new TextDecoder().decode(encodeEnvelope(envelope)));
}

/** The envelopes of a recording of some seconds. */
export function recordedEnvelopes(seconds: number, sessionId = "visit-7"): ReceivedEnvelope[] {
  const periods = Array.from({ length: 5 * seconds }, (_, n) => fakeMetrics(n + 1)).flat();
  return [
    fakeRecordingState(0, sessionId),
    ...periods,
    fakeRecordingState(5 * seconds + 1),
  ].map(received);
}

/** Saves envelopes as a session, in a folder and with one further format. */
export function saveSession(
  directory: string,
  format: RecordingFormat,
  envelopes: readonly ReceivedEnvelope[],
  sessionId = "visit-7",
): void {
  const files = new SessionFiles({ directory, sessionId, formats: [format] });
  for (const envelope of envelopes) files.append(envelope);
  Array.from(files.derive());
}
