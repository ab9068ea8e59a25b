#!/usr/bin/env python3
"""JAX, the jobs of manifests/bench of those names that are made of products and norms. See jax_training.py."""

import math

import numpy
from jax_training import Filled, Ones, Work, parse, run


class Weights:
    """Hands out the weights in their order, as a model's code comes to them."""

    def __init__(self, weights):
        self.left = iter(weights)

    def __next__(self):
        return next(self.left)


def linear(weights: Weights, x):
    weight, bias = next(weights), next(weights)
    return x @ weight.T + bias


def layer_norm(weights: Weights, x):
    weight, bias = next(weights), next(weights)
    centred = x - x.mean(-1, keepdims=True)
    return centred * ((centred * centred).mean(-1, keepdims=True) + 1e-5)**-0.5 * weight + bias


def gelu(x):
    import jax
    return jax.nn.gelu(x, approximate=False)


def dense(weights: Weights, x):
    return layer_norm(weights, gelu(linear(weights, x)))


def dropout(x, key, share: float, number: int):
    import jax
    import jax.numpy as jnp
    if key is None:
        return x
    kept = jax.random.bernoulli(jax.random.fold_in(key, number), 1 - share, x.shape)
    return jnp.where(kept, x / (1 - share), 0)


def attention(weights: Weights, x, heads: int, is_causal: bool, key=None, share: float = 0.0, number: int = 0):
    import jax
    import jax.numpy as jnp
    weight, bias = next(weights), next(weights)
    batch, length, width = x.shape
    parts = (x @ weight.T + bias).reshape(batch, length, 3, heads, width // heads)
    queries, keys, values = (parts[:, :, i].transpose(0, 2, 1, 3) for i in range(3))
    scores = queries @ keys.transpose(0, 1, 3, 2) / math.sqrt(width // heads)
    if is_causal:
        scores = jnp.where(jnp.tril(jnp.ones((length, length), bool)), scores, -jnp.inf)
    shares = dropout(jax.nn.softmax(scores, -1), key, share, number)
    return linear(weights, (shares @ values).transpose(0, 2, 1, 3).reshape(batch, length, width))


def cross_entropy(scores, target):
    import jax
    import jax.numpy as jnp
    return -jnp.take_along_axis(jax.nn.log_softmax(scores, -1), target[..., None], -1)


def mse(output, target):
    return (output - target)**2


def charl_mlp(weights, x, key):
    import jax
    parts = Weights(weights)
    x = dropout(jax.nn.relu(linear(parts, x)), key, 0.2, 0)
    x = dropout(jax.nn.relu(linear(parts, x)), key, 0.2, 1)
    return linear(parts, x)


def mlp(weights, x, _):
    parts = Weights(weights)
    for _ in range(4):
        x = dense(parts, x)
    return linear(parts, x)


def residual_tower(weights, x, _):
    parts = Weights(weights)
    x = linear(parts, x)
    for _ in range(12):
        x = x + dense(parts, x)
    return linear(parts, x)


def gated_routing(weights, x, _):
    import jax
    parts = Weights(weights)
    x = gelu(linear(parts, x))
    shares = jax.nn.softmax(linear(parts, x), -1)
    x = sum(shares[:, i:i + 1] * dense(parts, x) for i in range(8))
    return linear(parts, x)


def refiner(turns: int):
    def forward(weights, x, _):
        parts = Weights(weights)
        x = dense(parts, x)
        inner = [next(parts) for _ in range(4)]
        for _ in range(turns):
            x = x + dense(Weights(inner), x)
        return linear(parts, x)

    return forward


def transformer(weights, tokens, _):
    parts = Weights(weights)
    x = next(parts)[tokens] + next(parts)
    for _ in range(4):
        x = layer_norm(parts, x + attention(parts, x, 8, False))
        x = layer_norm(parts, x + linear(parts, gelu(linear(parts, x))))
    return linear(parts, x)


def gpt_nano(weights, tokens, key):
    parts = Weights(weights)
    x = dropout(next(parts)[tokens] + next(parts)[:tokens.shape[1]], key, 0.1, 0)
    for i in range(3):
        y = attention(parts, layer_norm(parts, x), 3, True, key, 0.1, 3 * i + 1)
        x = x + dropout(y, key, 0.1, 3 * i + 2)
        y = linear(parts, gelu(linear(parts, layer_norm(parts, x))))
        x = x + dropout(y, key, 0.1, 3 * i + 3)
    return layer_norm(parts, x) @ next(parts).T


def dense_shapes(inner: int, outer: int) -> list[tuple[int, ...]]:
    return [*linear_shapes(inner, outer), *norm_shapes(outer)]


def linear_shapes(inner: int, outer: int) -> list[tuple[int, ...]]:
    return [(outer, inner), (outer,)]


def attention_shapes(width: int) -> list[tuple[int, ...]]:
    return [*linear_shapes(width, 3 * width), *linear_shapes(width, width)]


def feed_shapes(width: int) -> list[tuple[int, ...]]:
    return [*linear_shapes(width, 4 * width), *linear_shapes(4 * width, width)]


def norm_shapes(width: int) -> list[tuple[int, ...]]:
    return [Ones((width,)), Filled((width,))]


def normal_samples(inner: int, outer: int):
    def draw(generator, count: int):
        return (generator.standard_normal((count, inner), numpy.float32),
                generator.standard_normal((count, outer), numpy.float32))

    return draw


def class_samples(generator, count: int):
    y = generator.integers(10, size=count)
    centres = generator.standard_normal((10, 784), numpy.float32)
    return centres[y] + generator.standard_normal((count, 784), numpy.float32), y


def token_samples(generator, count: int):
    return generator.integers(8192, size=(count, 128)), generator.integers(8192, size=(count, 128))


def text_samples(generator, count: int):
    rows = generator.integers(65, size=(count, 129))
    return rows[:, :-1], rows[:, 1:]


def refiner_shapes(width: int) -> list[tuple[int, ...]]:
    return [*dense_shapes(width, width), *dense_shapes(width, width), *linear_shapes(width, width)]


MODELS = {
    "charl_mlp": Work([*linear_shapes(784, 128), *linear_shapes(128, 64), *linear_shapes(64, 10)],
                      charl_mlp, cross_entropy, 109_386, 32, class_samples, num_samples=1000),
    "mlp": Work([*dense_shapes(1024, 2048), *3 * dense_shapes(2048, 2048), *linear_shapes(2048, 1024)],
                mlp, mse, 16_802_816, 256, normal_samples(1024, 1024)),
    "residual_tower": Work([*linear_shapes(1024, 1024), *12 * dense_shapes(1024, 1024),
                            *linear_shapes(1024, 1024)],
                           residual_tower, mse, 14_718_976, 256, normal_samples(1024, 1024)),
    "gated_routing": Work([*linear_shapes(512, 512), *linear_shapes(512, 8), *8 * dense_shapes(512, 512),
                           *linear_shapes(512, 512)],
                          gated_routing, mse, 2_638_856, 256, normal_samples(512, 512)),
    "iterative_refine": Work(refiner_shapes(1024), refiner(8), mse, 3_152_896, 256, normal_samples(1024, 1024)),
    "feedback_fixed": Work(refiner_shapes(512), refiner(10), mse, 790_016, 128, normal_samples(512, 512)),
    "transformer": Work([(8192, 512), (128, 512),
                         *4 * [*attention_shapes(512), *norm_shapes(512), *feed_shapes(512), *norm_shapes(512)],
                         *linear_shapes(512, 8192)],
                        transformer, cross_entropy, 21_071_872, 32, token_samples, lr=1e-4),
    "gpt_nano": Work([(65, 48), (128, 48),
                      *3 * [*norm_shapes(48), *attention_shapes(48), *norm_shapes(48), *feed_shapes(48)],
                      *norm_shapes(48), (65, 48)],
                     gpt_nano, cross_entropy, 97_296, 32, text_samples, weight_decay=0.01),
}


if __name__ == "__main__":
    given = parse(__doc__, MODELS)
    run(MODELS[given.model], given)
