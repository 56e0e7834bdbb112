import { reasonOf } from "../base/errors.ts";
import type { Settings } from "./flags.ts";
import type { CommandHandler } from "../control/commands.ts";
import type { Sink } from "../delivery/bus.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Health, HealthReport } from "../telemetry/health.ts";
import type { Log } from "../telemetry/log.ts";
import type { StatusName } from "../vitals/condition/status_table.ts";
import { AlarmMonitor, readAlarmRules } from "../web/alarm_monitor.ts";
import { deviceFamilies, maxValueAgeS } from "../web/device_metrics.ts";
import { readHttpTls } from "../web/flags.ts";
import { HttpServer } from "../web/http_server.ts";
import { Hub } from "../web/hub.ts";
import { TrendStore } from "../web/trends/trend_store.ts";
import { Trends } from "../web/trends/trends.ts";
import { PageSink } from "../web/page_sink.ts";

export interface PageContext {
  readonly commands: CommandHandler;
  readonly health: Health;
  readonly counters: Counters;
  readonly log: Log;
  /** Returns the present state of the server. */
  readonly state: () => ServerState;
}

export interface ServerState {
  readonly status: StatusName | undefined;
  readonly metricsWanted: boolean;
  /** What keeps messages from being delivered. */
  readonly problem: string | undefined;
}

/** The page of this device, and the sink through which it receives messages. */
export interface Page extends AsyncDisposable {
  readonly sink: Sink;
  /** Reads the certificate again; a file that cannot be used is logged, and the old one stays. */
  readonly reload: () => void;
}

/** Seconds without a frame, metrics or an acknowledgement after which `/healthz` fails. Chosen. */
const FRAME_S = 5;
const METRIC_S = 5;
const ACKNOWLEDGEMENT_S = 15;

/**
 * Serves `/`, `/healthz` and `/metrics` on `--http_port`; returns undefined if that is 0.
 *
 * @throws {ConfigError} if the address needs a token or TLS, or a file of TLS or the alarm rules
 *   cannot be used
 * @throws {UnavailableError} if the port is taken
 */
export async function openPage(
  settings: Settings,
  context: PageContext,
): Promise<Page | undefined> {
  const { server, http: tls, alarms: alarmSettings, redis, vitals } = settings;
  const { commands, counters, log } = context;
  if (server.httpPort === 0) return undefined;
  const hub = new Hub();
  using opening = new DisposableStack();
  const trends = new Trends({ store: opening.use(new TrendStore(hub)), log });
  const rules = readAlarmRules(alarmSettings);
  const alarms = opening.use(new AlarmMonitor({ hub, rules, log, counters }));
  const device = redis.keyPrefix;
  const maxAgeS = maxValueAgeS(vitals.bufferDurationS);
  const http = new HttpServer({
    address: server.httpAddress,
    port: server.httpPort,
    token: server.httpToken.reveal(),
    tls: readHttpTls(tls),
    allowPlaintext: tls.allowPlaintext,
    hub,
    trends,
    alarms,
    metrics: () => [...deviceFamilies(hub, { maxAgeS }), ...counters.families({ device })],
    counters,
    log,
    health: () => healthOf(settings, context),
    onCommand: (_device, command) => {
      commands.apply(command, "http");
      return true;
    },
  });
  await http.start();
  const opened = opening.move();
  return {
    reload: () => renewPage({ server: http, alarms }, settings, log),
    sink: new PageSink(hub, { device }),
    [Symbol.asyncDispose]: async () => {
      opened.dispose();
      await http[Symbol.asyncDispose]();
    },
  };
}

/** Gives a page the certificate and the alarm rules that their files contain now. */
export function renewPage(
  { server, alarms }: {
    readonly server: Pick<HttpServer, "setCertificate">;
    readonly alarms: Pick<AlarmMonitor, "setRules">;
  },
  settings: Pick<Settings, "http" | "alarms">,
  log: Log,
): void {
  try {
    const tls = readHttpTls(settings.http);
    if (tls) server.setCertificate(tls);
  } catch (error) {
    log.error(`Keeping the old certificate: ${reasonOf(error)}`);
  }
  try {
    alarms.setRules(readAlarmRules(settings.alarms));
  } catch (error) {
    log.error(`Keeping the old alarm rules: ${reasonOf(error)}`);
  }
}

/** Unhealthy if something has not happened for too long, or if the server reports a problem. */
function healthOf({ vitals }: Settings, { health, state }: PageContext): HealthReport {
  const { status, metricsWanted, problem } = state();
  const report = health.evaluate({
    frame: FRAME_S,
    ...metricsWanted
      ? {
        metric: Math.max(METRIC_S, 3 * vitals.bufferDurationS),
        acknowledgement: ACKNOWLEDGEMENT_S,
      }
      : {},
  });
  const reasons = [
    ...report.reasons,
    ...status === "CAMERA_DISCONNECTED" ? ["The camera is disconnected"] : [],
    ...problem === undefined ? [] : [problem],
  ];
  return { ...report, healthy: reasons.length === 0, reasons };
}
