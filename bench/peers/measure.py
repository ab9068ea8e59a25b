"""What every peer measures, and the one JSON line it prints. The frameworks are imported by the peers."""

import argparse
import json
import os
import resource
import statistics
import time
from collections.abc import Iterable
from pathlib import Path


def process_age_s() -> float:
    """Seconds since the kernel started this process, imports included. In 10 ms steps."""
    with open("/proc/self/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    started_s = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started_s


def peer_parser(description: str, arms: list[str], only_compared: Iterable[str] = ()) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--arm", choices=arms, default=arms[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, help="samples in a batch, instead of the job's own")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--same", type=Path, metavar="FOLDER",
                        help="print the losses of --epochs steps, from the weights and on the data in this folder")
    parser.add_argument("--arms", nargs="+", choices=[*arms, *only_compared], default=arms[:1], metavar="ARM",
                        help="with --same: of these, one after the other, instead of --arm")
    return parser


def quantile(values: list[float], share: float) -> float:
    """Between the two nearest values, as lib/base/quantile.h has it."""
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (at - below) * (ordered[above] - ordered[below])


class Record:
    """Collects one run."""

    def __init__(self, name: str, arm: str):
        self.name, self.arm = name, arm
        self.first_step_s: float | None = None
        self.train_s: list[float] = []
        self.step_s: list[list[float]] = []  # of each epoch, where single steps are timed
        self.num_steps: list[int] = []
        self.train_loss: list[float] = []
        self.val_s: list[float] = []
        self.val_accuracy: list[float] = []
        self.test_accuracy: float | None = None

    def first_step_done(self) -> None:
        if self.first_step_s is None:
            self.first_step_s = process_age_s()

    def epoch_done(self, train_s: float, num_steps: int, mean_loss: float,
                   step_s: list[float] | None = None) -> None:
        self.train_s.append(train_s)
        self.num_steps.append(num_steps)
        self.train_loss.append(mean_loss)
        if step_s:
            self.step_s.append(step_s)

    def quantiles(self) -> dict:
        return {f"step_ms_p{share}": [1e3 * quantile(one, share / 100) for one in self.step_s]
                for share in (50, 95, 99)} if self.step_s else {}

    def print_json(self, **facts) -> None:
        step_ms = [1e3 * s / n for s, n in zip(self.train_s, self.num_steps)]
        # The first epoch warms up: page faults, primitive caches, thread pools.
        settled = step_ms[1:] or step_ms
        line = {
            "name": self.name, "arm": self.arm, **facts,
            "epoch_train_s": self.train_s, "num_steps": self.num_steps,
            "step_ms": step_ms, "step_ms_median": statistics.median(settled), **self.quantiles(),
            "epoch_val_s": self.val_s, "total_s": process_age_s(),
            "first_step_s": self.first_step_s, "final_loss": self.train_loss[-1],
            "val_accuracy": self.val_accuracy, "test_accuracy": self.test_accuracy,
            "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        print(json.dumps(line), flush=True)
