"""What every peer measures, and the one JSON line it prints. Torch is imported by the peers."""

import argparse
import json
import os
import resource
import statistics
import time


def process_age_s() -> float:
    """Seconds since the kernel started this process, imports included. In 10 ms steps."""
    with open("/proc/self/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    started_s = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started_s


def peer_parser(description: str, epochs: int) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--arm", choices=["default", "fused", "compile"], default="default",
                        help="the optimiser: as PyTorch makes it, or with fused=True; or that and the model compiled")
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seed", type=int, default=42)
    return parser


class Record:
    """Collects one run. The clock is read at the ends of epochs and once after the first step."""

    def __init__(self, name: str, arm: str):
        self.name, self.arm = name, arm
        self.first_step_s: float | None = None
        self.train_s: list[float] = []
        self.num_steps: list[int] = []
        self.train_loss: list[float] = []
        self.val_s: list[float] = []
        self.val_accuracy: list[float] = []
        self.test_accuracy: float | None = None

    def first_step_done(self) -> None:
        if self.first_step_s is None:
            self.first_step_s = process_age_s()

    def epoch_done(self, train_s: float, num_steps: int, mean_loss: float) -> None:
        self.train_s.append(train_s)
        self.num_steps.append(num_steps)
        self.train_loss.append(mean_loss)

    def print_json(self, **facts) -> None:
        step_ms = [1e3 * s / n for s, n in zip(self.train_s, self.num_steps)]
        # The first epoch warms up: page faults, primitive caches, thread pools.
        settled = step_ms[1:] or step_ms
        line = {
            "name": self.name, "arm": self.arm, **facts,
            "epoch_train_s": self.train_s, "num_steps": self.num_steps,
            "step_ms": step_ms, "step_ms_median": statistics.median(settled),
            "epoch_val_s": self.val_s, "total_s": process_age_s(),
            "first_step_s": self.first_step_s, "final_loss": self.train_loss[-1],
            "val_accuracy": self.val_accuracy, "test_accuracy": self.test_accuracy,
            "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        print(json.dumps(line), flush=True)
