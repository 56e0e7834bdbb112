"""Prepares signals for the rate network; `src/vitals/pulse/rate_network/input.ts` does the same."""

import numpy as np

RATE_HZ = 15
SECONDS = 20
LENGTH = SECONDS * RATE_HZ
# Half the length of the moving mean that is removed, and of the local amplitude, in samples.
TREND_REACH = 11
AMPLITUDE_REACH = 22
# Deviation of a normal distribution over its median absolute value.
DEVIATION_OF_MEDIAN = 1.4826
MIN_AMPLITUDE = 0.1
MAX_VALUE = 4


def prepare(signals: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Returns three rows for each signal: compressed, relative to the local amplitude, known.

    :param signals: (batch, signals, LENGTH); what is not known is ignored.
    :param known: the same shape, true where a sample is known.
    :returns: float32 of shape (batch, signals, 3, LENGTH).
    """
    known = known.astype(np.float64)
    values = np.where(known > 0, signals, 0)
    near = np.maximum(moving_sum(known, TREND_REACH), 1)
    values = (values - moving_sum(values, TREND_REACH) / near) * known
    scale = deviation(values, known)[..., None] + 1e-12
    count = np.maximum(moving_sum(known, AMPLITUDE_REACH), 1)
    amplitude = np.sqrt(np.maximum(moving_sum(values**2, AMPLITUDE_REACH), 0) / count)
    relative = np.clip(values / (amplitude + MIN_AMPLITUDE * scale), -MAX_VALUE, MAX_VALUE)
    return np.stack([np.arcsinh(values / scale), relative, known], -2).astype(np.float32)


def moving_sum(values: np.ndarray, reach: int) -> np.ndarray:
    """Sums the values up to `reach` before and after each; the ends are continued."""
    padding = [(0, 0)] * (values.ndim - 1) + [(reach + 1, reach)]
    sums = np.cumsum(np.pad(values, padding, mode="edge"), -1)
    return sums[..., 2 * reach + 1 :] - sums[..., : -2 * reach - 1]


def deviation(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Deviation by the median, which bursts do not change; at least a thousandth of the RMS."""
    count = np.maximum(known.sum(-1), 1)
    rms = np.sqrt((values**2).sum(-1) / count)
    absolute = np.where(known > 0, np.abs(values), np.inf)
    absolute = np.sort(absolute, -1)
    count = count.astype(int)
    lower = np.take_along_axis(absolute, ((count - 1) // 2)[..., None], -1)[..., 0]
    upper = np.take_along_axis(absolute, (count // 2)[..., None], -1)[..., 0]
    median = np.where(np.isfinite(lower), (lower + upper) / 2, 0)
    return np.maximum(DEVIATION_OF_MEDIAN * median, rms / 1000)
