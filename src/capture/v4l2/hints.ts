import { NativeError, type NativeStatus } from "../../../ffi/library.ts";
import { reasonOf } from "../../base/errors.ts";
import { SourceError } from "../frame.ts";

const HINTS: Readonly<Partial<Record<NativeStatus, (path: string) => string>>> = {
  no_device: () => "Plug the camera in, or choose one that `physiology_server devices` lists",
  busy: (path) => `Stop the program that uses the camera: \`fuser -v ${path}\` shows it`,
  permission: () => "Add the user to the group video: usermod -aG video USER, then log in again",
  format: () => "Choose a --codec that `physiology_server devices` lists, or --codec=auto",
  argument: () => "Choose a size that `physiology_server devices` lists",
};

/** Converts the failure of a camera to an error with a hint for the user. */
export function cameraError(path: string, cause: unknown): SourceError {
  const message = reasonOf(cause);
  const hint = cause instanceof NativeError ? HINTS[cause.status]?.(path) : undefined;
  return new SourceError(message, {
    cause,
    hint: hint ?? "Reconnect the camera, and check the kernel log with `dmesg`",
  });
}
