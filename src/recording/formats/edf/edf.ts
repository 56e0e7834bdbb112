import { VERSION } from "../../../base/version.ts";
import { secondsOf, type SessionSecond } from "../../session_seconds.ts";
import { gridOf, type SessionGrid, VITALS } from "../../session_signals.ts";
import type { RecordingFormat, SavedSession } from "../format.ts";
import { annotationLists } from "./annotations.ts";
import { type EdfSignal, headerRecord } from "./header.ts";
import { positiveScale, waveformScale, writeDigital } from "./signals.ts";

/** The latest time that a calendar of ECMAScript has, in microseconds; a message can have any. */
const MAX_DATE_US = 8.64e18;

/** What the header states about the data records that follow it. */
interface Extent {
  readonly records: number;
  readonly isContinuous: boolean;
  /** Largest absolute value of each waveform, in the order of `VITALS`. */
  readonly peaks: readonly number[];
  readonly annotationBytes: number;
}

/**
 * EDF+ (Kemp and Olivan 2003, edfplus.info): the waveforms at their rate, the rates and their
 * confidence once a second, and the events as annotations. It reads the session twice, because the
 * header comes first and a file is written from its start to its end.
 *
 * Data records begin at whole seconds, so that the first one has no fraction of a second in its
 * annotation list: readers treat it differently (MNE 1.3.0 leaves it out of the start of the
 * measurement, BioSig 2.5.0 adds it twice).
 */
export const edf: RecordingFormat = {
  *write(session) {
    const sessionGrid = yield* gridOf(session.envelopes());
    if (!sessionGrid || Math.abs(sessionGrid.firstUs) > MAX_DATE_US) return;
    const grid = { ...sessionGrid, firstUs: Math.floor(sessionGrid.firstUs / 1e6) * 1e6 };
    const extent = yield* extentOf(session, grid);
    const signals = signalsOf(grid, extent);
    using file = session.replace(".edf");
    file.write(headerRecord({
      startUs: grid.firstUs,
      equipment: `physiology_server_${VERSION}`,
      isContinuous: extent.isContinuous,
      records: extent.records,
      recordSeconds: 1,
      signals,
    }));
    for (const second of secondsOfSession(session, grid)) {
      if (second) file.write(dataRecord(second, grid, signals));
      yield;
    }
    file.complete();
  },
};

function secondsOfSession(session: SavedSession, grid: SessionGrid) {
  const { sessionId } = session;
  return secondsOf({ sessionId, grid, envelopes: session.envelopes() });
}

function* extentOf(session: SavedSession, grid: SessionGrid): Generator<void, Extent, void> {
  const peaks = VITALS.map(() => 0);
  let records = 0;
  let last = -1;
  let annotationBytes = 0;
  for (const second of secondsOfSession(session, grid)) {
    yield;
    if (!second) continue;
    for (const [k, vital] of VITALS.entries()) {
      for (const value of second.waveforms[vital]) {
        if (Number.isFinite(value)) peaks[k] = Math.max(peaks[k]!, Math.abs(value));
      }
    }
    annotationBytes = Math.max(annotationBytes, annotationsOf(second, grid).length);
    records++;
    last = second.index;
  }
  return { records, isContinuous: last === records - 1, peaks, annotationBytes };
}

/** The signals of a data record, in their order. */
function signalsOf({ rateHz }: SessionGrid, extent: Extent): EdfSignal[] {
  const [pulsePeak = 0, breathingPeak = 0] = extent.peaks;
  return [
    {
      label: "Pleth",
      transducer: "Camera, remote photoplethysmography; minimum = not available",
      dimension: "",
      ...waveformScale(pulsePeak),
      samplesPerRecord: rateHz,
    },
    {
      label: "Resp chest",
      transducer: "Camera, motion of the chest; minimum = not available",
      dimension: "",
      ...waveformScale(breathingPeak),
      samplesPerRecord: rateHz,
    },
    perSecond("Pulse", "pulse rate", "1/min", positiveScale(300, 100)),
    perSecond("Pulse confidence", "probability", "", positiveScale(1, 10_000)),
    perSecond("Resp rate", "breathing rate", "1/min", positiveScale(300, 100)),
    perSecond("Resp confidence", "probability", "", positiveScale(1, 10_000)),
    {
      label: "EDF Annotations",
      transducer: "",
      dimension: "",
      physical: ["-1", "1"],
      digital: [-32_768, 32_767],
      samplesPerRecord: Math.ceil(extent.annotationBytes / 2),
    },
  ];
}

function perSecond(
  label: string,
  meaning: string,
  dimension: string,
  scale: Pick<EdfSignal, "physical" | "digital">,
): EdfSignal {
  const transducer = `Camera, ${meaning}; -1 = not available`;
  return { label, transducer, dimension, ...scale, samplesPerRecord: 1 };
}

function dataRecord(
  second: SessionSecond,
  grid: SessionGrid,
  signals: readonly EdfSignal[],
): Uint8Array {
  const { waveforms, values: { pulse, breathing } } = second;
  const samples = [
    waveforms.pulse,
    waveforms.breathing,
    [pulse.value],
    [pulse.confidence],
    [breathing.value],
    [breathing.confidence],
  ];
  const size = signals.reduce((sum, { samplesPerRecord }) => sum + 2 * samplesPerRecord, 0);
  const record = new Uint8Array(size);
  const view = new DataView(record.buffer);
  let offset = 0;
  for (const [k, values] of samples.entries()) {
    writeDigital(values, signals[k]!, view, offset);
    offset += 2 * values.length;
  }
  record.set(annotationsOf(second, grid), offset);
  return record;
}

function annotationsOf({ index, events }: SessionSecond, { firstUs }: SessionGrid): Uint8Array {
  return annotationLists(
    index * 1e6,
    events.map(({ timeUs, text }) => ({ onsetUs: timeUs - firstUs, text })),
  );
}
