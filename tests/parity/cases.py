"""The cases that make_parity.py computes. To add one, add a line and run that script."""

import importlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional
from torch.optim import lr_scheduler

NUM_SCHEDULE_STEPS = 200


@dataclass(frozen=True)
class Module:
    input: Callable[[], torch.Tensor]
    params: dict = field(default_factory=dict)
    train: bool = True
    more: dict[str, Callable[[], torch.Tensor]] = field(default_factory=dict)  # inputs by name
    # Double for deep compositions, in which f32 rounds by more than the tolerance.
    dtype: torch.dtype = torch.float32
    # Computed in double from what f32 holds, and rounded once: where sums cancel, PyTorch's own f32
    # is off by as much as ours may be.
    exact: bool = False


@dataclass(frozen=True)
class Loss:
    input: Callable[[], torch.Tensor]
    target: Callable[[], torch.Tensor] | None  # None: the loss takes none
    params: dict = field(default_factory=dict)
    class_last: bool = False
    more: dict[str, Callable[[], torch.Tensor]] = field(default_factory=dict)  # tensors by name


@dataclass(frozen=True)
class Parametrization:
    input: Callable[[], torch.Tensor]
    of: str  # a module
    of_params: dict = field(default_factory=dict)
    params: dict = field(default_factory=dict)
    tensor: str = "weight"
    then: list[dict] = field(default_factory=list)  # further ones, each a name over its parameters


@dataclass(frozen=True)
class Schedule:
    """`params` is the value of the manifest's key `schedule`; `build` makes PyTorch's form."""

    params: dict | list
    lr: float
    build: Callable[[torch.optim.Optimizer], lr_scheduler.LRScheduler]


def normal(*shape: int) -> Callable[[], torch.Tensor]:
    return lambda: torch.randn(shape)


def indices(below: int, *shape: int) -> Callable[[], torch.Tensor]:
    return lambda: torch.randint(below, shape)


class Function(nn.Module):
    """A function without tensors of its own, as a module."""

    def __init__(self, function: Callable):
        super().__init__()
        self.function = function

    def forward(self, *inputs: torch.Tensor):
        return self.function(*inputs)


def batch_norm(x: torch.Tensor, params: dict) -> nn.Module:
    return (nn.BatchNorm2d if x.dim() == 4 else nn.BatchNorm1d)(x.shape[1], **params)


# The names of a module's outputs where it has several, the first one first. What stands in MODULES
# then returns a tuple.
PORTS: dict[str, tuple[str, ...]] = {}

# What PyTorch infers nowhere, our catalogue infers from the input: so do these. Each makes an
# nn.Module that is called with the inputs in the order of the catalogue; a plain function becomes one
# by `Function(f)`.
MODULES: dict[str, Callable[[torch.Tensor, dict], nn.Module]] = {
    "linear": lambda x, p: nn.Linear(x.shape[-1], **p),
    "conv2d": lambda x, p: nn.Conv2d(x.shape[1], **p),
    "batch_norm": batch_norm,
    "layer_norm": lambda x, p: nn.LayerNorm(x.shape[-1], **p),
    "max_pool2d": lambda x, p: nn.MaxPool2d(**p),
    "avg_pool2d": lambda x, p: nn.AvgPool2d(**p),
    "adaptive_avg_pool2d": lambda x, p: nn.AdaptiveAvgPool2d(**p),
    "flatten": lambda x, p: nn.Flatten(**p),
    "relu": lambda x, p: nn.ReLU(**p),
    "gelu": lambda x, p: nn.GELU(**p),
    "tanh": lambda x, p: nn.Tanh(**p),
    "sigmoid": lambda x, p: nn.Sigmoid(**p),
    "softmax": lambda x, p: nn.Softmax(**p),
    "embedding": lambda x, p: nn.Embedding(**p),
}

LOSSES = {"cross_entropy": functional.cross_entropy, "mse": functional.mse_loss}

OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def conv2d_cases():
    image = normal(2, 4, 7, 6)
    plain = {"out_channels": 3, "kernel_size": 3}
    yield "plain", Module(image, plain)
    yield "no_bias", Module(image, plain | {"bias": False})
    yield "stride", Module(image, plain | {"stride": 2})
    yield "padding", Module(image, plain | {"padding": 1})
    yield "dilation", Module(image, plain | {"dilation": 2})
    yield "padding_same", Module(image, plain | {"padding": "same"})
    # An even kernel pads one more behind than before.
    yield "padding_same_even", Module(image, plain | {"kernel_size": 4, "padding": "same"})
    yield "groups", Module(image, {"out_channels": 6, "kernel_size": 3, "groups": 2})
    yield "depthwise", Module(image, {"out_channels": 8, "kernel_size": 3, "groups": 4})
    pairs = {"kernel_size": [3, 2], "stride": [2, 1], "padding": [1, 0], "dilation": [1, 2]}
    yield "pairs", Module(image, {"out_channels": 3} | pairs)
    yield "pointwise", Module(image, {"out_channels": 5, "kernel_size": 1})


