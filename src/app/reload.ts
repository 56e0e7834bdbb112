import { ConfigError, ExitError } from "../base/errors.ts";
import { Secret } from "../config/secret.ts";
import type { Log } from "../telemetry/log.ts";
import { type Configuration, FLAGS, type Settings } from "./flags.ts";
import { missingForTransport } from "./permissions.ts";

/** A component that can apply new settings while it runs. */
interface Reloadable {
  /** The topics of the settings that it applies completely. */
  readonly topics: readonly string[];
  readonly apply: (settings: Settings) => void;
}

/** The dependencies of `Reloads`. */
export interface ReloadsOptions {
  readonly settings: Settings;
  /**
   * Loads the configuration again.
   *
   * @throws {ExitError} if it is invalid
   */
  readonly read: () => Configuration;
  readonly log: Log;
}

/**
 * Reloads the configuration on SIGHUP. An invalid configuration is rejected as a whole and the old
 * one stays in effect. From a valid one, each component applies its own topics. Changed flags that
 * no component applies, or that need a restart, are logged, and the latter keep their values.
 */
export class Reloads implements Disposable {
  readonly #options: ReloadsOptions;
  readonly #components: Reloadable[] = [];
  /** The settings of the last valid reload. */
  #settings: Settings;

  constructor(options: ReloadsOptions) {
    this.#options = options;
    this.#settings = options.settings;
  }

  /** Adds a component that applies new settings. */
  add(component: Reloadable): void {
    this.#components.push(component);
  }

  /** Loads and applies the configuration; returns false if the old one stays in effect. */
  reload(): boolean {
    const { read, log } = this.#options;
    let next: Settings;
    let effective: Settings;
    try {
      next = read().settings;
      effective = this.#withoutRestart(next);
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      log.error(`Keeping the old configuration: ${error.message}`);
      return false;
    }
    const missing = missingForTransport(effective);
    if (missing !== undefined) {
      log.error(
        `Keeping the old configuration: Cannot use ${missing} after a reload: this process has no ` +
          "permission for it: restart the service",
      );
      return false;
    }
    // The caller has already applied the settings of the log.
    const applied = new Set(["logging", ...this.#components.flatMap(({ topics }) => topics)]);
    const pending = changedFlags(this.#settings, next)
      .filter(({ topic, needsRestart }) => needsRestart || !applied.has(topic));
    for (const { apply } of this.#components) apply(effective);
    this.#settings = next;
    log.info("Reloaded the configuration");
    if (pending.length > 0) {
      const names = pending.map(({ name }) => `--${name}`).join(", ");
      log.warning(`Changes take effect after a restart: ${names}`);
    }
    return true;
  }

  /**
   * Returns the settings, with the values of the start for flags that need a restart.
   *
   * @throws {ConfigError} if the others contradict these values
   */
  #withoutRestart(next: Settings): Settings {
    const { settings: started } = this.#options;
    const effective = FLAGS.buildSettings((entry) =>
      FLAGS.valueOf(entry.flag.needsRestart ? started : next, entry)
    );
    const conflict = FLAGS.conflictIn("serve", effective);
    if (conflict === undefined) return effective;
    const names = changedFlags(started, next).filter(({ needsRestart }) => needsRestart)
      .map(({ name }) => `--${name}`).join(", ");
    throw new ConfigError(`Cannot apply ${names} without a restart: ${conflict}`);
  }

  /** Reloads on each SIGHUP until disposed. */
  listen(callbacks: { readonly before: () => void; readonly after: () => void }): void {
    this.#onSignal = () => {
      callbacks.before();
      this.reload();
      callbacks.after();
    };
    Deno.addSignalListener("SIGHUP", this.#onSignal);
  }
  #onSignal: (() => void) | undefined;

  [Symbol.dispose](): void {
    if (this.#onSignal) Deno.removeSignalListener("SIGHUP", this.#onSignal);
  }
}

function changedFlags(before: Settings, after: Settings) {
  return FLAGS.flagsOf("serve").flatMap((entry) => {
    const [previous, next] = [before, after].map((settings) =>
      comparable(FLAGS.valueOf(settings, entry))
    );
    const { name, needsRestart = false } = entry.flag;
    return previous === next ? [] : [{ name, needsRestart, topic: entry.topic }];
  });
}

function comparable(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal();
  return Array.isArray(value) ? JSON.stringify(value) : value;
}
