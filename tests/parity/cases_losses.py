"""Cases of losses."""

import math

import torch
from torch import nn
from torch.nn import functional

from cases import LOSSES, MODULES, Loss, Module, indices, normal


def tensor_of(like: torch.Tensor, params: dict, *names: str) -> dict:
    """`params` with lists of numbers as tensors, where PyTorch wants those."""
    return params | {n: torch.tensor(params[n], dtype=like.dtype) for n in names if n in params}


def with_tensors(function, *names: str):
    """The function, with those parameters given as lists."""
    return lambda x, target, **params: function(x, target, **tensor_of(x, params, *names))


def ctc(x, target, input_lengths=None, target_lengths=None, **params):
    whole = lambda t: torch.full((t.shape[0],), t.shape[1])  # noqa: E731
    return functional.ctc_loss(
        x.transpose(0, 1), target,
        whole(x) if input_lengths is None else input_lengths,
        whole(target) if target_lengths is None else target_lengths, **params)


def focal(x, target, gamma=2.0, alpha=None, ignore_index=-100, reduction="mean"):
    """Lin et al. 2017, equation 5, from its words."""
    many = torch.tensor(alpha if isinstance(alpha, list) else [alpha or 1.0])
    if target.is_floating_point():
        p = torch.sigmoid(x)
        right = -((1 - p) ** gamma) * torch.log(p)
        wrong = -(p ** gamma) * torch.log(1 - p)
        loss = target * right * many + (1 - target) * wrong * (1 - many if alpha else 1)
        return loss.mean() if reduction == "mean" else loss.sum()
    counts = target != ignore_index
    truth = target[counts]
    p = torch.softmax(x, 1).movedim(1, -1)[counts].gather(1, truth[:, None])[:, 0]
    factor = many[truth] if len(many) > 1 else many
    loss = -factor * (1 - p) ** gamma * torch.log(p)
    return loss.mean() if reduction == "mean" else loss.sum()


def dice(x, target, smooth=1.0, ignore_index=None, reduction="mean"):
    """Milletari et al. 2016, section 3, with plain sums below, for each class of each sample."""
    if target.is_floating_point():
        found, truth = torch.sigmoid(x), target
    else:
        counts = torch.ones_like(target) if ignore_index is None else target != ignore_index
        truth = functional.one_hot(target * counts, x.shape[1]).movedim(-1, 1) * counts[:, None]
        found = torch.softmax(x, 1) * counts[:, None]
    places = (*x.shape[:2], -1)
    found, truth = found.reshape(places), truth.reshape(places).to(x.dtype)
    value = 1 - (2 * (found * truth).sum(2) + smooth) / (found.sum(2) + truth.sum(2) + smooth)
    return value.mean() if reduction == "mean" else value.sum()


def info_nce(x, positive, temperature=0.1, symmetric=False, reduction="mean"):
    scores = functional.normalize(x) @ functional.normalize(positive).T / temperature
    own = torch.arange(len(x))
    value = functional.cross_entropy(scores, own, reduction=reduction)
    if symmetric:
        value = (value + functional.cross_entropy(scores.T, own, reduction=reduction)) / 2
    return value


def gaussian_kl(x, logvar, reduction="mean"):
    own = torch.distributions.Normal(x, (logvar / 2).exp())
    standard = torch.distributions.Normal(torch.zeros_like(x), torch.ones_like(x))
    value = torch.distributions.kl_divergence(own, standard).flatten(1).sum(1)
    return value.mean() if reduction == "mean" else value.sum()


def distillation(x, teacher, temperature=1.0, class_dim=1, reduction="mean"):
    """Hinton et al. 2015: cross entropy of the softened shares, less their own entropy."""
    shares = torch.softmax(teacher / temperature, class_dim)
    own = torch.log_softmax(x / temperature, class_dim)
    value = (shares * (shares.log() - own)).sum(class_dim) * temperature ** 2
    return value.mean() if reduction == "mean" else value.sum()


def contrastive(x, target, other, margin=1.0, eps=1e-6, reduction="mean"):
    """Hadsell et al. 2006, equation 4; their Y is 1 where the two are unlike."""
    distance = (x - other + eps).square().sum(1).sqrt()
    near, far = distance.square() / 2, (margin - distance).clamp_min(0).square() / 2
    value = target * near + (1 - target) * far
    return value.mean() if reduction == "mean" else value.sum()


