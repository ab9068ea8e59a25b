"""Cases of optimizers, schedules and initializers."""

import torch
from torch.optim import lr_scheduler

from cases import NUM_SCHEDULE_STEPS, OPTIMIZERS, Schedule


class Lion(torch.optim.Optimizer):
    """Chen et al. 2023, algorithm 2."""

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            near, far = group["betas"]
            for p in group["params"]:
                mean = self.state[p].setdefault("exp_avg", torch.zeros_like(p))
                way = (near * mean + (1 - near) * p.grad).sign()
                p.sub_(group["lr"] * (way + group["weight_decay"] * p))
                mean.mul_(far).add_(p.grad, alpha=1 - far)


class Muon:
    """PyTorch's for matrices, AdamW for the rest and for groups that are not `orthogonal`."""

    def __init__(self, groups, orthogonal=True, adamw_lr=None, adamw_betas=(0.9, 0.999),
                 adamw_eps=1e-8, **params):
        self.parts, base = [], torch.optim.Muon([torch.nn.Parameter(torch.zeros(1, 1))], **params)
        for group in groups:
            group = base.defaults | {"orthogonal": orthogonal} | group
            (weight,) = group["params"]
            if weight.dim() == 2 and group["orthogonal"]:
                own = {name: group[name] for name in base.defaults}
                self.parts.append(torch.optim.Muon([weight], **own))
            else:
                lr = group.get("adamw_lr", adamw_lr) or group["lr"]
                self.parts.append(torch.optim.AdamW(
                    [weight], lr=lr, betas=adamw_betas, eps=adamw_eps,
                    weight_decay=group["weight_decay"]))

    def step(self):
        for part in self.parts:
            part.step()


OPTIMIZERS |= {
    "lbfgs": torch.optim.LBFGS,
    "adamax": torch.optim.Adamax,
    "nadam": torch.optim.NAdam,
    "radam": torch.optim.RAdam,
    "adagrad": torch.optim.Adagrad,
    "adadelta": torch.optim.Adadelta,
    "rmsprop": torch.optim.RMSprop,
    "asgd": torch.optim.ASGD,
    "rprop": torch.optim.Rprop,
    "lion": Lion,
    "adafactor": torch.optim.Adafactor,
    "muon": Muon,
}

