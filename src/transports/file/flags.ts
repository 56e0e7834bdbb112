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

/** The file backend; each row is also a key of the file that `--filesystem_ipc_config_path` names. */
export const fileFlags = topic("File backend", ["serve"], {
  configPath: optionalPath("filesystem_ipc_config_path", "JSON file with the values below."),
  saveDefaultConfig: bool(
    "save_default_file_ipc_config",
    "Write default_file_ipc_config.json to the current folder and exit.",
    { action: "save-default-config" },
  ),
  baseDirectory: path("file_base_directory", "Folder to write to.", {
    default: "./file_ipc_output",
    placeholder: "FOLDER",
    writes: "folder",
    file: documented("base_directory"),
    pattern: { regex: /./, description: "the path of a folder" },
  }),
  createIfMissing: bool("file_create_if_missing", "Create the folder if it does not exist.", {
    default: true,
    file: documented("create_if_missing"),
  }),
  truncateOnInit: bool("file_truncate_on_init", "Truncate the files at the start.", {
    default: true,
    file: documented("truncate_on_init"),
  }),
  maxFrameCount: int(
    "file_max_frame_count",
    "Number of numbered frames to keep; 0: only the latest frame.",
    {
      default: 0,
      range: [0, 1_000_000_000],
      file: documented("max_frame_count"),
    },
  ),
  useFileLocking: bool("file_use_file_locking", "Lock a file with flock while writing to it.", {
    default: true,
    file: documented("use_file_locking"),
  }),
  frameExtension: text(
    "file_frame_extension",
    "File extension of frames; jpg becomes ppm if frames are not compressed.",
    {
      default: "jpg",
      placeholder: "EXT",
      file: documented("frame_extension"),
      pattern: { regex: /^[A-Za-z0-9]{1,8}$/, description: "1 to 8 letters or digits" },
    },
  ),
  compressFrames: bool(
    "file_compress_frames",
    "Write frames as JPEG; --nofile_compress_frames: as PPM, decoded from the JPEG.",
    {
      default: true,
      file: documented("compress_frames"),
    },
  ),
  ioBufferSize: int("file_io_buffer_size", "Size of the write buffer in bytes.", {
    default: 8192,
    range: [0, 16_777_216],
    placeholder: "BYTES",
    file: documented("io_buffer_size"),
  }),
  enableDebugLogging: bool("file_enable_debug_logging", "Log every write.", {
    file: documented("enable_debug_logging"),
  }),
  rotateBytes: int("file_rotate_bytes", "Size in bytes at which a file is rotated; 0: never.", {
    default: 0,
    range: [0, Number.MAX_SAFE_INTEGER],
    placeholder: "BYTES",
    file: own("rotate_bytes"),
  }),
  rotateSeconds: int(
    "file_rotate_seconds",
    "Age in seconds at which a file is rotated; 0: never.",
    {
      default: 0,
      range: [0, 31_536_000],
      placeholder: "S",
      file: own("rotate_seconds"),
    },
  ),
  rotateKeep: int("file_rotate_keep", "Number of rotated files to keep, of each kind.", {
    default: 10,
    range: [0, 1_000_000],
    file: own("rotate_keep"),
  }),
});

export type FileSettings = ValuesOf<typeof fileFlags>;

export const filePermissions: PermissionsOf<{ readonly file: FileSettings }> = ({ file }) => ({
  write: [file.baseDirectory],
});
