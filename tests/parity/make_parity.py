#!/usr/bin/env python3
"""Writes the parity files of this folder: what PyTorch computes, for our tests to compare with.

    python tests/parity/make_parity.py            # rewrite every file beside this script
    python tests/parity/make_parity.py --check    # fail when a stored file differs beyond noise

Needs torch, numpy and safetensors (bench/README.md says how to make such an environment). It is
run by hand and its outputs are committed, so that the tests need no Python.

Every file is one case, `<kind>_<case>.safetensors`. Its `__metadata__` says what was computed:

    torch      the version that computed it
    module     or `loss`, `optimizer`, `schedule`, `initializer`, `parametrization`: the name in our
               catalogue
    params     its parameters as one line of YAML, in PyTorch's names; inferred ones are left out
    train      "true" or "false" (modules only)

and its tensors are

    module     input, param.<name>, buffer.<name>, output, grad_output (fixed and random),
               grad_input (absent for indices), grad_param.<name>, buffer_after.<name>; further
               inputs and outputs by name: input.mask, grad_input.mask, output.h_n, grad_output.h_n
    loss       input, target and further tensors by name, output, grad_output, grad_input and
               grad_input.<name> of the further ones
    optimizer  param.<i> (by the path p<i>) at the start, and for steps 0..4 grad.<step>.<i> and after.<step>.<i>
    schedule   lr f64[200]: entry t is the rate that update number t (from 0) uses; with
               one_cycle also momentum f64[200]. Metadata `lr` is the optimiser's own rate.
    plateau    metric f64[120] and lr f64[120], the rate after each of them; metadata `plateau` holds
               its parameters, the optimiser's own rate is 0.1
               lbfgs has input, target and the two weights of a small network instead of gradients
    parametrization  input, state.<key> by PyTorch's keys, output in training, grad_output,
               grad_input, grad.<key>, after.<key> of all, and output_eval after it. Metadata
               `of` and `of_params` say of which module, `tensor` which, `params` how, `then` by
               what others of a list.
    initializer  value, or arguments f64[2] for the generator: bounds, or mean and standard deviation.
               Metadata `shape` is that of the tensor.

All values are drawn from a stream seeded by the file's name, so a new case moves no old one.
"""

import argparse
import json
import sys
import zlib
from pathlib import Path
from unittest.mock import patch

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

import cases

FOLDER = Path(__file__).resolve().parent
DTYPE_NAMES = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64", torch.bool: "BOOL"}
# Another CPU may add in another order; anything beyond this is a change of meaning. The absolute
# part counts by the tensor's largest number: sums of large terms may come near zero, as those in the
# gradient of an attention's key bias do, which softmax makes zero but for rounding.
RELATIVE, ABSOLUTE = 1e-5, 1e-6


