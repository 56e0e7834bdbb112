"""The rate network: one to five pulse signals of 20 s in, probabilities of rates out.

Dilated convolutions (van den Oord et al., WaveNet, arXiv:1609.03499, 2016) that all signals share
turn each signal into features, which are averaged with weights that the network chooses. More
convolutions turn them into three waves. The power of the waves at each rate and at twice that rate,
over the newest 5, 10 and 20 s, is compared between neighboring rates.
"""

import math

import torch
from prepare import LENGTH, RATE_HZ
from torch import Tensor, nn
from torch.nn import functional as F

LOWEST_RATE = 28
RATES = 196
WAVES = 3
WINDOWS_S = (5, 10, 20)
# Time over which features are averaged to tell whether there is a pulse, in samples.
RECENT = 10 * RATE_HZ


class Block(nn.Module):
    """A residual block."""

    def __init__(self, channels: int, dilation: int):
        super().__init__()
        self.spread = nn.Conv1d(channels, channels, 3, dilation=dilation, padding=dilation)
        self.mix = nn.Conv1d(channels, channels, 1)
        nn.init.zeros_(self.mix.weight)
        nn.init.zeros_(self.mix.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.mix(F.relu(self.spread(F.relu(x))))


class RateNetwork(nn.Module):
    """See the module."""

    def __init__(self, signal_channels: int = 16, channels: int = 32, rate_channels: int = 16):
        super().__init__()
        self.input = nn.Conv1d(3, signal_channels, 5, padding=2)
        self.signal_blocks = nn.ModuleList(
            Block(signal_channels, dilation) for dilation in (1, 2, 4, 8, 16)
        )
        self.weight = nn.Conv1d(signal_channels, 1, 1)
        self.quality = nn.Sequential(
            nn.Conv1d(2 * signal_channels, 16, 1), nn.ReLU(), nn.Conv1d(16, 1, 1)
        )
        self.join = nn.Conv1d(2 * signal_channels, channels, 1)
        self.blocks = nn.ModuleList(Block(channels, dilation) for dilation in (1, 2, 4, 8, 16, 32))
        self.wave = nn.Conv1d(channels, WAVES, 1)
        self.gate = nn.Conv1d(channels, WAVES, 1)
        powers = WAVES * len(WINDOWS_S) * 2
        self.compare = nn.ModuleList(
            [
                nn.Conv1d(powers, rate_channels, 7, padding=3),
                nn.Conv1d(rate_channels, rate_channels, 5, padding=4, dilation=2),
                nn.Conv1d(rate_channels, rate_channels, 5, padding=8, dilation=4),
            ]
        )
        self.score = nn.Conv1d(rate_channels, 1, 1)
        self.no_pulse = nn.Sequential(
            nn.Linear(channels + 2 * rate_channels + 2, 24), nn.ReLU(), nn.Linear(24, 1)
        )
        # Parameters, so that the exporter keeps them apart from what is computed of them.
        rates = torch.arange(LOWEST_RATE, LOWEST_RATE + RATES, dtype=torch.float32)
        hz = torch.clamp(torch.cat([rates, 2 * rates]) / 60, max=RATE_HZ / 2)
        self.hz = nn.Parameter(hz[None], requires_grad=False)
        times = torch.arange(LENGTH, dtype=torch.float32)[:, None] / RATE_HZ
        self.times = nn.Parameter(times, requires_grad=False)

    def forward(self, signals: Tensor, row: Tensor, rows: int) -> Tensor:
        """Returns the scores of all rates and of no pulse, (rows, RATES + 1).

        :param signals: the signals of all rows, (count, 3, LENGTH).
        :param row: the row of each signal, (count,).
        """
        x = self.input(signals)
        for block in self.signal_blocks:
            x = block(x)
        x = F.relu(x)
        known = signals[:, 2:3]
        summary = torch.cat([x.mean(-1, keepdim=True), x.amax(-1, keepdim=True)], 1)
        weight = torch.exp(torch.clamp(self.weight(x) + self.quality(summary), -8, 8)) * (
            known + 1e-3
        )

        def total(values: Tensor) -> Tensor:
            if rows == 1:
                return values.sum(0, keepdim=True)
            zeros = torch.zeros(rows, values.shape[1], values.shape[2])
            return zeros.index_add_(0, row, values)

        weighted = total(weight * x) / total(weight)
        mean = total(x) / total(torch.ones_like(weight))
        x = self.join(torch.cat([weighted, mean], 1))
        for block in self.blocks:
            x = block(x)
        x = F.relu(x)
        waves = self.wave(x) * torch.sigmoid(self.gate(x)) * torch.clamp(total(known), max=1)
        rates = self._powers(waves).reshape(rows, -1, RATES)
        rates = F.relu(self.compare[0](rates))
        for compare in self.compare[1:]:
            rates = rates + F.relu(compare(rates))
        score = self.score(rates).squeeze(1)
        evidence = [
            x[:, :, -RECENT:].mean(-1),
            rates.mean(-1),
            rates.amax(-1),
            score.amax(-1, keepdim=True),
            torch.logsumexp(score, -1, keepdim=True),
        ]
        return torch.cat([score, self.no_pulse(torch.cat(evidence, 1))], 1)

    def _powers(self, waves: Tensor) -> Tensor:
        """Log power at each rate and its double, relative to the mean over all rates."""
        powers = []
        for seconds in WINDOWS_S:
            length = seconds * RATE_HZ
            times = self.times[:length]
            hann = 0.5 - 0.5 * torch.cos(times[:, 0] * (2 * math.pi * RATE_HZ / (length - 1)))
            angle = 2 * math.pi * times * self.hz
            newest = waves[:, :, LENGTH - length :] * (hann / math.sqrt(0.375 * length))
            power = (newest @ torch.cos(angle)) ** 2 + (newest @ torch.sin(angle)) ** 2
            powers.append(power.reshape(-1, WAVES, 2, RATES))
        power = torch.stack(powers, 2)
        mean = power[:, :, :, :1].mean(-1, keepdim=True) + 1e-4
        return torch.log(power / mean + 1e-3)


class Exported(nn.Module):
    """The network for one window, as it is stored: signals in, probabilities out."""

    def __init__(self, network: RateNetwork):
        super().__init__()
        self.network = network

    def forward(self, signals: Tensor) -> Tensor:
        row = torch.zeros(1, dtype=torch.int64)
        return torch.softmax(self.network(signals, row, 1), 1).squeeze(0)
