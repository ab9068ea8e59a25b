"""The training loop of the peers: what a good PyTorch user writes, and no more.

Where it differs from the textbook loop it is faster, so that the peer is the strongest fair one:
- samples lie in one tensor and a batch is one `index_select`, without DataLoader;
- the loss is read once per epoch, as our engine does, not after each step.
The clock is read after each step, which on a CPU waits for nothing. On a GPU, whose work goes on
meanwhile, only whole epochs are timed; there the samples lie in its memory.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import same
import torch
from measure import Record, peer_parser
from safetensors.torch import save_file
from torch import nn

Batch = tuple[torch.Tensor, ...]  # inputs, then the target
ARMS = ["default", "fused", "last", "compile", "compile-max", "compile-graphs", "bf16"]
DOUBLE = "double"  # of --same: in f64, which tells what f32 rounds away


class ShuffledBatches:
    """Batches of preloaded samples in a new order each epoch; the last one may be smaller."""

    def __init__(self, tensors: Batch, batch_size: int):
        self.tensors, self.batch_size = tensors, batch_size

    def __len__(self) -> int:
        return -(-len(self.tensors[0]) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        order = torch.randperm(len(self.tensors[0]), device=self.tensors[0].device)
        for chosen in order.split(self.batch_size):
            yield tuple(tensor.index_select(0, chosen) for tensor in self.tensors)


def train_epoch(model: nn.Module, loss_of: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
                batches: Iterable[Batch], update: Callable[[], None], record: Record) -> None:
    """One pass; `update` applies the gradients, moves the schedule if any, clears the gradients."""
    model.train()
    losses, sizes, step_s = [], [], []
    started = before = time.perf_counter()
    for *inputs, y in batches:
        loss = loss_of(model(*inputs), y)
        loss.backward()
        update()
        losses.append(loss.detach())
        sizes.append(len(y))
        if len(losses) == 1:
            record.first_step_done()
        now = time.perf_counter()
        step_s.append(now - before)
        before = now
    weights = torch.tensor(sizes, dtype=torch.float64)
    mean_loss = (torch.stack(losses).double() @ weights.to(losses[0].device) / weights.sum()).item()
    is_waited_for = losses[0].device.type == "cpu"
    record.epoch_done(time.perf_counter() - started, len(losses), mean_loss,
                      step_s if is_waited_for else None)


def optimizer_options(arm: str) -> dict:
    """The default arm passes nothing: PyTorch then loops over the parameters on a CPU."""
    return {} if arm == "default" else {"fused": True}


class Rounded(nn.Module):
    """The model under autocast; its output, and with it the loss, is f32."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        with torch.autocast(inputs[0].device.type, dtype=torch.bfloat16):
            return self.model(*inputs).float()


class ChannelsLast(nn.Module):
    """The model and its images with channels last in memory."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model.to(memory_format=torch.channels_last)

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.model(*(x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x
                            for x in inputs))


def compiled(model: nn.Module, arm: str) -> nn.Module:
    if arm == "bf16":
        return Rounded(model)
    if arm == "last":
        return ChannelsLast(model)
    if arm == "compile":
        return torch.compile(model)
    modes = {"compile-max": "max-autotune", "compile-graphs": "reduce-overhead"}
    return torch.compile(model, mode=modes[arm]) if arm in modes else model


def run_facts(model: nn.Module) -> dict:
    return {"torch": torch.__version__, "threads": torch.get_num_threads(),
            "num_parameters": sum(p.numel() for p in model.parameters())}


def load_weights(model: nn.Module, folder: Path) -> None:
    """fdl's, by their order: both sides have the parts of a model in the order in which it is written."""
    own = [tensor for name, tensor in model.state_dict().items()
           if not name.endswith("num_batches_tracked")]
    given = [torch.from_numpy(values.copy()) for name, values in
             same.tensors_of(folder / "model.safetensors").items()
             if not name.endswith("num_batches_tracked")]
    for to, values in zip(own, given, strict=True):
        assert to.shape == values.shape, (to.shape, values.shape)
        to.copy_(values)


