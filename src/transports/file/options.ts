/** Options of the file backend; the names follow the documented configuration. */
export interface FileOptions {
  readonly baseDirectory: string;
  readonly createIfMissing: boolean;
  /** Start with empty files and no frames, instead of appending to those of the last run. */
  readonly truncateOnInit: boolean;
  /** Number of numbered frames to keep; 0 for only `latest.jpg`. */
  readonly maxFrameCount: number;
  /** Hold an exclusive lock (flock(2)) on a file while writing to it. */
  readonly useFileLocking: boolean;
  /** File name extension of frames, without the dot. */
  readonly frameExtension: string;
  /** Size of the write buffer, in bytes; it is also written every 100 ms. */
  readonly ioBufferSize: number;
  /** Size above which a JSON Lines file is rotated, in bytes; 0 for never. */
  readonly rotateBytes: number;
  /** Age above which a JSON Lines file is rotated, in seconds; 0 for never. */
  readonly rotateSeconds: number;
  /** Number of rotated files to keep per topic. */
  readonly rotateKeep: number;
  /** Log each write. */
  readonly enableDebugLogging?: boolean;
}

export const DEFAULT_FILE_OPTIONS: FileOptions = {
  baseDirectory: "./file_ipc_output",
  createIfMissing: true,
  truncateOnInit: true,
  maxFrameCount: 0,
  useFileLocking: true,
  frameExtension: "jpg",
  ioBufferSize: 8192,
  rotateBytes: 0,
  rotateSeconds: 0,
  rotateKeep: 10,
};
