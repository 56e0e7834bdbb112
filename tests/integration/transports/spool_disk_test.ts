import assert from "node:assert/strict";
import { coreMetric } from "../../support/messages.ts";
import { fillDisk, testWithSmallDisk } from "../../support/folders.ts";
import { optionsFor, startOutbox, subscribe } from "../../support/redis_outbox.ts";
import { freePort, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

testWithSmallDisk(
  "Outbox reports a full disk under its spool and delivers all metrics in order once there is space",
  async (disk) => {
    const port = freePort();
    await using ends = startOutbox(optionsFor({ port }), {
      memoryBytes: 40_000,
      spoolFolder: `${disk}/spool`,
    });
    const spooled = () => ends.counters.get("outbox_spool_bytes");
    let sequence = 0;
    const offer = () => ends.outbox.offer(coreMetric(++sequence));
    await waitFor("a spool", () => {
      offer();
      return spooled() > 0;
    });
    fillDisk(`${disk}/ballast`);
    await waitFor("the problem", () => {
      offer();
      return /Cannot write to the spool.*free disk space/.test(ends.outbox.problem ?? "") ||
        // A problem of the link takes precedence: the spool's then shows in the queue size.
        ends.outbox.queuedBytes > 30_000;
    });
    Deno.removeSync(`${disk}/ballast`);
    const before = spooled();
    await waitFor("more in the spool", () => {
      offer();
      return spooled() > before;
    }, { pollMs: 50 });
    await using server = await startRedis({ port });
    const received = await subscribe(server, "physiology:core_metrics");
    await waitFor("every metric", () => received.length >= sequence, { timeoutMs: 20_000 });
    const order = [...new Set(received.map(({ payload }) => payload.metadata?.sequence))];
    assert.deepEqual(order, Array.from({ length: sequence }, (_, index) => index + 1));
    assert.equal(ends.dropped("metric"), 0);
  },
);
