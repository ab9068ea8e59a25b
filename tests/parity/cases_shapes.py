"""Shapes, reductions, and what combines several tensors."""

import torch
from torch import nn
from torch.nn import functional

from cases import Function, Module, indices, normal
from cases_elementwise import of, of_module, plain

# Axes count the batch in our catalogue, and the batch is no parameter: these add it back.
MODULES = {
    "identity": of_module(nn.Identity),
    "unflatten": of_module(nn.Unflatten),
    "reshape": lambda x, p: Function(lambda x: x.reshape(x.shape[0], *p["shape"])),
    "expand": lambda x, p: Function(lambda x: x.expand(-1, *p["sizes"])),
    "slice": lambda x, p: Function(lambda x: taken(x, **p)),
    "cast": lambda x, p: Function(lambda x: x.to(DTYPES[p["dtype"]])),
    "pad": of(lambda x, pads, mode="constant", value=None: functional.pad(x, pads, mode, value)),
    "squeeze": of(lambda x, dim: torch.squeeze(x, dim)),
    "max": of(lambda x, dim, keepdim=False: torch.amax(x, dim, keepdim)),
    "min": of(lambda x, dim, keepdim=False: torch.amin(x, dim, keepdim)),
    "norm": of(lambda x, dim, p=2.0, keepdim=False: torch.linalg.vector_norm(x, p, dim, keepdim)),
    "prod": of(lambda x, dim, keepdim=False: product(x, dim, keepdim)),
    "top_k": of(lambda x, **p: tuple(torch.topk(x, **p))),
    "masked_fill": of(torch.Tensor.masked_fill),
    "where": of(lambda x, condition, other: torch.where(condition, x, other)),
    "gather": of(lambda x, index, dim: torch.gather(x, dim, index)),
    "einsum": of(lambda *inputs, equation: torch.einsum(equation, *inputs)),
    "bilinear": lambda x, p: nn.Bilinear(x.shape[-1], 4, **p),
    "cosine_similarity": of_module(nn.CosineSimilarity),
    "vecdot": of(torch.linalg.vecdot),
    "normalize": of(functional.normalize),
    "one_hot": of(functional.one_hot),
    "grid_sample": of(functional.grid_sample),
}
MODULES |= plain(torch.permute, torch.transpose, torch.unsqueeze, torch.select, torch.chunk,
                 torch.flip, torch.roll, torch.clamp, torch.cumsum, torch.cumprod, torch.mean,
                 torch.sum, torch.logsumexp, torch.var, torch.std, torch.argmax, torch.argmin,
                 torch.sub, torch.div, torch.matmul)
PORTS = {"chunk": ("0", "1", "2"), "top_k": ("values", "indices")}

DTYPES = {"f64": torch.float64, "i64": torch.int64, "bool": torch.bool}


def taken(x: torch.Tensor, dim: int = 1, start: int = 0, stop=None, step: int = 1) -> torch.Tensor:
    return x.movedim(dim, 0)[slice(start, stop, step)].movedim(0, dim)


def product(x: torch.Tensor, dim, keepdim: bool) -> torch.Tensor:
    for axis in sorted(dim, reverse=True) if isinstance(dim, list) else [dim]:
        x = x.prod(axis, keepdim)
    return x


def mask(*shape: int):
    return lambda: torch.rand(shape) < 0.5


def shape_cases():
    box = normal(2, 3, 4)
    yield "identity", "plain", Module(box)
    yield "unflatten", "two", Module(normal(2, 6), {"dim": 1, "unflattened_size": [2, 3]})
    yield "unflatten", "rest", Module(normal(2, 6, 2), {"dim": 1, "unflattened_size": [2, -1]})
    yield "reshape", "plain", Module(box, {"shape": [4, 3]})
    yield "reshape", "rest", Module(box, {"shape": [2, -1, 2]})
    yield "permute", "plain", Module(normal(2, 3, 2, 2), {"dims": [0, 3, 1, 2]})
    yield "transpose", "plain", Module(box, {"dim0": 1, "dim1": -1})
    yield "squeeze", "plain", Module(normal(2, 1, 4), {"dim": 1})
    yield "unsqueeze", "last", Module(normal(2, 3), {"dim": -1})
    yield "slice", "range", Module(box, {"dim": 2, "start": 1, "stop": 3})
    yield "slice", "step", Module(normal(2, 7), {"start": -6, "step": 2})
    yield "select", "last", Module(box, {"dim": 1, "index": -1})
    yield "chunk", "equal", Module(box, {"chunks": 3, "dim": 1})
    yield "chunk", "uneven", Module(normal(2, 5), {"chunks": 3, "dim": 1})
    yield "expand", "plain", Module(normal(2, 1, 3), {"sizes": [4, -1]})
    yield "flip", "two", Module(box, {"dims": [1, 2]})
    yield "roll", "two", Module(box, {"shifts": [1, -2], "dims": [1, 2]})
    for dtype in DTYPES:
        yield "cast", dtype, Module(normal(3, 4), {"dtype": dtype})
    yield "clamp", "both", Module(box, {"min": -0.4, "max": 0.7})
    yield "clamp", "below", Module(box, {"min": 0.1})
    yield "normalize", "plain", Module(box)
    yield "normalize", "options", Module(box, {"p": 3.0, "dim": -1, "eps": 0.01})
    yield "one_hot", "plain", Module(indices(5, 2, 3), {"num_classes": 5})
    yield "cumsum", "plain", Module(box, {"dim": 1})
    yield "cumprod", "plain", Module(box, {"dim": 2})
    yield "pad", "constant", Module(box, {"pads": [1, 2, -1, 1], "value": 0.5})
    for mode in ("reflect", "replicate", "circular"):
        yield "pad", mode, Module(box, {"pads": [1, 2], "mode": mode})
        yield "pad", f"image_{mode}", Module(normal(1, 2, 3, 3), {"pads": [1, 2, 2, 0], "mode": mode})


