import type { RecordingFormat } from "./format.ts";

/** A format of `record`, beside those that it always writes. */
export interface FormatRow {
  /** Its name in `--format`. */
  readonly name: string;
  /** Its files, for the help. */
  readonly description: string;
  /** Whether its files can be encrypted, and do not name the session. */
  readonly isSealable: boolean;
  /** Loads it on demand, so that the program starts quickly. */
  readonly load: () => Promise<RecordingFormat>;
}

/** Every format that `--format` can name, in the order of help. */
export const FORMATS: readonly FormatRow[] = [{
  name: "bids",
  description: "BIDS physio files in the folder bids",
  isSealable: false,
  load: async () => (await import("./bids.ts")).bids,
}, {
  name: "mcap",
  description: "MCAP with the JSON messages and their schemas",
  isSealable: true,
  load: async () => (await import("./mcap.ts")).mcap,
}, {
  name: "edf",
  description: "EDF+ with waveforms, vital signs and annotations",
  isSealable: true,
  load: async () => (await import("./edf/edf.ts")).edf,
}];
