/** The type of a column; `time` is a time in microseconds since the Unix epoch. */
export type ColumnType = "time" | "text" | "integer" | "number" | "boolean";

interface Column {
  readonly type: ColumnType;
  /** False for a column that always has a value. */
  readonly nullable?: false;
  readonly description: string;
}

interface Table {
  /** The columns that identify a row: a row that is written again changes nothing. */
  readonly key: readonly string[];
  readonly columns: Readonly<Record<string, Column>>;
}

const DEVICE = { type: "text", nullable: false, description: "Key prefix of the device." } as const;
const SESSION = {
  type: "text",
  description: "Session that was recorded at this time.",
} as const;

/** The tables that are written to, by name, equal in all databases. */
export const TABLES = {
  measurements: {
    key: ["device", "boot_id", "sequence"],
    columns: {
      device: DEVICE,
      time: { type: "time", nullable: false, description: "Capture time of the newest frame." },
      boot_id: { type: "text", nullable: false, description: "Run of the server." },
      sequence: {
        type: "integer",
        nullable: false,
        description: "Number of the message since the start of the server.",
      },
      session_id: SESSION,
      subject: { type: "integer", description: "Number of the measured person since the start." },
      pulse: { type: "number", description: "Pulse in beats/min; NULL while it is withheld." },
      pulse_confidence: {
        type: "number",
        description: "Probability that it is within 3 beats/min.",
      },
      pulse_withheld: { type: "text", description: "Why the pulse is NULL." },
      breathing: {
        type: "number",
        description: "Breathing rate in breaths/min; NULL while it is withheld.",
      },
      breathing_confidence: {
        type: "number",
        description: "Probability that it is within 2 breaths/min.",
      },
      breathing_withheld: { type: "text", description: "Why the breathing rate is NULL." },
      apnea: { type: "boolean", description: "Whether breathing has paused; NULL if unknown." },
      hrv_rmssd_ms: { type: "number", description: "RMSSD in milliseconds." },
      hrv_sdnn_ms: { type: "number", description: "SDNN in milliseconds." },
      hrv_mean_nn_ms: { type: "number", description: "Mean interval in milliseconds." },
      hrv_confidence: { type: "number", description: "Probability that RMSSD is within 10 ms." },
      latency_ms: {
        type: "number",
        description: "Time from the capture to the message, in milliseconds.",
      },
    },
  },
  statuses: {
    key: ["device", "time", "code"],
    columns: {
      device: DEVICE,
      time: { type: "time", nullable: false, description: "When the condition began." },
      code: { type: "integer", nullable: false, description: "Code of the status." },
      name: { type: "text", description: "Name of the status." },
      message: { type: "text", description: "The condition, for a person." },
      session_id: SESSION,
    },
  },
  recordings: {
    key: ["device", "time"],
    columns: {
      device: DEVICE,
      time: { type: "time", nullable: false, description: "Time of the change." },
      recording: { type: "boolean", nullable: false, description: "Whether a recording is on." },
      session_id: { type: "text", description: "The recorded session." },
      resumed: { type: "boolean", description: "True if it continues after a crash." },
    },
  },
} as const satisfies Readonly<Record<string, Table>>;

export type TableName = keyof typeof TABLES;
export const TABLE_NAMES = Object.keys(TABLES) as readonly TableName[];

type ValueOf<C> = C extends { type: "text" } ? string
  : C extends { type: "boolean" } ? boolean
  : number;

/** The values of a row by column; null for a value that is absent. */
export type ValuesOf<Name extends TableName> = {
  readonly [K in keyof (typeof TABLES)[Name]["columns"]]:
    | ValueOf<(typeof TABLES)[Name]["columns"][K]>
    | ((typeof TABLES)[Name]["columns"][K] extends { nullable: false } ? never : null);
};

/** A row of one of the tables. */
export type Row = {
  [Name in TableName]: { readonly table: Name; readonly values: ValuesOf<Name> };
}[TableName];

/** A row of `measurements`. */
export type Measurement = ValuesOf<"measurements">;

/** Returns the columns of a table with their names. */
export function columnsOf(table: TableName): readonly (readonly [string, Column])[] {
  return Object.entries(TABLES[table].columns);
}

/** Returns the values of the rows of each table. */
export function valuesByTable(rows: readonly Row[]): { [Name in TableName]: ValuesOf<Name>[] } {
  const tables: { [Name in TableName]: ValuesOf<Name>[] } = {
    measurements: [],
    statuses: [],
    recordings: [],
  };
  for (const { table, values } of rows) (tables[table] as typeof values[]).push(values);
  return tables;
}
