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
    words: tuple[str, ...] = ()  # of the peer, beside what all peers take
    preset: str = ""  # of the manifest
    batch: int = 0  # that both take when --batch scales it down; 0: it cannot be scaled
    samples_key: str = ""  # of the manifest, which then follows


BATCHES_PER_EPOCH = 50  # of floDl's models


def flodl(name: str, batch: int, manifest: str = "", preset: str = "") -> Job:
    """One of floDl's ten models."""
    return Job(ROOT / f"manifests/bench/{manifest or name}.yml", BENCH / "peers/flodl.py", 4,
               words=("--model", name), preset=preset, batch=batch,
               samples_key="data.train.synthetic.samples")


JOBS = {
    "fashion": Job(ROOT / "fdl.yml", BENCH / "peers/fashion.py", 5, ("train", "val", "test"), True),
    # The job has 5 epochs of 32 steps, some 0.1 s: more of them give a median worth the name.
    "charl_mlp": Job(ROOT / "manifests/bench/charl_mlp.yml", BENCH / "peers/charl_mlp.py", 60),
    "mlp": flodl("mlp", 256),
    "convnet": flodl("convnet", 128),
    "gru_seq": flodl("gru_seq", 128),
    "transformer": flodl("transformer", 32),
    "lstm_seq": flodl("lstm_seq", 128),
    "conv_autoenc": flodl("conv_autoenc", 64),
    "residual_tower": flodl("residual_tower", 256),
    "gated_routing": flodl("gated_routing", 256),
    "iterative_refine": flodl("iterative_refine", 256),
    "feedback_fixed": flodl("feedback_fixed", 128, "iterative_refine", "feedback"),
}
