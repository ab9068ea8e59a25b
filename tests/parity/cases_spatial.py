"""Cases of convolutions, poolings, normalisations and resampling."""

import torch
from torch import nn
from torch.nn import functional

from cases import Function, Module, normal

SIGNAL, IMAGE, VOLUME = (2, 4, 9), (2, 4, 6, 5), (1, 4, 4, 5, 3)
INPUTS = {1: SIGNAL, 2: IMAGE, 3: VOLUME}
CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
INSTANCE_NORMS = {1: nn.InstanceNorm1d, 2: nn.InstanceNorm2d, 3: nn.InstanceNorm3d}
POOLS = {
    "max_pool1d": nn.MaxPool1d, "max_pool3d": nn.MaxPool3d,
    "avg_pool1d": nn.AvgPool1d, "avg_pool3d": nn.AvgPool3d,
    "lp_pool1d": nn.LPPool1d, "lp_pool2d": nn.LPPool2d, "lp_pool3d": nn.LPPool3d,
    "adaptive_avg_pool1d": nn.AdaptiveAvgPool1d, "adaptive_avg_pool3d": nn.AdaptiveAvgPool3d,
    "adaptive_max_pool1d": nn.AdaptiveMaxPool1d, "adaptive_max_pool2d": nn.AdaptiveMaxPool2d,
    "adaptive_max_pool3d": nn.AdaptiveMaxPool3d,
}


def layer_norm(kind: type[nn.Module]):
    return lambda x, p: kind(p.pop("normalized_shape", x.shape[-1]), **p)


def batch_norm(x: torch.Tensor, params: dict) -> nn.Module:
    kind = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}[x.dim()]
    return kind(x.shape[1], **params)


def upsample(x: torch.Tensor, params: dict) -> nn.Module:
    # PyTorch takes tuples only.
    return nn.Upsample(**{key: tuple(v) if isinstance(v, list) else v for key, v in params.items()})


