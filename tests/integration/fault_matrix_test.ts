import assert from "node:assert/strict";
import { FAULTS, runFault } from "../../scripts/fault_matrix/matrix.ts";
import { IndependentSubscriber } from "../../scripts/fault_matrix/subscriber.ts";
import { startRedis } from "../support/redis_server.ts";
import { waitFor } from "../support/wait.ts";

/** Publishes core metrics as a faulty server would. */
interface Publication {
  readonly sequence: number;
  readonly replayed?: true;
  /** @default "physiology:core_metrics" */
  readonly channel?: string;
  /** @default "a" */
  readonly boot?: string;
}

Deno.test("subscriber.py counts what is missing, doubled, out of order and in a foreign channel", async () => {
  await using broker = await startRedis();
  await using subscriber = await IndependentSubscriber.start({ port: broker.port });
  const publisher = broker.client();
  const publications: readonly Publication[] = [
    ...[0, 1, 2, 3, 9].map((sequence) => ({ sequence })), // 7 of 0 to 9 are left out at first
    { sequence: 6 }, // out of order
    { sequence: 9 }, // doubled
    { sequence: 3, replayed: true }, // doubled with a mark
    { sequence: 5, replayed: true },
    { sequence: 4, replayed: true }, // out of order
    { sequence: 0, boot: "b", channel: "ward2:core_metrics" },
    { sequence: 1, boot: "b" }, // foreign
    { sequence: 10, channel: "physiology:edge_metrics" }, // foreign
  ];
  for (
    const { sequence, replayed, channel = "physiology:core_metrics", boot = "a" } of publications
  ) {
    const metadata = { sequence, boot_id: boot, ...replayed && { replayed } };
    const envelope = { type: "core_metrics", timestamp: 1e15 + sequence, payload: { metadata } };
    await publisher.publish(channel, JSON.stringify(envelope));
  }
  const report = await waitFor("all messages", async () => {
    const { foreign, ...counts } = await subscriber.report();
    return foreign === 2 && { foreign, ...counts };
  });
  const { received, missing, doubledUnmarked, doubledMarked, outOfOrder } = report;
  assert.deepEqual(
    { received, missing, doubledUnmarked, doubledMarked, outOfOrder },
    { received: 10, missing: 2, doubledUnmarked: 1, doubledMarked: 1, outOfOrder: 2 },
  );
});

Deno.test("server loses, doubles and misplaces no core metric during any fault of the matrix", async (t) => {
  for (const fault of FAULTS) {
    const skipped = fault.unavailable?.();
    await t.step({
      name: skipped === undefined ? fault.name : `${fault.name} (skipped: ${skipped})`,
      ignore: skipped !== undefined,
      fn: async () => {
        const row = await runFault(fault, { short: true });
        if (row.skipped !== undefined) return;
        const { missing, doubledUnmarked, outOfOrder, foreign } = row.report;
        assert.ok(missing <= (fault.expectation?.missing ?? 0), `${missing} missing\n${row.log}`);
        assert.deepEqual([doubledUnmarked, outOfOrder, foreign], [0, 0, 0], row.log);
        assert.notEqual(row.report.recoveryMs, null, row.log);
      },
    });
  }
});
