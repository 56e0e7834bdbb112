import type { Redis } from "ioredis";
import { epochUs } from "../../src/base/time.ts";
import { encodeEnvelope, encodeFrameEnvelope } from "../../src/envelopes/envelope.ts";
import type { RedisServer } from "./redis_server.ts";
import { type SimulatedBed, TICK_US } from "./simulated_bed.ts";

/** Publishes simulated beds to Redis as real devices do, and takes their commands. */
export class WardPublisher implements Disposable {
  readonly beds: readonly SimulatedBed[];
  /** Commands that the beds have taken. */
  readonly commands: { readonly bed: string; readonly command: Record<string, unknown> }[] = [];
  /** A bed that takes no commands, as one whose server hangs. */
  deaf: string | undefined;
  readonly #client: Redis;
  readonly #images: readonly Uint8Array<ArrayBuffer>[];
  readonly #timer: ReturnType<typeof setInterval>;
  #turn = 0;

  constructor(server: RedisServer, { beds, images }: {
    readonly beds: readonly SimulatedBed[];
    readonly images: readonly Uint8Array<ArrayBuffer>[];
  }) {
    this.beds = beds;
    this.#images = images;
    this.#client = server.client();
    // While Redis is down, a tick fails and the next one goes on.
    this.#timer = setInterval(() => void this.#tick().catch(() => {}), TICK_US / 1000);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  bed(name: string): SimulatedBed {
    const found = this.beds.find((each) => each.name === name);
    if (!found) throw new Error(`Cannot find the bed ${name}`);
    return found;
  }

  async #tick(): Promise<void> {
    const nowMs = Date.now();
    const turn = this.#turn++;
    const pipeline = this.#client.pipeline();
    const living = this.beds.filter(({ isDead }) => !isDead);
    for (const [index, bed] of this.beds.entries()) {
      for (const envelope of bed.tick(nowMs)) {
        pipeline.publish(`${bed.name}:${envelope.type}`, Buffer.from(encodeEnvelope(envelope)));
      }
      // One frame a second is what the overview shows; the beds take turns.
      if (bed.isDead || (turn + index) % 5 !== 0) continue;
      const jpeg = this.#images[turn % this.#images.length]!;
      const frame = { timestamp: epochUs(nowMs * 1000), sequence: turn, width: 640, height: 480 };
      const bytes = encodeFrameEnvelope({ ...frame, jpeg });
      pipeline.publish(`${bed.name}:frame`, Buffer.from(bytes));
    }
    const first = pipeline.length;
    const listening = living.filter(({ name }) => name !== this.deaf);
    for (const { name } of listening) pipeline.rpop(`${name}:command_queue`);
    const results = await pipeline.exec() ?? [];
    for (const [index, bed] of listening.entries()) {
      const pushed = results[first + index]?.[1];
      if (typeof pushed !== "string") continue;
      const command = JSON.parse(pushed);
      this.commands.push({ bed: bed.name, command });
      const state = bed.record(command, Date.now());
      const bytes = Buffer.from(encodeEnvelope(state));
      await this.#client.publish(`${bed.name}:${state.type}`, bytes);
    }
  }
}
