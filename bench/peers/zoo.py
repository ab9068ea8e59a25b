#!/usr/bin/env python3
"""PyTorch, models of manifests/zoo as jobs: manifests/bench/resnet50.yml, gpt_nano.yml, vit_tiny.yml.

Parts stand in the order in which the manifests have them.
"""

from collections.abc import Callable

import torch
from flodl import Positions
from torch import nn
from torch.nn import functional as F
from training import Work, parse, run


def normalised(inner: int, outer: int, size: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inner, outer, size, stride, size // 2, bias=False),
                         nn.BatchNorm2d(outer))


class Bottleneck(nn.Module):
    def __init__(self, inner: int, width: int, stride: int = 1):
        super().__init__()
        is_same = stride == 1 and inner == 4 * width
        self.downsample = nn.Identity() if is_same else normalised(inner, 4 * width, 1, stride)
        self.main = nn.Sequential(normalised(inner, width, 1), nn.ReLU(),
                                  normalised(width, width, 3, stride), nn.ReLU(),
                                  normalised(width, 4 * width, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.downsample(x) + self.main(x))


def resnet50(_: float) -> nn.Module:
    layers: list[nn.Module] = [normalised(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    inner = 64
    for width, count, stride in [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)]:
        for i in range(count):
            layers.append(Bottleneck(inner, width, stride if i == 0 else 1))
            inner = 4 * width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))


class Block(nn.Module):
    """A transformer's layer, normalised before its parts."""

    def __init__(self, width: int, heads: int, dropout: float, length: int | None, eps: float):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps)
        self.attention = nn.MultiheadAttention(width, heads, dropout=dropout, batch_first=True)
        self.drop = nn.Dropout(dropout)
        self.norm2 = nn.LayerNorm(width, eps)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width),
                                  nn.Dropout(dropout))
        # Of causal attention; PyTorch asks for it and, told is_causal, does not read it.
        mask = None if length is None else nn.Transformer.generate_square_subsequent_mask(length)
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm1(x)
        y = self.attention(y, y, y, attn_mask=self.mask, is_causal=self.mask is not None,
                           need_weights=False)[0]
        x = x + self.drop(y)
        return x + self.feed(self.norm2(x))


class GptNano(nn.Module):
    VOCAB, WIDTH, HEADS, LAYERS, LENGTH = 65, 48, 3, 3, 128

    def __init__(self, dropout: float):
        super().__init__()
        self.words = nn.Embedding(self.VOCAB, self.WIDTH)
        self.places = nn.Embedding(self.LENGTH, self.WIDTH)
        self.drop = nn.Dropout(dropout)
        self.blocks = nn.Sequential(*(Block(self.WIDTH, self.HEADS, dropout, self.LENGTH, 1e-5)
                                      for _ in range(self.LAYERS)))
        self.norm = nn.LayerNorm(self.WIDTH)
        self.head = nn.Linear(self.WIDTH, self.VOCAB, bias=False)
        for table in (self.words, self.places):
            nn.init.normal_(table.weight, std=0.02)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.words(tokens) + self.places.weight[:tokens.shape[1]]
        return self.head(self.norm(self.blocks(self.drop(x))))


class VitTiny(nn.Module):
    WIDTH, HEADS, LAYERS, EPS = 192, 3, 12, 1e-6

    def __init__(self, dropout: float):
        super().__init__()
        self.patches = nn.Conv2d(3, self.WIDTH, 16, 16)
        self.places = Positions(196, self.WIDTH)
        self.blocks = nn.Sequential(*(Block(self.WIDTH, self.HEADS, dropout, None, self.EPS)
                                      for _ in range(self.LAYERS)))
        self.norm = nn.LayerNorm(self.WIDTH, self.EPS)
        self.head = nn.Linear(self.WIDTH, 1000)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = self.places(self.patches(image).flatten(2).transpose(1, 2))
        return self.head(self.norm(self.blocks(x)).mean(1))


def pictures(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(count, 3, 224, 224), torch.randint(1000, (count,))


def texts(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    rows = torch.randint(GptNano.VOCAB, (count, GptNano.LENGTH + 1))
    return rows[:, :-1].contiguous(), rows[:, 1:].contiguous()


def token_loss(scores: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(scores.flatten(0, 1), tokens.flatten())


ADAMW: Callable[..., torch.optim.Optimizer] = torch.optim.AdamW
MODELS = {
    "resnet50": Work(resnet50, 25_557_032, 8, pictures, optimizer=torch.optim.SGD,
                     optimizer_options=(("lr", 0.01), ("momentum", 0.9), ("weight_decay", 1e-4)),
                     batches_per_epoch=10),
    "gpt_nano": Work(GptNano, 97_296, 32, texts, token_loss, ADAMW, dropout=0.1),
    "vit_tiny": Work(VitTiny, 5_717_032, 8, pictures, optimizer=ADAMW,
                     optimizer_options=(("lr", 1e-3), ("weight_decay", 0.05)), batches_per_epoch=20),
}


if __name__ == "__main__":
    given = parse(__doc__, MODELS)
    run(MODELS[given.model], given)
