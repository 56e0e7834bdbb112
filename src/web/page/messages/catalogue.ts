import type { AlarmCause } from "../../../alarms/alarm.ts";
import type { StatusName } from "../../../vitals/condition/status_table.ts";
import type { Withheld } from "../../../vitals/withheld.ts";
import type { ConnectionState } from "../model/ward.ts";
import type { SortOrder } from "../model/trouble.ts";
import type { Outcome, Priority } from "../protocol.ts";

/** A condition for the operator, and what the person before the camera can do about it. */
export interface ConditionText {
  readonly operator: string;
  readonly person: string;
}

/** All texts of the page in a language. A language is a file of this folder and a row in `select.ts`. */
export interface Catalogue {
  /** BCP 47 tag. */
  readonly tag: string;
  /** Name of the language in the language. */
  readonly language: string;
  readonly status: Readonly<Record<StatusName, ConditionText>>;
  /** `label` stands in place of the value. */
  readonly withheld: Readonly<Record<Withheld, ConditionText & { readonly label: string }>>;
  readonly withheldFor: (reason: string) => string;
  readonly noData: string;
  readonly noDataFor: (duration: string) => string;
  readonly noMeasurement: string;
  readonly noMeasurementFor: (duration: string) => string;
  readonly duplicate: string;
  readonly personWait: string;

  readonly title: string;
  readonly disclaimer: string;
  readonly connection: Readonly<Record<ConnectionState, string>>;
  readonly noDevices: string;
  readonly noMatch: string;
  readonly hidden: (count: number) => string;
  readonly devices: (count: number) => string;
  readonly overview: string;
  readonly sort: string;
  readonly sortBy: Readonly<Record<SortOrder, string>>;
  readonly filter: string;
  readonly troubleOnly: string;
  readonly help: string;
  readonly wallDisplay: string;
  readonly languageSwitch: string;
  readonly back: string;
  readonly close: string;

  readonly pulse: string;
  readonly breathing: string;
  readonly pulseUnit: string;
  readonly breathingUnit: string;
  readonly apnea: string;
  readonly confidence: (percent: string) => string;
  readonly quality: string;
  readonly frameRate: (fps: string) => string;
  readonly latency: (ms: string) => string;
  readonly offlineFor: (duration: string) => string;
  /** A duration in seconds, minutes or hours. */
  readonly duration: (seconds: number) => string;
  readonly waveform: (vital: string, device: string) => string;
  readonly sweep: (mmPerS: string) => string;
  readonly liveVideo: (device: string) => string;
  readonly enlarge: (device: string) => string;
  readonly noVideo: string;
  readonly forPerson: string;

  readonly trends: string;
  readonly showTrends: (device: string) => string;
  readonly ranges: { readonly hour: string; readonly day: string; readonly week: string };
  readonly zoomHint: string;
  readonly wholeRange: string;
  readonly earlier: string;
  readonly later: string;
  readonly exportCsv: (device: string) => string;
  readonly exportPng: (device: string) => string;
  readonly noTrend: string;
  readonly trendFailed: string;
  readonly trendSummary: (device: string, pulse: string, breathing: string) => string;

  readonly alarms: string;
  /** The cause of an alarm in a few words. */
  readonly alarmCause: (cause: AlarmCause) => string;
  readonly noAlarms: string;
  readonly alarmCount: (count: number) => string;
  readonly priority: Readonly<Record<Priority, string>>;
  readonly alarmState: Readonly<Record<"active" | "latched" | "acknowledged", string>>;
  readonly acknowledge: string;
  readonly acknowledgeOf: (device: string, alarm: string) => string;
  readonly acknowledgeAll: string;
  readonly acknowledgeFailed: string;
  readonly soundOn: string;
  readonly soundOff: string;

  /** Marks a device whose values come from the simulated camera. */
  readonly simulated: string;
  readonly recording: string;
  readonly recordingSession: (session: string) => string;
  readonly notRecording: string;
  readonly recordingUnknown: string;
  readonly session: string;
  readonly sessionPlaceholder: string;
  readonly record: (device: string) => string;
  readonly stop: (device: string) => string;
  readonly recordShort: string;
  readonly stopShort: string;
  readonly recordGroup: (count: number) => string;
  readonly stopGroup: (count: number) => string;
  readonly sending: string;
  readonly outcome: Readonly<Record<Outcome, (device: string) => string>>;
  readonly groupOutcome: (confirmed: number, all: number) => string;
  readonly commandFailed: string;
  readonly silentRefused: (device: string) => string;
  readonly dismiss: (device: string) => string;
  readonly dismissFailed: string;
  readonly sessions: string;
  readonly noSessions: string;
  readonly sessionsFailed: string;
  readonly download: (name: string) => string;

  /** Keys and what they do. */
  readonly keys: readonly (readonly [key: string, effect: string])[];
}