def linear_cross_entropy(x, target, chunk_size=None, **given):
    weight, bias = given.pop("linear.weight"), given.pop("linear.bias", None)
    logits = functional.linear(x, weight, bias)
    return functional.cross_entropy(logits.flatten(0, -2), target.flatten(), **given)


class AdaptiveLogProb(nn.AdaptiveLogSoftmaxWithLoss):
    """All its logarithms, also of inputs with more axes."""

    def forward(self, x):
        return self.log_prob(x.flatten(0, -2)).unflatten(0, x.shape[:-1])


MODULES["adaptive_log_softmax"] = lambda x, p: AdaptiveLogProb(x.shape[-1], **p)


def adaptive(x, target, ignore_index=-100, reduction="mean", **given):
    owned = {name.removeprefix("softmax."): value for name, value in given.items()}
    sizes = [owned[name].shape[0] for name in sorted(owned) if name.endswith(".1.weight")]
    cutoffs = [owned["head.weight"].shape[0] - len(sizes)]
    for size in sizes:
        cutoffs.append(cutoffs[-1] + size)
    module = nn.AdaptiveLogSoftmaxWithLoss(x.shape[-1], cutoffs.pop(), cutoffs, 2.0,
                                           head_bias="head.bias" in owned)
    counts = target != ignore_index
    value = torch.func.functional_call(module, owned, (x[counts], target[counts])).loss
    return value * counts.sum() if reduction == "sum" else value


LOSSES |= {
    "adaptive_log_softmax_with_loss": adaptive,
    "triplet_margin_with_distance": lambda x, distance="euclidean", **p:
        functional.triplet_margin_with_distance_loss(x, distance_function=DISTANCES[distance], **p),
    "cross_entropy": with_tensors(functional.cross_entropy, "weight"),
    "l1": functional.l1_loss,
    "smooth_l1": functional.smooth_l1_loss,
    "huber": functional.huber_loss,
    "bce": with_tensors(functional.binary_cross_entropy, "weight"),
    "bce_with_logits": with_tensors(
        functional.binary_cross_entropy_with_logits, "weight", "pos_weight"),
    "nll": with_tensors(functional.nll_loss, "weight"),
    "kl_div": functional.kl_div,
    "poisson_nll": functional.poisson_nll_loss,
    "gaussian_nll": functional.gaussian_nll_loss,
    "hinge_embedding": functional.hinge_embedding_loss,
    "soft_margin": functional.soft_margin_loss,
    "multi_margin": with_tensors(functional.multi_margin_loss, "weight"),
    "multilabel_margin": functional.multilabel_margin_loss,
    "multilabel_soft_margin": with_tensors(functional.multilabel_soft_margin_loss, "weight"),
    "margin_ranking": lambda x, target, input2, **p: functional.margin_ranking_loss(
        x, input2, target, **p),
    "cosine_embedding": lambda x, target, input2, **p: functional.cosine_embedding_loss(
        x, input2, target, **p),
    "triplet_margin": functional.triplet_margin_loss,
    "ctc": ctc,
    "focal": focal,
    "dice": dice,
    "distillation": distillation,
    "gaussian_kl": gaussian_kl,
    "contrastive": contrastive,
    "linear_cross_entropy": linear_cross_entropy,
    "info_nce": info_nce,
}

DISTANCES = {
    "euclidean": None,
    "squared_euclidean": lambda a, b: (a - b).square().sum(1),
    "manhattan": nn.PairwiseDistance(1),
    "chebyshev": nn.PairwiseDistance(math.inf),
    "cosine": lambda a, b: 1 - functional.cosine_similarity(a, b),
    "dot": lambda a, b: -(a * b).sum(1),
}

SUM = {"reduction": "sum"}


def probabilities(*shape: int):
    return lambda: torch.rand(shape) * 0.9 + 0.05


def shares(*shape: int):
    """Probabilities that sum to 1 over the last axis."""
    return lambda: torch.softmax(torch.randn(shape), -1)


