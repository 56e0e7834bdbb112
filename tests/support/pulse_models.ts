import { type ConfidenceModel, loadConfidenceModel } from "../../src/vitals/pulse/confidence.ts";

/** A model whose confidence is the same for all features. */
export function constantModel(confidence: number): ConfidenceModel {
  const { weights, ranges } = loadConfidenceModel();
  return {
    intercept: Math.log(confidence / (1 - confidence)),
    weights: Object.fromEntries(Object.keys(weights).map((name) => [name, 0])) as typeof weights,
    ranges,
  };
}
