"""Simulates pulse signals and what disturbs them, to train the rate network.

No recording is used. All distributions are chosen, and wider than what is expected of cameras:
what the network shall tolerate has to occur here.
"""

from dataclasses import dataclass

import numpy as np
from prepare import LENGTH, RATE_HZ, prepare

MAX_SIGNALS = 5
# Time over which the rate is averaged, in seconds: the newest part of the window.
RATE_SECONDS = 10
MIN_RATE, MAX_RATE = 28, 222
# Shares of windows.
WITHOUT_PULSE = 0.32
IRREGULAR = 0.12
EXTRA_BEATS = 0.08
SINGLE_SIGNAL = 0.45
STARTING = 0.3
WITH_GAP = 0.08

TIMES = np.arange(LENGTH) / RATE_HZ
FREQUENCIES = np.fft.rfftfreq(2 * LENGTH, 1 / RATE_HZ)


@dataclass
class Batch:
    """Windows of signals and what the network shall say of them."""

    # (batch, signals, 3, LENGTH)
    signals: np.ndarray
    # (batch, signals): whether there is such a signal.
    valid: np.ndarray
    # Mean rate of the newest ten seconds under a Hann window, in beats/min.
    rate: np.ndarray
    # Whether there is a regular pulse.
    has_rate: np.ndarray


