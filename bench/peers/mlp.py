#!/usr/bin/env python3
"""PyTorch eager, the 16.8 M parameter MLP of floDl's benchmark: the job of manifests/bench/mlp.yml.

1024 -> 2048 -> 2048 -> 2048 -> 2048 -> 1024 with GELU and layer norm, batch 256, 50 batches an
epoch, mean squared error, Adam 1e-3. floDl's own harness reuses a list of ready batches and reads
the loss after each step; here, on both sides, samples are shuffled and the loss is read per epoch.
"""

import torch
from measure import Record, peer_parser
from torch import nn
from training import ShuffledBatches, fit, optimizer_options, run_facts

NUM_SAMPLES, BATCH_SIZE, WIDTH, HIDDEN = 12800, 256, 1024, 2048


def block(in_features: int) -> list[nn.Module]:
    return [nn.Linear(in_features, HIDDEN), nn.GELU(), nn.LayerNorm(HIDDEN)]


def main() -> None:
    options = peer_parser(__doc__, epochs=5).parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    record = Record("mlp", options.arm)
    model = nn.Sequential(*block(WIDTH), *block(HIDDEN), *block(HIDDEN), *block(HIDDEN),
                          nn.Linear(HIDDEN, WIDTH))
    x = torch.randn(NUM_SAMPLES, WIDTH)
    y = x @ torch.randn(WIDTH, WIDTH) / WIDTH**0.5  # learnable, unit variance
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, **optimizer_options(options.arm))
    fit(model, nn.functional.mse_loss, ShuffledBatches(x, y, BATCH_SIZE), optimizer,
        options.epochs, record)
    record.print_json(**run_facts(model))


if __name__ == "__main__":
    main()
