import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { Connections } from "../../../../src/transports/http/connections.ts";
import { HeldTimers } from "../../../support/held_timers.ts";

/** A socket from an address, that reports its end like a real one. */
class FakeSocket extends EventEmitter {
  static #port = 0;
  destroyed = false;
  readonly remotePort = ++FakeSocket.#port;

  constructor(readonly remoteAddress: string) {
    super();
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit("close");
  }
}

function fixture(maxPerAddress: number) {
  const timers = new HeldTimers();
  const connections = new Connections({ idleMs: 1000, maxPerAddress });
  const open = (address: string) => {
    const socket = new FakeSocket(address) as FakeSocket & Socket;
    connections.add(socket);
    return socket;
  };
  return { connections, open, timers, [Symbol.dispose]: () => timers[Symbol.dispose]() };
}

Deno.test("Connections closes the one of an address that is idle for the longest time for a new one", () => {
  using held = fixture(3);
  const [first, second, third] = [1, 2, 3].map(() => held.open("192.0.2.1"));
  const other = held.open("192.0.2.2");
  held.connections.busy(first!);
  held.connections.idle(first!);
  const fourth = held.open("192.0.2.1");
  assert.deepEqual(
    [first, second, third, fourth, other].map((socket) => socket!.destroyed),
    [false, true, false, false, false],
  );
  assert.equal(held.connections.size, 4);
  held.connections.closeAll();
});

Deno.test("Connections accepts no further one from an address whose connections are all in use", () => {
  using held = fixture(2);
  for (let count = 0; count < 2; count++) held.connections.busy(held.open("2001:db8:1:2::1"));
  assert.equal(held.open("2001:db8:1:2:ffff::9").destroyed, true, "the same network");
  assert.equal(held.open("2001:db8:1:3::1").destroyed, false);
  assert.equal(held.open("192.0.2.1").destroyed, false);
  held.connections.closeAll();
  assert.deepEqual([held.connections.size, held.timers.remainingMs], [0, []]);
});

Deno.test("Connections counts all of loopback, and IPv4 in IPv6, as one address", () => {
  for (
    const [one, same] of [
      ["127.0.0.1", "127.9.9.9"],
      ["127.0.0.1", "::1"],
      ["192.0.2.1", "::ffff:192.0.2.1"],
      ["fe80::1%eth0", "fe80::2%eth0"],
      ["2001:db8::1", "2001:db8:0:0:5::1"],
    ] as const
  ) {
    using held = fixture(1);
    held.connections.busy(held.open(one));
    assert.equal(held.open(same).destroyed, true, same);
    held.connections.closeAll();
  }
});

Deno.test("Connections.closeIdle() leaves those in use, and an idle one ends after its time", () => {
  using held = fixture(10);
  const busy = held.open("192.0.2.1");
  const idle = held.open("192.0.2.1");
  held.connections.busy(busy);
  held.connections.closeIdle();
  assert.deepEqual([busy.destroyed, idle.destroyed], [false, true]);
  held.connections.idle(busy);
  held.timers.advance(900);
  assert.equal(busy.destroyed, false);
  held.timers.advance(200);
  assert.equal(busy.destroyed, true);
});
