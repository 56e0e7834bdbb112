import { bool, float, optionalPath, topic, type ValuesOf } from "../config/flag.ts";
import { given, type PermissionsOf } from "../config/permissions.ts";

/** What is measured. */
export const vitalsFlags = topic("Vital signs", ["serve"], {
  bufferDurationS: float("buffer_duration", "Seconds between two core metrics.", {
    default: 0.2,
    range: [0.1, 5],
    placeholder: "S",
  }),
  enablePhasicBp: bool("enable_phasic_bp", "Publish phasic blood pressure: relative, unitless."),
  enableEda: bool(
    "enable_eda",
    "Publish an experimental proxy of electrodermal activity, in relative units.",
  ),
  pulseModelPath: optionalPath(
    "pulse_model_path",
    "A streaming network (ONNX) that joins the vote on the pulse.",
    { commands: ["serve", "validate"] },
  ),
});

export type VitalsSettings = ValuesOf<typeof vitalsFlags>;

export const vitalsPermissions: PermissionsOf<{ readonly vitals: VitalsSettings }> = (
  { vitals },
) => ({ read: given(vitals.pulseModelPath) });
