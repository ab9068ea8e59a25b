"""What PyTorch has no module for, written as the papers have it, for cases_sequence.py."""

import torch
from torch import nn
from torch.nn import functional


def angles(num_positions: int, width: int, base: float) -> torch.Tensor:
    rates = base ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    return torch.outer(torch.arange(num_positions, dtype=torch.float64), rates)


def add_sinusoids(x: torch.Tensor) -> torch.Tensor:
    table = torch.empty(x.shape[1:], dtype=torch.float64)
    turned = angles(*x.shape[1:], base=10000)
    table[:, 0::2], table[:, 1::2] = turned.sin(), turned.cos()
    return x + table.float()


def rotary(x: torch.Tensor, num_heads: int = 1, base: float = 10000, interleaved: bool = False):
    """Each pair as a complex number, turned."""
    batch, length, width = x.shape
    heads = x.view(batch, length, num_heads, width // num_heads)
    turned = angles(length, width // num_heads, base).unsqueeze(1)
    turn = torch.polar(torch.ones_like(turned), turned).to(torch.complex64)
    if interleaved:
        real, imaginary = heads[..., 0::2], heads[..., 1::2]
    else:
        real, imaginary = heads.chunk(2, dim=-1)
    out = torch.complex(real, imaginary) * turn
    parts = (out.real, out.imag)
    joined = torch.stack(parts, -1).flatten(-2) if interleaved else torch.cat(parts, -1)
    return joined.reshape(x.shape)


def alibi(num_heads: int, num_queries: int, num_keys: int) -> torch.Tensor:
    # The tests use 2 and 3 heads: a power of two, and one more.
    slopes = {2: [1 / 16, 1 / 256], 3: [1 / 16, 1 / 256, 1 / 4]}[num_heads]
    bias = torch.zeros(num_heads, num_queries, num_keys)
    for head, slope in enumerate(slopes):
        for i in range(num_queries):
            for j in range(num_keys):
                bias[head, i, j] = -slope * abs(i - j)
    return bias


def split(x: torch.Tensor, num_heads: int, num_repeats: int) -> torch.Tensor:
    heads = x.view(*x.shape[:2], num_heads, -1).transpose(1, 2)
    return heads.repeat_interleave(num_repeats, dim=1)


class Attention(nn.Module):
    def __init__(self, num_heads, num_kv_heads=None, causal=False, alibi=False):
        super().__init__()
        self.num_heads, self.num_kv_heads = num_heads, num_kv_heads or num_heads
        self.causal, self.alibi = causal, alibi

    def forward(self, query, *more):
        given = dict(zip(self.input_names[1:], more))
        return self.attend(query, **given)

    def attend(self, query, key, value, mask=None, attn_mask=None):
        repeats = self.num_heads // self.num_kv_heads
        q, k, v = split(query, self.num_heads, 1), split(key, self.num_kv_heads, repeats), split(
            value, self.num_kv_heads, repeats)
        scores = q @ k.transpose(2, 3) / q.shape[3] ** 0.5
        seen = torch.ones_like(scores, dtype=torch.bool)
        if mask is not None:
            seen &= mask[:, None, None, :]
        if self.causal:
            seen = seen.tril()
        if self.alibi:
            scores = scores + alibi(self.num_heads, *scores.shape[2:])
        if attn_mask is not None:
            wide = attn_mask if attn_mask.dim() == 4 else attn_mask.unsqueeze(1)
            if wide.dtype == torch.bool:
                seen = seen & wide
            else:
                scores = scores + wide
        scores = scores.masked_fill(~seen, float("-inf"))
        # A query that sees nothing gets zeros.
        weights = torch.where(seen.any(-1, keepdim=True), scores, 0).softmax(-1)
        weights = torch.where(seen.any(-1, keepdim=True), weights, 0)
        return (weights @ v).transpose(1, 2).flatten(2)


class MultiheadAttention(Attention):
    """Grouped heads, rotary positions and alibi, of self-attention."""

    def __init__(self, width, num_heads, num_kv_heads=None, causal=False, alibi=False,
                 rotary=False, rotary_base=10000.0):
        super().__init__(num_heads, num_kv_heads, causal, alibi)
        self.rotary, self.rotary_base = rotary, rotary_base
        self.kv_width = width // num_heads * self.num_kv_heads
        if self.kv_width == width:
            self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        else:
            self.q_proj_weight = nn.Parameter(torch.empty(width, width))
            self.k_proj_weight = nn.Parameter(torch.empty(self.kv_width, width))
            self.v_proj_weight = nn.Parameter(torch.empty(self.kv_width, width))
        self.in_proj_bias = nn.Parameter(torch.empty(width + 2 * self.kv_width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x):
        width = x.shape[-1]
        sizes = [width, self.kv_width, self.kv_width]
        if self.kv_width == width:
            weights = self.in_proj_weight.split(sizes)
        else:
            weights = self.q_proj_weight, self.k_proj_weight, self.v_proj_weight
        q, k, v = (functional.linear(x, weight, bias)
                   for weight, bias in zip(weights, self.in_proj_bias.split(sizes)))
        if self.rotary:
            q = rotary(q, self.num_heads, self.rotary_base)
            k = rotary(k, self.num_kv_heads, self.rotary_base)
        return self.out_proj(self.attend(q, k, v))


class LearnedPositions(nn.Module):
    def __init__(self, num_positions, width):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_positions, width))

    def forward(self, x):
        return x + self.weight[:x.shape[1]]


class Gated(nn.Module):
    def __init__(self, width, activation, hidden_size, bias=False):
        super().__init__()
        self.activation = activation
        self.gate_proj = nn.Linear(width, hidden_size, bias)
        self.up_proj = nn.Linear(width, hidden_size, bias)
        self.down_proj = nn.Linear(hidden_size, width, bias)

    def forward(self, x):
        return self.down_proj(self.activation(self.gate_proj(x)) * self.up_proj(x))


class EmbeddingBag(nn.EmbeddingBag):
    """Bags are the last axis, also of more than two."""

    def forward(self, x):
        return super().forward(x.flatten(0, -2)).unflatten(0, x.shape[:-1])
