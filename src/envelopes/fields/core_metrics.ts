import type {
  BreathingEstimate,
  Hrv,
  PulseBeat,
  PulseEstimate,
  VitalsEstimate,
} from "../../vitals/estimate.ts";
import { WITHHELD_REASONS } from "../../vitals/withheld.ts";
import { choice, fieldsOf, group, INTEGER, list, NUMBER, type PayloadOf, TIME } from "./field.ts";
import {
  BOOT_ID,
  type MessageIdentity,
  REPLAYED,
  SEQUENCE,
  SESSION_ID,
  SIMULATED,
} from "./metadata.ts";
import { CONFIDENCE_DIGITS, DETECTION, MEASUREMENT, RATE, STRICT } from "./series.ts";

/** What a core metrics message is encoded from. */
export interface CoreMetricsSource {
  readonly estimate: VitalsEstimate;
  readonly identity: MessageIdentity;
  /** Time from the capture of the newest frame to the encoding of the message, in microseconds. */
  readonly latencyUs: number;
}

const REASON = choice("WithheldReason", WITHHELD_REASONS);
const MILLISECONDS = { type: NUMBER, unit: "ms", digits: 1 } as const;
const SAMPLES = "Samples newer than the last message. A later correction repeats its timestamp.";

const HRV = group(
  "Hrv",
  "Heart rate variability over 30 to 60 s of intervals between heartbeats.",
  fieldsOf<Hrv>()({
    rmssd: {
      ...MILLISECONDS,
      description: "Root mean square of the differences of successive intervals.",
      proto: 1,
    },
    sdnn: { ...MILLISECONDS, description: "Standard deviation of the intervals.", proto: 2 },
    mean_nn: { ...MILLISECONDS, description: "Mean interval.", proto: 3 },
    confidence: {
      type: NUMBER,
      description: "Probability that RMSSD is within 10 ms of that of a contact sensor.",
      digits: CONFIDENCE_DIGITS,
      range: [0, 1],
      proto: 4,
    },
  }),
);

const BEAT = group(
  "Beat",
  "One heartbeat.",
  fieldsOf<PulseBeat>()({
    interval_ms: {
      type: NUMBER,
      description: "Time since the beat before.",
      unit: "ms",
      when: "The beat before was seen.",
      digits: 1,
      proto: 2,
    },
    confidence: {
      type: NUMBER,
      description: "Calibrated probability that the rate around the beat is right.",
      digits: CONFIDENCE_DIGITS,
      range: [0, 1],
      proto: 3,
    },
    timestamp: {
      type: TIME,
      description: "Capture time of the steepest rise of the blood volume pulse.",
      unit: "µs since the Unix epoch",
      proto: 4,
      from: ({ timeUs }: PulseBeat) => timeUs,
    },
  }),
);

const PULSE = group(
  "Pulse",
  "Pulse, in beats/min.",
  fieldsOf<PulseEstimate>()({
    strict: {
      type: STRICT,
      description: "The pulse to show to a person.",
      unit: "beats/min",
      when: "The estimate deserves it; otherwise `withheld.pulse` gives the reason.",
      proto: 4,
    },
    rate: {
      type: list(RATE),
      description: "Every new estimate of the pulse, reliable or not.",
      unit: "beats/min",
      when: "There is a new estimate.",
      proto: 1,
    },
    trace: {
      type: list(MEASUREMENT),
      description: `Blood volume pulse; systole goes up. ${SAMPLES}`,
      unit: "arbitrary units",
      when: "There are new samples.",
      proto: 2,
    },
    beats: {
      type: list(BEAT),
      description:
        "Heartbeats that became certain since the last message, a second after their time.",
      when: "There are new ones, and the pulse is reliable or its rhythm irregular.",
      proto: 101,
    },
    hrv: {
      type: HRV,
      description: "Heart rate variability.",
      when: "Enough reliable heartbeats were seen.",
      proto: 100,
    },
    pulse_respiration_quotient: {
      type: list(MEASUREMENT),
      description: "Heartbeats per breath.",
      when: "Pulse and breathing are both reliable.",
      proto: 3,
      from: ({ respirationQuotient }: PulseEstimate) => respirationQuotient,
    },
  }),
);

const BREATHING = group(
  "Breathing",
  "Breathing, in breaths/min.",
  fieldsOf<BreathingEstimate>()({
    strict: {
      type: STRICT,
      description: "The breathing rate to show to a person.",
      unit: "breaths/min",
      when: "The estimate deserves it; otherwise `withheld.breathing` gives the reason.",
      proto: 9,
    },
    rate: {
      type: list(RATE),
      description: "Every new estimate of the breathing rate, reliable or not.",
      unit: "breaths/min",
      when: "There is a new estimate.",
      proto: 1,
    },
    upper_trace: {
      type: list(MEASUREMENT),
      description: `Position of the chest without its slow drift; inhaling goes up. ${SAMPLES}`,
      unit: "image heights",
      when: "There are new samples.",
      proto: 2,
    },
    amplitude: {
      type: list(MEASUREMENT),
      description: "Depth of each breath, from its trough to its peak.",
      unit: "image heights",
      when: "A breath has ended and the rate is reliable.",
      proto: 4,
    },
    apnea: {
      type: list(DETECTION),
      description: "Whether breathing has paused.",
      when: "There is a new assessment.",
      proto: 5,
    },
    respiratory_line_length: {
      type: list(MEASUREMENT),
      description: "Length of the curve of the trace per second, over the last 10 s.",
      unit: "image heights/s",
      when: "Once a second while the chest is tracked.",
      proto: 6,
    },
    baseline: {
      type: list(MEASUREMENT),
      description:
        "Level of the chest at the end of each exhalation, against the trend of the last 20 s.",
      unit: "image heights",
      when: "A breath has ended.",
      proto: 7,
    },
    inhale_exhale_ratio: {
      type: list(MEASUREMENT),
      description: "Time of inhaling divided by the time of exhaling, of each breath.",
      when: "A breath has ended.",
      proto: 8,
    },
  }),
  [{ declaration: "repeated Measurement lower_trace = 3", description: "Never set." }],
);

