const MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ");
/** The years that two digits can name (EDF+, section 2.1.3.2). */
const FIRST_YEAR = 1985;
const LAST_YEAR = 2084;
const GENERAL_BYTES = 256;
const SIGNAL_BYTES = 256;

/** A signal of 16-bit integers, which stand for physical values by a linear scale. */
export interface EdfSignal {
  /** At most 16 characters; a standard text if there is one. */
  readonly label: string;
  /** At most 80 characters. */
  readonly transducer: string;
  /** Unit, at most 8 characters; empty for a value without a unit. */
  readonly dimension: string;
  /** The physical values of `digital`; as text of at most 8 characters. */
  readonly physical: readonly [min: string, max: string];
  readonly digital: readonly [min: number, max: number];
  readonly samplesPerRecord: number;
}

export interface EdfHeader {
  /** Start of the first data record, a whole second, in microseconds since the Unix epoch. */
  readonly startUs: number;
  /** The device, without spaces. */
  readonly equipment: string;
  /** False if data records are missing (EDF+D). */
  readonly isContinuous: boolean;
  readonly records: number;
  /** Duration of a data record, in seconds. */
  readonly recordSeconds: number;
  readonly signals: readonly EdfSignal[];
}

/**
 * Returns the header record of an anonymous EDF+ file (Kemp and Olivan 2003, section 2.1). The start
 * is local time, as the format demands, and the equipment is followed by the difference from UTC.
 */
export function headerRecord(header: EdfHeader): Uint8Array {
  const { signals } = header;
  const start = new Date(header.startUs / 1000);
  const year = start.getFullYear();
  const day = two(start.getDate());
  const shortYear = year < FIRST_YEAR || year > LAST_YEAR ? "yy" : two(year % 100);
  const date = `${day}-${MONTHS[start.getMonth()]}-${year}`;
  const fields = [
    field("0", 8),
    field("X X X X", 80),
    field(`Startdate ${date} X X ${header.equipment} ${utcOffset(start)}`, 80),
    field(`${day}.${two(start.getMonth() + 1)}.${shortYear}`, 8),
    field([start.getHours(), start.getMinutes(), start.getSeconds()].map(two).join("."), 8),
    field(GENERAL_BYTES + SIGNAL_BYTES * signals.length, 8),
    field(header.isContinuous ? "EDF+C" : "EDF+D", 44),
    field(header.records, 8),
    field(header.recordSeconds, 8),
    field(signals.length, 4),
    ...signals.map(({ label }) => field(label, 16)),
    ...signals.map(({ transducer }) => field(transducer, 80)),
    ...signals.map(({ dimension }) => field(dimension, 8)),
    ...signals.map(({ physical: [min] }) => field(min, 8)),
    ...signals.map(({ physical: [, max] }) => field(max, 8)),
    ...signals.map(({ digital: [min] }) => field(min, 8)),
    ...signals.map(({ digital: [, max] }) => field(max, 8)),
    ...signals.map(() => field("", 80)), // prefiltering
    ...signals.map(({ samplesPerRecord }) => field(samplesPerRecord, 8)),
    ...signals.map(() => field("", 32)),
  ];
  return new TextEncoder().encode(fields.join(""));
}

function field(value: string | number, width: number): string {
  const text = String(value);
  if (text.length > width) throw new RangeError(`Cannot write '${text}' into ${width} characters`);
  return text.padEnd(width);
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function utcOffset(time: Date): string {
  const minutes = -time.getTimezoneOffset();
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `UTC${minutes < 0 ? "-" : "+"}${two(hours)}:${two(rest)}`;
}
