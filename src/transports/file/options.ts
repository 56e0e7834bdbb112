/** Where and how files are written; the keys follow the documented configuration. */
export interface FileOptions {
  readonly baseDirectory: string;
  readonly createIfMissing: boolean;
  /** Begin with empty files and no frames, instead of going on with those of the last run. */
  readonly truncateOnInit: boolean;
  /** How many numbered frames are kept; 0 for only `latest.jpg`. */
  readonly maxFrameCount: number;
  /** Hold an exclusive flock on a file while writing to it. */
  readonly useFileLocking: boolean;
  /** The end of a frame's name, without the dot. */
  readonly frameExtension: string;
  /** Lines are gathered up to this many bytes, or for 100 ms, before they are written. */
  readonly ioBufferSize: number;
  /** A file of lines larger than this is put aside, bytes; 0 for never. */
  readonly rotateBytes: number;
  /** A file of lines older than this is put aside, seconds; 0 for never. */
  readonly rotateSeconds: number;
  /** How many files of each kind that were put aside are kept. */
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
