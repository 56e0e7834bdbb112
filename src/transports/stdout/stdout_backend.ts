import { type Backend, BackendError, type Delivery } from "../../delivery/backend.ts";
import type { Outgoing } from "../../envelopes/message.ts";

const NEWLINE = new Uint8Array([0x0a]);

/** Writes envelopes to stdout, one per line; frames are not written. */
export class StdoutBackend implements Backend {
  readonly name = "stdout";
  readonly ready = true;
  readonly inOrder = true;

  start(): void {}

  onReady(): void {}

  async send(outgoing: Outgoing): Promise<Delivery> {
    if (outgoing.kind === "frame") return { receivers: 0 };
    try {
      for (const part of [outgoing.bytes, NEWLINE]) {
        let rest = part;
        while (rest.length > 0) rest = rest.subarray(await Deno.stdout.write(rest));
      }
    } catch (cause) {
      throw new BackendError("Cannot write to stdout", {
        retriable: false,
        reason: "closed",
        cause,
      });
    }
    return {};
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
