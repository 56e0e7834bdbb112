/** Raw HTTP/2 frames for clients that misbehave (RFC 9113 and RFC 7541). */
export const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export const FRAME = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  windowUpdate: 8,
  continuation: 9,
} as const;
export const FLAG = { ack: 1, endStream: 1, endHeaders: 4 } as const;

/** Encodes a frame (RFC 9113, section 4.1). */
export function frame(
  type: number,
  { flags = 0, stream = 0, payload = new Uint8Array() }: {
    flags?: number;
    stream?: number;
    payload?: Uint8Array;
  } = {},
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(9 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length << 8 | type);
  bytes[4] = flags;
  view.setUint32(5, stream);
  bytes.set(payload, 9);
  return bytes;
}

/** Concatenates byte arrays. */
export function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Encodes a SETTINGS frame with one setting. */
export function setting(id: number, value: number): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(6);
  const view = new DataView(payload.buffer);
  view.setUint16(0, id);
  view.setUint32(2, value);
  return frame(FRAME.settings, { payload });
}

/** Encodes headers as literals without indexing (RFC 7541, section 6.2.2). */
export function headerBlock(fields: readonly (readonly [string, string])[]): Uint8Array {
  const text = (value: string) => {
    const bytes = new TextEncoder().encode(value);
    const length = bytes.length < 127
      ? [bytes.length]
      : [127, (bytes.length - 127) % 128 | 128, Math.floor((bytes.length - 127) / 128)];
    return join(Uint8Array.from(length), bytes);
  };
  return join(...fields.map(([name, value]) => join(Uint8Array.of(0), text(name), text(value))));
}

/** Encodes a gRPC call with an empty request, without the request if `open`. */
export function call(
  stream: number,
  path: string,
  { fields = [], open = false }: {
    fields?: readonly (readonly [string, string])[];
    open?: boolean;
  } = {},
): Uint8Array<ArrayBuffer> {
  const payload = headerBlock([
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "x"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ...fields,
  ]);
  const head = frame(FRAME.headers, { flags: FLAG.endHeaders, stream, payload });
  const empty = frame(FRAME.data, { flags: FLAG.endStream, stream, payload: new Uint8Array(5) });
  return open ? head : join(head, empty);
}

/** Writes all bytes; returns false if the peer has closed the connection. */
export async function writes(socket: Deno.Conn, bytes: Uint8Array): Promise<boolean> {
  try {
    for (let at = 0; at < bytes.length;) at += await socket.write(bytes.subarray(at));
    return true;
  } catch {
    return false;
  }
}

/** Reads until the peer closes the connection. */
export async function readToEnd(socket: Deno.Conn): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  const chunk = new Uint8Array(65536);
  try {
    for (let read = await socket.read(chunk); read !== null; read = await socket.read(chunk)) {
      parts.push(chunk.slice(0, read));
    }
  } catch {
    // A TCP reset also ends the connection.
  }
  return join(...parts);
}

/** Header of a received frame. */
export interface ReceivedFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
}

/** Returns the frames in `bytes`, without an incomplete one at the end. */
export function framesOf(bytes: Uint8Array<ArrayBuffer>): ReceivedFrame[] {
  const frames: ReceivedFrame[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 9 <= bytes.length;) {
    const end = at + 9 + (view.getUint32(at) >>> 8);
    if (end > bytes.length) break;
    frames.push({ type: bytes[at + 3]!, flags: bytes[at + 4]!, stream: view.getUint32(at + 5) });
    at = end;
  }
  return frames;
}

/** Reads frames until `isExpected` returns true. @throws {Error} if the peer closes before. */
export async function readUntil(
  socket: Deno.Conn,
  isExpected: (frame: ReceivedFrame) => boolean,
): Promise<void> {
  let bytes: Uint8Array<ArrayBuffer> = new Uint8Array();
  const chunk = new Uint8Array(65536);
  while (true) {
    while (bytes.length >= 9) {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      const length = 9 + (view.getUint32(0) >>> 8);
      if (bytes.length < length) break;
      if (isExpected({ type: bytes[3]!, flags: bytes[4]!, stream: view.getUint32(5) })) return;
      bytes = bytes.subarray(length);
    }
    const read = await socket.read(chunk);
    if (read === null) throw new Error("The peer closed the connection before the expected frame");
    bytes = join(bytes, chunk.subarray(0, read));
  }
}

/** Returns a predicate for the trailers that end the response on `stream`. */
export function isEndOfResponse(stream: number): (frame: ReceivedFrame) => boolean {
  return (frame) =>
    frame.stream === stream && frame.type === FRAME.headers && (frame.flags & FLAG.endStream) !== 0;
}
