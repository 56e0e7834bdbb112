import { constant, INTEGER, TEXT } from "./field.ts";

/** What every metrics message says about itself. */
export interface MessageIdentity {
  /** Counts the messages of one type since the start of the program. */
  readonly sequence: number;
  /** Identifies this run of the program. */
  readonly bootId: string;
  /** Identifies the session that was recorded at the time of the message, if there was one. */
  readonly sessionId?: string;
  /** The simulated camera is the input, so that the message describes no person. */
  readonly simulated?: true;
}

export const SEQUENCE = {
  type: INTEGER,
  description: "Number of this message among those of its type since the start of the server.",
  range: [0, Number.MAX_SAFE_INTEGER],
} as const;

/** The sequence of messages that are left out if the link to the broker is too slow for them. */
export const SEQUENCE_WITH_GAPS = {
  ...SEQUENCE,
  description: `${SEQUENCE.description} A gap shows messages that a slow link had no room for.`,
} as const;

export const BOOT_ID = {
  type: TEXT,
  description: "Random identifier of this run of the server; `sequence` starts again with it.",
  proto: 101,
} as const;

export const SESSION_ID = {
  type: TEXT,
  description: "Identifier of the session that was recorded at the timestamp of this message.",
  when: "A session was recorded.",
  proto: 104,
} as const;

export const SIMULATED = {
  type: constant(true),
  description: "Marks values of the simulated camera: they describe no person.",
  when: "The input is the simulated camera (`--simulate`).",
  proto: { number: 105, type: "bool" },
} as const;

export const REPLAYED = {
  type: constant(true),
  description: "Marks a message that is delivered late; its timestamp is that of the event.",
  when: "The message waited for the broker, or is sent again after a lost connection.",
  proto: { omitted: "gRPC streams are live only" },
  from: () => undefined,
} as const;
