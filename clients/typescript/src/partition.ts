/** Number of hash slots of a Redis Cluster. */
const SLOTS = 16_384;

/**
 * Returns what the names of a device begin with on a server with `--redis_partitions`:
 * `{p68}:ward-1` instead of `ward-1`. The tag is the first of `p0`, `p1`, ... whose hash slot is in
 * the same of `partitions` equal ranges as the slot of the key prefix; 0: no tag.
 */
export function taggedPrefix(prefix: string, partitions: number): string {
  if (partitions === 0) return prefix;
  const rangeOf = (key: string) => Math.floor(slotOf(key) * partitions / SLOTS);
  const range = rangeOf(prefix);
  let at = 0;
  while (rangeOf(`p${at}`) !== range) at++;
  return `{p${at}}:${prefix}`;
}

/** Slot of a key without a hash tag: its CRC-16 (XMODEM) modulo the number of slots. */
function slotOf(key: string): number {
  let crc = 0;
  for (const byte of new TextEncoder().encode(key)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0);
  }
  return (crc & 0xffff) % SLOTS;
}
