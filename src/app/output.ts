import { CommandFile } from "../control/command_file.ts";
import { pixmapDecoder } from "../frames/pixmap.ts";
import type { CommandHandler } from "../control/commands.ts";
import { UsageError } from "../base/errors.ts";
import type { Settings } from "./flags.ts";
import { FileBackend } from "../transports/file/file_backend.ts";
import { GrpcBackend } from "../transports/grpc/grpc_backend.ts";
import type { GrpcServer } from "../transports/grpc/grpc_server.ts";
import { Outbox } from "../delivery/outbox.ts";
import type { Backend, Publisher } from "../envelopes/outgoing.ts";
import { CommandQueue } from "../transports/redis/command_queue.ts";
import { RedisBackend } from "../transports/redis/redis_backend.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Health } from "../telemetry/health.ts";
import type { Log } from "../telemetry/log.ts";
import { redisOptions } from "../transports/redis/settings.ts";

/** Where clients of the file backend append their commands, in its folder. */
const COMMAND_FILE = "command.jsonl";

/** What the way out needs of its context. */
export interface PublisherContext {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly health: Health;
  readonly log: Log;
}

/** The way out and the way in of commands, as the chosen backend has them. */
export interface Output extends AsyncDisposable {
  readonly publisher: Publisher;
  /** Goes over to new settings of the backend, where it can without losing anything. */
  readonly reload?: (settings: Settings) => void;
}

/** Opens the chosen backend with the outbox in front, and takes the commands that clients leave. */
export function openOutput(
  settings: Settings,
  context: PublisherContext & {
    readonly commandHandler: CommandHandler;
    readonly grpc: GrpcServer | undefined;
  },
): Output {
  switch (settings.publish.backend) {
    case "redis":
      return redisOutput(settings, context);
    case "file":
      return fileOutput(settings, context);
    case "grpc":
      if (!context.grpc) {
        throw new UsageError("Cannot publish by gRPC without a port: give --port another than 0");
      }
      return output(openOutbox(new GrpcBackend(context.grpc), { settings, context }), []);
  }
}

function redisOutput(
  settings: Settings,
  context: PublisherContext & { readonly commandHandler: CommandHandler },
): Output {
  const backend = new RedisBackend(redisOptions(settings.redis), context);
  const queue = new CommandQueue(redisOptions(settings.redis), {
    ...context,
    onCommand: (bytes) => context.commandHandler.take(bytes, "redis"),
  });
  queue.start();
  return {
    ...output(openOutbox(backend, { settings, context }), [queue]),
    reload(next) {
      backend.reload(redisOptions(next.redis));
      queue.reload(redisOptions(next.redis));
    },
  };
}

function fileOutput(
  settings: Settings,
  context: PublisherContext & { readonly commandHandler: CommandHandler },
): Output {
  const commands = new CommandFile({
    ...context,
    path: `${settings.file.baseDirectory}/${COMMAND_FILE}`,
    onCommand: (bytes) => context.commandHandler.take(bytes, "file"),
  });
  const backend = openFiles(settings, context);
  return output(openOutbox(backend, { settings, context }), [commands]);
}

function openFiles({ file }: Settings, context: PublisherContext): FileBackend {
  if (file.compressFrames) return new FileBackend(file, context);
  const frameExtension = file.frameExtension === "jpg" ? "ppm" : file.frameExtension;
  return new FileBackend({ ...file, frameExtension }, {
    ...context,
    uncompressed: pixmapDecoder(),
  });
}

function openOutbox(
  backend: Backend,
  { settings: { publish }, context }: { settings: Settings; context: PublisherContext },
): Publisher {
  return new Outbox(backend, context, {
    memoryBytes: publish.outboxMemoryBytes,
    maxFrameAgeMs: publish.maxFrameAgeMs,
    maxMetricAgeMs: publish.spoolMaxAgeSeconds * 1000,
    ...(publish.spoolPath === undefined
      ? {}
      : { spoolFolder: publish.spoolPath, spoolBytes: publish.spoolMaxBytes }),
  });
}

/** Closes the door for commands first, then what still goes out. */
function output(publisher: Publisher, commands: readonly AsyncDisposable[]): Output {
  return {
    publisher,
    async [Symbol.asyncDispose]() {
      for (const each of commands) await each[Symbol.asyncDispose]();
      await publisher[Symbol.asyncDispose]();
    },
  };
}
