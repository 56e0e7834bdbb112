import { ffmpegPermissions } from "../capture/ffmpeg/permissions.ts";
import {
  bool,
  choice,
  float,
  int,
  optionalPath,
  secret,
  topic,
  type ValuesOf,
} from "../config/flag.ts";
import type { Rule } from "../config/flag_table.ts";
import { definedPaths, type PermissionsOf } from "../config/permissions.ts";
import { NO_SECRET } from "../config/secret.ts";

/** The names of the transports, which `--streaming_backend` chooses from. */
export interface Transports<Name extends string> {
  readonly names: readonly Name[];
  readonly default: NoInfer<Name>;
}

/** What is published, how often, and what happens while the transport is unavailable. */
export function publishFlags<const Name extends string>(transports: Transports<Name>) {
  return topic("Publishing", ["serve"], {
    backend: choice("streaming_backend", "Transport that publishes; grpc needs no broker.", {
      default: transports.default,
      choices: transports.names,
    }),
    enableEdgeMetrics: bool("enable_edge_metrics", "Publish edge metrics for every frame.", {
      default: true,
    }),
    framePublish: choice(
      "frame_publish",
      "When to publish frames; on_demand: while a client receives them.",
      { default: "on_demand", choices: ["on_demand", "always", "never"] },
    ),
    idleFrameIntervalS: float(
      "idle_frame_interval_s",
      "Seconds between single frames for subscribers that cannot be counted without one: those of " +
        "patterns, and those of a cluster; 0: none.",
      { default: 10, range: [0, 86_400], placeholder: "S" },
    ),
    frameRateFps: float(
      "frame_rate",
      "Maximum rate of published frames, in frames per second; 0: the camera's rate.",
      {
        default: 0,
        range: [0, 240],
        placeholder: "FPS",
      },
    ),
    jpegQuality: int("jpeg_quality", "JPEG quality of the frames that the server encodes itself.", {
      default: 80,
      range: [1, 100],
    }),
    enableHud: bool("enable_hud", "Draw traces and rates on the published frames."),
    blurFaces: bool(
      "blur_faces",
      "Blur all faces in published frames; a frame that was not searched for faces is dropped.",
    ),
    maxFrameAgeMs: int(
      "max_frame_age_ms",
      "Age in milliseconds above which a frame is dropped instead of sent; without effect " +
        "with `--norealtime`.",
      {
        default: 1000,
        range: [10, 600_000],
        placeholder: "MS",
      },
    ),
    outboxMemoryBytes: int(
      "outbox_memory_bytes",
      "Memory in bytes for metrics that wait to be sent.",
      { default: 16_777_216, range: [65_536, 4_294_967_296], placeholder: "BYTES" },
    ),
    spoolPath: optionalPath(
      "spool_path",
      "Folder for metrics that exceed --outbox_memory_bytes; without it, the oldest are dropped.",
      { placeholder: "FOLDER", writes: "folder" },
    ),
    spoolKey: secret(
      "spool_key",
      "Key that encrypts the spool, of 32 characters or more; prefer --spool_key_file.",
      {
        default: NO_SECRET,
        secretFrom: { fileFlag: "spool_key_file", credential: "spool_key" },
      },
    ),
    spoolKeyFile: optionalPath("spool_key_file", "File that contains the key of the spool."),
    spoolMaxBytes: int("spool_max_bytes", "Maximum size of the spool in bytes.", {
      default: 268_435_456,
      range: [65_536, Number.MAX_SAFE_INTEGER],
      placeholder: "BYTES",
    }),
    spoolMaxAgeSeconds: int(
      "spool_max_age_seconds",
      "Age in seconds at which a spooled metric is dropped.",
      {
        default: 86_400,
        range: [1, 31_536_000],
        placeholder: "S",
      },
    ),
  });
}

export type PublishSettings<Name extends string = string> = ValuesOf<
  ReturnType<typeof publishFlags<Name>>
>;

/** Shortest key: `openssl rand -base64 32` prints 44 characters. Chosen. */
const MIN_KEY_CHARACTERS = 32;

export const publishRules: readonly Rule<{ readonly publish: PublishSettings }>[] = [
  ({ publish: { spoolKey } }) =>
    !spoolKey.isEmpty && spoolKey.reveal().length < MIN_KEY_CHARACTERS
      ? `Cannot encrypt the spool with a key of less than ${MIN_KEY_CHARACTERS} characters: write ` +
        'the output of "openssl rand -base64 32" to the file of --spool_key_file'
      : undefined,
];

/** Identifies the installation of the system; see machine-id(5). */
export const MACHINE_ID_PATH = "/etc/machine-id";

export const publishPermissions: PermissionsOf<{ readonly publish: PublishSettings }> = (
  { publish },
  program,
) => ({
  write: definedPaths(publish.spoolPath),
  ...publish.spoolPath === undefined ? {} : { read: [MACHINE_ID_PATH] },
  // ffmpeg compresses the frames that the program draws on.
  ...publish.enableHud || publish.blurFaces ? ffmpegPermissions(undefined, program) : {},
});
