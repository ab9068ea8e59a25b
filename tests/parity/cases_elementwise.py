"""Activations, shapes, reductions, and what combines two tensors."""

import torch
from torch import nn
from torch.nn import functional

from cases import Function, Module, normal


def of(function):
    """A maker of a function that takes its parameters as keywords."""
    return lambda x, p: Function(lambda *inputs: function(*inputs, **p))


def of_module(kind):
    return lambda x, p: kind(**p)


def plain(*functions):
    return {function.__name__: of(function) for function in functions}


def wide() -> torch.Tensor:
    """Wide enough to reach the flat ends of each curve."""
    return torch.randn(4, 6) * 3


def positive(*shape: int):
    return lambda: torch.rand(shape) + 0.1


def swiglu(x: torch.Tensor, dim: int = -1) -> torch.Tensor:
    gate, value = x.chunk(2, dim)
    return functional.silu(gate) * value


def geglu(x: torch.Tensor, dim: int = -1, approximate: str = "none") -> torch.Tensor:
    gate, value = x.chunk(2, dim)
    return functional.gelu(gate, approximate=approximate) * value


ACTIVATIONS = {
    "celu": nn.CELU, "elu": nn.ELU, "glu": nn.GLU, "hardshrink": nn.Hardshrink,
    "hardsigmoid": nn.Hardsigmoid, "hardswish": nn.Hardswish, "hardtanh": nn.Hardtanh,
    "leaky_relu": nn.LeakyReLU, "log_sigmoid": nn.LogSigmoid, "log_softmax": nn.LogSoftmax,
    "mish": nn.Mish, "prelu": nn.PReLU, "relu6": nn.ReLU6, "rrelu": nn.RReLU, "selu": nn.SELU,
    "silu": nn.SiLU, "softmax2d": nn.Softmax2d, "softmin": nn.Softmin, "softplus": nn.Softplus,
    "softshrink": nn.Softshrink, "softsign": nn.Softsign, "tanhshrink": nn.Tanhshrink,
    "threshold": nn.Threshold,
}

EVERYWHERE = [torch.abs, torch.ceil, torch.cos, torch.erf, torch.exp, torch.floor, torch.neg,
              torch.round, torch.sin, torch.square]
ABOVE_ZERO = [torch.log, torch.log1p, torch.reciprocal, torch.rsqrt, torch.sqrt]

MODULES = {kind: of_module(module) for kind, module in ACTIVATIONS.items()}
MODULES |= plain(*EVERYWHERE, *ABOVE_ZERO, torch.pow, swiglu, geglu)
MODULES |= {"scale": of(lambda x, factor, shift=0.0: x * factor + shift)}


def activation_cases():
    for kind in ("celu", "elu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu",
                 "log_sigmoid", "mish", "prelu", "relu6", "selu", "silu", "softplus", "softshrink",
                 "softsign", "tanhshrink"):
        yield kind, "plain", Module(wide)
    for kind in ("celu", "elu"):
        yield kind, "alpha", Module(wide, {"alpha": 1.7})
    for kind in ("hardshrink", "softshrink"):
        yield kind, "lambd", Module(wide, {"lambd": 1.3})
    yield "hardtanh", "bounds", Module(wide, {"min_val": -2.5, "max_val": 0.5})
    yield "leaky_relu", "slope", Module(wide, {"negative_slope": 0.3})
    yield "prelu", "channels", Module(normal(2, 3, 4), {"num_parameters": 3})
    yield "rrelu", "eval", Module(wide, train=False)
    yield "rrelu", "bounds_eval", Module(wide, {"lower": 0.2, "upper": 0.7}, train=False)
    yield "softplus", "options", Module(wide, {"beta": 2.0, "threshold": 3.0})
    yield "threshold", "plain", Module(wide, {"threshold": 0.3, "value": -7.0})
    for kind in ("softmin", "log_softmax"):
        yield kind, "last", Module(wide, {"dim": -1})
        yield kind, "channels", Module(normal(2, 3, 4), {"dim": 1})
    yield "softmax2d", "plain", Module(normal(2, 3, 2, 4))
    for kind in ("glu", "swiglu", "geglu"):
        yield kind, "last", Module(wide)
        yield kind, "channels", Module(normal(2, 4, 3), {"dim": 1})
    yield "geglu", "tanh", Module(wide, {"approximate": "tanh"})


def function_cases():
    for function in EVERYWHERE:
        yield function.__name__, "plain", Module(wide)
    for function in ABOVE_ZERO:
        yield function.__name__, "plain", Module(positive(4, 6))
    yield "pow", "cube", Module(wide, {"exponent": 3.0})
    yield "pow", "square", Module(wide, {"exponent": 2.0})
    yield "pow", "fraction", Module(positive(4, 6), {"exponent": -1.7})
    yield "scale", "factor", Module(wide, {"factor": 0.3})
    yield "scale", "shift", Module(wide, {"factor": -2.0, "shift": 0.7})


def module_cases():
    yield from activation_cases()
    yield from function_cases()
