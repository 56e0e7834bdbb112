import {
  bool,
  type ConfigFile,
  int,
  optionalPath,
  path,
  text,
  topic,
  type ValuesOf,
} from "../../config/flag.ts";
import type { PermissionsOf } from "../../config/permissions.ts";

/** The file that `--filesystem_ipc_config_path` names. */
const FILE_CONFIG_FILE: ConfigFile = {
  name: "filesystem",
  pathFlag: "filesystem_ipc_config_path",
  saveFlag: "save_default_file_ipc_config",
  defaultFile: "default_file_ipc_config.json",
  schemaFile: "file_ipc_config.schema.json",
};

const documented = (key: string) => ({ config: FILE_CONFIG_FILE, key, documented: true });
const own = (key: string) => ({ config: FILE_CONFIG_FILE, key, documented: false });

/** The file backend; each row is also a key of the file that the first one names. */
export const fileFlags = topic("File backend", ["serve"], {
  configPath: optionalPath("filesystem_ipc_config_path", "A JSON file with the values below."),
  saveDefaultConfig: bool(
    "save_default_file_ipc_config",
    "Write default_file_ipc_config.json into the current folder and stop.",
    { action: "save-default-config" },
  ),
  baseDirectory: path("file_base_directory", "The folder to write into.", {
    default: "./file_ipc_output",
    placeholder: "FOLDER",
    writes: "folder",
    file: documented("base_directory"),
    pattern: { regex: /./, says: "the path of a folder" },
  }),
  createIfMissing: bool("file_create_if_missing", "Make the folder where it is missing.", {
    default: true,
    file: documented("create_if_missing"),
  }),
  truncateOnInit: bool("file_truncate_on_init", "Start with empty files.", {
    default: true,
    file: documented("truncate_on_init"),
  }),
  maxFrameCount: int("file_max_frame_count", "Numbered frames to keep; 0: only the latest.", {
    default: 0,
    range: [0, 1_000_000_000],
    file: documented("max_frame_count"),
  }),
  useFileLocking: bool("file_use_file_locking", "Lock each file by flock while it is written.", {
    default: true,
    file: documented("use_file_locking"),
  }),
  frameExtension: text(
    "file_frame_extension",
    "How the names of frames end; jpg becomes ppm where they are not compressed.",
    {
      default: "jpg",
      placeholder: "EXT",
      file: documented("frame_extension"),
      pattern: { regex: /^[A-Za-z0-9]{1,8}$/, says: "1 to 8 letters or digits" },
    },
  ),
  compressFrames: bool(
    "file_compress_frames",
    "Write frames as JPEG; --nofile_compress_frames: as PPM, decoded from it.",
    {
      default: true,
      file: documented("compress_frames"),
    },
  ),
  ioBufferSize: int("file_io_buffer_size", "Bytes that are gathered before a write.", {
    default: 8192,
    range: [0, 16_777_216],
    placeholder: "BYTES",
    file: documented("io_buffer_size"),
  }),
  enableDebugLogging: bool("file_enable_debug_logging", "Log each write.", {
    file: documented("enable_debug_logging"),
  }),
  rotateBytes: int("file_rotate_bytes", "Size at which a file is set aside; 0: never.", {
    default: 0,
    range: [0, Number.MAX_SAFE_INTEGER],
    placeholder: "BYTES",
    file: own("rotate_bytes"),
  }),
  rotateSeconds: int("file_rotate_seconds", "Age at which a file is set aside; 0: never.", {
    default: 0,
    range: [0, 31_536_000],
    placeholder: "S",
    file: own("rotate_seconds"),
  }),
  rotateKeep: int("file_rotate_keep", "Files set aside that are kept, of each kind.", {
    default: 10,
    range: [0, 1_000_000],
    file: own("rotate_keep"),
  }),
});

export type FileSettings = ValuesOf<typeof fileFlags>;

export const filePermissions: PermissionsOf<{ readonly file: FileSettings }> = ({ file }) => ({
  write: [file.baseDirectory],
});
