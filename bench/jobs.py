"""The jobs that compare.py knows: the same network in a manifest and in a PyTorch script."""

from dataclasses import dataclass
from pathlib import Path

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent


@dataclass(frozen=True)
class Job:
    manifest: Path
    peer: Path
    epochs: int  # of one round, unless --epochs says otherwise
    splits: tuple[str, ...] = ()  # that read the folder of --data
    has_test: bool = False


JOBS = {
    "fashion": Job(ROOT / "fdl.yml", BENCH / "peers/fashion.py", 5, ("train", "val", "test"), True),
    # The job has 5 epochs of 32 steps, some 0.1 s: more of them give a median worth the name.
    "charl_mlp": Job(ROOT / "manifests/bench/charl_mlp.yml", BENCH / "peers/charl_mlp.py", 60),
    "mlp": Job(ROOT / "manifests/bench/mlp.yml", BENCH / "peers/mlp.py", 4),
}
