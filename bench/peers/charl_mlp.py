#!/usr/bin/env python3
"""PyTorch, 784-128-64-10 with dropout, batch 32: the job of manifests/bench/charl_mlp.yml.

1,000 synthetic samples (one Gaussian cloud per class), Adam at its default rate, cross-entropy.
The dispatch of operators dominates: this job shows what a framework costs, not what its kernels do.
"""

import torch
from torch import nn
from training import Work, parse, run

NUM_CLASSES, NUM_FEATURES = 10, 784


def make(dropout: float) -> nn.Module:
    return nn.Sequential(
        nn.Linear(NUM_FEATURES, 128), nn.ReLU(), nn.Dropout(dropout),
        nn.Linear(128, 64), nn.ReLU(), nn.Dropout(dropout),
        nn.Linear(64, NUM_CLASSES))


def samples(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    y = torch.randint(NUM_CLASSES, (count,))
    return torch.randn(NUM_CLASSES, NUM_FEATURES)[y] + torch.randn(count, NUM_FEATURES), y


MODELS = {"charl_mlp": Work(make, 109_386, 32, samples, dropout=0.2, num_samples=1000)}


if __name__ == "__main__":
    given = parse(__doc__, MODELS)
    run(MODELS[given.model], given)
