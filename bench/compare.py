#!/usr/bin/env python3
"""Measures fdl beside PyTorch eager: python bench/compare.py JOB. See bench/README.md.

Each round runs every arm once, each in a fresh process, and the next round starts with another arm:
a machine that gets slower for a while slows all of them down. One short pass before warms up the
file cache and is thrown away.
"""

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from arms import ARMS, BASELINE, Setup, build_mkl_dispatch, run_arm
from fdl_events import RunFailed
from jobs import JOBS, ROOT
from machine import machine_facts, stolen_ticks
from spread import ratio_interval, spread


@dataclass(frozen=True)
class Quantity:
    key: str
    title: str
    digits: int
    is_cost: bool = True  # less is better, and a ratio to the baseline means something


QUANTITIES = [
    Quantity("step_ms_median", "training step, ms", 3),
    Quantity("total_s", "whole process, s", 2),
    Quantity("first_step_s", "process start to first step, s", 2),
    Quantity("peak_rss_mib", "peak resident memory, MiB", 0),
    Quantity("final_loss", "training loss, last epoch", 4, is_cost=False),
    Quantity("test_accuracy", "test accuracy", 4, is_cost=False),
]


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="measure fdl beside PyTorch eager")
    parser.add_argument("job", choices=JOBS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, help="of a round; each job has its own default")
    parser.add_argument("--arms", default="fdl,eager,eager_fused",
                        help=f"comma-separated, of: {', '.join(ARMS)}")
    parser.add_argument("--fdl", type=Path, default=ROOT / "fdl")
    parser.add_argument("--python", type=Path, default=Path(sys.executable),
                        help="an interpreter with torch; this one otherwise")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--data", type=Path, help="folder of the data set, for 'fashion'")
    parser.add_argument("--batch", type=int, default=0,
                        help="samples in a batch, for small machines; of floDl's models")
    parser.add_argument("--out", type=Path,
                        help="raw results; otherwise runs/bench/<job>-<time>.json")
    options = parser.parse_args(arguments)
    options.arms = options.arms.split(",")
    if unknown := [arm for arm in options.arms if arm not in ARMS]:
        parser.error(f"unknown arm '{unknown[0]}', expected one of: {', '.join(ARMS)}")
    if options.data and not JOBS[options.job].splits:
        parser.error(f"'{options.job}' reads no files, so it takes no --data")
    if "eager_dataloader" in options.arms and options.job != "fashion":
        parser.error("only 'fashion' has the arm 'eager_dataloader'")
    if options.batch and not JOBS[options.job].batch:
        parser.error(f"the batches of '{options.job}' are what it measures: it takes no --batch")
    if "compile" in options.arms and not JOBS[options.job].batch:
        parser.error("only floDl's models have the arm 'compile'")
    if options.rounds < 1 or (options.epochs is not None and options.epochs < 1):
        parser.error("--rounds and --epochs take numbers from 1")
    options.fdl, options.python = options.fdl.absolute(), options.python.absolute()
    options.data = options.data and options.data.absolute()
    options.epochs = options.epochs or JOBS[options.job].epochs
    return options


def rotated(arms: list[str], turn: int) -> list[str]:
    turn %= len(arms)
    return arms[turn:] + arms[:turn]


def measure(setup: Setup, options: argparse.Namespace) -> list[dict]:
    for arm in options.arms:
        print(f"warm-up: {arm}", file=sys.stderr)
        run_arm(setup, arm, 1, seed=42)
    results = []
    for turn in range(options.rounds):
        for arm in rotated(options.arms, turn):
            before = stolen_ticks()
            load = os.getloadavg()[0]
            figures = run_arm(setup, arm, options.epochs, seed=42 + turn)
            figures |= {"round": turn, "load_before": load, "stolen_ticks": stolen_ticks() - before}
            results.append(figures)
            refuse_unequal_steps(results)
            print(f"round {turn + 1}/{options.rounds}: {arm:18} "
                  f"{figures['step_ms_median']:.3f} ms a step, {figures['total_s']:.1f} s",
                  file=sys.stderr)
    return results


def refuse_unequal_steps(results: list[dict]) -> None:
    first, last = results[0], results[-1]
    if last["num_steps"] != first["num_steps"]:
        raise RunFailed(f"{last['arm']} took {last['num_steps']} steps in its epochs, "
                        f"{first['arm']} {first['num_steps']}")


def values_of(results: list[dict], arm: str, key: str) -> list[float]:
    """One value per round, in the order of rounds; empty unless all rounds have one."""
    values = [r[key] for r in sorted(results, key=lambda r: r["round"]) if r["arm"] == arm]
    return [] if None in values else values


def row(quantity: Quantity, results: list[dict], arm: str) -> list[str]:
    values = values_of(results, arm, quantity.key)
    if not values:
        return [arm, "-", "-", "-", "-"]
    cells = [arm, f"{statistics.median(values):.{quantity.digits}f}",
             f"{spread(values):.{quantity.digits}f}"]
    base = values_of(results, BASELINE, quantity.key)
    if not quantity.is_cost or not base:
        return [*cells, "-", "-"]
    low, high = ratio_interval(base, values)
    ratio = statistics.median(base) / statistics.median(values)
    return [*cells, f"{ratio:.2f}", f"{low:.2f} .. {high:.2f}"]


def table(results: list[dict], arms: list[str]) -> str:
    lines = []
    for quantity in QUANTITIES:
        if all(not values_of(results, arm, quantity.key) for arm in arms):
            continue
        head = [quantity.title, "median", "1.4826 MAD", f"{BASELINE} / arm", "95 % interval"]
        rows = [head, *(row(quantity, results, arm) for arm in arms)]
        lines += [f"{r[0]:32}{r[1]:>12}{r[2]:>12}{r[3]:>14}{r[4]:>18}" for r in rows] + [""]
    return "\n".join(lines)


def version_of(command: list) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, cwd=ROOT)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def report(options: argparse.Namespace, results: list[dict]) -> dict:
    ask = "import torch, sys; print(torch.__version__, sys.version)"
    now = datetime.datetime.now(datetime.UTC)
    return {
        "job": options.job, "date": now.isoformat(timespec="seconds"), "rounds": options.rounds,
        "epochs": options.epochs, "batch": options.batch or JOBS[options.job].batch, "threads": options.threads, "machine": machine_facts(),
        "versions": {"fdl": version_of([options.fdl, "version"]) if "fdl" in options.arms else None,
                     "torch_python": version_of([options.python, "-c", ask]),
                     "commit": version_of(["git", "describe", "--always", "--dirty"])},
        "results": results,
    }


def write_report(options: argparse.Namespace, content: dict) -> Path:
    stamp = content["date"].replace(":", "").replace("+0000", "")
    path = options.out or ROOT / "runs/bench" / f"{options.job}-{stamp}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n")
    return path


def main() -> int:
    options = parse()
    with tempfile.TemporaryDirectory(prefix="fdl-bench-") as folder:
        try:
            tuned = any(arm.endswith("_tuned") for arm in options.arms)
            library = build_mkl_dispatch(Path(folder)) if tuned else None
            setup = Setup(JOBS[options.job], options.fdl, options.python, options.threads,
                          options.data, library, options.batch)
            results = measure(setup, options)
        except (RunFailed, OSError) as problem:
            print(f"compare: {problem}", file=sys.stderr)
            return 1
    path = write_report(options, report(options, results))
    print(f"{options.job}: {options.rounds} rounds of {options.epochs} epochs, "
          f"{options.threads} threads\n\n{table(results, options.arms)}\nraw results: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
