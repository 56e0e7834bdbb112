import type { Transport } from "../transport.ts";
import { fileFlags, filePermissions, type FileSettings } from "./flags.ts";

export const fileTransport = {
  name: "file",
  topics: { file: fileFlags },
  rules: [],
  permissions: filePermissions,
} as const satisfies Transport<{ readonly file: FileSettings }>;
