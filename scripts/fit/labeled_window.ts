/** One window of a recording: its features, and whether its rate was right. */
export interface LabeledWindow {
  /** The person or kind of recording. Windows of one group are never split by cross-validation. */
  readonly group: string;
  readonly kind: "recorded" | "synthetic" | "no_pulse";
  /** Values of `FEATURE_NAMES`, in that order. */
  readonly features: readonly number[];
  readonly right: 0 | 1;
  /** True if the gate withholds the rate: such a window is reported, but not fitted. */
  readonly rejected: boolean;
}
