#!/usr/bin/env python3
"""PyTorch eager, 784-128-64-10 with dropout, batch 32: the job of manifests/bench/charl_mlp.yml.

1,000 synthetic samples (one Gaussian cloud per class), Adam at its default rate, cross-entropy.
The dispatch of operators dominates: this job shows what a framework costs, not what its kernels do.
"""

import torch
from measure import Record, peer_parser
from torch import nn
from training import ShuffledBatches, fit, optimizer_options, run_facts

NUM_SAMPLES, NUM_CLASSES, NUM_FEATURES, BATCH_SIZE = 1000, 10, 784, 32


def main() -> None:
    options = peer_parser(__doc__, epochs=5).parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    record = Record("charl_mlp", options.arm)
    model = nn.Sequential(
        nn.Linear(NUM_FEATURES, 128), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(128, 64), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(64, NUM_CLASSES))
    y = torch.randint(NUM_CLASSES, (NUM_SAMPLES,))
    x = torch.randn(NUM_CLASSES, NUM_FEATURES)[y] + torch.randn(NUM_SAMPLES, NUM_FEATURES)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, **optimizer_options(options.arm))
    fit(model, nn.functional.cross_entropy, ShuffledBatches(x, y, BATCH_SIZE), optimizer,
        options.epochs, record)
    record.print_json(**run_facts(model))


if __name__ == "__main__":
    main()
