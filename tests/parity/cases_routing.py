"""Cases of routers, halts and draws, from the papers' formulas; what draws is computed as in
evaluation, where it does not."""

import math

import torch
from torch import nn

from cases import Function, Module, normal

PORTS = {"ponder": ("output", "probabilities", "num_turns")}


class LearnedHalt(nn.Linear):
    def __init__(self, width: int):
        super().__init__(width, 1)

    def forward(self, x):
        return torch.stack([super(LearnedHalt, self).forward(row).mean() for row in x])


class Ponder(nn.Linear):
    """Banino et al. 2021, equation 2: turn by turn, the last taking what is left."""

    def __init__(self, width: int):
        super().__init__(width, 1)

    def forward(self, x):
        left, shares = torch.ones(len(x)), []
        for turn in range(x.shape[1]):
            scores = super().forward(x[:, turn]).reshape(len(x), -1).mean(1)
            is_last = turn == x.shape[1] - 1
            halts = 0 * scores + 1 if is_last else torch.sigmoid(scores)
            shares.append(left * halts)
            left = left * (1 - halts)
        mixed = sum(share.view(-1, *[1] * (x.dim() - 2)) * x[:, turn]
                    for turn, share in enumerate(shares))
        expected = sum((turn + 1) * share for turn, share in enumerate(shares))
        return mixed, torch.stack(shares, 1), expected


def bucket(distance: int, buckets: int, most: int) -> int:
    """The row of a distance among those of a span, before it is moved to start at 0."""
    mid = buckets // 2
    if buckets == 0 or abs(distance) <= mid:
        return distance
    share = math.log(abs(distance) / mid) / math.log((most - 1) / mid)
    return int(math.copysign(math.ceil(share * (mid - 1)) + mid, distance))


class Disentangled(nn.Module):
    """He et al. 2021, equation 4, pair by pair, with DebertaV2's buckets and names."""

    def __init__(self, width, num_heads, pos_att_type="c2p|p2c", position_buckets=256,
                 max_relative_positions=512, share_att_key=True, norm_rel_ebd=True, bias=True):
        super().__init__()
        self.num_heads, self.kinds = num_heads, pos_att_type.split("|")
        self.buckets, self.most = position_buckets, max_relative_positions
        self.span = position_buckets or max_relative_positions
        for name in ("query_proj", "key_proj", "value_proj"):
            setattr(self, name, nn.Linear(width, width, bias))
        self.shares = share_att_key
        if not share_att_key and "c2p" in self.kinds:
            self.pos_key_proj = nn.Linear(width, width, bias)
        if not share_att_key and "p2c" in self.kinds:
            self.pos_query_proj = nn.Linear(width, width, bias)
        if self.kinds != ["none"]:
            self.rel_embeddings = nn.Embedding(2 * self.span, width)
            self.norms = norm_rel_ebd
            if norm_rel_ebd:
                self.LayerNorm = nn.LayerNorm(width, eps=1e-7)

    def place(self, i: int, j: int) -> int:
        return min(max(bucket(i - j, self.buckets, self.most) + self.span, 0), 2 * self.span - 1)

    def positions(self):
        table = self.rel_embeddings.weight
        table = self.LayerNorm(table) if self.norms else table
        of_key = of_query = None
        if "c2p" in self.kinds:
            of_key = (self.key_proj if self.shares else self.pos_key_proj)(table)
        if "p2c" in self.kinds:
            of_query = (self.query_proj if self.shares else self.pos_query_proj)(table)
        return of_key, of_query

    def forward(self, x, mask=None):
        q, k, v = self.query_proj(x), self.key_proj(x), self.value_proj(x)
        of_key, of_query = (None, None) if self.kinds == ["none"] else self.positions()
        width = x.shape[2] // self.num_heads
        scale = (width * (1 + (of_key is not None) + (of_query is not None))) ** 0.5
        samples = []
        for b in range(x.shape[0]):
            heads = []
            for h in range(self.num_heads):
                own = slice(h * width, (h + 1) * width)
                rows = []
                for i in range(x.shape[1]):
                    scores = []
                    for j in range(x.shape[1]):
                        score = q[b, i, own] @ k[b, j, own]
                        if of_key is not None:
                            score = score + q[b, i, own] @ of_key[self.place(i, j), own]
                        if of_query is not None:
                            score = score + k[b, j, own] @ of_query[self.place(i, j), own]
                        seen = mask is None or mask[b, j]
                        scores.append(score / scale if seen else score * 0 - math.inf)
                    rows.append(torch.stack(scores).softmax(0) @ v[b, :, own])
                heads.append(torch.stack(rows))
            samples.append(torch.cat(heads, -1))
        return torch.stack(samples)


MODULES = {
    "gumbel_softmax": lambda x, p: Function(
        lambda x: torch.softmax(x / p.get("tau", 1.0), p.get("dim", -1))),
    "fixed_selector": lambda x, p: Function(lambda x: torch.full((len(x),), p["index"])),
    "threshold_halt": lambda x, p: Function(
        lambda x: torch.stack([row.max() for row in x]) - p["threshold"]),
    "learned_halt": lambda x, p: LearnedHalt(x.shape[-1]),
    "ponder": lambda x, p: Ponder(x.shape[-1]),
    "disentangled_attention": lambda x, p: Disentangled(x.shape[-1], **p),
}


def seen(*shape: int):
    """Masks in which every row sees something."""
    def make():
        mask = torch.rand(shape) > 0.4
        mask[:, 0] = True
        return mask
    return make


def disentangled_cases():
    def case(params: dict, **more):
        return Module(normal(2, 7, 6), {"num_heads": 2} | params, train=False,
                      dtype=torch.float64, more=more)

    near = {"position_buckets": 4, "max_relative_positions": 16}
    yield "plain", case(near)
    yield "mask", case(near, mask=seen(2, 7))
    # A vector added to all keys changes no weight: its gradient is noise.
    c2p = {"pos_att_type": "c2p", "bias": False, "norm_rel_ebd": False}
    yield "c2p", case(near | c2p)
    yield "p2c", case(near | {"pos_att_type": "p2c", "norm_rel_ebd": False})
    yield "own_p2c", case(near | {"pos_att_type": "p2c", "share_att_key": False})
    yield "none", case({"pos_att_type": "none", "bias": False})
    yield "own_keys", case(near | {"share_att_key": False, "bias": False})
    yield "no_buckets", case({"position_buckets": 0, "max_relative_positions": 4, "bias": False})


def module_cases():
    yield "gumbel_softmax", "eval", Module(normal(3, 5), {"tau": 0.5}, train=False)
    yield "fixed_selector", "plain", Module(normal(3, 5), {"index": 2})
    yield "threshold_halt", "plain", Module(normal(3, 5), {"threshold": 0.5})
    yield "threshold_halt", "image", Module(normal(2, 3, 4), {"threshold": -1})
    yield "learned_halt", "plain", Module(normal(3, 5))
    yield "learned_halt", "sequence", Module(normal(2, 3, 5))
    yield "ponder", "plain", Module(normal(3, 4, 5))
    yield "ponder", "sequence", Module(normal(2, 3, 4, 5))
    yield "ponder", "one_turn", Module(normal(2, 1, 5))
    for name, case in disentangled_cases():
        yield "disentangled_attention", name, case