def log_shares(*shape: int):
    return lambda: torch.log_softmax(torch.randn(shape), -1)


def signs(*shape: int):
    return lambda: torch.randint(2, shape).float() * 2 - 1


def zero_or_one(*shape: int):
    return lambda: torch.randint(2, shape).float()


def numbers(*values):
    return lambda: torch.tensor(values)


def elementwise_loss_cases():
    pair = normal(4, 5), normal(4, 5)
    for kind in ("l1", "smooth_l1", "huber"):
        yield kind, "plain", Loss(*pair)
        yield kind, "sum", Loss(*pair, SUM)
    yield "mse", "sum", Loss(*pair, SUM)
    yield "smooth_l1", "beta", Loss(*pair, {"beta": 0.4})
    yield "smooth_l1", "beta_zero", Loss(*pair, {"beta": 0})
    yield "huber", "delta", Loss(*pair, {"delta": 0.4})
    # Where both are equal the slope is 0, not undefined.
    yield "l1", "equal", Loss(numbers(1.0, 2.0), numbers(1.0, 3.0))
    weights = {"weight": [0.5, 2.0, 1.0]}
    yield "bce", "plain", Loss(probabilities(4, 3), zero_or_one(4, 3))
    yield "bce", "weight", Loss(probabilities(4, 3), probabilities(4, 3), weights)
    yield "bce", "sum", Loss(probabilities(4, 3), probabilities(4, 3), SUM)
    yield "bce", "ends", Loss(numbers(0.0, 1.0, 0.5), numbers(0.0, 1.0, 1.0))
    binary = normal(4, 3), probabilities(4, 3)
    yield "bce_with_logits", "plain", Loss(*binary)
    both = weights | {"pos_weight": [3.0, 1.0, 0.2]}
    yield "bce_with_logits", "weights", Loss(*binary, both)
    yield "bce_with_logits", "sum", Loss(*binary, SUM)
    yield "kl_div", "plain", Loss(log_shares(4, 5), shares(4, 5))
    yield "kl_div", "batchmean", Loss(log_shares(4, 5), shares(4, 5), {"reduction": "batchmean"})
    yield "kl_div", "sum", Loss(log_shares(4, 5), shares(4, 5), SUM)
    yield "kl_div", "log_target", Loss(log_shares(4, 5), log_shares(4, 5), {"log_target": True})
    counts = lambda: torch.randint(6, (4, 3)).float()  # noqa: E731
    yield "poisson_nll", "plain", Loss(normal(4, 3), counts)
    yield "poisson_nll", "full", Loss(normal(4, 3), counts, {"full": True} | SUM)
    yield "poisson_nll", "rates", Loss(probabilities(4, 3), counts, {"log_input": False})
    yield "soft_margin", "plain", Loss(normal(4, 3), signs(4, 3))
    yield "soft_margin", "sum", Loss(normal(4, 3), signs(4, 3), SUM)
    yield "hinge_embedding", "plain", Loss(normal(4, 3), signs(4, 3))
    yield "hinge_embedding", "options", Loss(normal(4, 3), signs(4, 3), {"margin": 0.5} | SUM)


