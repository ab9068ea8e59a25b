#!/usr/bin/env python3
"""PyTorch, a classifier of the rows of a table: the job of manifests/bench/tabular_mlp.yml.

100,000 rows of 20 numbers, a word and a class, which `fdl bench` writes once. As a PyTorch user would,
this reads all of it with the csv module into tensors before it trains; that time is part of the process.
"""

import csv
from pathlib import Path

import numpy
import torch
from torch import nn
from training import Work, parse, run

TABLE = Path(__file__).resolve().parents[2] / "data/bench/tabular.csv"
NUM_NUMBERS = 20


def samples(_: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    with open(TABLE, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    columns = list(zip(*rows))
    numbers = numpy.array([row[:NUM_NUMBERS] for row in rows], dtype=numpy.float32)

    def classes(column: tuple[str, ...]) -> torch.Tensor:
        number_of = {word: i for i, word in enumerate(sorted(set(column)))}
        return torch.tensor([number_of[word] for word in column])

    return torch.from_numpy(numbers), classes(columns[NUM_NUMBERS]), classes(columns[NUM_NUMBERS + 1])


class Tabular(nn.Module):
    NUM_KINDS, WIDTH_OF_KIND, WIDTH, NUM_CLASSES = 12, 8, 256, 4

    def __init__(self):
        super().__init__()
        self.kind = nn.Embedding(self.NUM_KINDS, self.WIDTH_OF_KIND)
        self.layers = nn.Sequential(
            nn.Linear(self.WIDTH_OF_KIND + NUM_NUMBERS, self.WIDTH), nn.ReLU(),
            nn.Linear(self.WIDTH, self.WIDTH), nn.ReLU(), nn.Linear(self.WIDTH, self.NUM_CLASSES))

    def forward(self, numbers: torch.Tensor, kind: torch.Tensor) -> torch.Tensor:
        return self.layers(torch.cat([self.kind(kind), numbers], 1))


MODELS = {"tabular_mlp": Work(lambda _: Tabular(), 74_340, 512, samples)}


if __name__ == "__main__":
    given = parse(__doc__, MODELS)
    run(MODELS[given.model], given)
