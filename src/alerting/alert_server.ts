import { ExitError } from "../base/errors.ts";
import { missingPermission } from "../config/permissions.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { EnvelopeReader } from "../transports/redis/envelope_reader.ts";
import type { RedisOptions } from "../transports/redis/options.ts";
import { AlertJournal } from "./alert_journal.ts";
import { AlertService } from "./alert_service.ts";
import { Outbound } from "./outbound.ts";
import { type AlertRules, readAlertRules, targetPermissions } from "./targets.ts";

/** Time for alerts that are not sent yet when the service is stopped, in milliseconds. Chosen. */
const FLUSH_MS = 5000;

export interface AlertServerOptions {
  readonly redis: RedisOptions;
  /** Key prefixes, or patterns such as `ward-*`. */
  readonly devices: readonly string[];
  readonly rulesPath: string;
  readonly journalPath: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Reads a Redis, and sends alerts by the rules of a file. */
export class AlertServer implements AsyncDisposable {
  readonly #options: AlertServerOptions;
  readonly #reader: EnvelopeReader;
  readonly #service: AlertService;
  #outbound: Outbound;

  /** @throws {ConfigError} if the file of rules, a file of a target or the journal cannot be used */
  static async open(options: AlertServerOptions): Promise<AlertServer> {
    const rules = readAlertRules(options.rulesPath);
    const journal = options.journalPath === undefined
      ? undefined
      : new AlertJournal(options.journalPath, options.log);
    let isConnected = () => false;
    const problem = () => isConnected() ? undefined : "no connection to Redis";
    const outbound = await Outbound.open({ ...options, rules, problem });
    const server = new AlertServer(options, { rules, journal, outbound });
    isConnected = () => server.#reader.ready;
    return server;
  }

  private constructor(
    options: AlertServerOptions,
    { rules, journal, outbound }: {
      readonly rules: AlertRules;
      readonly journal: AlertJournal | undefined;
      readonly outbound: Outbound;
    },
  ) {
    const { clock, log, redis, devices } = this.#options = options;
    this.#outbound = outbound;
    this.#service = new AlertService({
      rules,
      isConnected: () => this.#reader.ready,
      onAlert: (alert) => {
        journal?.write(alert);
        this.#outbound.send(alert);
      },
      clock,
      log,
    });
    this.#reader = new EnvelopeReader({
      redis,
      devices,
      topics: ["core_metrics", "status"],
      onEnvelope: ({ device, topic, envelope }) => this.#service.take(device, topic, envelope),
      log,
      clock,
    });
  }

  /** Reads and sends until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, redis } = this.#options;
    log.info(`Watching the devices at ${redis.host}:${redis.port}`);
    await Promise.all([this.#reader.run(signal), this.#service.run(signal)]);
    await this.#outbound.flush(FLUSH_MS);
  }

  /** Reads the rules again; if they cannot be used, the old ones stay. */
  async reload(): Promise<void> {
    const { rulesPath, log } = this.#options;
    try {
      const rules = readAlertRules(rulesPath);
      const missing = missingPermission(targetPermissions(rules));
      if (missing !== undefined) {
        log.error(
          `Keeping the old rules: Cannot use ${missing} after a reload: this process has no ` +
            "permission for it: restart the service",
        );
        return;
      }
      const problem = () => this.#reader.ready ? undefined : "no connection to Redis";
      const before = this.#outbound;
      this.#outbound = await Outbound.open({ ...this.#options, rules, problem });
      this.#service.setRules(rules);
      log.info("Reloaded the rules");
      await before.flush(FLUSH_MS);
      await before[Symbol.asyncDispose]();
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      log.error(`Keeping the old rules: ${error.message}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#outbound[Symbol.asyncDispose]();
    await this.#reader[Symbol.asyncDispose]();
  }
}
