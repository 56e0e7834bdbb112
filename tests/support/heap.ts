import v8 from "node:v8";
import vm from "node:vm";

/** Bytes of the JavaScript heap that are in use after everything that can go has gone. */
export function heapInUse(): number {
  v8.setFlagsFromString("--expose-gc");
  const collect: () => void = vm.runInNewContext("gc");
  collect();
  return Deno.memoryUsage().heapUsed;
}