def norm_cases():
    for train in (True, False):
        mode = "train" if train else "eval"
        yield "batch_norm", f"1d_{mode}", Module(normal(6, 4), train=train)
        yield "batch_norm", f"1d_sequence_{mode}", Module(normal(3, 4, 5), train=train)
        yield "batch_norm", f"2d_{mode}", Module(normal(3, 4, 3, 2), train=train)
    image = normal(3, 4, 3, 2)
    yield "batch_norm", "2d_options", Module(image, {"eps": 0.01, "momentum": 0.3})
    yield "batch_norm", "2d_no_affine", Module(image, {"affine": False})
    yield "batch_norm", "2d_no_stats", Module(image, {"track_running_stats": False}, train=False)
    yield "layer_norm", "plain", Module(normal(4, 6))
    yield "layer_norm", "sequence", Module(normal(2, 3, 6))
    yield "layer_norm", "options", Module(normal(4, 6), {"eps": 0.01})
    yield "layer_norm", "no_affine", Module(normal(4, 6), {"elementwise_affine": False})
    yield "layer_norm", "no_bias", Module(normal(4, 6), {"bias": False})


def pool_cases():
    image = normal(2, 3, 7, 6)
    overlap = {"kernel_size": 3, "stride": 2, "padding": 1}
    yield "max_pool2d", "plain", Module(image, {"kernel_size": 2})
    yield "max_pool2d", "overlap", Module(image, overlap)
    yield "max_pool2d", "ceil_mode", Module(image, {"kernel_size": 2, "ceil_mode": True})
    yield "max_pool2d", "dilation", Module(image, {"kernel_size": 2, "stride": 1, "dilation": 2})
    yield "max_pool2d", "pairs", Module(image, {"kernel_size": [3, 2], "stride": [1, 2]})
    yield "avg_pool2d", "plain", Module(image, {"kernel_size": 2})
    yield "avg_pool2d", "overlap", Module(image, overlap)
    yield "avg_pool2d", "exclude_pad", Module(image, overlap | {"count_include_pad": False})
    yield "avg_pool2d", "ceil_mode", Module(image, {"kernel_size": 2, "ceil_mode": True})
    yield "adaptive_avg_pool2d", "global", Module(image, {"output_size": 1})
    yield "adaptive_avg_pool2d", "uneven", Module(image, {"output_size": [3, 4]})


def pointwise_cases():
    # Wide enough to reach the flat ends of each curve.
    wide = lambda: torch.randn(4, 6) * 3  # noqa: E731
    for kind in ("relu", "tanh", "sigmoid"):
        yield kind, "plain", Module(wide)
    yield "gelu", "none", Module(wide)
    yield "gelu", "tanh", Module(wide, {"approximate": "tanh"})
    yield "softmax", "last", Module(wide, {"dim": -1})
    yield "softmax", "channels", Module(normal(2, 3, 4), {"dim": 1})


def module_cases():
    yield "linear", "plain", Module(normal(4, 5), {"out_features": 3})
    yield "linear", "sequence", Module(normal(2, 3, 5), {"out_features": 4})
    yield "linear", "no_bias", Module(normal(4, 5), {"out_features": 3, "bias": False})
    for name, case in conv2d_cases():
        yield "conv2d", name, case
    yield from norm_cases()
    yield from pool_cases()
    yield "flatten", "plain", Module(normal(2, 3, 4, 5))
    yield "flatten", "range", Module(normal(2, 3, 4, 5), {"start_dim": 1, "end_dim": 2})
    yield from pointwise_cases()
    table = {"num_embeddings": 7, "embedding_dim": 4}
    yield "embedding", "plain", Module(indices(7, 3, 5), table)
    yield "embedding", "padding_idx", Module(indices(7, 3, 5), table | {"padding_idx": 2})


def ignored_target() -> torch.Tensor:
    target = torch.randint(5, (4,))
    target[1] = -100  # PyTorch's ignore_index
    return target


def loss_cases():
    smooth = {"label_smoothing": 0.1}
    plain = normal(4, 5), indices(5, 4)
    yield "cross_entropy", "plain", Loss(*plain)
    yield "cross_entropy", "label_smoothing", Loss(*plain, smooth)
    yield "cross_entropy", "ignored", Loss(normal(4, 5), ignored_target)
    yield "cross_entropy", "ignored_label_smoothing", Loss(normal(4, 5), ignored_target, smooth)
    # Class targets [N, T]: the class axis second [N, C, T], as in PyTorch, and last [N, T, C].
    yield "cross_entropy", "class_second", Loss(normal(2, 5, 3), indices(5, 2, 3))
    yield "cross_entropy", "class_last", Loss(normal(2, 3, 5), indices(5, 2, 3), class_last=True)
    second = Loss(normal(2, 5, 3), indices(5, 2, 3), smooth)
    yield "cross_entropy", "class_second_label_smoothing", second
    yield "mse", "plain", Loss(normal(4, 5), normal(4, 5))
    yield "mse", "image", Loss(normal(2, 3, 4, 2), normal(2, 3, 4, 2))


