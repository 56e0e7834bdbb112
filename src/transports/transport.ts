import type { Rule, Topics } from "../config/flag_table.ts";
import type { PermissionsOf } from "../config/permissions.ts";
import type { CommandHandler } from "../control/commands.ts";
import type { Backend } from "../delivery/backend.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Log } from "../telemetry/log.ts";

/** What a transport is opened with besides its settings. */
export interface TransportContext {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  /** Takes the recording commands that arrive through the transport. */
  readonly commands: CommandHandler;
  /** The gRPC server, which runs beside every transport; undefined with `--port=0`. */
  readonly grpc: { readonly streams: number } | undefined;
}

/** A transport at work. */
export interface OpenedTransport<Settings> {
  readonly backend: Backend;
  /** Receivers of recording commands, to be closed before the backend. */
  readonly receivers: readonly AsyncDisposable[];
  /** Applies changed settings of its topics without losing a message; absent if it cannot. */
  readonly reload?: (settings: Settings) => void;
}

/** A way to publish: one row of the table in `src/app/transports.ts`. */
export interface Transport<Settings> {
  /** The value of `--streaming_backend` that selects it. */
  readonly name: string;
  /** Its topics of flags, by their keys in the settings. */
  readonly topics: Topics;
  /** Values that contradict each other. */
  readonly rules: readonly Rule<Settings>[];
  /** What it needs while it is selected. */
  readonly permissions: PermissionsOf<Settings>;
  /**
   * Checks what `open` would report only while it runs, such as files that are missing.
   *
   * @throws {ExitError} with the words of the running server
   */
  readonly check?: (settings: Settings) => Promise<void>;
  /** Opens the transport; its implementation is loaded only then, for a quick start. */
  readonly open: (
    settings: Settings,
    context: TransportContext,
  ) => Promise<OpenedTransport<Settings>>;
}
