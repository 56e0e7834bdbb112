import { VERSION } from "../../base/version.ts";
import { type Topic, TOPICS } from "../../envelopes/fields/table.ts";
import { envelopeSchema } from "../../envelopes/render/json_schema.ts";
import type { ReceivedEnvelope } from "../../envelopes/received.ts";
import type { ReplacedFile } from "../replaced_file.ts";
import type { RecordingFormat } from "./format.ts";
import { RecordWriter } from "./mcap_record.ts";

/** The opcodes of MCAP version 0. */
const OPCODE = {
  header: 0x01,
  footer: 0x02,
  schema: 0x03,
  channel: 0x04,
  message: 0x05,
  chunk: 0x06,
  messageIndex: 0x07,
  chunkIndex: 0x08,
  statistics: 0x0b,
  dataEnd: 0x0f,
} as const;
const MAGIC = Uint8Array.of(0x89, 0x4d, 0x43, 0x41, 0x50, 0x30, 0x0d, 0x0a);
/** Size of a chunk, the smallest part that a reader loads, in bytes. Chosen. */
const CHUNK_BYTES = 1 << 20;

/**
 * MCAP (version 0): the envelopes as JSON messages with their JSON Schemas, in chunks with an index.
 * The log time of a message is its capture time.
 */
export const mcap: RecordingFormat = {
  *write(session) {
    using file = session.replace(".mcap");
    const writer = new McapWriter(file);
    for (const envelope of session.envelopes()) {
      if (envelope) writer.add(envelope);
      yield;
    }
    writer.finish();
    file.complete();
  },
};

/** A chunk of the file, for its index. */
interface ChunkInfo {
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly offset: bigint;
  readonly length: bigint;
  /** Offset of the message index of each channel. */
  readonly indexes: ReadonlyMap<number, bigint>;
  readonly indexLength: bigint;
  readonly size: bigint;
}

/** Writes the records of one file in order. */
class McapWriter {
  readonly #file: Pick<ReplacedFile, "write">;
  #offset = 0n;
  #chunk = new RecordWriter();
  /** Time and offset in the chunk of each message, by channel. */
  #chunkIndex = new Map<number, [timeNs: bigint, offset: bigint][]>();
  #chunkStartNs = 0n;
  #chunkEndNs = 0n;
  readonly #chunks: ChunkInfo[] = [];
  readonly #counts = new Map<number, bigint>();
  /** Id of the channel and of the schema of each topic. */
  readonly #channels = new Map<Topic, number>();
  #startNs: bigint | undefined;
  #endNs = 0n;