def reduction_cases():
    box = normal(2, 3, 4)
    for kind in ("mean", "sum", "max", "min", "prod", "logsumexp", "norm", "var", "std"):
        yield kind, "last", Module(box, {"dim": -1})
        yield kind, "two_kept", Module(box, {"dim": [1, 2], "keepdim": True})
    yield "sum", "integers", Module(indices(9, 2, 3), {"dim": 1})
    yield "norm", "one", Module(box, {"dim": 1, "p": 1.0})
    yield "var", "biased", Module(box, {"dim": 1, "correction": 0})
    yield "std", "biased", Module(box, {"dim": 1, "correction": 0})
    for kind in ("argmax", "argmin"):
        yield kind, "last", Module(box, {"dim": -1})
        yield kind, "kept", Module(box, {"dim": 1, "keepdim": True})
    yield "top_k", "largest", Module(box, {"k": 2})
    yield "top_k", "least", Module(box, {"k": 2, "dim": 1, "largest": False})


def combining_cases():
    other = {"other": normal(2, 3, 1)}
    yield "sub", "broadcast", Module(normal(2, 3, 4), more=other)
    yield "div", "broadcast", Module(normal(2, 3, 4), more={"other": lambda: torch.rand(2, 3, 1) + 0.5})
    yield "matmul", "plain", Module(normal(2, 3, 4), more={"other": normal(2, 4, 2)})
    yield "matmul", "broadcast", Module(normal(2, 1, 3, 4), more={"other": normal(1, 2, 4, 2)})
    pair = {"other": normal(2, 4, 2)}
    yield "einsum", "product", Module(normal(2, 3, 4), {"equation": "bij,bjk->bik"}, more=pair)
    three = {"other": normal(2, 4), "other2": normal(2, 3)}
    yield "einsum", "three", Module(normal(2, 3), {"equation": "bi,bj,bi->bj"}, more=three)
    yield "einsum", "one", Module(normal(2, 3, 3), {"equation": "bii->b"})
    yield "bilinear", "plain", Module(normal(3, 2), {"out_features": 3}, more={"other": normal(3, 4)})
    no_bias = {"out_features": 2, "bias": False}
    yield "bilinear", "no_bias", Module(normal(2, 2, 3), no_bias, more={"other": normal(2, 2, 4)})
    places = {"index": indices(5, 2, 3)}
    yield "gather", "plain", Module(normal(2, 5), {"dim": 1}, more=places)
    yield "masked_fill", "plain", Module(normal(2, 3, 4), {"value": -3.5}, more={"mask": mask(2, 1, 4)})
    both = {"condition": mask(2, 3, 1), "other": normal(2, 3, 4)}
    yield "where", "plain", Module(normal(2, 1, 4), more=both)
    for kind in ("cosine_similarity", "vecdot"):
        yield kind, "plain", Module(normal(2, 3, 4), more={"other": normal(2, 3, 4)})
        yield kind, "last", Module(normal(2, 3, 4), {"dim": 2}, more={"other": normal(2, 3, 4)})
        yield kind, "broadcast", Module(normal(2, 3, 4), {"dim": 1}, more={"other": normal(2, 3, 1)})
    yield from grid_cases()


def grid_cases():
    image, grid = normal(1, 2, 3, 4), {"grid": lambda: torch.rand(1, 3, 2, 2) * 2.4 - 1.2}
    # PyTorch asks for the alignment; its default warns.
    for mode in ("bilinear", "nearest", "bicubic"):
        for padding in ("zeros", "border", "reflection"):
            options = {"mode": mode, "padding_mode": padding, "align_corners": False}
            yield "grid_sample", f"{mode}_{padding}", Module(image, options, more=grid)
    yield "grid_sample", "corners", Module(image, {"align_corners": True}, more=grid)
    volume = {"grid": lambda: torch.rand(1, 2, 1, 2, 3) * 2.4 - 1.2}
    yield "grid_sample", "volume", Module(normal(1, 2, 2, 3, 2), {"align_corners": False}, more=volume)


def module_cases():
    yield from shape_cases()
    yield from reduction_cases()
    yield from combining_cases()
