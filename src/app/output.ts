import { UsageError } from "../base/errors.ts";
import type { Settings } from "./flags.ts";
import { CommandFile } from "../control/command_file.ts";
import type { CommandHandler } from "../control/commands.ts";
import type { Sink } from "../delivery/bus.ts";
import { Outbox } from "../delivery/outbox.ts";
import type { Backend } from "../envelopes/outgoing.ts";
import { pixmapDecoder } from "../frames/pixmap.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Health } from "../telemetry/health.ts";
import type { Log } from "../telemetry/log.ts";
import { FileBackend } from "../transports/file/file_backend.ts";
import { GrpcBackend } from "../transports/grpc/grpc_backend.ts";
import type { GrpcServer } from "../transports/grpc/grpc_server.ts";
import { CommandQueue } from "../transports/redis/command_queue.ts";
import { RedisBackend } from "../transports/redis/redis_backend.ts";
import { redisOptions } from "../transports/redis/settings.ts";

/** File in the base directory to which clients of the file backend append commands. */
const COMMAND_FILE = "command.jsonl";

/** What a backend is opened with. */
export interface OutputContext {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly health: Health;
  readonly log: Log;
  readonly commands: CommandHandler;
  readonly grpc: GrpcServer | undefined;
}

/** The chosen backend behind its queues, and the commands that come in through it. */
export interface Output extends AsyncDisposable {
  readonly sink: Sink;
  /** Takes over new settings without losing a message; absent if the backend cannot. */
  readonly reload?: (settings: Settings) => void;
}

/** Opens the backend that `--streaming_backend` names. */
export function openOutput(settings: Settings, context: OutputContext): Output {
  switch (settings.publish.backend) {
    case "redis":
      return redisOutput(settings, context);
    case "file":
      return fileOutput(settings, context);
    case "grpc":
      if (!context.grpc) {
        throw new UsageError("Cannot publish by gRPC without a port: give --port another than 0");
      }
      return outputOf(openOutbox(new GrpcBackend(context.grpc), settings, context), []);
  }
}

function redisOutput(settings: Settings, context: OutputContext): Output {
  const backend = new RedisBackend(redisOptions(settings.redis), context);
  const queue = new CommandQueue(redisOptions(settings.redis), {
    ...context,
    onCommand: (bytes) => context.commands.handle(bytes, "redis"),
  });
  queue.start();
  return {
    ...outputOf(openOutbox(backend, settings, context), [queue]),
    reload(next) {
      backend.reload(redisOptions(next.redis));
      queue.reload(redisOptions(next.redis));
    },
  };
}

function fileOutput(settings: Settings, context: OutputContext): Output {
  const commands = new CommandFile({
    ...context,
    path: `${settings.file.baseDirectory}/${COMMAND_FILE}`,
    onCommand: (bytes) => context.commands.handle(bytes, "file"),
  });
  return outputOf(openOutbox(openFiles(settings, context), settings, context), [commands]);
}

function openFiles({ file }: Settings, context: OutputContext): FileBackend {
  if (file.compressFrames) return new FileBackend(file, context);
  const frameExtension = file.frameExtension === "jpg" ? "ppm" : file.frameExtension;
  return new FileBackend({ ...file, frameExtension }, {
    ...context,
    convertJpeg: pixmapDecoder(),
  });
}

function openOutbox(backend: Backend, { publish }: Settings, context: OutputContext): Outbox {
  return new Outbox(backend, context, {
    memoryBytes: publish.outboxMemoryBytes,
    maxFrameAgeMs: publish.maxFrameAgeMs,
    maxMetricAgeMs: publish.spoolMaxAgeSeconds * 1000,
    ...(publish.spoolPath === undefined
      ? {}
      : { spoolFolder: publish.spoolPath, spoolBytes: publish.spoolMaxBytes }),
  });
}

/** Stops taking commands before it closes the queues. */
function outputOf(outbox: Outbox, commands: readonly AsyncDisposable[]): Output {
  return {
    sink: outbox,
    async [Symbol.asyncDispose]() {
      for (const each of commands) await each[Symbol.asyncDispose]();
      await outbox[Symbol.asyncDispose]();
    },
  };
}
