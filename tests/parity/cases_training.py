"""Cases of optimizers and schedules."""

import torch

from cases import OPTIMIZERS


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
    yield "rmsprop", "rmsprop_momentum", {"momentum": 0.9}
    yield "rmsprop", "rmsprop_centered", {"centered": True}
    for kind in ("nadam", "radam"):
        apart = {"decoupled_weight_decay": True, "weight_decay": 0.1}
        yield kind, f"{kind}_decoupled", apart
    yield "muon", "muon_no_matrices", {"groups": [{"match": "p0", "orthogonal": False}]}