class Simulator:
    """Draws windows from a seeded generator."""

    def __init__(self, seed: int, size: int = 64):
        self.random = np.random.default_rng(seed)
        self.size = size

    def batch(self) -> Batch:
        random, size = self.random, self.size
        rate = self._rates()
        irregular = random.random(size) < IRREGULAR
        pulse = self._pulse(rate, irregular)
        has_pulse = random.random(size) >= WITHOUT_PULSE
        noise = self._noise()
        signals = noise + self._amplitudes(noise, has_pulse) * pulse[:, None]
        known, starts = self._known()
        mean_rate = self._mean_rates(rate, starts)
        signals = self._filtered(signals, mean_rate)
        signals *= np.where(random.random(size) < 0.5, 1, -1)[:, None, None]
        count = self._signal_counts()
        return Batch(
            signals=prepare(signals, np.broadcast_to(known[:, None], signals.shape)),
            valid=(np.arange(MAX_SIGNALS)[None] < count[:, None]).astype(np.float32),
            rate=mean_rate.astype(np.float32),
            has_rate=(has_pulse & ~irregular).astype(np.float32),
        )

    def _rates(self) -> np.ndarray:
        """The present rate at each sample, beats/min: breathing, slow changes, and ramps."""
        random, size = self.random, self.size
        usual = random.random(size) < 0.7
        base = np.where(usual, self._log_uniform(45, 125), self._log_uniform(32, 215))
        rate = np.repeat(base[:, None], LENGTH, 1)
        arrhythmia = np.where(random.random(size) < 0.7, self._log_uniform(0.3, 7), 0)
        breathing_hz = random.uniform(0.1, 0.45, size)
        phase = self._phases(size)[:, None]
        rate += arrhythmia[:, None] * np.sin(2 * np.pi * breathing_hz[:, None] * TIMES + phase)
        changes = self._smooth_noise((size, LENGTH), self._log_uniform(2, 30))
        rate += self._log_uniform(0.4, 9)[:, None] * changes
        change = random.uniform(-35, 35, size) * (random.random(size) < 0.2)
        start, duration = random.uniform(2, 20, size), self._log_uniform(0.3, 12)
        progress = np.clip((TIMES - start[:, None]) / duration[:, None], 0, 1)
        return np.clip(rate + change[:, None] * progress, MIN_RATE, MAX_RATE)

    def _pulse(self, rate: np.ndarray, irregular: np.ndarray) -> np.ndarray:
        """Three harmonics of a varying amplitude, or irregular beats; deviation 1."""
        random, size = self.random, self.size
        phase = 2 * np.pi * np.cumsum(rate, -1) / 60 / RATE_HZ + self._phases(size)[:, None]
        amplitude = np.ones((size, LENGTH))
        for index in np.nonzero(irregular)[0]:
            beats, filling = self._fibrillation()
            phase[index] = 2 * np.pi * np.interp(TIMES, beats, np.arange(len(beats)))
            amplitude[index] = np.interp(TIMES, beats, filling)
        second = random.uniform(0.05, 0.6, size)
        third = second * random.uniform(0, 0.3, size)
        pulse = np.cos(phase)
        for harmonic, size_of in ((2, second), (3, third)):
            shifted = harmonic * phase + self._phases(size)[:, None]
            pulse += size_of[:, None] * np.cos(shifted)
        varying = self._smooth_noise((size, LENGTH), self._log_uniform(1, 10))
        pulse *= 1 + self._log_uniform(0.02, 0.4)[:, None] * np.clip(varying, -2, 2)
        pulse *= amplitude
        for index in np.nonzero(irregular & (random.random(size) < 0.6))[0]:
            pulse[index] = self._waves(*self._fibrillation())
        for index in np.nonzero(~irregular & (random.random(size) < EXTRA_BEATS))[0]:
            pulse[index] = self._waves(*self._extra_beats(rate[index]))
        pulse -= pulse.mean(-1, keepdims=True)
        return pulse / pulse.std(-1, keepdims=True)

    def _fibrillation(self) -> tuple[np.ndarray, np.ndarray]:
        """Times of beats at independent intervals, and how much the heart was filled before each."""
        random = self.random
        mean = 60 / np.exp(random.uniform(np.log(50), np.log(160)))
        variation = random.uniform(0.12, 0.32)
        factors = np.exp(variation * random.standard_normal(90) - variation**2 / 2)
        intervals = np.maximum(0.28, mean * factors)
        return np.cumsum(intervals) - 2, (intervals / mean) ** random.uniform(0, 1)

    def _extra_beats(self, rate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Beats of the given rate, of which every second to eighth is early and a pause follows."""
        random = self.random
        phase = np.cumsum(rate) / 60 / RATE_HZ
        period = random.integers(2, 9)
        index = np.arange(-3, int(phase[-1]) + 4)
        early = index % period == 0
        shift = random.uniform(0.1, 0.4)
        beats = np.interp(index - shift * early, phase, TIMES, left=np.nan, right=np.nan)
        filling = np.where(early, (1 - shift) ** random.uniform(0, 1.5), 1)
        known = np.isfinite(beats)
        return beats[known], filling[known]

    def _waves(self, beats: np.ndarray, filling: np.ndarray) -> np.ndarray:
        """A systolic and a dicrotic wave of fixed duration after each beat."""
        random = self.random
        rise, width = random.uniform(0.12, 0.25), random.uniform(0.06, 0.11)
        dicrotic, later, wider = random.uniform(0, 0.5), *random.uniform([0.2, 1], [0.3, 1.6])
        since = TIMES[:, None] - beats[None] - rise
        systolic = np.exp(-0.5 * (since / width) ** 2)
        second = dicrotic * np.exp(-0.5 * ((since - later) / (width * wider)) ** 2)
        return ((systolic + second) * filling).sum(1)

    def _noise(self) -> np.ndarray:
        """Noise of the sensor, drift, bursts of motion, jumps and rhythms, of deviations near 1."""
        random, size = self.random, self.size
        own = random.random(size)

        def partly_shared(make) -> np.ndarray:
            shared, separate = make((size, 1)), make((size, MAX_SIGNALS))
            return np.sqrt(1 - own)[:, None, None] * shared + np.sqrt(own)[:, None, None] * separate

        slope = np.where(random.random(size) < 0.3, 0, random.uniform(0, 2.6, size))
        unrest = random.uniform(0, 1.3, size)[:, None, None]
        unrest_time = self._log_uniform(0.7, 8)

        def drift(shape) -> np.ndarray:
            shape = (*shape, LENGTH)
            level = np.exp(np.clip(unrest * self._smooth_noise(shape, unrest_time), -3, 3))
            return self._colored_noise(shape, slope) * level

        noise = partly_shared(drift)
        sensor = self._log_uniform(0.02, 1.5)[:, None] * self._log_uniform(0.5, 2, noise.shape[:2])
        noise += sensor[..., None] * random.standard_normal(noise.shape)

        bursts = np.zeros((size, LENGTH))
        count = random.poisson(self._log_uniform(0.15, 5))
        for index in range(6):
            middle, width = random.uniform(0, 20, size), self._log_uniform(0.15, 2)
            shape = np.exp(-0.5 * ((TIMES - middle[:, None]) / width[:, None]) ** 2)
            bursts += ((count > index) * self._log_uniform(0.5, 20))[:, None] * shape
        burst_slope = random.uniform(0.3, 3, size)
        motion = partly_shared(lambda shape: self._colored_noise((*shape, LENGTH), burst_slope))
        noise += motion * bursts[:, None]

        for _ in range(2):
            height = (random.random(size) < 0.12) * self._log_uniform(1, 30)
            after = TIMES > random.uniform(0, 20, size)[:, None]
            gains = random.standard_normal((size, MAX_SIGNALS))
            noise += height[:, None, None] * after[:, None] * gains[..., None]
        for share in (0.35, 0.15):
            present = (random.random(size) < share) * self._log_uniform(0.15, 6)
            gains = 1 + 0.5 * random.standard_normal((size, MAX_SIGNALS))
            noise += present[:, None, None] * self._rhythm()[:, None] * gains[..., None]
        return noise

    def _rhythm(self) -> np.ndarray:
        """Walking, nodding, speech: a rhythm with a bandwidth, that may come and go."""
        random, size = self.random, self.size
        middle_hz, width = self._log_uniform(0.15, 3.2), self._log_uniform(0.01, 0.4)
        wander = self._smooth_noise((size, LENGTH), self._log_uniform(0.3, 5))
        hz = middle_hz[:, None] * np.exp(np.clip(width[:, None] * wander, -1, 1))
        phase = 2 * np.pi * np.cumsum(hz, -1) / RATE_HZ + self._phases(size)[:, None]
        second = random.uniform(0, 0.7, size)[:, None]
        rhythm = np.cos(phase) + second * np.cos(2 * phase + self._phases(size)[:, None])
        drive = 4 * self._smooth_noise((size, LENGTH), self._log_uniform(1, 8))
        gate = 1 / (1 + np.exp(-np.clip(drive, -20, 20)))
        return rhythm * np.where((random.random(size) < 0.5)[:, None], 1, gate)

    def _amplitudes(self, noise: np.ndarray, has_pulse: np.ndarray) -> np.ndarray:
        """Amplitude of the pulse in each signal, by its SNR among the rates: -22 to 14 dB."""
        random, size = self.random, self.size
        band = (FREQUENCIES > 0.6) & (FREQUENCIES < 4)
        power = np.abs(np.fft.rfft(noise, 2 * LENGTH)) ** 2
        # The median ignores a rhythm; for noise it is 0.69 of the mean.
        density = np.median(power[..., band], -1).mean(1) / 0.69
        deviation = np.sqrt(density * band.sum()) / LENGTH
        weak = random.random(size) < 0.25
        snr_db = np.where(weak, random.uniform(-22, -8, size), random.uniform(-12, 14, size))
        amplitude = has_pulse * deviation * 10 ** (snr_db / 20)
        gains = self._log_uniform(0.4, 2.2, noise.shape[:2])
        # Hair, shadow or background instead of skin; the first signal always has the pulse.
        is_poor = random.random(gains.shape) < random.choice([0, 0.3, 0.6], size)[:, None]
        is_poor[:, 0] = False
        gains = np.where(is_poor, self._log_uniform(0.01, 0.4, gains.shape), gains)
        return (amplitude[:, None] * gains)[..., None]

    def _filtered(self, signals: np.ndarray, rate: np.ndarray) -> np.ndarray:
        """Filters as other programs may have done, but never a rate away."""
        random, size = self.random, self.size
        low = np.where(random.random(size) < 0.7, random.uniform(0.3, 0.75, size), 0.02)
        high = np.where(random.random(size) < 0.5, random.uniform(2.5, 5, size), 20)
        order = random.integers(1, 5, size)[:, None]
        frequencies = np.maximum(FREQUENCIES, 1e-3)
        gain = 1 / np.sqrt(1 + (low[:, None] / frequencies) ** (2 * order))
        gain /= np.sqrt(1 + (frequencies / high[:, None]) ** (2 * order))
        gain[(rate / 60 < 1.1 * low) | (rate / 60 > 0.9 * high)] = 1
        spectra = np.fft.rfft(signals, 2 * LENGTH) * gain[:, None]
        return np.fft.irfft(spectra, 2 * LENGTH)[..., :LENGTH]

    def _known(self) -> tuple[np.ndarray, np.ndarray]:
        """Which samples are known, and the first one: a measurement starts, or has a gap."""
        random, size = self.random, self.size
        starting = random.random(size) < STARTING
        starts = np.where(starting, random.integers(0, LENGTH - 5 * RATE_HZ + 1, size), 0)
        index = np.arange(LENGTH)[None]
        known = index >= starts[:, None]
        gap_start, gap_length = random.integers(0, LENGTH, size), random.integers(5, 40, size)
        is_gap = (index >= gap_start[:, None]) & (index < (gap_start + gap_length)[:, None])
        with_gap = random.random(size) < WITH_GAP
        return known & ~(with_gap[:, None] & is_gap), starts

    def _mean_rates(self, rate: np.ndarray, starts: np.ndarray) -> np.ndarray:
        means = np.empty(self.size)
        for index, start in enumerate(starts):
            count = min(RATE_SECONDS * RATE_HZ, LENGTH - start)
            weights = np.hanning(count + 2)[1:-1]
            means[index] = (rate[index, -count:] * weights).sum() / weights.sum()
        return means

    def _signal_counts(self) -> np.ndarray:
        """Numbers of signals; twice the windows in total, since a new total is compiled anew."""
        random, size = self.random, self.size
        count = random.integers(1, MAX_SIGNALS + 1, size)
        count = np.where(random.random(size) < SINGLE_SIGNAL, 1, count)
        while (missing := 2 * size - count.sum()) != 0:
            index = random.integers(size)
            count[index] = np.clip(count[index] + np.sign(missing), 1, MAX_SIGNALS)
        return count

    def _log_uniform(self, low: float, high: float, shape=None) -> np.ndarray:
        return np.exp(self.random.uniform(np.log(low), np.log(high), shape or self.size))

    def _phases(self, count: int) -> np.ndarray:
        return self.random.uniform(0, 2 * np.pi, count)

    def _colored_noise(self, shape, slope: np.ndarray) -> np.ndarray:
        """Noise of deviation 1 whose power falls as 1/f^slope."""
        gain = np.maximum(FREQUENCIES, 0.05) ** (-slope[:, None] / 2)
        noise = self._shaped_noise(shape, gain)
        return noise / (noise.std(-1, keepdims=True) + 1e-9)

    def _smooth_noise(self, shape, seconds: np.ndarray) -> np.ndarray:
        """Noise of deviation 1 that is correlated over some seconds."""
        gain = 1 / np.sqrt(1 + (2 * np.pi * FREQUENCIES * seconds[:, None]) ** 2)
        gain /= np.sqrt((gain**2).mean(-1, keepdims=True))
        return self._shaped_noise(shape, gain)

    def _shaped_noise(self, shape, gain: np.ndarray) -> np.ndarray:
        white = self.random.standard_normal((*shape[:-1], 2 * LENGTH), dtype=np.float32)
        gain = gain.reshape(gain.shape[0], *[1] * (len(shape) - 2), gain.shape[-1])
        return np.fft.irfft(np.fft.rfft(white) * gain, 2 * LENGTH)[..., :LENGTH]
