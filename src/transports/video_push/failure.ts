import { maskUrls } from "../../config/secret.ts";

/** Lines that only say which step of ffmpeg has failed; the reason may follow a colon. */
const STEPS =
  /^(Could not write header|Error (initializing|opening|submitting|writing|muxing)|av_interleaved_write_frame|Conversion failed|Task finished|Terminating)/;

/** Returns the reason from what ffmpeg has written to stderr, without credentials. */
export function pushFailureReason(stderr: string): string {
  const lines = stderr.split(/[\r\n]+/).map((line) => line.replace(/^(\[[^\]]*\]\s*)+/, "").trim())
    .filter((line) => line !== "");
  const step = lines.findLast((line) => STEPS.test(line) && /: [^:]*$/.test(line));
  const reason = lines.findLast((line) => !STEPS.test(line)) ?? step?.replace(/^.*: /, "");
  return maskUrls(reason ?? "ffmpeg gave no reason");
}

/** What to do about the reasons that ffmpeg and the system give, and those of this program. */
const HINTS: readonly (readonly [reason: RegExp, hint: string])[] = [
  // ffmpeg joins the status code and its text.
  [/(?<!\d)40[13](?!\d)/, "Check the user name and the password in the URL"],
  [
    /(?<!\d)4(00|04|05|06|54|61)(?!\d)/,
    "Check the path: the server must accept a publisher there, over TCP",
  ],
  [/refused/i, "Check that the server runs, and its host and port"],
  [/resolve|name or service|no address/i, "Check the name of the host"],
  [
    /certificate|handshake|tls/i,
    "Check the certificate of the server and --video_push_tls_ca_path",
  ],
  [/unreachable|no route|timed out|not respond|was sent/i, "Check the network and the server"],
];

/** Returns what to do about the end of a session; undefined if the reason says enough. */
export function hintFor(reason: string): string | undefined {
  return HINTS.find(([pattern]) => pattern.test(reason))?.[1];
}
