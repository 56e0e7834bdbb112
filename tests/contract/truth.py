"""What the simulated camera knows about its frames: the file of --simulate_truth_path, and its scene."""

import base64
import bisect
import csv
import pathlib
import statistics

import cv2
import numpy

# Of the person in an image of 640 x 480 pixels, measured by hand in the image.
SIZE = (640, 480)
LANDMARKS = {"right eye": (295, 152), "left eye": (366, 154), "nose": (331, 184),
             "mouth": (330, 220), "right ear": (251, 176), "left ear": (401, 179)}
LANDMARK_PX = 15
BOX = {"x": 250, "y": 116, "width": 156, "height": 156}
BOX_PX = 20

# The portrait fills the height of the image, in its middle. The overlay covers other rows than those
# of the head.
PORTRAIT = pathlib.Path(__file__).resolve().parents[2] / ".tools" / "portrait.jpg"
PORTRAIT_COLUMNS = slice(115, 525)
HEAD_ROWS = slice(40, 300)
# The head moves with each breath, and sensor and JPEG add noise.
MIN_CORRELATION = 0.95
MAX_COLOR_DIFFERENCE = 5
IMAGE_INTERVAL = 10  # decoding every image would delay the messages

MAX_ERROR = {"pulse": ("pulse_rate", 3), "breathing": ("breath_rate", 2)}
RATE_WINDOW_US = 10_000_000
CAPTURE_TIME_US = 1000  # the server may adjust its clock between the row and the message
MIN_RATES = 10
# Medians: a busy machine may pause a process for a moment.
LATENCY_MS = 500
ONE_FRAME_MS = 0.5
DELIVERY_MS = 500


