import type { Sink } from "../delivery/bus.ts";
import { MACHINE_ID_PATH } from "../delivery/flags.ts";
import { Outbox } from "../delivery/outbox.ts";
import { SpoolKey } from "../delivery/spool/seal.ts";
import type { Health } from "../telemetry/health.ts";
import type { Trace } from "../telemetry/trace.ts";
import type { TransportContext } from "../transports/transport.ts";
import { selectedTransport, type Settings } from "./flags.ts";

/** The selected transport behind its queues. */
export interface Output extends AsyncDisposable {
  readonly sink: Sink;
  /** Applies changed settings without losing a message; absent if the transport cannot. */
  readonly reload?: {
    /** The topics of the settings that are applied. */
    readonly topics: readonly string[];
    readonly apply: (settings: Settings) => void;
  };
}

/** Returns the id of this installation of the system; undefined if it has none. */
async function machineId(): Promise<string | undefined> {
  const text = await Deno.readTextFile(MACHINE_ID_PATH).catch(() => "");
  return text.trim() || undefined;
}

/** Opens the transport that `--streaming_backend` selects. */
export async function openOutput(
  settings: Settings,
  context: TransportContext & {
    readonly health: Health;
    readonly trace?: Trace | undefined;
    /** Age in milliseconds above which a frame is dropped instead of sent. */
    readonly maxFrameAgeMs: number;
  },
): Promise<Output> {
  const { publish } = settings;
  const transport = selectedTransport(settings);
  const { backend, receivers, reload } = await transport.open(settings, context);
  const outbox = new Outbox(backend, context, {
    memoryBytes: publish.outboxMemoryBytes,
    maxFrameAgeMs: context.maxFrameAgeMs,
    // Where no frames are published, the demand for them is not polled either.
    sendsFramesAlways: publish.framePublish !== "on_demand",
    opensForFrames: publish.framePublish === "always",
    idleFrameIntervalMs: publish.idleFrameIntervalS * 1000,
    maxMetricAgeMs: publish.spoolMaxAgeSeconds * 1000,
    ...(publish.spoolPath === undefined ? {} : {
      spoolFolder: publish.spoolPath,
      spoolBytes: publish.spoolMaxBytes,
      ...publish.spoolKey.isEmpty ? {} : { spoolKey: new SpoolKey(publish.spoolKey) },
      device: await machineId(),
    }),
  });
  return {
    sink: outbox,
    ...reload && { reload: { topics: Object.keys(transport.topics), apply: reload } },
    async [Symbol.asyncDispose]() {
      // No command may arrive after the last message.
      for (const receiver of receivers) await receiver[Symbol.asyncDispose]();
      await outbox[Symbol.asyncDispose]();
    },
  };
}
