"""Cases of tensors that are computed from others: torch.nn.utils.parametrizations."""

from cases import Parametrization, indices, normal

LINEAR = (normal(4, 5), "linear", {"out_features": 3})
CONV = (normal(2, 4, 5, 6), "conv2d", {"out_channels": 3, "kernel_size": 2})
TRANSPOSED = (normal(2, 4, 3, 2), "conv_transpose2d", {"out_channels": 3, "kernel_size": 2})
EMBEDDING = (indices(7, 3, 5), "embedding", {"num_embeddings": 7, "embedding_dim": 4})


def parametrization_cases():
    for name, of in (("linear", LINEAR), ("conv2d", CONV), ("conv_transpose2d", TRANSPOSED),
                     ("embedding", EMBEDDING)):
        yield "weight_norm", name, Parametrization(*of)
        yield "spectral_norm", name, Parametrization(*of)
    yield "weight_norm", "last_axis", Parametrization(*CONV, {"dim": 3})
    yield "weight_norm", "whole", Parametrization(*LINEAR, {"dim": None})
    yield "weight_norm", "bias", Parametrization(*LINEAR, tensor="bias")
    yield "spectral_norm", "iterations", Parametrization(*CONV, {"n_power_iterations": 3, "dim": 1})
    yield "spectral_norm", "bias", Parametrization(*LINEAR, tensor="bias")
    twice = [{"spectral_norm": {"n_power_iterations": 2}}]
    yield "weight_norm", "then_spectral_norm", Parametrization(*LINEAR, then=twice)
    yield "spectral_norm", "then_spectral_norm", Parametrization(*CONV, {"dim": 1}, then=twice)
