import assert from "node:assert/strict";
import calculateSlot from "cluster-key-slot";
import fc from "fast-check";
import { parseChannel } from "../../../../src/transports/redis/channel.ts";
import {
  partitionTags,
  taggedPrefix,
  untaggedPrefix,
} from "../../../../src/transports/redis/partition.ts";

const prefixes = fc.stringMatching(/^[^\s*?[\]\\^{}\p{Cc}]{1,200}$/u);
const partitionCounts = fc.integer({ min: 1, max: 1024 });

Deno.test("taggedPrefix() puts every name of a device into one slot, in the range of its prefix", () => {
  fc.assert(fc.property(prefixes, partitionCounts, (keyPrefix, partitions) => {
    const prefix = taggedPrefix({ keyPrefix, partitions });
    const rangeOf = (key: string) => Math.floor(calculateSlot(key) * partitions / 16_384);
    const slots = ["status", "frame", "core_metrics:history", "command_queue", "frame:demand"]
      .map((name) => calculateSlot(`${prefix}:${name}`));
    assert.equal(new Set(slots).size, 1, prefix);
    assert.equal(rangeOf(prefix), rangeOf(keyPrefix));
  }));
});

Deno.test("untaggedPrefix() returns the name of the device, with and without a tag", () => {
  fc.assert(fc.property(prefixes, partitionCounts, (keyPrefix, partitions) => {
    assert.equal(untaggedPrefix(taggedPrefix({ keyPrefix, partitions })), keyPrefix);
    assert.equal(untaggedPrefix(keyPrefix), keyPrefix);
  }));
});

Deno.test("taggedPrefix() changes no prefix without partitions, and matches all of them by a pattern", () => {
  assert.equal(taggedPrefix({ keyPrefix: "ward-1" }), "ward-1");
  assert.equal(taggedPrefix({ keyPrefix: "ward-1", partitions: 0 }), "ward-1");
  assert.equal(taggedPrefix({ keyPrefix: "ward-*", partitions: 0 }), "ward-*");
  assert.equal(taggedPrefix({ keyPrefix: "ward-*", partitions: 128 }), "{p*}:ward-*");
});

// The names are stored by devices and computed by clients in other languages.
Deno.test("taggedPrefix() keeps the tags that are documented", () => {
  const tag = (keyPrefix: string) => taggedPrefix({ keyPrefix, partitions: 128 });
  assert.deepEqual(["ward-1", "ward-2", "bed-4"].map(tag), [
    "{p68}:ward-1",
    "{p110}:ward-2",
    "{p165}:bed-4",
  ]);
});

for (const partitions of [16, 128, 1024]) {
  Deno.test(`partitionTags() spreads ${partitions} partitions evenly over three and five masters`, () => {
    const slots = partitionTags(partitions).map((tag) => calculateSlot(tag));
    assert.equal(new Set(slots).size, partitions);
    for (const masters of [3, 5]) {
      const counts = Array.from(
        { length: masters },
        (_, master) =>
          slots.filter((slot) => Math.floor(slot * masters / 16_384) === master).length,
      );
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 2, `${counts}`);
    }
  });
}

Deno.test("parseChannel() returns the device without its partition", () => {
  assert.deepEqual(parseChannel("{p17}:ward-1:status"), { device: "ward-1", topic: "status" });
  assert.deepEqual(parseChannel("{p}:ward-1:status")?.device, "{p}:ward-1");
  assert.equal(parseChannel("{p17}::status"), undefined);
});
