import { CommandFile } from "../../control/command_file.ts";
import type { CommandIntake } from "../../control/commands.ts";
import { UsageError } from "../../config/exit.ts";
import type { Settings } from "../../config/flags.ts";
import { FileBackend } from "../../ipc/file/file_backend.ts";
import { GrpcBackend } from "../../ipc/grpc/grpc_backend.ts";
import type { GrpcServer } from "../../ipc/grpc/grpc_server.ts";
import { Outbox } from "../../ipc/outbox.ts";
import type { Backend, Publisher } from "../../ipc/outgoing.ts";
import { CommandQueue } from "../../ipc/redis/command_queue.ts";
import type { RedisOptions } from "../../ipc/redis/options.ts";
import { RedisBackend } from "../../ipc/redis/redis_backend.ts";
import type { Clock } from "../../telemetry/clock.ts";
import type { Counters } from "../../telemetry/counters.ts";
import type { Health } from "../../telemetry/health.ts";
import type { Log } from "../../telemetry/log.ts";

/** Where clients of the file backend append their commands, in its folder. */
const COMMAND_FILE = "command.jsonl";

/** What the way out needs of its surroundings. */
export interface PublisherContext {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly health: Health;
  readonly log: Log;
}

/** The settings as the Redis room wants them. */
export function redisOptions({ redis }: Settings): RedisOptions {
  return {
    host: redis.host,
    port: redis.port,
    password: redis.password.reveal(),
    ...(redis.username === undefined ? {} : { username: redis.username }),
    database: redis.database,
    keyPrefix: redis.keyPrefix,
    connectionTimeoutMs: redis.connectionTimeoutMs,
    operationTimeoutMs: redis.operationTimeoutMs,
    usePubsub: redis.usePubsub,
    maxBulkStringBytes: redis.maxBulkStringBytes,
    maxArrayElements: redis.maxArrayElements,
  };
}

/** The outbox with the backend that the settings choose behind it. */
export function openPublisher(
  settings: Settings,
  context: PublisherContext & { readonly grpc: GrpcServer | undefined },
): Publisher {
  const { publish } = settings;
  return new Outbox(openBackend(settings, context), context, {
    memoryBytes: publish.outboxMemoryBytes,
    maxFrameAgeMs: publish.maxFrameAgeMs,
    maxMetricAgeMs: publish.spoolMaxAgeSeconds * 1000,
    ...(publish.spoolPath === undefined
      ? {}
      : { spoolFolder: publish.spoolPath, spoolBytes: publish.spoolMaxBytes }),
  });
}

function openBackend(
  settings: Settings,
  { clock, log, grpc }: PublisherContext & { readonly grpc: GrpcServer | undefined },
): Backend {
  switch (settings.publish.backend) {
    case "redis":
      return new RedisBackend(redisOptions(settings), { log });
    case "file":
      return new FileBackend(settings.file, { clock, log });
    case "grpc":
      if (!grpc) throw new UsageError("Cannot publish by grpc without a port: --port is 0");
      return new GrpcBackend(grpc);
  }
}

/** Takes recording commands from wherever the chosen backend lets clients leave them. */
export function openCommands(
  settings: Settings,
  { intake, clock, log }: PublisherContext & { readonly intake: CommandIntake },
): AsyncDisposable | undefined {
  switch (settings.publish.backend) {
    case "redis": {
      const queue = new CommandQueue(redisOptions(settings), {
        clock,
        log,
        onCommand: (bytes) => intake.take(bytes, "redis"),
      });
      queue.start();
      return queue;
    }
    case "file":
      return new CommandFile({
        path: `${settings.file.baseDirectory}/${COMMAND_FILE}`,
        clock,
        log,
        onCommand: (bytes) => intake.take(bytes, "file"),
      });
    case "grpc":
      return undefined;
  }
}
