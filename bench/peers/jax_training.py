"""The training loop of the JAX peers: one jitted step that gathers, differentiates and updates.

Weights have PyTorch's layout and order, so that fdl's can be put in their place. Steps are sent without
waiting for each, as JAX users do, so that there are no times of single steps; the loss is read once an
epoch. XLA takes as many threads as the process may use processors.
"""

import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy
import same
from measure import Record, peer_parser

ARMS = ["jit"]


def parse(description: str, names):
    """Before JAX is imported: it counts the processors then."""
    parser = peer_parser(description, ARMS)
    parser.add_argument("--model", choices=list(names), required=True)
    options = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:options.threads])
    return options


@dataclass(frozen=True)
class Work:
    shapes: list[tuple[int, ...]]  # of the weights, in PyTorch's layout
    forward: Callable  # weights, x, key of dropout (None: none) -> output
    loss: Callable  # output, target -> a number for each sample
    num_parameters: int
    batch_size: int
    samples: Callable  # a generator of numpy, how many -> x, y
    lr: float = 1e-3
    weight_decay: float = 0.0
    num_samples: int | None = None
    batches_per_epoch: int = 50


class Filled(tuple):
    """The shape of a weight that begins with one value everywhere."""

    value: float = 0.0


class Ones(Filled):
    value = 1.0


def initial(shapes, generator) -> list[numpy.ndarray]:
    """About as large as PyTorch's are."""
    out = []
    for shape in shapes:
        bound = 1 / math.sqrt(shape[-1])
        drawn = generator.uniform(-bound, bound, shape)
        values = numpy.full(shape, shape.value) if isinstance(shape, Filled) else drawn
        out.append(values.astype(numpy.float32))
    return out


def make_step(work: Work):
    import jax
    import jax.numpy as jnp
    beta1, beta2, eps = 0.9, 0.999, 1e-8

    def loss_of(weights, x, y, key):
        return work.loss(work.forward(weights, x, key), y).mean()

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(weights, moments, x_all, y_all, chosen, key):
        count, first, second = moments
        count = count + 1
        own = None if key is None else jax.random.fold_in(key, count)
        loss, gradients = jax.value_and_grad(loss_of)(weights, x_all[chosen], y_all[chosen], own)
        first = [beta1 * m + (1 - beta1) * g for m, g in zip(first, gradients)]
        second = [beta2 * v + (1 - beta2) * g * g for v, g in zip(second, gradients)]
        scale, root = work.lr / (1 - beta1**count), jnp.sqrt(1 - beta2**count)
        kept = 1 - work.lr * work.weight_decay
        weights = [kept * w - scale * m / (jnp.sqrt(v) / root + eps)
                   for w, m, v in zip(weights, first, second)]
        return weights, (count, first, second), loss

    return step


def print_losses(work: Work, options, batch_size: int) -> None:
    import jax.numpy as jnp
    x, y = (jnp.asarray(values) for values in same.data_of(options.same))
    weights = list(same.tensors_of(options.same / "model.safetensors").values())
    assert [values.shape for values in weights] == work.shapes, [values.shape for values in weights]
    weights = [jnp.asarray(values) for values in weights]
    step, moments, losses = make_step(work), start_of(weights), []
    for chosen in same.batches(len(x), batch_size, options.seed, options.epochs):
        weights, moments, loss = step(weights, moments, x, y, chosen, None)
        losses.append(float(loss))
    print(json.dumps({"losses": {ARMS[0]: losses}}), flush=True)


def start_of(weights):
    import jax.numpy as jnp
    zeros = [[jnp.zeros_like(values) for values in weights] for _ in range(2)]
    return jnp.zeros((), jnp.float32), *zeros


def train_epoch(step, state, data, batch_size: int, generator, key, record: Record):
    weights, moments = state
    x, y = data
    losses, sizes = [], []
    started = time.perf_counter()
    order = generator.permutation(len(x))
    for begin in range(0, len(x), batch_size):
        chosen = order[begin:begin + batch_size]
        weights, moments, loss = step(weights, moments, x, y, chosen, key)
        losses.append(loss)
        sizes.append(len(chosen))
        if record.first_step_s is None:
            loss.block_until_ready()
            record.first_step_done()
    mean_loss = sum(float(loss) * size for loss, size in zip(losses, sizes)) / sum(sizes)
    record.epoch_done(time.perf_counter() - started, len(losses), mean_loss)
    return weights, moments


def run(work: Work, options) -> None:
    import jax
    import jax.numpy as jnp
    batch_size = options.batch or work.batch_size
    num_parameters = sum(math.prod(shape) for shape in work.shapes)
    assert num_parameters == work.num_parameters, num_parameters
    if options.same:
        return print_losses(work, options, batch_size)
    record = Record(options.model, options.arm)
    generator = numpy.random.default_rng(options.seed)
    count = work.num_samples or work.batches_per_epoch * batch_size
    data = tuple(jnp.asarray(values) for values in work.samples(generator, count))
    weights = [jnp.asarray(values) for values in initial(work.shapes, generator)]
    state, step, key = (weights, start_of(weights)), make_step(work), jax.random.key(options.seed)
    for _ in range(options.epochs):
        state = train_epoch(step, state, data, batch_size, generator, key, record)
    record.print_json(jax=jax.__version__, threads=len(os.sched_getaffinity(0)),
                      num_parameters=num_parameters)