def optimizer_cases():
    yield "sgd", "sgd", {"lr": 0.1}
    yield "sgd", "sgd_momentum", {"lr": 0.1, "momentum": 0.9}
    yield "sgd", "sgd_dampening", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}
    yield "sgd", "sgd_nesterov", {"lr": 0.1, "momentum": 0.9, "nesterov": True}
    yield "sgd", "sgd_weight_decay", {"lr": 0.1, "weight_decay": 0.05}
    both = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.05}
    yield "sgd", "sgd_momentum_weight_decay", both
    yield "adam", "adam", {"lr": 0.01}
    yield "adam", "adam_options", {"lr": 0.01, "betas": [0.8, 0.95], "eps": 1e-4}
    yield "adam", "adam_weight_decay", {"lr": 0.01, "weight_decay": 0.05}
    yield "adam", "adam_amsgrad", {"lr": 0.01, "amsgrad": True}
    yield "adamw", "adamw", {"lr": 0.01}
    yield "adamw", "adamw_weight_decay", {"lr": 0.01, "weight_decay": 0.2}
    yield "adamw", "adamw_amsgrad", {"lr": 0.01, "weight_decay": 0.2, "amsgrad": True}


def cosine(params: dict, steps: int = NUM_SCHEDULE_STEPS):
    eta_min = params.get("min_lr", 0.0)
    return lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=steps, eta_min=eta_min)


def one_cycle(params: dict):
    return lambda o: lr_scheduler.OneCycleLR(o, total_steps=NUM_SCHEDULE_STEPS, **params)


def linear_then_cosine(warmup: dict, params: dict):
    def build(optimizer):
        rising = lr_scheduler.LinearLR(
            optimizer, start_factor=warmup["start_factor"], total_iters=warmup["steps"])
        falling = cosine(params, NUM_SCHEDULE_STEPS - warmup["steps"])(optimizer)
        return lr_scheduler.SequentialLR(optimizer, [rising, falling], [warmup["steps"]])

    return build


def zero_then_cosine(num_warmup_steps: int):
    """From rate 0, which LinearLR refuses: rate t / num_warmup_steps, then a cosine to 0."""

    def factor(t: int) -> float:
        if t < num_warmup_steps:
            return t / num_warmup_steps
        progress = (t - num_warmup_steps) / (NUM_SCHEDULE_STEPS - num_warmup_steps)
        return 0.5 * (1 + math.cos(math.pi * progress))

    return lambda o: lr_scheduler.LambdaLR(o, factor)


def schedule_cases():
    yield "cosine", Schedule({"cosine": {}}, 0.1, cosine({}))
    floor = {"min_lr": 1e-3}
    yield "cosine_min_lr", Schedule({"cosine": floor}, 0.1, cosine(floor))
    plain = {"max_lr": 3e-3}
    yield "one_cycle", Schedule({"one_cycle": plain}, 1e-3, one_cycle(plain))
    linear = {"max_lr": 0.2, "pct_start": 0.2, "anneal_strategy": "linear", "div_factor": 10.0,
              "final_div_factor": 100.0, "base_momentum": 0.8, "max_momentum": 0.9}
    yield "one_cycle_linear", Schedule({"one_cycle": linear}, 1e-3, one_cycle(linear))
    three = {"max_lr": 3e-3, "three_phase": True}
    yield "one_cycle_three_phase", Schedule({"one_cycle": three}, 1e-3, one_cycle(three))
    still = {"max_lr": 3e-3, "cycle_momentum": False}
    yield "one_cycle_fixed_momentum", Schedule({"one_cycle": still}, 1e-3, one_cycle(still))
    # The starting factor is always stated: nothing here depends on its default.
    warmup = {"steps": 20, "start_factor": 0.1}
    yield "warmup_cosine", Schedule(
        [{"warmup": warmup}, {"cosine": floor}], 0.1, linear_then_cosine(warmup, floor))
    yield "warmup_cosine_from_zero", Schedule(
        [{"warmup": {"steps": 20, "start_factor": 0.0}}, {"cosine": {}}], 0.1, zero_then_cosine(20))


# An area keeps its cases in a file of its own, cases_<area>.py: it may extend the tables above, and
# has functions named as those above.
AREAS = [importlib.import_module(path.stem)
         for path in sorted(Path(__file__).parent.glob("cases_*.py"))]
for area in AREAS:
    MODULES.update(getattr(area, "MODULES", {}))
    PORTS.update(getattr(area, "PORTS", {}))


def gather(function: str) -> Iterator:
    """All cases of a kind: gather("loss_cases") yields what loss_cases() of each file does."""
    yield from globals().get(function, tuple)()
    for area in AREAS:
        yield from getattr(area, function, tuple)()
