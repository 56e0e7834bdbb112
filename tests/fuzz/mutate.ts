import type { Random } from "../support/random.ts";

/** Values at which sizes and counters of parsers change their behavior. */
const INTERESTING = [0, 1, 10, 13, 0x20, 0x2d, 0x30, 0x39, 0x7f, 0x80, 0xfe, 0xff];
const INTERESTING_32 = [0, 1, 4095, 4096, 65_535, 65_536, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** What a mutation may take bytes from. */
export interface Material {
  /** Another input, for a crossover. */
  readonly other: Uint8Array;
  /** Tokens of the format. */
  readonly dictionary: readonly Uint8Array[];
  readonly maxBytes: number;
}

/** Returns a copy of an input with one to eight changes, as libFuzzer makes them. */
export function mutate(
  input: Uint8Array,
  random: Random,
  { other, dictionary, maxBytes }: Material,
): Uint8Array<ArrayBuffer> {
  let bytes = Uint8Array.from(input);
  const below = (limit: number) => Math.floor(random.uniform() * limit);
  const pick = <T>(list: readonly T[]) => list[below(list.length)]!;
  const splice = (at: number, removed: number, added: ArrayLike<number>) => {
    const next = new Uint8Array(bytes.length - removed + added.length);
    next.set(bytes.subarray(0, at));
    next.set(added, at);
    next.set(bytes.subarray(at + removed), at + added.length);
    bytes = next;
  };
  const slice = (from: Uint8Array) => {
    const start = below(from.length);
    return from.slice(start, start + 1 + below(Math.min(64, from.length - start)));
  };
  const changes: readonly (() => void)[] = [
    () => bytes[below(bytes.length)]! ^= 1 << below(8),
    () => bytes[below(bytes.length)] = below(256),
    () => bytes[below(bytes.length)] = pick(INTERESTING),
    () => bytes[below(bytes.length)]! += pick([-1, 1, 16, -16]),
    () => splice(below(bytes.length + 1), 0, [below(256)]),
    () => {
      const at = below(bytes.length);
      splice(at, Math.min(bytes.length - at, 1 + below(16)), []);
    },
    () => splice(below(bytes.length + 1), 0, slice(bytes)),
    () => splice(below(bytes.length + 1), 0, slice(other)),
    () => {
      const at = below(bytes.length);
      bytes = Uint8Array.from([...bytes.subarray(0, at), ...other.subarray(below(other.length))]);
    },
    () => {
      if (bytes.length < 4) return;
      const view = new DataView(bytes.buffer);
      view.setUint32(below(bytes.length - 3), pick(INTERESTING_32), below(2) === 0);
    },
    () => dictionary.length > 0 && splice(below(bytes.length + 1), 0, pick(dictionary)),
    () => {
      if (dictionary.length === 0) return;
      const token = pick(dictionary);
      const at = below(bytes.length + 1);
      splice(at, Math.min(token.length, bytes.length - at), token);
    },
  ];
  for (let left = 1 + below(8); left > 0; left--) {
    if (bytes.length === 0) splice(0, 0, [below(256)]);
    pick(changes)();
  }
  return bytes.slice(0, maxBytes);
}
