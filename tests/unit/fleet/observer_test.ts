import assert from "node:assert/strict";
import { Ledger } from "../../../src/fleet/ledger.ts";
import { Observer } from "../../../src/fleet/observer.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { bulk, FakeRedis, push } from "../../support/fake_redis.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { optionsFor } from "../../support/redis_outbox.ts";
import { waitFor } from "../../support/wait.ts";

/** An observer of devices in a fake server; it is closed before the server. */
class Fixture implements AsyncDisposable {
  readonly server = new FakeRedis();
  readonly clock = new ManualClock();
  readonly ledger = new Ledger();
  readonly observer: Observer;

  constructor({ devices = ["ward-1"], usePubsub = true }: {
    readonly devices?: readonly string[];
    readonly usePubsub?: boolean;
  } = {}) {
    this.observer = new Observer({
      ...{ devices, topics: ["core_metrics", "frame"], ledger: this.ledger, clock: this.clock },
      redis: optionsFor(this.server, { usePubsub }),
      log: silentLog,
    });
  }

  /** Waits until something holds, while the clock advances. */
  async until(what: string, condition: () => boolean): Promise<void> {
    await waitFor(what, async () => {
      await this.clock.advance(100);
      return condition();
    }, { pollMs: 1 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.observer[Symbol.asyncDispose]();
    await waitFor("no connection", () => this.server.open === 0, { pollMs: 1 });
    await this.server[Symbol.asyncDispose]();
    assert.equal(this.clock.sleepers, 0);
  }
}

/** A core metric that was measured `ageMs` ago. */
function metric(sequence: number, ageMs = 0): string {
  return JSON.stringify({
    type: "core_metrics",
    timestamp: Math.round((performance.timeOrigin + performance.now() - ageMs) * 1000),
    payload: { metadata: { sequence, boot_id: "a" } },
  });
}

Deno.test("Observer.start() resolves when it receives every topic of its devices", async () => {
  await using fixture = new Fixture({ devices: ["ward-1", "ward-2"] });
  const { server, observer, ledger } = fixture;
  server.deliverMessages();
  const starting = observer.start();
  await fixture.until("the subscription", () => server.commandsNamed("SUBSCRIBE").length > 0);
  await starting;
  assert.equal(observer.ready, true);
  assert.deepEqual(server.commandsNamed("SUBSCRIBE").flatMap(([, ...channels]) => channels), [
    ...["ward-1:core_metrics", "ward-1:frame"],
    ...["ward-2:core_metrics", "ward-2:frame"],
  ]);
  await server.send(push(bulk("message"), bulk("ward-2:core_metrics"), bulk(metric(3, 5000))));
  await waitFor("the message", () => ledger.topics.length > 0, { pollMs: 1 });
  const { received, worstMs } = ledger.summary("core_metrics");
  assert.equal(received, 1);
  assert(worstMs >= 5000 && worstMs < 6000, `${worstMs} ms`);
});

Deno.test("Observer ignores what is no message of a device", async () => {
  await using fixture = new Fixture();
  const { server, observer, ledger } = fixture;
  server.deliverMessages();
  const starting = observer.start();
  await fixture.until("the subscription", () => server.commandsNamed("SUBSCRIBE").length > 0);
  await starting;
  await server.send(push(bulk("message"), bulk("ward-1:core_metrics"), bulk("{}")));
  await server.send(push(bulk("message"), bulk("ward-1:core_metrics"), bulk(metric(1))));
  await waitFor("the message", () => ledger.topics.length > 0, { pollMs: 1 });
  assert.equal(ledger.summary("core_metrics").received, 1);
});

Deno.test("Observer.start() tries again after a connection that was lost, until it is disposed", async () => {
  await using fixture = new Fixture();
  const { server, observer } = fixture;
  server.reply = ([name]) => name === "SUBSCRIBE" ? "-ERR not now\r\n" : undefined;
  const starting = observer.start();
  const attempts = () => server.commandsNamed("SUBSCRIBE").length;
  await fixture.until("attempts", () => attempts() > 2);
  await waitFor("the pause", () => fixture.clock.sleepers === 1, { pollMs: 1 });
  await observer[Symbol.asyncDispose]();
  await fixture.clock.advance(100);
  await starting;
  const before = attempts();
  await fixture.clock.advance(1000);
  assert.equal(attempts(), before);
});

/** The reply to XREAD with one entry of a stream. */
function entryOf(stream: string, id: string, envelope: string): string {
  const fields = `*2\r\n${bulk("envelope")}${bulk(envelope)}`;
  return `%1\r\n${bulk(stream)}*1\r\n*2\r\n${bulk(id)}${fields}`;
}

Deno.test("Observer reads the histories of key-value mode from their beginning, without frames", async () => {
  await using fixture = new Fixture({ usePubsub: false });
  const { server, observer, ledger } = fixture;
  const stream = "ward-1:core_metrics:history";
  server.reply = ([name, ...words]) => {
    if (name !== "XREAD") return undefined;
    return words.at(-1) === "0-0" ? entryOf(stream, "7-0", metric(4)) : "_\r\n";
  };
  await observer.start();
  const reads = () => server.commandsNamed("XREAD").map((words) => words.slice(3));
  await fixture.until("a second read", () => reads().some((words) => words.at(-1) === "7-0"));
  assert.deepEqual(reads()[0], ["STREAMS", stream, "0-0"]);
  const devices: string[] = [];
  const { received } = ledger.summary("core_metrics", (device) => void devices.push(device));
  assert.deepEqual([received, devices], [1, ["ward-1"]]);
});

Deno.test("Observer reads up to 100 histories with one command, every 100 ms", async () => {
  const devices = Array.from({ length: 101 }, (_, at) => `ward-${at}`);
  await using fixture = new Fixture({ devices, usePubsub: false });
  const { server, observer, clock } = fixture;
  server.reply = ([name]) => name === "XREAD" ? "_\r\n" : undefined;
  await observer.start();
  const reads = () => server.commandsNamed("XREAD");
  await fixture.until("both reads", () => reads().length >= 2);
  assert.deepEqual(reads().slice(0, 2).map((words) => (words.length - 4) / 2), [100, 1]);
  const streams = reads().slice(0, 2).flatMap((words) =>
    words.slice(4, 4 + (words.length - 4) / 2)
  );
  assert.deepEqual(streams, devices.map((device) => `${device}:core_metrics:history`));
  const pause = () => waitFor("the pause", () => clock.sleepers === 1, { pollMs: 1 });
  const { length } = reads();
  await waitFor("the next reads", async () => {
    await clock.advance(1);
    return reads().length >= length + 2;
  }, { pollMs: 1 });
  await pause(); // which has just begun
  const before = reads().length;
  await clock.advance(50);
  assert.equal(reads().length, before);
  await clock.advance(50);
  await waitFor("the next read", () => reads().length === before + 2, { pollMs: 1 });
});