def class_loss_cases():
    weight = {"weight": [0.5, 2.0, 1.0, 0.1, 3.0]}
    plain = normal(4, 5), indices(5, 4)
    yield "cross_entropy", "weight", Loss(*plain, weight)
    yield "cross_entropy", "weight_label_smoothing", Loss(*plain, weight | {"label_smoothing": 0.2})
    yield "cross_entropy", "sum", Loss(*plain, SUM)
    soft = normal(4, 5), shares(4, 5)
    yield "cross_entropy", "probabilities", Loss(*soft)
    yield "cross_entropy", "probabilities_options", Loss(*soft, weight | {"label_smoothing": 0.1})
    logs = log_shares(4, 5)
    yield "nll", "plain", Loss(logs, indices(5, 4))
    yield "nll", "options", Loss(logs, numbers(1, 0, 2, 0), weight | {"ignore_index": 0})
    yield "nll", "sum", Loss(logs, indices(5, 4), SUM)
    yield "nll", "class_last", Loss(log_shares(2, 3, 5), indices(5, 2, 3), class_last=True)
    yield "multi_margin", "plain", Loss(*plain)
    options = weight | {"p": 2, "margin": 0.5}
    yield "multi_margin", "options", Loss(*plain, options)
    yield "multi_margin", "sum", Loss(*plain, SUM)
    sets = numbers([3, 0, -1, 1], [1, 2, 0, 3], [-1, 0, 0, 0])
    yield "multilabel_margin", "plain", Loss(normal(3, 4), sets)
    yield "multilabel_margin", "sum", Loss(normal(3, 4), sets, SUM)
    yield "multilabel_soft_margin", "plain", Loss(normal(4, 3), zero_or_one(4, 3))
    yield "multilabel_soft_margin", "weight", Loss(
        normal(4, 3), zero_or_one(4, 3), {"weight": [0.5, 2.0, 1.0]} | SUM)
    yield "focal", "plain", Loss(*plain)
    yield "focal", "options", Loss(
        normal(2, 3, 4), lambda: torch.tensor([[0, 1, 2, 9], [9, 2, 2, 0]]),
        {"gamma": 1.5, "alpha": [0.5, 2.0, 1.0], "ignore_index": 9})
    yield "focal", "sum", Loss(*plain, {"gamma": 0.5} | SUM)
    yield "focal", "sigmoids", Loss(normal(4, 3), zero_or_one(4, 3), {"alpha": 0.25})
    yield "distillation", "plain", Loss(normal(4, 3), None, more={"teacher": normal(4, 3)})
    yield "distillation", "soft", Loss(
        normal(2, 5, 3), None, {"temperature": 4.0, "class_dim": -1} | SUM,
        more={"teacher": normal(2, 5, 3)})
    yield "dice", "plain", Loss(normal(2, 3, 4, 2), indices(3, 2, 4, 2))
    yield "dice", "options", Loss(
        normal(2, 3, 4), lambda: torch.tensor([[0, 1, 2, 9], [9, 2, 2, 0]]),
        {"smooth": 0.1, "ignore_index": 9} | SUM)
    yield "dice", "sigmoids", Loss(normal(2, 3), zero_or_one(2, 3))


def far_loss_cases():
    row, label = normal(4, 3), signs(4)
    var = {"var": probabilities(4, 3)}
    yield "gaussian_nll", "plain", Loss(row, normal(4, 3), more=var)
    yield "gaussian_nll", "options", Loss(row, normal(4, 3), {"full": True, "eps": 0.4} | SUM, more=var)
    yield "gaussian_nll", "one", Loss(row, normal(4, 3), more={"var": probabilities(4, 1)})
    other = {"input2": normal(4, 3)}
    yield "margin_ranking", "plain", Loss(row, signs(4, 3), more=other)
    yield "margin_ranking", "options", Loss(row, signs(4, 3), {"margin": 0.5} | SUM, more=other)
    yield "cosine_embedding", "plain", Loss(row, label, more=other)
    yield "cosine_embedding", "options", Loss(row, label, {"margin": 0.2} | SUM, more=other)
    # The cosine of nothing has a gradient all the same.
    zeros = {"input2": lambda: torch.zeros(4, 3)}
    yield "cosine_embedding", "zeros", Loss(row, label, more=zeros)
    pair = {"positive": normal(4, 3), "negative": normal(4, 3)}
    yield "triplet_margin", "plain", Loss(row, None, more=pair)
    yield "triplet_margin", "options", Loss(row, None, {"margin": 0.5, "p": 3, "swap": True} | SUM, more=pair)
    same = {"positive": lambda: torch.zeros(2, 3), "negative": lambda: torch.zeros(2, 3)}
    yield "triplet_margin", "equal", Loss(lambda: torch.zeros(2, 3), None, more=same)
    logs, words = log_shares(2, 7, 4), numbers([1, 2, 2], [3, 1, 0])
    lengths = {"input_lengths": numbers(7, 5), "target_lengths": numbers(3, 2)}
    yield "ctc", "plain", Loss(logs, numbers([1, 2, 2], [3, 1, 3]))
    yield "ctc", "lengths", Loss(logs, words, more=lengths)
    yield "ctc", "options", Loss(
        logs, numbers([0, 2, 2], [1, 1, 1]), {"blank": 3, "zero_infinity": True} | SUM,
        more={"input_lengths": numbers(7, 2)})
    yield "info_nce", "plain", Loss(row, None, more={"positive": normal(4, 3)})
    symmetric = {"temperature": 0.5, "symmetric": True} | SUM
    yield "info_nce", "symmetric", Loss(row, None, symmetric, more={"positive": normal(4, 3)})


