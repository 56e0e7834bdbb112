import v8 from "node:v8";
import vm from "node:vm";

/** Bytes of the JavaScript heap in use after a full garbage collection. */
export function heapInUse(): number {
  v8.setFlagsFromString("--expose-gc");
  const collect: () => void = vm.runInNewContext("gc");
  collect();
  return Deno.memoryUsage().heapUsed;
}
