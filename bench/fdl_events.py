"""Reads what a run of `fdl` wrote into its run folder. Nothing else here knows the events' form."""

import json
import statistics
from pathlib import Path


class RunFailed(Exception):
    """A run that ended without its results; the text says why."""


def find_run_folder(output_dir: Path) -> Path:
    """The only run below a fresh `output.dir`: <output_dir>/<name>/<timestamp>-<hash>."""
    found = list(output_dir.glob("*/*/events.jsonl"))
    if len(found) != 1:
        raise RunFailed(f"expected one run folder in '{output_dir}', found {len(found)}")
    return found[0].parent


def read_events(text: str) -> dict:
    """The figures of one run, under the names that the peers use.

    Times are the engine's own: an epoch's train_seconds has no validation and no checkpoint in it,
    time_s counts from the start of its process. first_step_s is None without an event at step 1.
    """
    events = [json.loads(line) for line in text.splitlines() if line.strip()]
    by_kind: dict[str, list[dict]] = {}
    for event in events:
        by_kind.setdefault(event["event"], []).append(event)
    epochs, ends = by_kind.get("epoch", []), by_kind.get("end", [])
    if not epochs or not ends or ends[-1]["reason"] != "done":
        reason = ends[-1] if ends else "no event 'end'"
        raise RunFailed(f"the run is not done: {len(epochs)} epochs, {reason}")
    step_ms = [1e3 * epoch["train_seconds"] / epoch["num_steps"] for epoch in epochs]
    first = [e["time_s"] for e in by_kind.get("progress", []) if e.get("step") == 1]
    tests = [e["test/accuracy"] for e in by_kind.get("eval", []) if "test/accuracy" in e]
    start = by_kind.get("start", [{}])[0]
    return {
        "threads": start.get("threads"), "torch": start.get("torch"),
        "epoch_train_s": [epoch["train_seconds"] for epoch in epochs],
        "num_steps": [epoch["num_steps"] for epoch in epochs],
        "step_ms": step_ms, "step_ms_median": statistics.median(step_ms[1:] or step_ms),
        "first_step_s": first[0] if first else None,
        "final_loss": float(epochs[-1]["train/loss"]),  # a text when not finite
        "val_accuracy": [e["val/accuracy"] for e in epochs if "val/accuracy" in e],
        "test_accuracy": tests[-1] if tests else None,
    }