def chunked_loss_cases():
    weight, both = {"linear.weight": normal(5, 4)}, {"linear.weight": normal(5, 4), "linear.bias": normal(5)}
    ignored = lambda: torch.tensor([[0, -100, 4], [-100, 2, 2]])  # noqa: E731
    yield "plain", Loss(normal(6, 4), indices(5, 6), more=weight)
    yield "chunks", Loss(normal(7, 4), indices(5, 7), {"chunk_size": 3}, more=both)
    yield "ignored", Loss(normal(2, 3, 4), ignored, {"chunk_size": 2}, more=both)
    options = {"chunk_size": 4, "label_smoothing": 0.2}
    yield "label_smoothing", Loss(normal(2, 3, 4), ignored, options, more=both)
    zero = {"ignore_index": 0, "chunk_size": 1} | SUM
    yield "options", Loss(normal(6, 4), indices(5, 6), zero, more=weight)


def adaptive_cases():
    """Of 12 classes, 4 in the head, and clusters of 4 and 4 with 3 and 1 features."""
    owned = {"head.weight": normal(6, 6), "tail.0.0.weight": normal(3, 6),
             "tail.0.1.weight": normal(4, 3), "tail.1.0.weight": normal(1, 6),
             "tail.1.1.weight": normal(4, 1)}
    softmax = {f"softmax.{name}": make for name, make in owned.items()}
    plain = normal(7, 6), numbers(0, 4, 11, 3, 7, 8, 5)
    yield "plain", Loss(*plain, more=softmax)
    biased = softmax | {"softmax.head.bias": normal(6)}
    yield "sum", Loss(*plain, SUM, more=biased)
    yield "ignored", Loss(normal(2, 3, 6), lambda: torch.tensor([[0, 9, 4], [9, 11, 8]]),
                          {"ignore_index": 9}, more=biased)


def module_cases():
    params = {"n_classes": 12, "cutoffs": [4, 8], "div_value": 2}
    yield "adaptive_log_softmax", "plain", Module(normal(5, 8), params)
    yield "adaptive_log_softmax", "bias", Module(
        normal(2, 3, 8), {"n_classes": 7, "cutoffs": [2], "div_value": 3, "head_bias": True})


def loss_cases():
    for name, case in adaptive_cases():
        yield "adaptive_log_softmax_with_loss", name, case
    triplet = {"positive": normal(4, 3), "negative": normal(4, 3)}
    for name in DISTANCES:
        for swap in (False, True):
            params = {"distance": name} | ({"swap": True, "margin": 0.5} | SUM if swap else {})
            yield ("triplet_margin_with_distance", name + "_swap" * swap,
                   Loss(normal(4, 3), None, params, more=triplet))
    for name, case in chunked_loss_cases():
        yield "linear_cross_entropy", name, case
    row = normal(4, 3)
    for name, params in (("plain", {}), ("sum", SUM)):
        yield "gaussian_kl", name, Loss(row, None, params, more={"logvar": normal(4, 3)})
    yield "gaussian_kl", "image", Loss(normal(2, 3, 4), None, more={"logvar": normal(2, 3, 4)})
    alike = lambda: torch.tensor([0, 1, 1, 0])  # noqa: E731
    yield "contrastive", "plain", Loss(row, alike, more={"other": normal(4, 3)})
    yield "contrastive", "options", Loss(row, alike, {"margin": 4} | SUM, more={"other": normal(4, 3)})
    same = {"other": lambda: torch.zeros(2, 3)}
    yield "contrastive", "equal", Loss(lambda: torch.zeros(2, 3), numbers(0, 1), more=same)
    yield from elementwise_loss_cases()
    yield from class_loss_cases()
    yield from far_loss_cases()
