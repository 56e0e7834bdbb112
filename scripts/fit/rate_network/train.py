"""Trains models/pulse_rate.onnx on simulated signals alone.

    /usr/bin/python3 scripts/fit/rate_network/train.py [--minutes 50] [--seed 1] [--out FILE]

Needs Debian's python3-torch. One process simulates and one trains: two cores are used.
"""

import argparse
import copy
import multiprocessing
import time
from pathlib import Path

import numpy as np
import torch
from network import LOWEST_RATE, RATES, Exported, RateNetwork
from prepare import LENGTH
from simulate import Batch, Simulator

MODEL = Path(__file__).parents[3] / "models" / "pulse_rate.onnx"
LEARNING_RATE = 3e-3
WARM_UP_STEPS = 200
# The stored network is the exponential average over this many steps.
AVERAGED_STEPS = 1000
# The network that is stored is the mean of its averages at this share of the time and at the end: it
# knows recorded signals better, and simulated ones hardly worse, than the last one.
EARLY = 0.4
# Deviation of the rate that is wanted, in beats/min, and the largest error of a right one.
DEVIATION = 1.0
TOLERANCE = 3
REPORT_STEPS = 200


def simulate(queue: multiprocessing.Queue, seed: int) -> None:
    simulator = Simulator(seed)
    while True:
        queue.put(simulator.batch())


def wanted(batch: Batch) -> torch.Tensor:
    """The wanted probabilities, (batch, RATES + 1)."""
    rates = LOWEST_RATE + np.arange(RATES)
    near = np.exp(-0.5 * ((rates[None] - batch.rate[:, None]) / DEVIATION) ** 2)
    near *= batch.has_rate[:, None] / near.sum(1, keepdims=True)
    return torch.from_numpy(np.concatenate([near, 1 - batch.has_rate[:, None]], 1).astype(np.float32))


def scores_of(network: RateNetwork, batch: Batch) -> torch.Tensor:
    row, _ = np.nonzero(batch.valid)
    signals = torch.from_numpy(batch.signals[batch.valid > 0])
    return network(signals, torch.from_numpy(row), len(batch.valid))


def train(queue: multiprocessing.Queue, minutes: float, save) -> RateNetwork:
    network = RateNetwork()
    average = copy.deepcopy(network)
    early = average
    optimizer = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=1e-3)
    print(sum(value.numel() for value in network.parameters()), "parameters", flush=True)
    start, step, recent = time.time(), 0, np.zeros(2)
    while (progress := (time.time() - start) / 60 / minutes) < 1:
        batch = queue.get()
        rate = LEARNING_RATE * min(1, (step + 1) / WARM_UP_STEPS)
        optimizer.param_groups[0]["lr"] = rate * (0.01 + 0.5 * (1 + np.cos(np.pi * progress)))
        scores = scores_of(network, batch)
        loss = -(wanted(batch) * torch.log_softmax(scores, 1)).sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        decay = min(1 - 1 / AVERAGED_STEPS, (step + 1) / (step + 10))
        with torch.no_grad():
            for mean, value in zip(average.parameters(), network.parameters()):
                mean.lerp_(value, 1 - decay)
            best = LOWEST_RATE + scores[:, :-1].argmax(1).numpy()
        is_right = np.abs(best - batch.rate)[batch.has_rate > 0] <= TOLERANCE
        recent += (np.array([loss.item(), is_right.mean()]) - recent) * max(0.02, 1 / (step + 1))
        if step % REPORT_STEPS == 0:
            print(f"{step} {60 * minutes * progress:.0f}s", *recent.round(3), flush=True)
        if early is average and progress >= EARLY:
            early = copy.deepcopy(average)
        step += 1
        if step % 1000 == 0:
            save(average)
    with torch.no_grad():
        for value, earlier in zip(average.parameters(), early.parameters()):
            value.lerp_(earlier, 0.5)
    return average


def store(network: RateNetwork, path: Path) -> None:
    """Stores a network; ONNX Runtime computes the sinusoids when it loads it."""
    network.eval()
    torch.onnx.export(
        Exported(network),
        torch.randn(2, 3, LENGTH),
        path,
        opset_version=13,
        input_names=["signals"],
        output_names=["probability"],
        dynamic_axes={"signals": {0: "count"}},
        do_constant_folding=False,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=MODEL)
    options = parser.parse_args()
    queue = multiprocessing.Queue(8)
    arguments = (queue, 1000 + options.seed)
    simulator = multiprocessing.Process(target=simulate, args=arguments, daemon=True)
    simulator.start()
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)

    def save(network: RateNetwork) -> None:
        store(copy.deepcopy(network), options.out)

    save(train(queue, options.minutes, save))
    simulator.terminate()


if __name__ == "__main__":
    main()
