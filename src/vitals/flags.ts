import { bool, float, optionalPath, topic, type ValuesOf } from "../config/flag.ts";
import { definedPaths, type PermissionsOf } from "../config/permissions.ts";

/** What is measured and published as core metrics. */
export const vitalsFlags = topic("Vital signs", ["serve"], {
  bufferDurationS: float(
    "buffer_duration",
    "Interval between two core metrics messages, in seconds.",
    {
      default: 0.2,
      range: [0.1, 5],
      placeholder: "S",
      commands: ["serve", "simulate"],
    },
  ),
  enablePhasicBp: bool("enable_phasic_bp", "Publish phasic blood pressure, in relative units."),
  enableEda: bool(
    "enable_eda",
    "Publish an experimental proxy for electrodermal activity, in relative units.",
  ),
  pulseModelPath: optionalPath(
    "pulse_model_path",
    "Streaming network (ONNX) to fuse with the other pulse methods.",
    { commands: ["serve", "validate"] },
  ),
});

export type VitalsSettings = ValuesOf<typeof vitalsFlags>;

export const vitalsPermissions: PermissionsOf<{ readonly vitals: VitalsSettings }> = (
  { vitals },
) => ({ read: definedPaths(vitals.pulseModelPath) });
