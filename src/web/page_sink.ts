import type { Sink } from "../delivery/bus.ts";
import type { Message } from "../envelopes/message.ts";
import type { Hub } from "./hub.ts";

/** Shows the messages of the bus on the page as those of one device. */
export class PageSink implements Sink {
  readonly #hub: Hub;
  readonly #device: string;

  constructor(hub: Hub, { device }: { readonly device: string }) {
    this.#hub = hub;
    this.#device = device;
  }

  offer(message: Message): void {
    if (message.kind === "frame") this.#hub.publishFrame(this.#device, message.image);
    else this.#hub.publishEnvelope(this.#device, message);
  }

  /** True while a viewer would receive a frame. */
  get framesWanted(): boolean {
    return this.#hub.frames.isDue(this.#device);
  }
}
