import type { Settings } from "./flags.ts";
import type { CommandHandler } from "../control/commands.ts";
import { Hub } from "../web/hub.ts";
import { HttpServer } from "../web/http_server.ts";
import { WatchedPublisher } from "../web/watched_publisher.ts";
import type { Publisher } from "../envelopes/outgoing.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Health, HealthVerdict } from "../telemetry/health.ts";
import type { Log } from "../telemetry/log.ts";
import type { StatusName } from "../vitals/estimate.ts";

export interface PageParts {
  readonly publisher: Publisher;
  readonly commands: CommandHandler;
  readonly health: Health;
  readonly counters: Counters;
  readonly log: Log;
  /** The server's state at this moment. */
  readonly state: () => {
    readonly status: StatusName | undefined;
    readonly metricsWanted: boolean;
  };
}

/** The appliance's own page, and the publisher that it listens in on. */
export interface Page extends AsyncDisposable {
  readonly publisher: Publisher;
}

/** Seconds without a frame, metrics or an acknowledgement after which `/healthz` says so. */
const FRAME_S = 5;
const METRIC_S = 5;
const ACKNOWLEDGEMENT_S = 15;

/**
 * Serves `/`, `/healthz` and `/metrics` where `--http_port` asks for them; else the publisher is
 * passed through.
 *
 * @throws {ConfigError} for an address that wants a token
 * @throws {UnavailableError} where the port is taken
 */
export async function openPage(settings: Settings, parts: PageParts): Promise<Page> {
  const { server, redis } = settings;
  const { publisher, commands, counters, log } = parts;
  if (server.httpPort === 0) return { publisher, async [Symbol.asyncDispose]() {} };
  const hub = new Hub();
  const http = new HttpServer({
    address: server.httpAddress,
    port: server.httpPort,
    token: server.httpToken.reveal(),
    hub,
    counters,
    log,
    health: () => verdictOf(settings, parts),
    onCommand: (_device, command) => commands.apply(command, "http") !== "stale",
  });
  await http.start();
  return {
    publisher: new WatchedPublisher(publisher, { hub, device: redis.keyPrefix }),
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}

/** Unhealthy where something has not happened for too long, or the server itself complains. */
function verdictOf({ vitals }: Settings, { health, publisher, state }: PageParts): HealthVerdict {
  const { status, metricsWanted } = state();
  const verdict = health.judge({
    frame: FRAME_S,
    ...metricsWanted
      ? {
        metric: Math.max(METRIC_S, 3 * vitals.bufferDurationS),
        acknowledgement: ACKNOWLEDGEMENT_S,
      }
      : {},
  });
  const reasons = [
    ...verdict.reasons,
    ...status === "CAMERA_DISCONNECTED" ? ["The camera is not connected"] : [],
    ...publisher.trouble === undefined ? [] : [publisher.trouble],
  ];
  return { ...verdict, healthy: reasons.length === 0, reasons };
}
