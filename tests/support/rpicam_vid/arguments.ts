/** Options of rpicam-vid 1.13 that this stand-in understands, with the number of their values. */
const OPTIONS: Readonly<Record<string, 0 | 1>> = {
  "--camera": 1,
  "--timeout": 1,
  "--nopreview": 0,
  "--width": 1,
  "--height": 1,
  "--framerate": 1,
  "--codec": 1,
  "--quality": 1,
  "--output": 1,
  "--flush": 0,
  "--metadata": 1,
  "--metadata-format": 1,
  "--denoise": 1,
  "--rotation": 1,
  "--hflip": 0,
  "--vflip": 0,
  "--flicker-period": 1,
  "--shutter": 1,
  "--gain": 1,
  "--awbgains": 1,
  "--autofocus-mode": 1,
  "--lens-position": 1,
  "--list-cameras": 0,
};

/** Parses the command line as boost::program_options does. @throws {Error} for an unknown option */
export function parseArguments(argv: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (let i = 0; i < argv.length; i++) {
    const name = argv[i]!;
    const count = OPTIONS[name];
    if (count === undefined) throw new Error(`unrecognised option '${name}'`);
    const value = count === 1 ? argv[++i] : "true";
    if (value === undefined) {
      throw new Error(`the required argument for option '${name}' is missing`);
    }
    values.set(name, value);
  }
  return values;
}
