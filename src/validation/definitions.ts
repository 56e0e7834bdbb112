/** The intended use, for every report. */
export const DISCLAIMER =
  "This is not a medical device: its values are for wellness and research, and must not be used " +
  "for diagnosis or treatment.";

/** Terms of the report with their definitions and sources. */
export const DEFINITIONS: readonly (readonly [term: string, definition: string])[] = [
  [
    "Window",
    "The value published at the end of each window is compared with the reference over the window, " +
    "or over the time that the value describes (`window_s`), if that is shorter. Neighboring windows " +
    "overlap and are not independent.",
  ],
  ["Coverage", "Fraction of the windows with a reference for which a value was published."],
  [
    "Arms",
    "Accuracy root mean square, as in ISO 80601-2-61: the square root of the mean squared " +
    "difference of published value and reference.",
  ],
  [
    "95 % confidence interval",
    "Percentile bootstrap over subjects (5000 resamples): all windows of a subject are drawn " +
    "together. It needs two subjects; with fewer than about ten, it is too narrow.",
  ],
  [
    "Limits of agreement",
    "Bias ± 1.96 SD for repeated measures if the true value varies (Bland & Altman 2007, " +
    "J Biopharm Stat 17:571): the variance is the sum of the components within and between " +
    "subjects. With one subject: Bland & Altman 1986.",
  ],
  ["Within 10 % or 5/min", "Error of at most 10 % of the reference or 5/min, the greater of both."],
  [
    "Confident error",
    "Estimate with a confidence of 0.70 or more, published or not, whose error is over 10 or 15/min.",
  ],
  [
    "Expected calibration error",
    "Mean difference of stated confidence and observed frequency of an error within the tolerance, " +
    "in ten bins (Naeini 2015).",
  ],
  [
    "Risk-coverage curve",
    "Risk, the fraction of errors over the tolerance, of the estimates of highest confidence, over " +
    "the fraction of windows that they cover (El-Yaniv & Wiener 2010). Its area is divided by the " +
    "greatest coverage.",
  ],
  [
    "Response time",
    "From the step of the simulated rate, which is up to one beat before the first beat at the new " +
    "rate, to the first published value that has passed 63 % of the step, and to the first within " +
    "3/min of the new rate. A wrong value is more than 5/min off the new rate.",
  ],
];
