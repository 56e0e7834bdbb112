import type { Detection } from "./blazeface.ts";
import type { Box, FaceLandmarks, Point } from "./region_sample.ts";

/** Box and landmarks as x, y pairs in image heights; first the top left and bottom right corners. */
export type Pose = readonly number[];

/** Returns the index of the nearest pose of similar size within 0.6 face widths. */
export function nearestPose(pose: Pose, others: readonly Pose[]): number | undefined {
  const width = widthOf(pose);
  const centre = centreOf(pose);
  let best: number | undefined;
  let bestDistance = 0.6 * width;
  others.forEach((other, index) => {
    const size = widthOf(other) / width;
    const otherCentre = centreOf(other);
    const offset = Math.hypot(otherCentre.x - centre.x, otherCentre.y - centre.y);
    if (size < 0.5 || size > 2 || offset > bestDistance) return;
    best = index;
    bestDistance = offset;
  });
  return best;
}

/** Returns the pose of a detection in an image of the aspect ratio `aspect`. */
export function poseOf({ box, landmarks }: Detection, aspect: number): Pose {
  const { rightEye, leftEye, nose, mouth, rightEar, leftEar } = landmarks;
  const corners = [
    { x: box.x, y: box.y },
    { x: box.x + box.width, y: box.y + box.height },
  ];
  return [...corners, rightEye, leftEye, nose, mouth, rightEar, leftEar]
    .flatMap(({ x, y }) => [x * aspect, y]);
}

/** Returns box and landmarks as fractions of the image. */
export function toFace(pose: Pose, aspect: number): { box: Box; landmarks: FaceLandmarks } {
  const point = (index: number): Point => ({
    x: pose[2 * index]! / aspect,
    y: pose[2 * index + 1]!,
  });
  const from = point(0);
  const to = point(1);
  return {
    box: { x: from.x, y: from.y, width: to.x - from.x, height: to.y - from.y },
    landmarks: {
      rightEye: point(2),
      leftEye: point(3),
      nose: point(4),
      mouth: point(5),
      rightEar: point(6),
      leftEar: point(7),
    },
  };
}

/** Returns the width of the box in image heights; never 0. */
export function widthOf(pose: Pose): number {
  return Math.max(1e-6, pose[2]! - pose[0]!);
}

/** Returns the centre of the box in image heights. */
export function centreOf(pose: Pose): Point {
  return { x: (pose[0]! + pose[2]!) / 2, y: (pose[1]! + pose[3]!) / 2 };
}

/** Returns the largest distance between the corners, eyes, noses and mouths of two poses. */
export function distance(a: Pose, b: Pose): number {
  let largest = 0;
  for (let index = 0; index < 12; index += 2) {
    const dx = a[index]! - b[index]!;
    const dy = a[index + 1]! - b[index + 1]!;
    largest = Math.max(largest, Math.hypot(dx, dy));
  }
  return largest;
}
