import v8 from "node:v8";
import vm from "node:vm";

/** Runs a full garbage collection. */
export function collectGarbage(): void {
  v8.setFlagsFromString("--expose-gc");
  const collect: () => void = vm.runInNewContext("gc");
  collect();
}

/** Bytes of the JavaScript heap in use after a full garbage collection. */
export function heapInUse(): number {
  collectGarbage();
  return Deno.memoryUsage().heapUsed;
}
