import { SourceError } from "../frame.ts";
import { INSTALL_HINT } from "./program.ts";

/** A failure of rpicam-vid: the text that shows it, its message and what to do. */
interface KnownFailure {
  readonly pattern: RegExp;
  readonly reason: string;
  readonly hint: string;
}

/** Texts of rpicam-apps (`core/rpicam_app.cpp`, `core/options.cpp`) and of libcamera. */
const FAILURES: readonly KnownFailure[] = [
  {
    pattern: /no cameras available/i,
    reason: "libcamera finds no camera",
    hint: "Check both ends of the ribbon cable, then `rpicam-vid --list-cameras`; " +
      "for a USB camera, use --camera_source=v4l2",
  },
  {
    pattern: /selected camera is not available/i,
    reason: "libcamera has no camera with this number",
    hint: "Choose a --camera_device_index that `physiology_server devices` lists",
  },
  {
    pattern: /failed to acquire camera|in use by another process|resource busy/i,
    reason: "another program uses it",
    hint: "Stop the other program that uses the camera",
  },
  {
    pattern: /unrecogni[sz]ed option|unknown option/i,
    reason: "rpicam-vid is too old",
    hint: `Version 1.1 is needed, and 1.3 for --camera_power_line_frequency. ${INSTALL_HINT}`,
  },
  {
    pattern: /only supports the Raspberry Pi/i,
    reason: "rpicam-vid supports Raspberry Pi only",
    hint: "On another board, use --camera_source=v4l2 or a stream",
  },
  {
    pattern: /legacy camera stack/i,
    reason: "the legacy camera stack is enabled",
    hint: "Disable the legacy camera with `sudo raspi-config`, then restart",
  },
  {
    pattern: /permission denied|failed to allocate capture buffers/i,
    reason: "permission denied",
    hint: "Add the user to the group video: usermod -aG video USER, then log in again",
  },
];

const OTHER_HINT = "Run `rpicam-vid --list-cameras`, and check the kernel log with `dmesg`";

/** Returns the error of a run that ended with this text on stderr. */
export function vidError(
  index: number,
  { stderr, reason }: { readonly stderr: string; readonly reason: string | undefined },
): SourceError {
  const known = FAILURES.find(({ pattern }) => pattern.test(stderr));
  const cause = known?.reason ?? reason ?? lastLine(stderr) ?? "rpicam-vid ended without a message";
  return new SourceError(`Cannot read camera ${index} of libcamera: ${cause}`, {
    hint: known?.hint ?? OTHER_HINT,
  });
}

/** Returns the last line with text, without the marks of rpicam-apps and without control characters. */
function lastLine(stderr: string): string | undefined {
  const line = stderr.split("\n").map((text) => text.replace(/\p{Cc}/gu, " ").trim()).findLast(
    Boolean,
  );
  return line?.replace(/^ERROR: \*\*\* (.*) \*\*\*$/, "$1").slice(0, 200);
}
