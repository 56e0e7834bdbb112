import { ExitError } from "../base/errors.ts";
import { Secret } from "../config/secret.ts";
import type { Log } from "../telemetry/log.ts";
import { FLAGS, type Loaded, type Settings } from "./flags.ts";
import { missingForTransport } from "./permissions.ts";

/** A part that can take new settings while it works. */
interface Reloadable {
  /** The topics of `Settings` that it takes over as a whole. */
  readonly topics: readonly string[];
  readonly apply: (settings: Settings) => void;
}

export interface ReloadsOptions {
  readonly settings: Settings;
  /** Reads the configuration anew. @throws {ExitError} where it is bad */
  readonly read: () => Loaded;
  readonly log: Log;
}

/**
 * What SIGHUP does: the configuration is read again; a bad one is refused whole and the old one
 * stays; of a good one, each part that can takes what is its own, and the rest is named.
 */
export class Reloads implements Disposable {
  readonly #options: ReloadsOptions;
  readonly #parts: Reloadable[] = [];
  #settings: Settings;

  constructor(options: ReloadsOptions) {
    this.#options = options;
    this.#settings = options.settings;
  }

  add(part: Reloadable): void {
    this.#parts.push(part);
  }

  /** True where the new configuration is in use. */
  reload(): boolean {
    const { read, log } = this.#options;
    let next: Settings;
    try {
      next = read().settings;
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      log.error(`Keeping the old configuration: ${error.message}`);
      return false;
    }
    const missing = missingForTransport(next);
    if (missing !== undefined) {
      log.error(
        `Keeping the old configuration: Cannot use ${missing} by a reload, for this process was ` +
          "started without the right to: restart it",
      );
      return false;
    }
    // The log has its new settings already.
    const taken = new Set(["logging", ...this.#parts.flatMap(({ topics }) => topics)]);
    const later = changedFlags(this.#settings, next).filter(({ topic }) => !taken.has(topic));
    for (const { apply } of this.#parts) apply(next);
    this.#settings = next;
    log.info("Read the configuration again");
    if (later.length > 0) {
      const names = later.map(({ name }) => `--${name}`).join(", ");
      log.warning(`These take effect at the next start: ${names}`);
    }
    return true;
  }

  /** Reloads at each SIGHUP until disposed. */
  listen(around: { readonly before: () => void; readonly after: () => void }): void {
    this.#onSignal = () => {
      around.before();
      this.reload();
      around.after();
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
    const [old, now] = [before, after].map((settings) =>
      comparable(FLAGS.valueOf(settings, entry))
    );
    return old === now ? [] : [{ name: entry.flag.name, topic: entry.topic }];
  });
}

function comparable(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal();
  return Array.isArray(value) ? JSON.stringify(value) : value;
}
