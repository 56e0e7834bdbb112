import { ConfigError } from "../../base/errors.ts";
import type { Transport } from "../transport.ts";
import { explainFileError } from "./file_error.ts";
import { fileFlags, filePermissions, type FileSettings } from "./flags.ts";

/** File in the base directory to which clients append recording commands. */
const COMMAND_FILE = "command.jsonl";

/** Publishing to files: JSON lines and JPEGs. */
export const fileTransport = {
  name: "file",
  topics: { file: fileFlags },
  rules: [],
  permissions: filePermissions,
  async check({ file }) {
    const { baseDirectory, createIfMissing } = file;
    try {
      const { isDirectory } = await Deno.stat(baseDirectory);
      if (!isDirectory) throw new Deno.errors.NotADirectory();
    } catch (cause) {
      if (createIfMissing && cause instanceof Deno.errors.NotFound) return;
      throw new ConfigError(explainFileError(cause, baseDirectory), { cause });
    }
  },
  async open({ file }, context) {
    const { CommandFile } = await import("../../control/command_file.ts");
    const { pixmapDecoder } = await import("../../frames/pixmap.ts");
    const { FileBackend } = await import("./file_backend.ts");
    const commands = new CommandFile({
      ...context,
      path: `${file.baseDirectory}/${COMMAND_FILE}`,
      onCommand: (bytes) => context.commands.handle(bytes, "file"),
    });
    if (file.compressFrames) {
      return { backend: new FileBackend(file, context), receivers: [commands] };
    }
    const frameExtension = file.frameExtension === "jpg" ? "ppm" : file.frameExtension;
    const backend = new FileBackend({ ...file, frameExtension }, {
      ...context,
      convertJpeg: pixmapDecoder(),
    });
    return { backend, receivers: [commands] };
  },
} as const satisfies Transport<{ readonly file: FileSettings }>;