# Options of each beside its defaults; every one is run with its defaults and with groups too.
OPTIMIZER_OPTIONS = {
    "sgd": {"momentum": 0.9, "weight_decay": 0.1},
    "adam": {"weight_decay": 0.1},
    "adamw": {"amsgrad": True},
    "adamax": {"betas": [0.8, 0.95], "eps": 1e-4, "weight_decay": 0.1},
    "nadam": {"betas": [0.8, 0.95], "momentum_decay": 0.01, "weight_decay": 0.1},
    # With so short a memory the rectified part begins within five steps.
    "radam": {"betas": [0.8, 0.7], "weight_decay": 0.1},
    "adagrad": {"lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5},
    "adadelta": {"rho": 0.8, "eps": 1e-4, "weight_decay": 0.1},
    "rmsprop": {"alpha": 0.8, "momentum": 0.9, "centered": True, "weight_decay": 0.1},
    "asgd": {"lambd": 0.01, "alpha": 0.5, "t0": 2, "weight_decay": 0.1},
    "rprop": {"etas": [0.4, 1.5], "step_sizes": [0.001, 0.02]},
    "lion": {"betas": [0.8, 0.95], "weight_decay": 0.1},
    "adafactor": {"beta2_decay": -0.5, "eps": [1e-3, 0.01], "d": 1.2, "weight_decay": 0.1},
    "muon": {"momentum": 0.9, "nesterov": False, "ns_steps": 3, "adjust_lr_fn": "match_rms_adamw",
             "adamw_lr": 0.02},
}


def optimizer_cases():
    for kind, options in OPTIMIZER_OPTIONS.items():
        lr = {"lr": 0.05}
        if kind not in ("sgd", "adam", "adamw"):
            yield kind, kind, {}
            yield kind, f"{kind}_options", lr | options
        # PyTorch takes the start of adagrad's sum from the optimizer alone, not from a group.
        own = {k: v for k, v in options.items() if k != "initial_accumulator_value"}
        yield kind, f"{kind}_groups", lr | {"groups": [{"match": "p1", "lr": 0.01} | own]}
    for kind in OPTIMIZERS.keys() - {"lbfgs", "lion", "muon"}:
        yield kind, f"{kind}_maximize", {"maximize": True}
    yield "rmsprop", "rmsprop_momentum", {"momentum": 0.9}
    yield "rmsprop", "rmsprop_centered", {"centered": True}
    for kind in ("nadam", "radam"):
        apart = {"decoupled_weight_decay": True, "weight_decay": 0.1}
        yield kind, f"{kind}_decoupled", apart
    yield "muon", "muon_no_matrices", {"groups": [{"match": "p0", "orthogonal": False}]}


def closure_cases():
    yield "lbfgs", "lbfgs", {"lr": 0.5, "max_iter": 3}, torch.float32
    yield "lbfgs", "lbfgs_history", {"lr": 0.3, "history_size": 2}, torch.float64
    # Not more steps: after some sixty, a change of 1e-15 at the start moves PyTorch's own by 1e-3.
    wolfe = {"line_search_fn": "strong_wolfe", "max_iter": 6}
    yield "lbfgs", "lbfgs_wolfe", wolfe, torch.float64
    short = {"line_search_fn": "strong_wolfe", "max_iter": 4, "max_eval": 7, "history_size": 3}
    yield "lbfgs", "lbfgs_wolfe_short", short | {"lr": 5.0}, torch.float64


def of_torch(scheduler: str, **arguments):
    return lambda o: getattr(lr_scheduler, scheduler)(o, **arguments)


def warm_then_root(num_warmup_steps: int):
    """From 0 in a straight line, then with the inverse root of the step."""
    w = num_warmup_steps
    return lambda o: lr_scheduler.LambdaLR(o, lambda t: t / w if t < w else (w / t) ** 0.5)


def schedule_cases():
    whole = NUM_SCHEDULE_STEPS
    yield "step", Schedule({"step": {"step_size": 30}}, 0.1, of_torch("StepLR", step_size=30))
    slow = {"step_size": 7, "gamma": 0.9}
    yield "step_gamma", Schedule({"step": slow}, 0.1, of_torch("StepLR", **slow))
    marks = {"milestones": [20, 150, 90], "gamma": 0.5}
    yield "multi_step", Schedule({"multi_step": marks}, 0.1, of_torch("MultiStepLR", **marks))
    yield "exponential", Schedule(
        {"exponential": {"gamma": 0.97}}, 0.1, of_torch("ExponentialLR", gamma=0.97))
    waves = {"T_0": 13, "T_mult": 2}
    yield "cosine_restarts", Schedule(
        {"cosine_restarts": waves | {"min_lr": 1e-3}}, 0.1,
        of_torch("CosineAnnealingWarmRestarts", **waves, eta_min=1e-3))
    yield "cosine_restarts_even", Schedule(
        {"cosine_restarts": {"T_0": 30}}, 0.1, of_torch("CosineAnnealingWarmRestarts", T_0=30))
    for mode in ("triangular", "triangular2", "exp_range"):
        options = {"max_lr": 0.1, "step_size_up": 20, "mode": mode, "gamma": 0.99}
        yield f"cyclic_{mode}", Schedule(
            {"cyclic": options}, 0.01, of_torch("CyclicLR", base_lr=0.01, **options))
    own = {"max_lr": 0.2, "base_lr": 0.02, "step_size_up": 15, "step_size_down": 35,
           "base_momentum": 0.7, "max_momentum": 0.95}
    yield "cyclic_uneven", Schedule({"cyclic": own}, 0.01, of_torch("CyclicLR", **own))
    still = {"max_lr": 0.1, "step_size_up": 25, "cycle_momentum": False}
    yield "cyclic_fixed_momentum", Schedule(
        {"cyclic": still}, 0.01, of_torch("CyclicLR", base_lr=0.01, **still))
    yield "polynomial", Schedule(
        {"polynomial": {"power": 2}}, 0.1, of_torch("PolynomialLR", power=2, total_iters=whole))
    short = {"total_iters": 50}
    yield "polynomial_short", Schedule({"polynomial": short}, 0.1, of_torch("PolynomialLR", **short))
    yield "linear", Schedule(
        {"linear": {"to": 0}}, 0.1,
        of_torch("LinearLR", start_factor=1.0, end_factor=0.0, total_iters=whole))
    yield "linear_up", Schedule(
        {"linear": {"from": 0.2, "to": 0.8}}, 0.1,
        of_torch("LinearLR", start_factor=0.2, end_factor=0.8, total_iters=whole))
    yield "inverse_sqrt", Schedule(
        [{"warmup": {"steps": 40}}, {"inverse_sqrt": {}}], 0.1, warm_then_root(40))
    yield "constant", Schedule(
        {"constant": {"factor": 0.3}}, 0.1,
        of_torch("ConstantLR", factor=0.3, total_iters=10 * whole))


def plateau_cases():
    yield "plain", {}
    yield "short", {"factor": 0.5, "patience": 2, "cooldown": 3, "min_lr": 0.004}
    yield "max", {"mode": "max", "patience": 3, "threshold": 0.05, "threshold_mode": "abs"}
    yield "relative", {"patience": 1, "threshold": 0.2, "eps": 0.002}


def initializer_cases():
    """Kind, name, (parameters, shape)."""
    matrix, kernel = (5, 3), (6, 4, 3, 2)
    yield "uniform", "uniform", ({"a": -0.5, "b": 2.0}, matrix)
    yield "normal", "normal", ({"mean": 0.5, "std": 0.02}, matrix)
    yield "constant", "constant", ({"val": 0.3}, matrix)
    yield "ones", "ones", ({}, (4,))
    yield "zeros", "zeros", ({}, (4,))
    yield "eye", "eye_tall", ({}, matrix)
    yield "eye", "eye_wide", ({}, (3, 5))
    yield "dirac", "dirac_1d", ({}, (3, 4, 3))
    yield "dirac", "dirac_2d", ({}, kernel)
    yield "dirac", "dirac_groups", ({"groups": 3}, kernel)
    for kind in ("xavier_uniform", "xavier_normal"):
        yield kind, kind, ({}, matrix)
        yield kind, f"{kind}_gain", ({"gain": 1.5}, kernel)
    for kind in ("kaiming_uniform", "kaiming_normal"):
        yield kind, kind, ({}, matrix)
        for gain in ("linear", "sigmoid", "tanh", "relu", "selu"):
            yield kind, f"{kind}_{gain}", ({"nonlinearity": gain, "mode": "fan_out"}, kernel)
        yield kind, f"{kind}_slope", ({"a": 0.3, "mode": "fan_in"}, kernel)
