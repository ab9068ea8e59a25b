#!/usr/bin/env python3
"""PyTorch, the ten models of floDl's benchmark: the jobs of manifests/bench/ of those names.

Each as a PyTorch user writes it, 50 batches an epoch, Adam 1e-3 (transformer: 1e-4). floDl's own
harness reuses a list of ready batches and reads the loss after each step; here, on both sides,
samples are shuffled and the loss is read per epoch. Its gru_seq steps a cell; here both sides run
the layer, which is faster. Its transformer lets attention compute the weights that nobody reads;
here they are not asked for.
"""

from collections.abc import Callable

import torch
from torch import nn
from training import Work, parse, run


class Residual(nn.Module):
    """x + inner(x)."""

    def __init__(self, inner: nn.Module):
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.inner(x)


class Last(nn.Module):
    """A recurrent layer's output at the last position."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)[0][:, -1]


class Repeated(nn.Module):
    """The same module again and again, with the same weights."""

    def __init__(self, inner: nn.Module, times: int):
        super().__init__()
        self.inner, self.times = inner, times

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for _ in range(self.times):
            x = self.inner(x)
        return x


class Gated(nn.Module):
    """The sum of all experts, weighted by a router."""

    def __init__(self, width: int, num_experts: int):
        super().__init__()
        self.router = nn.Linear(width, num_experts)
        self.experts = nn.ModuleList(dense(width, width) for _ in range(num_experts))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weights = self.router(x).softmax(-1)
        return sum(weights[:, i:i + 1] * expert(x) for i, expert in enumerate(self.experts))


class EncoderLayer(nn.Module):
    """A transformer's layer, normalised after each sum."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm1 = nn.LayerNorm(width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(),
                                  nn.Linear(4 * width, width))
        self.norm2 = nn.LayerNorm(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm1(x + self.attention(x, x, x, need_weights=False)[0])
        return self.norm2(x + self.feed(x))


class Positions(nn.Module):
    """A learned vector for each position."""

    def __init__(self, length: int, width: int):
        super().__init__()
        self.table = nn.Parameter(torch.randn(length, width) * 0.02)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.table


def dense(in_features: int, out_features: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(in_features, out_features), nn.GELU(),
                         nn.LayerNorm(out_features))


def convolution(in_channels: int, out_channels: int) -> list[nn.Module]:
    return [nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.BatchNorm2d(out_channels),
            nn.ReLU()]


def mlp() -> nn.Module:
    return nn.Sequential(dense(1024, 2048), dense(2048, 2048), dense(2048, 2048),
                         dense(2048, 2048), nn.Linear(2048, 1024))


def convnet() -> nn.Module:
    layers: list[nn.Module] = []
    for i, (inner, outer) in enumerate([(3, 64), (64, 128), (128, 256), (256, 512), (512, 512)]):
        layers += convolution(inner, outer) + ([nn.MaxPool2d(2)] if i < 4 else [])
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 100))


def gru_seq() -> nn.Module:
    return nn.Sequential(Last(nn.GRU(256, 512, batch_first=True)), nn.Linear(512, 256))


def lstm_seq() -> nn.Module:
    return nn.Sequential(Last(nn.LSTM(256, 512, 2, batch_first=True)), nn.Linear(512, 256))


def transformer() -> nn.Module:
    return nn.Sequential(nn.Embedding(8192, 512), Positions(128, 512),
                         *(EncoderLayer(512, 8) for _ in range(4)), nn.Linear(512, 8192))


def conv_autoenc() -> nn.Module:
    widths, layers = [3, 64, 128, 256, 512], []
    for inner, outer in zip(widths, widths[1:]):
        layers += [nn.Conv2d(inner, outer, 4, 2, 1), nn.BatchNorm2d(outer), nn.ReLU()]
    for inner, outer in zip(widths[:1:-1], widths[-2:0:-1]):
        layers += [nn.ConvTranspose2d(inner, outer, 4, 2, 1), nn.BatchNorm2d(outer), nn.ReLU()]
    return nn.Sequential(*layers, nn.ConvTranspose2d(64, 3, 4, 2, 1), nn.Tanh())


def residual_tower() -> nn.Module:
    return nn.Sequential(nn.Linear(1024, 1024), *(Residual(dense(1024, 1024)) for _ in range(12)),
                         nn.Linear(1024, 1024))


def gated_routing() -> nn.Module:
    return nn.Sequential(nn.Linear(512, 512), nn.GELU(), Gated(512, 8), nn.Linear(512, 512))


def refiner(width: int, turns: int) -> nn.Module:
    return nn.Sequential(dense(width, width), Repeated(Residual(dense(width, width)), turns),
                         nn.Linear(width, width))


def token_loss(scores: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    return nn.functional.cross_entropy(scores.flatten(0, 1), tokens.flatten())


def random_samples(x: tuple[int, ...], y: tuple[int, ...] | None):
    """Of these shapes; a sample without target is its own."""
    def draw(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        samples = torch.randn(count, *x)
        return samples, samples if y is None else torch.randn(count, *y)

    return draw


def random_tokens(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randint(8192, (count, 128)), torch.randint(8192, (count, 128))


def regression(make: Callable[[], nn.Module], num_parameters: int, batch_size: int, x: tuple[int, ...],
               y: tuple[int, ...] | None) -> Work:
    return Work(lambda _: make(), num_parameters, batch_size, random_samples(x, y), nn.functional.mse_loss)


MODELS = {
    "mlp": regression(mlp, 16_802_816, 256, (1024,), (1024,)),
    "convnet": regression(convnet, 3_965_028, 128, (3, 64, 64), (100,)),
    "gru_seq": regression(gru_seq, 1_314_048, 128, (50, 256), (256,)),
    "transformer": Work(lambda _: transformer(), 21_071_872, 32, random_tokens, token_loss,
                        optimizer_options=(("lr", 1e-4),)),
    "lstm_seq": regression(lstm_seq, 3_809_536, 128, (50, 256), (256,)),
    "conv_autoenc": regression(conv_autoenc, 5_515_395, 64, (3, 64, 64), None),
    "residual_tower": regression(residual_tower, 14_718_976, 256, (1024,), (1024,)),
    "gated_routing": regression(gated_routing, 2_638_856, 256, (512,), (512,)),
    "iterative_refine": regression(lambda: refiner(1024, 8), 3_152_896, 256, (1024,), (1024,)),
    "feedback_fixed": regression(lambda: refiner(512, 10), 790_016, 128, (512,), (512,)),
}


if __name__ == "__main__":
    given = parse(__doc__, MODELS)
    run(MODELS[given.model], given)
