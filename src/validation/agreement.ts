import { Random } from "../capture/simulator/random.ts";
import { publishedPairs, quantile } from "./statistics.ts";
import type { WindowResult } from "./windows.ts";

/** An interval in 1/min. */
export type Interval = readonly [low: number, high: number];

/** Agreement of published values and references, by the keys of the JSON report. */
export interface Agreement {
  /** Number of subjects with a published value and a reference. */
  readonly subjects: number;
  /** 95 % limits of agreement for repeated measures, in 1/min. */
  readonly limits_of_agreement?: Interval;
  /** Standard deviation of the differences within a subject, in 1/min. */
  readonly within_subject_sd?: number;
  /** Standard deviation of the differences between subjects, in 1/min. */
  readonly between_subject_sd?: number;
  /** 95 % confidence interval of the Arms, in 1/min; absent with fewer than two subjects. */
  readonly arms_ci95?: Interval;
  /** 95 % confidence interval of the bias, in 1/min; absent with fewer than two subjects. */
  readonly bias_ci95?: Interval;
}

/** Moments of the differences of one subject. */
export interface SubjectMoments {
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
}

export interface LimitsOfAgreement {
  readonly bias: number;
  /** Standard deviation of a single difference. */
  readonly sd: number;
  readonly low: number;
  readonly high: number;
  /** Components of the standard deviation; absent if the data do not allow to separate them. */
  readonly withinSd?: number;
  readonly betweenSd?: number;
}

/** Chosen: the Monte Carlo error of a limit is then about 1 % of the width of the interval. */
const RESAMPLES = 5000;
/** Quantile of the normal distribution for 95 % limits. */
const Z = 1.96;

/** Returns the agreement of the windows of each subject. */
export function agreementOf(
  windowsOf: ReadonlyMap<string, readonly WindowResult[]>,
): Agreement {
  const subjects = [...windowsOf.values()].flatMap((windows) => {
    const differences = publishedPairs(windows).map(({ value, reference }) => value - reference);
    return differences.length ? [momentsOf(differences)] : [];
  });
  if (!subjects.length) return { subjects: 0 };
  const { low, high, withinSd, betweenSd } = limitsOfAgreement(subjects);
  return {
    subjects: subjects.length,
    limits_of_agreement: [low, high],
    ...(withinSd !== undefined && betweenSd !== undefined
      ? { within_subject_sd: withinSd, between_subject_sd: betweenSd }
      : {}),
    ...(subjects.length > 1
      ? {
        arms_ci95: bootstrapInterval(subjects, armsOf),
        bias_ci95: bootstrapInterval(subjects, biasOf),
      }
      : {}),
  };
}

export function momentsOf(differences: readonly number[]): SubjectMoments {
  return {
    count: differences.length,
    sum: differences.reduce((sum, difference) => sum + difference, 0),
    sumOfSquares: differences.reduce((sum, difference) => sum + difference ** 2, 0),
  };
}

/** Accuracy root mean square of all differences (ISO 80601-2-61). */
export function armsOf(subjects: readonly SubjectMoments[]): number {
  const { count, sumOfSquares } = total(subjects);
  return Math.sqrt(sumOfSquares / count);
}

/** Mean of all differences. */
export function biasOf(subjects: readonly SubjectMoments[]): number {
  const { count, sum } = total(subjects);
  return sum / count;
}

/**
 * 95 % limits of agreement for repeated measures if the true value varies (Bland & Altman 2007,
 * J Biopharm Stat 17:571, section 3): the variance of a difference is the sum of the components
 * within and between subjects, from a one-way analysis of variance. With one subject, or one
 * difference per subject, these are the limits of Bland & Altman 1986 (Lancet).
 */
export function limitsOfAgreement(subjects: readonly SubjectMoments[]): LimitsOfAgreement {
  const { count, sumOfSquares } = total(subjects);
  const bias = biasOf(subjects);
  const squaresAbout = (center: number, { count, sum, sumOfSquares }: SubjectMoments) =>
    sumOfSquares - 2 * center * sum + count * center ** 2;
  const squaresWithin = subjects.reduce(
    (sum, subject) => sum + squaresAbout(subject.sum / subject.count, subject),
    0,
  );
  const squares = Math.max(0, sumOfSquares - count * bias ** 2);
  const limits = (sd: number) => ({ bias, sd, low: bias - Z * sd, high: bias + Z * sd });
  if (subjects.length < 2 || count === subjects.length) {
    return limits(Math.sqrt(squares / Math.max(1, count - 1)));
  }
  const within = Math.max(0, squaresWithin) / (count - subjects.length);
  const meanSquareBetween = (squares - squaresWithin) / (subjects.length - 1);
  const squaredCounts = subjects.reduce((sum, subject) => sum + subject.count ** 2, 0);
  const effectiveCount = (count ** 2 - squaredCounts) / ((subjects.length - 1) * count);
  // A component is not negative: subjects then differ no more than by chance.
  const between = Math.max(0, (meanSquareBetween - within) / effectiveCount);
  return {
    ...limits(Math.sqrt(within + between)),
    withinSd: Math.sqrt(within),
    betweenSd: Math.sqrt(between),
  };
}

/**
 * 95 % percentile bootstrap interval (Efron & Tibshirani 1993, chapter 13) of a statistic. Subjects
 * are resampled with all of their differences, because those of one subject are not independent.
 * The same subjects give the same interval.
 */
export function bootstrapInterval(
  subjects: readonly SubjectMoments[],
  statistic: (subjects: readonly SubjectMoments[]) => number,
): Interval {
  const random = new Random(subjects.length);
  const draw = () => subjects[Math.floor(random.uniform() * subjects.length)]!;
  const values = Array.from({ length: RESAMPLES }, () => statistic(subjects.map(draw)))
    .sort((a, b) => a - b);
  return [quantile(values, 0.025), quantile(values, 0.975)];
}

function total(subjects: readonly SubjectMoments[]): SubjectMoments {
  const sumOf = (key: keyof SubjectMoments) =>
    subjects.reduce((sum, subject) => sum + subject[key], 0);
  return { count: sumOf("count"), sum: sumOf("sum"), sumOfSquares: sumOf("sumOfSquares") };
}
