import assert from "node:assert/strict";
import { CallLimit, type CallOwner } from "../../../../src/transports/grpc/call_limit.ts";

class FakeOwner implements CallOwner {
  constructor(public calls: number) {}
  shed(): void {
    this.calls--;
  }
}

const callsOf = (owners: readonly FakeOwner[]) => owners.map(({ calls }) => calls);

Deno.test("CallLimit.admit() lets every call begin below the limit", () => {
  const owners = [new FakeOwner(9), new FakeOwner(0)];
  const limit = new CallLimit(10, owners);
  assert.equal(limit.admit(owners[0]!), true);
  assert.deepEqual(callsOf(owners), [9, 0]);
});

Deno.test("CallLimit.admit() sheds a call of the connection that has most, at the limit", () => {
  const owners = [new FakeOwner(3), new FakeOwner(7), new FakeOwner(0)];
  const limit = new CallLimit(10, owners);
  assert.equal(limit.admit(owners[2]!), true);
  assert.deepEqual(callsOf(owners), [3, 6, 0]);
});

Deno.test("CallLimit.admit() refuses the connection that has most, and one that has hardly less", () => {
  for (const [calls, accepted] of [[5, false], [4, false], [3, true]] as const) {
    const owners = [new FakeOwner(5), new FakeOwner(calls), new FakeOwner(5 - calls)];
    assert.equal(new CallLimit(10, owners).admit(owners[1]!), accepted, `${calls}`);
  }
});
