"""Runs one arm of a job once, as a process of its own, and returns its figures."""

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from fdl_events import RunFailed, find_run_folder, read_events
from jobs import BATCHES_PER_EPOCH, BENCH, ROOT, Job

# Arm: (arguments of the peer, is it tuned from outside). `fdl` is no peer.
TORCH_ARMS = {
    "eager": (["--arm", "default"], False),
    "eager_fused": (["--arm", "fused"], False),
    "eager_dataloader": (["--arm", "default", "--dataloader"], False),
    "eager_fused_tuned": (["--arm", "fused"], True),
    "compile": (["--arm", "compile"], False),
}
ARMS = ["fdl", *TORCH_ARMS]
BASELINE = "eager"


@dataclass(frozen=True)
class Setup:
    """What is equal for all arms and rounds."""

    job: Job
    fdl: Path
    python: Path
    threads: int
    data: Path | None
    mkl_dispatch: Path | None  # the library that tuned arms preload
    batch: int = 0  # instead of the job's own


@dataclass(frozen=True)
class Finished:
    stdout: str
    wall_s: float
    peak_rss_mib: float  # of the largest process, children included


def inherited() -> dict[str, str]:
    """Our environment, without what would change fdl's job and not the peer's."""
    return {name: value for name, value in os.environ.items()
            if name != "FDL_ENV" and not name.upper().startswith("FDL_SET__")}


def run_process(command: list, env: dict[str, str]) -> Finished:
    """Waits for the end. Output goes through files: a full pipe would stall what is measured."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        started = time.perf_counter()
        process = subprocess.Popen([str(word) for word in command], cwd=ROOT, env=inherited() | env,
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode != 0:
            line = " ".join(map(str, command))
            raise RunFailed(f"exit {process.returncode} of: {line}\n{err.read()[-4000:]}")
        return Finished(out.read(), wall_s, usage.ru_maxrss / 1024)


def build_mkl_dispatch(folder: Path) -> Path:
    """The answer that MKL gives itself elsewhere than on Intel is: not the best kernels."""
    library = folder / "mkl_dispatch.so"
    source = BENCH / "peers/mkl_dispatch.c"
    run_process(["cc", "-shared", "-fPIC", "-O2", "-o", library, source], {})
    return library


def environment(setup: Setup, is_tuned: bool) -> dict[str, str]:
    env = {"OMP_NUM_THREADS": str(setup.threads), "MKL_NUM_THREADS": str(setup.threads)}
    if is_tuned:
        # glibc then keeps freed blocks instead of giving them back and faulting them in again.
        env |= {"LD_PRELOAD": str(setup.mkl_dispatch), "MALLOC_MMAP_MAX_": "0",
                "MALLOC_TRIM_THRESHOLD_": str(1 << 34), "MALLOC_TOP_PAD_": str(1 << 26)}
    return env


def run_torch(setup: Setup, arm: str, epochs: int, seed: int) -> dict:
    arguments, is_tuned = TORCH_ARMS[arm]
    command = [setup.python, setup.job.peer, *arguments, "--epochs", epochs,
               "--threads", setup.threads, "--seed", seed]
    command += setup.job.words
    if setup.data:
        command += ["--data", setup.data]
    if setup.batch:
        command += ["--batch", setup.batch]
    finished = run_process(command, environment(setup, is_tuned))
    figures = json.loads(finished.stdout.splitlines()[-1])
    # The peer's own peak stands: Python's teardown touches 120 MiB more of torch's libraries.
    return figures | {"total_s": finished.wall_s}


def test_accuracy_of(setup: Setup, run: Path, env: dict[str, str]) -> tuple[float, float]:
    """Evaluates a finished run: (accuracy, seconds that it took)."""
    finished = run_process([setup.fdl, "eval", run, "--data", "test", "--json"], env)
    return json.loads(finished.stdout)["test/accuracy"], finished.wall_s


def run_fdl(setup: Setup, epochs: int, seed: int) -> dict:
    env = environment(setup, is_tuned=False)
    with tempfile.TemporaryDirectory(prefix="fdl-bench-") as folder:
        command = [setup.fdl, "run", setup.job.manifest, *filter(None, [setup.job.preset]),
                   f"training.epochs={epochs}",
                   f"training.seed={seed}", f"output.dir={folder}"]
        if setup.data:
            command += [f"data.{split}.fashion_mnist.path={setup.data}"
                        for split in setup.job.splits]
        if setup.batch:
            command += [f"training.batch_size={setup.batch}",
                        f"{setup.job.samples_key}={setup.batch * BATCHES_PER_EPOCH}"]
        finished = run_process(command, env)
        run = find_run_folder(Path(folder))
        figures = read_events((run / "events.jsonl").read_text())
        figures |= {"total_s": finished.wall_s, "peak_rss_mib": finished.peak_rss_mib}
        if setup.job.has_test and figures["test_accuracy"] is None:
            # The peer tests within its process, so the time of a second one counts as ours.
            figures["test_accuracy"], eval_s = test_accuracy_of(setup, run, env)
            figures["total_s"] += eval_s
    return figures


def run_arm(setup: Setup, arm: str, epochs: int, seed: int) -> dict:
    figures = run_fdl(setup, epochs, seed) if arm == "fdl" else run_torch(setup, arm, epochs, seed)
    if figures["threads"] != setup.threads:
        raise RunFailed(f"{arm} ran with {figures['threads']} threads, expected {setup.threads}")
    return figures | {"arm": arm}
