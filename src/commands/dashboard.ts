import { renewPage } from "../app/page.ts";
import { onHangUp, stopSignal } from "../app/stop_signal.ts";
import { EXIT } from "../base/errors.ts";
import { SystemClock } from "../telemetry/clock.ts";
import { Counters } from "../telemetry/counters.ts";
import { RedisReader } from "../transports/redis/reader.ts";
import { redisOptions } from "../transports/redis/settings.ts";
import { DeviceFeed } from "../web/device_feed.ts";
import { AlarmMonitor, readAlarmRules } from "../web/alarm_monitor.ts";
import { deviceFamilies } from "../web/device_metrics.ts";
import { readHttpTls } from "../web/flags.ts";
import { HttpServer } from "../web/http_server.ts";
import { SessionFolder } from "../web/sessions.ts";
import { TrendHistory } from "../web/trends/trend_history.ts";
import { TrendStore } from "../web/trends/trend_store.ts";
import { Trends } from "../web/trends/trends.ts";
import { tokenFor } from "../web/token.ts";
import type { CommandContext } from "./command.ts";

/** Serves the page of all devices that publish to one Redis, until it is stopped. */
export async function run({ settings, log, print }: CommandContext): Promise<number> {
  const { redis, reader: { devices }, dashboard, http } = settings;
  const rules = readAlarmRules(settings.alarms);
  using stop = stopSignal(log);
  await using reader = new RedisReader({
    redis: redisOptions(redis),
    log,
    onMessage: (channel, message) => feed.take(channel, message.toString()),
  });
  using feed = new DeviceFeed({
    reader,
    devices,
    usePubsub: redis.usePubsub,
    clock: new SystemClock(),
  });
  using store = new TrendStore(feed.hub);
  const history = redis.usePubsub ? {} : { history: new TrendHistory(reader) };
  const counters = new Counters();
  using alarms = new AlarmMonitor({ hub: feed.hub, rules, log, counters });
  await using server = new HttpServer({
    address: dashboard.address,
    port: dashboard.port,
    token: tokenFor(dashboard, print),
    tls: readHttpTls(http),
    allowPlaintext: http.allowPlaintext,
    hub: feed.hub,
    ...dashboard.recordings === undefined
      ? {}
      : { sessions: new SessionFolder(dashboard.recordings) },
    alarms,
    trends: new Trends({ store, ...history, log }),
    metrics: () => [...deviceFamilies(feed.hub), ...counters.families()],
    counters,
    log,
    onCommand: (device, command) => feed.sendCommand(device, command),
  });
  await server.start();
  using _hangUp = onHangUp(() => renewPage({ server, alarms }, settings, log));
  void feed.follow(stop.signal);
  await stop.stopped;
  return EXIT.ok;
}
