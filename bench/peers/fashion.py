#!/usr/bin/env python3
"""PyTorch, the project's default job (fdl.yml): a 421,642-parameter CNN on Fashion-MNIST.

Files: Debian's package dataset-fashion-mnist, or --data. Images are decoded and normalised once,
before training; --dataloader feeds them through torch's DataLoader instead, as most users do.
"""

import gzip
import time
from collections.abc import Callable
from pathlib import Path

import torch
from measure import Record
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from training import (ShuffledBatches, begin, compiled, optimizer_options, print_losses, run_facts,
                      torch_parser, train_epoch)

BATCH_SIZE, NUM_TRAIN = 128, 55000
MEAN, STD = 0.2860, 0.3530
# Evaluation keeps nothing for a backward pass; larger batches were not faster on two cores.
EVAL_BATCH_SIZE = 500
DEFAULT_FOLDER = Path("/usr/share/datasets/fashion-mnist")


def read_idx(path: Path) -> torch.Tensor:
    """An idx file of bytes: magic 0 0 8 rank, the sizes as big-endian u32, then the values."""
    content = gzip.decompress(path.read_bytes())
    if content[:3] != b"\0\0\x08":
        raise SystemExit(f"{path}: not an idx file of bytes")
    rank = content[3]
    sizes = [int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(rank)]
    return torch.frombuffer(bytearray(content[4 + 4 * rank :]), dtype=torch.uint8).view(sizes)


def load(folder: Path, stem: str) -> tuple[torch.Tensor, torch.Tensor]:
    images = read_idx(folder / f"{stem}-images-idx3-ubyte.gz").unsqueeze(1)
    labels = read_idx(folder / f"{stem}-labels-idx1-ubyte.gz")
    return images.float().div_(255).sub_(MEAN).div_(STD), labels.long()


def make_model(dropout: float) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 7 * 7, 128), nn.ReLU(), nn.Dropout(dropout), nn.Linear(128, 10))


@torch.inference_mode()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    num_right = sum((model(x).argmax(1) == y).sum() for x, y in
                    zip(images.split(EVAL_BATCH_SIZE), labels.split(EVAL_BATCH_SIZE)))
    return num_right.item() / len(labels)


def main() -> None:
    parser = torch_parser(__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT_FOLDER, help="folder of the idx files")
    parser.add_argument("--dataloader", action="store_true")
    options = parser.parse_args()
    begin(options)
    record = Record("fashion", options.arm + ("_dataloader" if options.dataloader else ""))

    images, labels = (tensor.to(options.device) for tensor in load(options.data, "train"))
    train, val = (images[:NUM_TRAIN], labels[:NUM_TRAIN]), (images[NUM_TRAIN:], labels[NUM_TRAIN:])
    if options.dataloader:
        batches = DataLoader(TensorDataset(*train), batch_size=BATCH_SIZE, shuffle=True)
    else:
        batches = ShuffledBatches(train, BATCH_SIZE)
    num_batches = 1 if options.same else len(batches)

    def make(arm: str) -> tuple[nn.Module, Callable[[], None]]:
        model = make_model(0.0 if options.same else 0.25).to(options.device)
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01,
                                      **optimizer_options(arm))
        scheduler = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=3e-3, total_steps=num_batches * options.epochs)

        def update() -> None:
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()

        return model, update

    loss_of = nn.functional.cross_entropy
    if options.same:
        return print_losses(make, loss_of, train, BATCH_SIZE, options)
    model, update = make(options.arm)
    facts = run_facts(model)
    trained = compiled(model, options.arm)
    for _ in range(options.epochs):
        train_epoch(trained, loss_of, batches, update, record)
        started = time.perf_counter()
        record.val_accuracy.append(accuracy(model, *val))
        record.val_s.append(time.perf_counter() - started)
    record.test_accuracy = accuracy(model, *(tensor.to(options.device) for tensor in load(options.data, "t10k")))
    record.print_json(**facts)


if __name__ == "__main__":
    main()