const WITHHELD = group(
  "Withheld",
  "Why a strict value is absent.",
  fieldsOf<VitalsEstimate>()({
    pulse: {
      type: REASON,
      description: "Why `pulse.strict` is absent.",
      when: "`pulse.strict` is absent.",
      proto: { number: 1, type: "string" },
      from: ({ pulse }: VitalsEstimate) => pulse.withheld,
    },
    breathing: {
      type: REASON,
      description: "Why `breathing.strict` is absent.",
      when: "`breathing.strict` is absent.",
      proto: { number: 2, type: "string" },
      from: ({ breathing }: VitalsEstimate) => breathing.withheld,
    },
  }),
);

const BLOOD_PRESSURE = group(
  "BloodPressure",
  "Phasic blood pressure: relative, without unit, not calibrated.",
  fieldsOf<VitalsEstimate>()({
    phasic: {
      type: list(MEASUREMENT),
      description: "Relative course of the blood pressure within each beat.",
      unit: "arbitrary units",
      proto: 1,
      from: ({ phasicPressure }: VitalsEstimate) => phasicPressure ?? [],
    },
  }),
);

const METADATA = group(
  "Metadata",
  "What the message says about itself.",
  fieldsOf<CoreMetricsSource>()({
    sequence: {
      ...SEQUENCE,
      proto: { number: 100, type: "int64" },
      from: ({ identity }: CoreMetricsSource) => identity.sequence,
    },
    boot_id: { ...BOOT_ID, from: ({ identity }: CoreMetricsSource) => identity.bootId },
    frame_timestamp: {
      type: TIME,
      description: "Capture time of the newest frame that was used.",
      unit: "µs since the Unix epoch",
      proto: 5,
      from: ({ estimate }: CoreMetricsSource) => estimate.timeUs,
    },
    frame_count: {
      type: INTEGER,
      description: "Frames processed since the start of the server.",
      proto: { number: 6, type: "int32" },
      from: ({ estimate }: CoreMetricsSource) => estimate.frameCount,
    },
    latency_ms: {
      type: NUMBER,
      description: "Time from the capture of that frame to the creation of this message.",
      unit: "ms",
      digits: 2,
      proto: { number: 102, type: "double" },
      from: ({ latencyUs }: CoreMetricsSource) => latencyUs / 1000,
    },
    subject: {
      type: INTEGER,
      description:
        "Number of the measured person since the start of the server, from 1. A face that was not " +
        "visible for over 0.4 s counts as another person, and no value passes from one to the next.",
      when: "A face has been measured.",
      proto: { number: 103, type: "int32" },
      from: ({ estimate }: CoreMetricsSource) => estimate.subject,
    },
    session_id: {
      ...SESSION_ID,
      from: ({ identity }: CoreMetricsSource) => identity.sessionId,
    },
    simulated: {
      ...SIMULATED,
      from: ({ identity }: CoreMetricsSource) => identity.simulated,
    },
    replayed: REPLAYED,
  }),
  [
    { declaration: "string id = 1", description: "`boot_id` and `sequence`, joined by a hyphen." },
    { declaration: "string upload_timestamp = 2", description: "Never set." },
    { declaration: "string api_version = 3", description: "Never set." },
    {
      declaration: "float sent_at_s = 4",
      description: "Timestamp of the message in seconds since the first message of this server.",
    },
  ],
);

const estimateOf = ({ estimate }: CoreMetricsSource) => estimate;

/** The payload of `core_metrics`. */
export const CORE_METRICS = group(
  "MetricsBuffer",
  "Vital signs.",
  fieldsOf<CoreMetricsSource>()({
    pulse: {
      type: PULSE,
      description: "Pulse and what follows from it.",
      when: "There is anything new about the pulse.",
      proto: 1,
      from: ({ estimate }: CoreMetricsSource) => estimate.pulse,
    },
    breathing: {
      type: BREATHING,
      description: "Breathing and what follows from it.",
      when: "There is anything new about breathing.",
      proto: 2,
      from: ({ estimate }: CoreMetricsSource) => estimate.breathing,
    },
    withheld: {
      type: WITHHELD,
      description: "Why a strict value is absent.",
      when: "A strict value is absent.",
      proto: 100,
      from: estimateOf,
    },
    blood_pressure: {
      type: BLOOD_PRESSURE,
      description: "Relative blood pressure.",
      when: "The server runs with `--enable_phasic_bp` and the pulse is reliable.",
      proto: 3,
      from: estimateOf,
    },
    metadata: {
      type: METADATA,
      description: "What the message says about itself.",
      proto: 5,
      from: (source: CoreMetricsSource) => source,
    },
  }),
  [{ declaration: "Face face = 4", description: "Never set; see `Metrics.face`." }],
);

export type CoreMetricsPayload = PayloadOf<typeof CORE_METRICS["fields"]>;
