import type { Api } from "../api.ts";
import type { Catalogue } from "../messages/catalogue.ts";
import type { WardDevice } from "../model/ward.ts";

/** What the operator can do to devices; outcomes are said in words. */
export class Actions {
  readonly #api: Api;
  readonly #words: Catalogue;
  /** Shows and announces a text. */
  readonly #announce: (text: string) => void;
  readonly #forget: (device: string) => void;

  constructor(api: Api, { words, announce, forget }: {
    readonly words: Catalogue;
    readonly announce: (text: string) => void;
    /** Removes a device from this page. */
    readonly forget: (device: string) => void;
  }) {
    this.#api = api;
    this.#words = words;
    this.#announce = announce;
    this.#forget = forget;
  }

  /** Starts or stops the recordings of devices that send data; silent ones are left out. */
  async record(
    devices: readonly WardDevice[],
    options: { readonly recording: boolean; readonly session?: string },
  ): Promise<void> {
    const words = this.#words;
    const live = devices.filter(({ silent }) => !silent);
    const first = devices[0];
    if (live.length === 0) {
      if (first) this.#announce(words.silentRefused(first.name));
      return;
    }
    this.#announce(words.sending);
    const answer = await this.#api.record(live.map(({ name }) => name), options);
    if (answer.state === "failed") return this.#announce(words.commandFailed);
    const failed = answer.value.filter(({ outcome }) => outcome !== "confirmed");
    const sentences = (devices.length === 1 ? answer.value : failed.slice(0, 3))
      .map(({ outcome, device }) => words.outcome[outcome]?.(device) ?? words.commandFailed);
    const confirmed = answer.value.length - failed.length;
    const summary = devices.length === 1 ? [] : [words.groupOutcome(confirmed, devices.length)];
    this.#announce([...summary, ...sentences].join(". "));
  }

  async acknowledge(target: { readonly device?: string; readonly rule?: string }): Promise<void> {
    const answer = await this.#api.acknowledge(target);
    if (answer.state === "failed") this.#announce(this.#words.acknowledgeFailed);
  }

  async dismiss(device: string): Promise<void> {
    const answer = await this.#api.dismiss(device);
    // A server that was started again does not know a device that has been silent since.
    if (answer.state === "ok" || answer.status === 404) this.#forget(device);
    else this.#announce(this.#words.dismissFailed);
  }
}