def gaussian_blur(x: torch.Tensor, params: dict) -> nn.Module:
    """One convolution with the whole bell, in double; ours goes along one axis after the other."""
    sizes = params["kernel_size"]
    sizes = sizes if isinstance(sizes, list) else [sizes, sizes]
    sigmas = params.get("sigma") or [0.3 * ((size - 1) * 0.5 - 1) + 0.8 for size in sizes]
    sigmas = sigmas if isinstance(sigmas, list) else [sigmas, sigmas]
    curves = []
    for size, sigma in zip(sizes, sigmas):
        place = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
        curve = torch.exp(-0.5 * (place / sigma) ** 2)
        curves.append(curve / curve.sum())
    bell = torch.outer(*curves).expand(x.shape[1], 1, *sizes)
    sides = [sizes[1] // 2] * 2 + [sizes[0] // 2] * 2

    def blur(image: torch.Tensor) -> torch.Tensor:
        padded = functional.pad(image.double(), sides, mode="reflect")
        return functional.conv2d(padded, bell, groups=x.shape[1]).float()

    return Function(blur)


MODULES = {
    **{f"conv{n}d": lambda x, p, k=kind: k(x.shape[1], **p) for n, kind in CONVOLUTIONS.items()},
    **{f"conv_transpose{n}d": lambda x, p, k=kind: k(x.shape[1], **p)
       for n, kind in TRANSPOSED.items()},
    **{name: lambda x, p, k=kind: k(**p) for name, kind in POOLS.items()},
    "batch_norm": batch_norm,
    "sync_batch_norm": batch_norm,  # PyTorch's own wants a GPU; in one process they are the same
    "instance_norm": lambda x, p: INSTANCE_NORMS[x.dim() - 2](x.shape[1], **p),
    "group_norm": lambda x, p: nn.GroupNorm(num_channels=x.shape[1], **p),
    "layer_norm": layer_norm(nn.LayerNorm),
    "rms_norm": layer_norm(nn.RMSNorm),
    "local_response_norm": lambda x, p: nn.LocalResponseNorm(**p),
    "upsample": upsample,
    "pixel_shuffle": lambda x, p: nn.PixelShuffle(**p),
    "pixel_unshuffle": lambda x, p: nn.PixelUnshuffle(**p),
    "channel_shuffle": lambda x, p: nn.ChannelShuffle(**p),
    "unfold": lambda x, p: nn.Unfold(**p),
    "fold": lambda x, p: nn.Fold(**p),
    "gaussian_blur": gaussian_blur,
}


def convolution_cases():
    for n in (1, 3):
        x, plain = normal(*INPUTS[n]), {"out_channels": 3, "kernel_size": 2}
        yield f"conv{n}d", "plain", Module(x, plain)
        yield f"conv{n}d", "padding_same_even", Module(x, plain | {"padding": "same"})
        every = {"stride": 2, "padding": 1, "dilation": 2, "groups": 2, "bias": False}
        yield f"conv{n}d", "every_option", Module(x, {"out_channels": 4, "kernel_size": 2} | every)
    for n in (1, 2, 3):
        for mode in ("reflect", "replicate", "circular"):
            params = {"out_channels": 2, "kernel_size": 3, "padding": 1, "padding_mode": mode}
            yield f"conv{n}d", mode, Module(normal(*INPUTS[n]), params)
    uneven = {"kernel_size": [3, 2], "padding": [1, 2], "stride": [2, 1]}
    for mode in ("reflect", "circular"):
        params = {"out_channels": 2, "padding_mode": mode}
        yield "conv2d", f"{mode}_pairs", Module(normal(*IMAGE), params | uneven)
        same = {"kernel_size": [4, 3], "padding": "same"}  # one more behind than before
        yield "conv2d", f"{mode}_same", Module(normal(*IMAGE), params | same)
    for n in (1, 2, 3):
        shape = {1: (2, 4, 3), 2: (2, 4, 3, 3), 3: (1, 4, 2, 2, 2)}[n]
        x, plain = normal(*shape), {"out_channels": 3, "kernel_size": 2}
        yield f"conv_transpose{n}d", "plain", Module(x, plain)
        yield f"conv_transpose{n}d", "stride", Module(x, plain | {"stride": 2, "bias": False})
        output = {"stride": 2, "padding": 1, "output_padding": 1, "kernel_size": 3}
        yield f"conv_transpose{n}d", "output_padding", Module(x, {"out_channels": 2} | output)
        groups = {"out_channels": 4, "kernel_size": 2, "groups": 2, "dilation": 2}
        yield f"conv_transpose{n}d", "groups_dilation", Module(x, groups)
    pairs = {"kernel_size": [3, 2], "stride": [2, 1], "padding": [1, 0], "output_padding": [1, 0]}
    yield "conv_transpose2d", "pairs", Module(normal(2, 2, 3, 4), {"out_channels": 2} | pairs)


def pool_cases():
    overlap = {"kernel_size": 3, "stride": 2, "padding": 1}
    for n in (1, 3):
        x = normal(*INPUTS[n])
        for kind in ("max", "avg"):
            yield f"{kind}_pool{n}d", "plain", Module(x, {"kernel_size": 2})
            yield f"{kind}_pool{n}d", "overlap", Module(x, overlap)
            ceil = {"kernel_size": 2, "ceil_mode": True}
            yield f"{kind}_pool{n}d", "ceil_mode", Module(x, ceil)
        dilation = {"kernel_size": 2, "stride": 1, "dilation": 2}
        yield f"max_pool{n}d", "dilation", Module(x, dilation)
        yield f"avg_pool{n}d", "exclude_pad", Module(x, overlap | {"count_include_pad": False})
    for n in (2, 3):
        divisor = overlap | {"divisor_override": 5}
        yield f"avg_pool{n}d", "divisor_override", Module(normal(*INPUTS[n]), divisor)
    for n in (1, 2, 3):
        plain = {"norm_type": 2, "kernel_size": 2}
        yield f"lp_pool{n}d", "plain", Module(normal(*INPUTS[n]), plain)
        options = {"norm_type": 1.5, "kernel_size": 3, "stride": 2, "ceil_mode": True}
        positive = lambda n=n: torch.rand(INPUTS[n]) + 0.1  # noqa: E731
        yield f"lp_pool{n}d", "options", Module(positive, options)
    for n in (1, 2, 3):
        x, uneven = normal(*INPUTS[n]), {"output_size": [4, 3, 2][:n] if n > 1 else 4}
        for kind in ("avg", "max"):
            if (kind, n) != ("avg", 2):
                yield f"adaptive_{kind}_pool{n}d", "global", Module(x, {"output_size": 1})
                yield f"adaptive_{kind}_pool{n}d", "uneven", Module(x, uneven)
    for kind in ("avg", "max"):
        kept = {"output_size": [None, 2]}
        yield f"adaptive_{kind}_pool2d", "kept", Module(normal(*IMAGE), kept)


def norm_cases():
    for train in (True, False):
        mode = "train" if train else "eval"
        yield "batch_norm", f"cumulative_{mode}", Module(normal(6, 4), {"momentum": None}, train)
        yield "sync_batch_norm", mode, Module(normal(3, 4, 3), train=train)
        tracked = {"affine": True, "track_running_stats": True, "momentum": 0.3}
        yield "instance_norm", f"tracked_{mode}", Module(normal(3, 4, 5), tracked, train)
    yield "batch_norm", "3d", Module(normal(2, 3, 2, 2, 2))
    yield "instance_norm", "signal", Module(normal(3, 4, 5))
    yield "instance_norm", "image", Module(normal(2, 3, 3, 4), {"affine": True, "eps": 0.01})
    yield "instance_norm", "volume", Module(normal(2, 3, 2, 2, 3), train=False)
    yield "group_norm", "features", Module(normal(3, 6), {"num_groups": 2})
    yield "group_norm", "image", Module(normal(2, 6, 3, 2), {"num_groups": 3, "eps": 0.01})
    yield "group_norm", "no_affine", Module(normal(2, 4, 5), {"num_groups": 4, "affine": False})
    two = {"normalized_shape": [3, 4]}
    for kind in ("layer_norm", "rms_norm"):
        yield kind, "two_axes", Module(normal(2, 2, 3, 4), two)
    yield "rms_norm", "plain", Module(normal(4, 6))
    yield "rms_norm", "eps", Module(normal(2, 3, 6), {"eps": 0.1})
    yield "rms_norm", "no_affine", Module(normal(4, 6), {"elementwise_affine": False})
    strong = {"alpha": 0.5, "beta": 0.6, "k": 2}
    for name, shape, size in (("signal", SIGNAL, 3), ("image", IMAGE, 2), ("volume", VOLUME, 5)):
        yield "local_response_norm", name, Module(normal(*shape), {"size": size} | strong)
    yield "local_response_norm", "plain", Module(normal(*IMAGE), {"size": 3})


def upsample_cases():
    modes = {1: ["linear"], 2: ["bilinear", "bicubic"], 3: ["trilinear"]}
    for n in (1, 2, 3):
        x = normal(1, 2, *[4, 3, 2][:n])
        for mode in ("nearest", "nearest-exact", "area", *modes[n]):
            name = f"{n}d_{mode.replace('-', '_')}"
            yield "upsample", f"{name}_scale", Module(x, {"scale_factor": 1.7, "mode": mode})
            yield "upsample", f"{name}_size", Module(x, {"size": [5, 2, 3][:n], "mode": mode})
        for mode in modes[n]:
            corners = {"scale_factor": 2, "mode": mode, "align_corners": True}
            yield "upsample", f"{n}d_{mode}_corners", Module(x, corners)
    image = normal(1, 2, 4, 3)
    yield "upsample", "one_size", Module(image, {"size": 5})
    yield "upsample", "scales", Module(image, {"scale_factor": [0.5, 2.5], "mode": "bilinear"})


def image_cases():
    yield "pixel_shuffle", "plain", Module(normal(2, 8, 2, 3), {"upscale_factor": 2})
    yield "pixel_shuffle", "more_axes", Module(normal(2, 2, 9, 1, 2), {"upscale_factor": 3})
    yield "pixel_unshuffle", "plain", Module(normal(2, 2, 4, 6), {"downscale_factor": 2})
    yield "channel_shuffle", "image", Module(normal(2, 6, 2, 3), {"groups": 3})
    yield "channel_shuffle", "signal", Module(normal(2, 6, 3), {"groups": 2})
    options = {"kernel_size": [2, 3], "dilation": [2, 1], "padding": [0, 1], "stride": [1, 2]}
    yield "unfold", "plain", Module(normal(*IMAGE), {"kernel_size": 2})
    yield "unfold", "options", Module(normal(*IMAGE), options)
    yield "fold", "plain", Module(normal(2, 8, 6), {"output_size": [4, 3], "kernel_size": 2})
    yield "fold", "options", Module(normal(2, 12, 12), {"output_size": [6, 5]} | options)
    yield "gaussian_blur", "plain", Module(normal(*IMAGE), {"kernel_size": 3})
    pairs = {"kernel_size": [5, 3], "sigma": [1.2, 0.6]}
    yield "gaussian_blur", "pairs", Module(normal(*IMAGE), pairs)
    yield "gaussian_blur", "sigma", Module(normal(*IMAGE), {"kernel_size": 5, "sigma": 2.0})


def module_cases():
    yield from convolution_cases()
    yield from pool_cases()
    yield from norm_cases()
    yield from upsample_cases()
    yield from image_cases()
