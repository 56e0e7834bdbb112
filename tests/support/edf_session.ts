import type { ReceivedEnvelope } from "../../src/envelopes/received.ts";

/** A second of a scripted session; what is absent is withheld or missing. */
export interface ScriptedSecond {
  /** Seconds since the start of the session. */
  readonly second: number;
  readonly pulse?: readonly [value: number, confidence: number] | undefined;
  readonly breathing?: readonly [value: number, confidence: number] | undefined;
  /** Samples at 20 Hz from the start of the second. */
  readonly trace?: readonly number[] | undefined;
  readonly chest?: readonly number[] | undefined;
  /** Beats, in microseconds since the start of the second. */
  readonly beats?: readonly number[];
  /** Why both rates are withheld. */
  readonly reason?: string;
  /** Name of the status from the start of the second on. */
  readonly status?: string;
}

export const SCRIPTED_RATE_HZ = 20;

/** Returns the envelopes of a session that begins at `startUs`, with one message each second. */
export function scriptedEnvelopes(
  startUs: number,
  seconds: readonly ScriptedSecond[],
  sessionId = "visit-7",
): ReceivedEnvelope[] {
  const last = seconds.at(-1)?.second ?? 0;
  return [
    recordingState(startUs, sessionId),
    ...seconds.flatMap((each) => ofSecond(startUs, each)),
    recordingState(startUs + last * 1e6 + 999_999),
  ];
}

function recordingState(timestamp: number, sessionId?: string): ReceivedEnvelope {
  const payload = sessionId === undefined
    ? { recording: false }
    : { recording: true, session_id: sessionId };
  return { type: "recording_state", timestamp, payload };
}

function ofSecond(sessionUs: number, scripted: ScriptedSecond): ReceivedEnvelope[] {
  const { pulse, breathing, trace, chest, beats, reason, status } = scripted;
  const startUs = sessionUs + scripted.second * 1e6;
  const samples = (values: readonly number[]) =>
    values.map((value, k) => ({ value, timestamp: startUs + k * 1e6 / SCRIPTED_RATE_HZ }));
  const strict = (vital: readonly [number, number] | undefined) =>
    vital ? { strict: { value: vital[0], confidence: vital[1] } } : {};
  const withheld = {
    ...pulse ? {} : { pulse: reason ?? "low_quality" },
    ...breathing ? {} : { breathing: reason ?? "low_quality" },
  };
  const metrics: ReceivedEnvelope = {
    type: "core_metrics",
    timestamp: startUs + 960_000,
    payload: {
      pulse: {
        ...strict(pulse),
        ...trace ? { trace: samples(trace) } : {},
        ...beats ? { beats: beats.map((us) => ({ timestamp: startUs + us })) } : {},
      },
      breathing: { ...strict(breathing), ...chest ? { upper_trace: samples(chest) } : {} },
      ...Object.keys(withheld).length > 0 ? { withheld } : {},
    },
  };
  if (status === undefined) return [metrics];
  const payload = { code: status.length, name: status, recording: true, session_id: "visit-7" };
  return [{ type: "status", timestamp: startUs + 1, payload }, metrics];
}