def losses_of(arm: str, made: tuple[nn.Module, Callable[[], None]], loss_of, tensors: Batch,
              batch_size: int, options) -> list[float]:
    model, update = made
    load_weights(model, options.same)
    if arm == DOUBLE:
        model.double()
        tensors = tuple(tensor.double() if tensor.is_floating_point() else tensor for tensor in tensors)
    model = compiled(model, arm)
    model.train()
    losses = []
    for chosen in same.batches(len(tensors[0]), batch_size, options.seed, options.epochs):
        *inputs, y = (tensor[torch.from_numpy(chosen)].to(options.device) for tensor in tensors)
        loss = loss_of(model(*inputs), y)
        loss.backward()
        update()
        losses.append(loss.item())
    return losses


def print_losses(make: Callable[[str], tuple[nn.Module, Callable[[], None]]], loss_of, tensors: Batch,
                 batch_size: int, options) -> None:
    """The other side of `fdl bench --same`. `make`: a model and its update, of an arm."""
    losses = {arm: losses_of(arm, make(arm), loss_of, tensors, batch_size, options)
              for arm in options.arms}
    print(json.dumps({"losses": losses}), flush=True)


def updater(optimizer: torch.optim.Optimizer) -> Callable[[], None]:
    def update() -> None:
        optimizer.step()
        optimizer.zero_grad()

    return update


@dataclass(frozen=True)
class Work:
    """A job without schedule or validation."""

    make: Callable[[float], nn.Module]  # with that dropout
    num_parameters: int
    batch_size: int
    samples: Callable[[int], Batch]  # so many
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] = nn.functional.cross_entropy
    optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam
    optimizer_options: tuple[tuple[str, float], ...] = (("lr", 1e-3),)
    dropout: float = 0.0
    num_samples: int | None = None  # None: as many as batches_per_epoch fill
    batches_per_epoch: int = 50


def torch_parser(description: str) -> argparse.ArgumentParser:
    parser = peer_parser(description, ARMS, [DOUBLE])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    return parser


def begin(options) -> None:
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)


def parse(description: str, names: Iterable[str]):
    parser = torch_parser(description)
    parser.add_argument("--model", choices=list(names), required=True)
    parser.add_argument("--draw", type=Path, metavar="FILE",
                        help="write samples for --same there, and end")
    options = parser.parse_args()
    begin(options)
    return options


def draw(work: Work, batch_size: int, file: Path) -> None:
    x, y = work.samples(same.BATCHES_DRAWN * batch_size)
    name = same.input_name(tuple(x.shape[1:]), not x.is_floating_point())
    save_file({name: x.contiguous(), "target": y.clone()}, file)


def run(work: Work, options) -> None:
    batch_size = options.batch or work.batch_size
    if options.draw:
        return draw(work, batch_size, options.draw)
    record = Record(options.model, options.arm)

    def make(arm: str) -> tuple[nn.Module, Callable[[], None]]:
        model = work.make(0.0 if options.same else work.dropout).to(options.device)
        return model, updater(work.optimizer(model.parameters(), **dict(work.optimizer_options),
                                             **optimizer_options(arm)))

    if options.same and (options.same / "data.safetensors").exists():
        tensors = tuple(torch.from_numpy(values.copy()) for values in same.data_of(options.same))
    else:
        tensors = work.samples(work.num_samples or work.batches_per_epoch * batch_size)
    if options.same:
        return print_losses(make, work.loss, tensors, batch_size, options)
    model, update = make(options.arm)
    facts = run_facts(model)
    assert facts["num_parameters"] == work.num_parameters, facts["num_parameters"]
    model = compiled(model, options.arm)
    tensors = tuple(tensor.to(options.device) for tensor in tensors)
    for _ in range(options.epochs):
        train_epoch(model, work.loss, ShuffledBatches(tensors, batch_size), update, record)
    if options.device == "cuda":
        facts["peak_gpu_mib"] = torch.cuda.max_memory_allocated() / 2**20
    record.print_json(**facts)
