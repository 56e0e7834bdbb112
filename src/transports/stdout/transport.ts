import type { Transport } from "../transport.ts";

/** Publishing to stdout, for pipes. */
export const stdoutTransport = {
  name: "stdout",
  topics: {},
  rules: [],
  permissions: () => ({}),
  async open() {
    const { StdoutBackend } = await import("./stdout_backend.ts");
    return { backend: new StdoutBackend(), receivers: [] };
  },
} as const satisfies Transport<unknown>;
