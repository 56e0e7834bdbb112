import { UsageError } from "../base/errors.ts";
import { videoInputOf } from "../capture/ffmpeg/flags.ts";
import { maskUrls } from "../config/secret.ts";
import { type InputSettings, openInput, type ValidationInput } from "./input.ts";
import { readManifest } from "./manifest.ts";
import { deviceOf } from "./reference_device.ts";
import type { Study } from "./study.ts";

/**
 * Opens the recordings that the settings select.
 *
 * @throws {UsageError} unless exactly one input is selected
 * @throws {TableError} if a table cannot be used
 */
export function openStudy(settings: InputSettings): Study {
  const { manifestPath, inputTracePath, referencePath } = settings.validate;
  if (manifestPath === undefined) return studyOf(openInput(settings), settings);
  const others = [
    inputTracePath !== undefined && "--input_trace_path",
    videoInputOf(settings.video) !== undefined && "--input_video_path",
    settings.simulate.enabled && "--simulate",
    referencePath !== undefined && "--reference_path",
  ].filter((name) => name !== false);
  if (others.length) {
    throw new UsageError(
      `Cannot use --manifest with ${others.join(" and ")}: the manifest names the recordings`,
    );
  }
  return readManifest(manifestPath, settings);
}

/** A study of one input that is already open. */
function studyOf(input: ValidationInput, { validate, simulate }: InputSettings): Study {
  const description = maskUrls(input.description);
  return {
    description,
    recordings: [{
      name: description,
      subject: "1",
      strata: {},
      ...(simulate.enabled
        ? {}
        : { device: deviceOf(validate.referenceDevice, validate.referenceRange) }),
      open: () => input,
    }],
    exclusions: [],
  };
}
