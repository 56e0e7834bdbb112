import assert from "node:assert/strict";
import { McapIndexedReader, McapStreamReader, type McapTypes } from "@mcap/core";
import { mcap } from "../../../../src/recording/formats/mcap.ts";
import { envelopeSchema } from "../../../../src/envelopes/render/json_schema.ts";
import type { ReceivedEnvelope } from "../../../../src/envelopes/received.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { recordedEnvelopes, saveSession } from "../../../support/recorded_session.ts";

function savedBytes(envelopes: readonly ReceivedEnvelope[]): Uint8Array<ArrayBuffer> {
  using folder = temporaryFolder();
  saveSession(folder.path, mcap, envelopes);
  return Deno.readFileSync(`${folder.path}/metrics_visit-7.mcap`);
}

/** The index reader of the makers of the format, on a file in memory. */
function openIndexed(bytes: Uint8Array): Promise<McapIndexedReader> {
  return McapIndexedReader.Initialize({
    readable: {
      size: () => Promise.resolve(BigInt(bytes.length)),
      read: (offset, length) =>
        Promise.resolve(bytes.subarray(Number(offset), Number(offset + length))),
    },
  });
}

const textOf = (data: Uint8Array) => JSON.parse(new TextDecoder().decode(data));

Deno.test("mcap writes what @mcap/core reads by its index: messages in order, times and schemas", async () => {
  const envelopes = recordedEnvelopes(60);
  const reader = await openIndexed(savedBytes(envelopes));
  const read: unknown[] = [];
  for await (const { channelId, logTime, data } of reader.readMessages()) {
    const envelope = textOf(data);
    const channel = reader.channelsById.get(channelId)!;
    assert.equal(channel.topic, envelope.type);
    assert.equal(channel.messageEncoding, "json");
    assert.equal(logTime, BigInt(envelope.timestamp) * 1000n);
    read.push(envelope);
  }
  assert.deepEqual(read, envelopes);
  assert.equal(reader.statistics?.messageCount, BigInt(envelopes.length));
  assert.equal(reader.statistics.messageStartTime, BigInt(envelopes[0]!.timestamp) * 1000n);
  assert.equal(reader.statistics.messageEndTime, BigInt(envelopes.at(-1)!.timestamp) * 1000n);
  assert.deepEqual(
    [...reader.schemasById.values()].map(({ name, encoding, data }) => [
      name,
      encoding,
      textOf(data),
    ]),
    (["recording_state", "core_metrics", "edge_metrics"] as const).map((topic) => [
      topic,
      "jsonschema",
      envelopeSchema(topic),
    ]),
  );
});

Deno.test("mcap writes several chunks, of which a reader loads those of a time", async () => {
  const envelopes = recordedEnvelopes(600);
  const reader = await openIndexed(savedBytes(envelopes));
  assert.ok(reader.chunkIndexes.length > 1, `${reader.chunkIndexes.length} chunks`);
  const [fromUs, toUs] = [300, 301].map((second) => envelopes[0]!.timestamp + second * 1e6);
  const expected = envelopes.filter(({ timestamp }) => timestamp >= fromUs! && timestamp <= toUs!);
  const read: unknown[] = [];
  const range = { startTime: BigInt(fromUs!) * 1000n, endTime: BigInt(toUs!) * 1000n };
  for await (const { data } of reader.readMessages(range)) read.push(textOf(data));
  assert.deepEqual(read, expected);
});

Deno.test("mcap writes records that @mcap/core reads from start to end, also of an empty session", () => {
  for (const [seconds, count] of [[1, 12], [0, 2]] as const) {
    const reader = new McapStreamReader({ validateCrcs: true });
    reader.append(savedBytes(recordedEnvelopes(seconds)));
    const types: McapTypes.TypedMcapRecord["type"][] = [];
    for (let record; (record = reader.nextRecord());) types.push(record.type);
    assert.ok(reader.done());
    assert.equal(types.filter((type) => type === "Message").length, count);
    assert.equal(types.at(-1), "Footer");
  }
});