def yaml(value) -> str:
    """One line of YAML in flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(yaml(item) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, str) and set(value) & set(",:[]{}#"):
        return json.dumps(value)
    return str(value)


def to_safetensors(tensors: dict, metadata: dict) -> bytes:
    """The file's bytes. The library writes metadata in a random order; ours never changes."""
    header, data = {"__metadata__": dict(sorted(metadata.items()))}, bytearray()
    # Widest elements first, as the library does, keeps each tensor aligned.
    for name in sorted(tensors, key=lambda name: (-tensors[name].element_size(), name)):
        tensor = tensors[name]
        values = tensor.detach().contiguous().numpy().tobytes()
        offsets = [len(data), len(data) + len(values)]
        header[name] = {"dtype": DTYPE_NAMES[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": offsets}
        data += values
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + bytes(data)


def randomise(module: nn.Module) -> None:
    """Replaces neutral starting values (ones, zeros), which would hide a swapped or lost tensor."""
    with torch.no_grad():
        for name, value in [*module.named_parameters(), *module.named_buffers()]:
            if name == "num_batches_tracked":
                value.fill_(7)
            elif name == "running_var":
                value.uniform_(0.5, 2.0)
            else:
                value.normal_(mean=0.2, std=0.5)
        if getattr(module, "padding_idx", None) is not None:
            module.weight[module.padding_idx].zero_()


def key_of(what: str, name: str, index: int) -> str:
    return what if index == 0 else f"{what}.{name}"


def module_case(kind: str, case: cases.Module) -> tuple[dict, dict]:
    names = ["input", *case.more]
    inputs = [case.input(), *(make() for make in case.more.values())]
    inputs = [x.to(case.dtype) if x.is_floating_point() else x for x in inputs]
    module = cases.MODULES[kind](inputs[0], dict(case.params)).train(case.train).to(case.dtype)
    module.input_names = names  # for those with inputs that may be absent
    randomise(module)
    if case.exact:
        inputs = [x.double() if x.is_floating_point() else x for x in inputs]
        module = module.double()
    tensors = {key_of("input", name, i): x.clone() for i, (name, x) in enumerate(zip(names, inputs))}
    tensors |= {f"param.{name}": value.clone() for name, value in module.named_parameters()}
    tensors |= {f"buffer.{name}": value.clone() for name, value in module.named_buffers()}
    for x in inputs:
        if x.is_floating_point():
            x.requires_grad_()
    outputs = module(*inputs)
    if isinstance(outputs, torch.Tensor):
        outputs = (outputs,)
    ports = cases.PORTS.get(kind, ("output",))[:len(outputs)]  # further ones may be optional
    assert len(ports) == len(outputs), f"{kind} has {len(outputs)} outputs"
    ends, weights = [], []
    for i, (port, y) in enumerate(zip(ports, outputs)):
        tensors[key_of("output", port, i)] = y
        if y.requires_grad:
            ends.append(y)
            like = y.float() if case.exact else y
            weights.append(torch.randn_like(like).to(y.dtype))
            tensors[key_of("grad_output", port, i)] = weights[-1]
    if ends:
        torch.autograd.backward(ends, weights)
    for i, (name, x) in enumerate(zip(names, inputs)):
        if x.grad is not None:
            tensors[key_of("grad_input", name, i)] = x.grad
    tensors |= {f"grad_param.{name}": value.grad for name, value in module.named_parameters()}
    tensors |= {f"buffer_after.{name}": value for name, value in module.named_buffers()}
    if case.exact:
        tensors = {name: value.float() if value.is_floating_point() else value
                   for name, value in tensors.items()}
    return tensors, {"module": kind, "params": yaml(case.params), "train": yaml(case.train)}


def loss_case(kind: str, case: cases.Loss) -> tuple[dict, dict]:
    x = case.input()
    more = {name: make() for name, make in case.more.items()}
    if case.target is not None:
        more["target"] = case.target()
    tensors = {"input": x.clone()} | {name: value.clone() for name, value in more.items()}
    leaves = {"": x} | {f".{name}": value for name, value in more.items()
                        if value.is_floating_point() and name != "target"}
    for leaf in leaves.values():
        leaf.requires_grad_()
    # PyTorch wants the class axis second; ours also takes it last.
    y = cases.LOSSES[kind](x.movedim(-1, 1) if case.class_last else x, **more, **case.params)
    grad_output = torch.tensor(1.7)
    y.backward(grad_output)
    tensors |= {"output": y, "grad_output": grad_output}
    tensors |= {f"grad_input{name}": leaf.grad for name, leaf in leaves.items()}
    return tensors, {"loss": kind, "params": yaml(case.params)}


def parameter_groups(weights: list, params: dict) -> list:
    """PyTorch's form of `groups:`, where each names one of the parameters p0, p1, ..."""
    given = {group["match"]: {name: value for name, value in group.items() if name != "match"}
             for group in params.get("groups", [])}
    return [{"params": [weight]} | given.get(f"p{i}", {}) for i, weight in enumerate(weights)]


def optimizer_case(kind: str, params: dict) -> tuple[dict, dict]:
    weights = [nn.Parameter(torch.randn(4, 3)), nn.Parameter(torch.randn(5))]
    tensors = {f"param.{i}": weight.detach().clone() for i, weight in enumerate(weights)}
    own = {name: value for name, value in params.items() if name != "groups"}
    optimizer = cases.OPTIMIZERS[kind](parameter_groups(weights, params), **own)
    for step in range(5):
        for i, weight in enumerate(weights):
            weight.grad = torch.randn_like(weight)
            tensors[f"grad.{step}.{i}"] = weight.grad.clone()
        optimizer.step()
        tensors |= {f"after.{step}.{i}": weight.detach().clone()
                    for i, weight in enumerate(weights)}
    return tensors, {"optimizer": kind, "params": yaml(params)}


def closure_case(kind: str, params: dict, dtype: torch.dtype) -> tuple[dict, dict]:
    """An optimizer that evaluates again: mean((tanh(input p0) p1 - target)^2)."""
    weights = [nn.Parameter(torch.randn(4, 3).to(dtype)), nn.Parameter(torch.randn(3).to(dtype))]
    x, target = torch.randn(8, 4).to(dtype), torch.randn(8).to(dtype)
    tensors = {"input": x, "target": target}
    tensors |= {f"param.{i}": weight.detach().clone() for i, weight in enumerate(weights)}
    optimizer = cases.OPTIMIZERS[kind](weights, **params)

    def closure():
        optimizer.zero_grad()
        loss = (torch.tanh(x @ weights[0]) @ weights[1] - target).square().mean()
        loss.backward()
        return loss

    for step in range(5):
        optimizer.step(closure)
        tensors |= {f"after.{step}.{i}": weight.detach().clone()
                    for i, weight in enumerate(weights)}
    return tensors, {"optimizer": kind, "params": yaml(params)}


def parametrization_case(kind: str, case: cases.Parametrization) -> tuple[dict, dict]:
    x = case.input()
    module = cases.MODULES[case.of](x, dict(case.of_params))
    for one in [{kind: case.params}, *case.then]:
        for name, params in one.items():
            getattr(nn.utils.parametrizations, name)(module, case.tensor, **params)
    with torch.no_grad():
        for name, value in module.named_parameters():
            value.mul_(torch.rand_like(value) + 0.5) if "original" in name else value.normal_()
    tensors = {"input": x.clone()}
    tensors |= {f"state.{key}": value.clone() for key, value in module.state_dict().items()}
    if x.is_floating_point():
        x.requires_grad_()
    y = module.train()(x)
    grad_output = torch.randn_like(y)
    y.backward(grad_output)
    tensors |= {"output": y, "grad_output": grad_output}
    if x.grad is not None:
        tensors["grad_input"] = x.grad
    tensors |= {f"grad.{name}": value.grad for name, value in module.named_parameters()}
    tensors |= {f"after.{key}": value.clone() for key, value in module.state_dict().items()}
    tensors["output_eval"] = module.eval()(x)
    told = {"then": yaml(case.then)} if case.then else {}
    return tensors, told | {"parametrization": kind, "of": case.of,
                            "of_params": yaml(case.of_params), "tensor": case.tensor,
                            "params": yaml(case.params)}


def schedule_case(case: cases.Schedule) -> tuple[dict, dict]:
    optimizer = torch.optim.Adam([nn.Parameter(torch.zeros(1))], lr=case.lr)
    scheduler = case.build(optimizer)
    rates, momenta = [], []
    for _ in range(cases.NUM_SCHEDULE_STEPS):
        group = optimizer.param_groups[0]
        rates.append(group["lr"])
        momenta.append(group["betas"][0])
        optimizer.step()
        scheduler.step()
    tensors = {"lr": torch.tensor(rates, dtype=torch.float64)}
    if len(set(momenta)) > 1:
        tensors["momentum"] = torch.tensor(momenta, dtype=torch.float64)
    kind = "sequence" if isinstance(case.params, list) else next(iter(case.params))
    return tensors, {"schedule": kind, "params": yaml(case.params), "lr": yaml(case.lr)}


def plateau_case(params: dict) -> tuple[dict, dict]:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **params)
    # Falls (or grows) for a while, then wanders.
    metrics = 3 * torch.exp(-torch.arange(120) / 20.0) + 0.05 * torch.randn(120) + 0.5
    metrics = (-metrics if params.get("mode") == "max" else metrics).double()
    rates = []
    for metric in metrics.tolist():
        scheduler.step(metric)
        rates.append(optimizer.param_groups[0]["lr"])
    tensors = {"metric": metrics, "lr": torch.tensor(rates, dtype=torch.float64)}
    return tensors, {"plateau": yaml(params)}


def initializer_case(kind: str, params: dict, shape: tuple) -> tuple[dict, dict]:
    """What PyTorch's function asks of the generator, or else the values that it makes."""
    asked, tensor = [], torch.empty(shape)

    def note(self, *arguments, **_):
        asked.extend(arguments)
        return self

    with patch.object(torch.Tensor, "normal_", note), patch.object(torch.Tensor, "uniform_", note):
        getattr(nn.init, f"{kind}_")(tensor, **params)
    told = {"initializer": kind, "params": yaml(params), "shape": yaml(shape)}
    if asked:
        return {"arguments": torch.tensor(asked, dtype=torch.float64)}, told
    return {"value": tensor}, told


def all_cases():
    """Yields (file stem, function that computes its tensors and metadata)."""
    for kind, name, module in cases.gather("module_cases"):
        yield f"{kind}_{name}", lambda k=kind, c=module: module_case(k, c)
    for kind, name, loss in cases.gather("loss_cases"):
        yield f"{kind}_{name}", lambda k=kind, c=loss: loss_case(k, c)
    for kind, name, params in cases.gather("optimizer_cases"):
        yield f"optim_{name}", lambda k=kind, p=params: optimizer_case(k, p)
    for kind, name, params, dtype in cases.gather("closure_cases"):
        yield f"optim_{name}", lambda k=kind, p=params, d=dtype: closure_case(k, p, d)
    for kind, name, case in cases.gather("parametrization_cases"):
        yield f"{kind}_{name}", lambda k=kind, c=case: parametrization_case(k, c)
    for kind, name, case in cases.gather("initializer_cases"):
        yield f"init_{name}", lambda k=kind, c=case: initializer_case(k, *c)
    for name, params in cases.gather("plateau_cases"):
        yield f"plateau_{name}", lambda p=params: plateau_case(p)
    for name, schedule in cases.gather("schedule_cases"):
        yield f"schedule_{name}", lambda c=schedule: schedule_case(c)


def is_same(stored: torch.Tensor, found: torch.Tensor) -> bool:
    if not stored.is_floating_point():
        return torch.equal(stored, found)
    finite = stored[stored.isfinite()].abs()
    largest = max(1.0, finite.max().item() if finite.numel() else 1.0)
    return torch.allclose(stored, found, rtol=RELATIVE, atol=ABSOLUTE * largest)


def differences(path: Path, tensors: dict, metadata: dict) -> list[str]:
    """What is wrong with the stored file, one line each; empty when it holds this case."""
    if not path.exists():
        return ["missing"]
    with safe_open(path, "pt") as file:
        told = file.metadata()
    if told | metadata != told:
        return [f"says {told}, expected {metadata}"]
    stored = load_file(path)
    if stored.keys() != tensors.keys():
        return [f"holds {sorted(stored)}, expected {sorted(tensors)}"]
    found = []
    for name, tensor in tensors.items():
        same_form = stored[name].shape == tensor.shape and stored[name].dtype == tensor.dtype
        if not same_form or not is_same(stored[name], tensor.detach()):
            found.append(f"'{name}' differs")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="write or check the parity files")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    options = parser.parse_args()
    torch.set_num_threads(1)  # one order of summation on every machine of a kind
    problems, stems = [], []
    for stem, compute in all_cases():
        stems.append(stem)
        torch.manual_seed(zlib.crc32(stem.encode()))
        tensors, metadata = compute()
        path = FOLDER / f"{stem}.safetensors"
        if not options.check:
            version = {"torch": torch.__version__.split("+")[0]}
            path.write_bytes(to_safetensors(tensors, metadata | version))
        problems += [f"{path.name}: {text}" for text in differences(path, tensors, metadata)]
    stale = {path.stem for path in FOLDER.glob("*.safetensors")} - set(stems)
    problems += [f"{stem}.safetensors: no case makes this file" for stem in sorted(stale)]
    print("\n".join([*problems, f"{len(stems)} cases, {len(problems)} problems"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