  constructor(file: Pick<ReplacedFile, "write">) {
    this.#file = file;
    this.#write(MAGIC);
    this.#write(
      new RecordWriter().record(OPCODE.header, (record) => {
        record.text("").text(`physiology_server ${VERSION}`);
      }).bytes(),
    );
  }

  add(envelope: ReceivedEnvelope): void {
    const topic = TOPICS.find((each) => each === envelope.type);
    if (!topic || envelope.timestamp < 0) return;
    const id = this.#channelOf(topic);
    const timeNs = BigInt(Math.trunc(envelope.timestamp)) * 1000n;
    const index = this.#chunkIndex.get(id) ?? [];
    if (this.#chunkIndex.size === 0) this.#chunkStartNs = this.#chunkEndNs = timeNs;
    this.#chunkIndex.set(id, index);
    index.push([timeNs, BigInt(this.#chunk.length)]);
    const sequence = Number(this.#counts.get(id) ?? 0n);
    this.#chunk.record(OPCODE.message, (record) => {
      record.uint16(id).uint32(sequence).uint64(timeNs).uint64(timeNs);
      record.raw(new TextEncoder().encode(JSON.stringify(envelope)));
    });
    this.#counts.set(id, BigInt(sequence + 1));
    if (timeNs < this.#chunkStartNs) this.#chunkStartNs = timeNs;
    if (timeNs > this.#chunkEndNs) this.#chunkEndNs = timeNs;
    if (this.#chunk.length >= CHUNK_BYTES) this.#endChunk();
  }

  /** Writes the last chunk, the summary and the footer. */
  finish(): void {
    this.#endChunk();
    this.#write(new RecordWriter().record(OPCODE.dataEnd, (record) => record.uint32(0)).bytes());
    const summaryStart = this.#offset;
    const summary = new RecordWriter();
    for (const [topic, id] of this.#channels) declare(summary, topic, id);
    for (const chunk of this.#chunks) indexChunk(summary, chunk);
    summary.record(OPCODE.statistics, (record) => {
      record.uint64([...this.#counts.values()].reduce((sum, count) => sum + count, 0n));
      record.uint16(this.#channels.size).uint32(this.#channels.size);
      record.uint32(0).uint32(0).uint32(this.#chunks.length);
      record.uint64(this.#startNs ?? 0n).uint64(this.#endNs);
      record.map(this.#counts, (count) => record.uint64(count));
    });
    summary.record(OPCODE.footer, (record) => record.uint64(summaryStart).uint64(0n).uint32(0));
    this.#write(summary.bytes());
    this.#write(MAGIC);
  }

  #channelOf(topic: Topic): number {
    const known = this.#channels.get(topic);
    if (known !== undefined) return known;
    const id = this.#channels.size + 1;
    this.#channels.set(topic, id);
    declare(this.#chunk, topic, id);
    return id;
  }

  #endChunk(): void {
    const records = this.#chunk.bytes();
    if (this.#chunkIndex.size === 0) return;
    const [startNs, endNs] = [this.#chunkStartNs, this.#chunkEndNs];
    const size = BigInt(records.length);
    const offset = this.#offset;
    this.#write(
      new RecordWriter().record(OPCODE.chunk, (record) => {
        record.uint64(startNs).uint64(endNs).uint64(size).uint32(0).text("");
        record.uint64(size).raw(records);
      }).bytes(),
    );
    const indexStart = this.#offset;
    const indexes = new Map<number, bigint>();
    for (const [id, entries] of this.#chunkIndex) {
      indexes.set(id, this.#offset);
      this.#write(
        new RecordWriter().record(OPCODE.messageIndex, (record) => {
          record.uint16(id).uint32(16 * entries.length);
          for (const [timeNs, at] of entries) record.uint64(timeNs).uint64(at);
        }).bytes(),
      );
    }
    const length = indexStart - offset;
    const indexLength = this.#offset - indexStart;
    this.#chunks.push({ startNs, endNs, offset, length, indexes, indexLength, size });
    if (this.#startNs === undefined || startNs < this.#startNs) this.#startNs = startNs;
    if (endNs > this.#endNs) this.#endNs = endNs;
    this.#chunk = new RecordWriter();
    this.#chunkIndex = new Map();
  }

  #write(bytes: Uint8Array): void {
    this.#file.write(bytes);
    this.#offset += BigInt(bytes.length);
  }
}

/** Writes the schema and the channel of a topic. */
function declare(writer: RecordWriter, topic: Topic, id: number): void {
  const schema = new TextEncoder().encode(JSON.stringify(envelopeSchema(topic)));
  writer.record(OPCODE.schema, (record) => {
    record.uint16(id).text(topic).text("jsonschema").uint32(schema.length).raw(schema);
  });
  writer.record(OPCODE.channel, (record) => {
    record.uint16(id).uint16(id).text(topic).text("json").uint32(0);
  });
}

function indexChunk(writer: RecordWriter, chunk: ChunkInfo): void {
  writer.record(OPCODE.chunkIndex, (record) => {
    record.uint64(chunk.startNs).uint64(chunk.endNs).uint64(chunk.offset).uint64(chunk.length);
    record.map(chunk.indexes, (offset) => record.uint64(offset));
    record.uint64(chunk.indexLength).text("").uint64(chunk.size).uint64(chunk.size);
  });
}