class Truth:
    """Collects what the server claims, and compares it with the truth at the end."""

    def __init__(self, path, expect):
        self.path = path
        self.expect = expect
        self.captured = []  # name of the message or field, claimed capture time
        self.rates = []  # vital, rate, time
        self.latencies = []  # latency_ms, milliseconds from the capture to the arrival
        self.frame_rates = []  # time, fps
        self.faces = 0
        self.images = 0
        width = PORTRAIT_COLUMNS.stop - PORTRAIT_COLUMNS.start
        portrait = cv2.resize(cv2.imread(str(PORTRAIT)), (width, SIZE[1]),
                              interpolation=cv2.INTER_AREA)
        self.head = portrait[HEAD_ROWS].astype(numpy.float32)

    def core_metrics(self, payload, stamp, arrived_us):
        metadata = payload["metadata"]
        self.captured.append(("frame_timestamp", metadata["frame_timestamp"]))
        for vital in MAX_ERROR:
            strict = payload.get(vital, {}).get("strict")
            if strict:
                self.rates.append((vital, strict["value"], stamp))
        for vital, trace in (("pulse", "trace"), ("breathing", "upper_trace")):
            for sample in payload.get(vital, {}).get(trace, []):
                self.captured.append((f"{vital} {trace}", sample["timestamp"]))
        if arrived_us is not None:
            self.latencies.append((metadata["latency_ms"],
                                   (arrived_us - metadata["frame_timestamp"]) / 1000))

    def edge_metrics(self, payload, stamp, _arrived_us):
        self.captured.append(("edge_metrics", stamp))
        self.signal(payload["signal"], stamp)
        face = payload.get("face")
        if not face:
            return
        self.faces += 1
        for key, expected in BOX.items():
            self.expect(abs(face["box"][key] - expected) <= BOX_PX,
                        f"{key} of the box is not at the face")
        landmarks = face["landmarks"][0]
        self.expect(landmarks["timestamp"] == stamp, "landmarks of another frame")
        self.expect(len(landmarks["value"]) == len(LANDMARKS), "number of landmarks")
        for (name, (x, y)), point in zip(LANDMARKS.items(), landmarks["value"]):
            near = abs(point["x"] - x) <= LANDMARK_PX and abs(point["y"] - y) <= LANDMARK_PX
            self.expect(near, f"the {name} is elsewhere")

    def signal(self, signal, stamp):
        self.frame_rates.append((stamp, signal["fps"]))

    def frame(self, payload, stamp, _arrived_us):
        self.captured.append(("frame", stamp))
        self.expect((payload["width"], payload["height"]) == SIZE, "size of the frame")
        self.image(base64.b64decode(payload["data"]))

    def image(self, jpeg):
        """Compares an image with the portrait in front of the camera."""
        self.images += 1
        if self.images % IMAGE_INTERVAL != 1:
            return
        image = cv2.imdecode(numpy.frombuffer(jpeg, numpy.uint8), cv2.IMREAD_COLOR)
        if not self.expect(image is not None and image.shape == (SIZE[1], SIZE[0], 3),
                           "size of the image"):
            return
        seen = image[HEAD_ROWS, PORTRAIT_COLUMNS].astype(numpy.float32)
        correlation = numpy.corrcoef(seen.ravel(), self.head.ravel())[0, 1]
        self.expect(correlation >= MIN_CORRELATION, "the image does not show the scene")
        difference = numpy.abs(seen.mean((0, 1)) - self.head.mean((0, 1))).max()
        self.expect(difference <= MAX_COLOR_DIFFERENCE, "the image has other colors")

    def conclude(self, *, faces, images, whole):
        """`faces` and `images` are true if the transport carries them, `whole` if all of them."""
        with open(self.path, encoding="utf-8", newline="") as file:
            # The last row may be incomplete.
            rows = [row for row in csv.DictReader(file) if row["timestamp"]][:-1]
        times = [int(row["timestamp"]) for row in rows]
        self._conclude_times(times)
        self._conclude_rates(rows, times)
        self._conclude_latencies()
        if whole:
            self._conclude_frame_rate()
        self.expect(self.faces > 0 or not faces, "no face at all")
        self.expect(self.images > 0 or not images, "no image at all")

    def _conclude_times(self, times):
        for name, stamp in self.captured:
            if stamp > times[-1]:
                continue  # captured after the file was read
            at = bisect.bisect_left(times, stamp)
            distance = min(abs(time - stamp) for time in times[max(0, at - 1):at + 1])
            self.expect(distance <= CAPTURE_TIME_US, f"{name}: no frame was captured then")

    def _conclude_rates(self, rows, times):
        for vital, (column, limit) in MAX_ERROR.items():
            errors = []
            for name, rate, stamp in self.rates:
                if name == vital:
                    first = bisect.bisect_left(times, stamp - RATE_WINDOW_US)
                    true = [float(row[column]) for row in rows[first:bisect.bisect_right(times, stamp)]]
                    errors.append(abs(rate - statistics.mean(true)))
            if len(errors) >= MIN_RATES:
                error = statistics.median(errors)
                self.expect(error <= limit, f"{vital} differs from the truth by {error:.1f}")

    def _conclude_latencies(self):
        if not self.latencies:
            return
        for latency, age in self.latencies:
            self.expect(latency <= age + 1, "latency_ms exceeds the age of the message")
        median = statistics.median(latency for latency, _ in self.latencies)
        self.expect(ONE_FRAME_MS <= median <= LATENCY_MS, f"a median latency_ms of {median}")
        delivery = statistics.median(age - latency for latency, age in self.latencies)
        self.expect(delivery <= DELIVERY_MS, f"messages arrive {delivery:.0f} ms after latency_ms")

    def _conclude_frame_rate(self):
        # The rate of the server is that of the last 3 s; the same frames are counted here.
        frame_rates = sorted(dict(self.frame_rates).items())
        stamps = [stamp for stamp, _ in frame_rates]
        ratios = []
        for stamp, fps in frame_rates:
            if stamp - stamps[0] > 3_500_000:
                first = bisect.bisect_left(stamps, stamp - 3_000_000)
                ratios.append(fps / ((bisect.bisect_right(stamps, stamp) - first) / 3))
        if ratios:
            ratio = statistics.median(ratios)
            self.expect(0.9 <= ratio <= 1.1, f"fps is {ratio:.2f} of the rate of the messages")
