/** What the camera reports with one frame; a value that it does not report is absent. */
export interface FrameMetadata {
  /** Time at which the first row was exposed or read, in microseconds of a clock of the system. */
  readonly sensorUs?: number;
  /** Interval to the next frame in microseconds. */
  readonly frameDurationUs?: number;
  /** Exposure time in microseconds. */
  readonly exposureUs?: number;
  /** Gain of the sensor, 1 or more. */
  readonly analogueGain?: number;
  /** Gains of red and blue of the white balance. */
  readonly colourGains?: readonly [red: number, blue: number];
  /** Focus in dioptres: the reciprocal of the distance in metres. */
  readonly lensPosition?: number;
}

/** Largest size of one object in bytes. The Pi's own has 1 kB; with statistics 100 kB. Chosen. */
export const MAX_OBJECT_BYTES = 256 * 1024;

/**
 * Reads one field of an object as rpicam-vid writes it: a name and a value, which is a number, a list
 * of numbers or a text. Fields that this program does not use are ignored.
 *
 * @param line without its newline and without the comma after the value
 */
export function parseField(line: string): FrameMetadata {
  const [, name, value = ""] = /^\s*"([^"]*)"\s*:\s*(.*)$/.exec(line) ?? [];
  switch (name) {
    case "SensorTimestamp":
      return positive(value, (ns) => ({ sensorUs: ns / 1000 }));
    case "FrameDuration":
      return positive(value, (frameDurationUs) => ({ frameDurationUs }));
    case "ExposureTime":
      return positive(value, (exposureUs) => ({ exposureUs }));
    case "AnalogueGain":
      return positive(value, (analogueGain) => ({ analogueGain }));
    case "LensPosition": {
      const lensPosition = numberOf(value);
      return lensPosition === undefined || lensPosition < 0 ? {} : { lensPosition };
    }
    case "ColourGains": {
      const [red, blue] = value.replaceAll(/[[\]]/g, "").split(",").map(numberOf);
      return red !== undefined && blue !== undefined && red > 0 && blue > 0
        ? { colourGains: [red, blue] }
        : {};
    }
    default:
      return {};
  }
}

function positive(value: string, toMetadata: (value: number) => FrameMetadata): FrameMetadata {
  const number = numberOf(value);
  return number !== undefined && number > 0 ? toMetadata(number) : {};
}

function numberOf(text: string): number | undefined {
  const trimmed = text.trim();
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : undefined;
}
