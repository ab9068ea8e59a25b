"""The training loop of the peers: what a good PyTorch user writes, and no more.

Where it differs from the textbook loop it is faster, so that the peer is the strongest fair one:
- samples lie in one tensor and a batch is one `index_select`, without DataLoader;
- the loss is read once per epoch, as our engine does, not after each step.
"""

import time
from collections.abc import Callable, Iterable, Iterator

import torch
from measure import Record
from torch import nn

Batch = tuple[torch.Tensor, torch.Tensor]


class ShuffledBatches:
    """Batches of preloaded samples in a new order each epoch; the last one may be smaller."""

    def __init__(self, x: torch.Tensor, y: torch.Tensor, batch_size: int):
        self.x, self.y, self.batch_size = x, y, batch_size

    def __len__(self) -> int:
        return -(-len(self.x) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        for chosen in torch.randperm(len(self.x)).split(self.batch_size):
            yield self.x.index_select(0, chosen), self.y.index_select(0, chosen)


def train_epoch(model: nn.Module, loss_of: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
                batches: Iterable[Batch], update: Callable[[], None], record: Record) -> None:
    """One pass; `update` applies the gradients, moves the schedule if any, clears the gradients."""
    model.train()
    losses, sizes = [], []
    started = time.perf_counter()
    for x, y in batches:
        loss = loss_of(model(x), y)
        loss.backward()
        update()
        losses.append(loss.detach())
        sizes.append(len(x))
        if len(losses) == 1:
            record.first_step_done()
    weights = torch.tensor(sizes, dtype=torch.float64)
    mean_loss = (torch.stack(losses).double() @ weights / weights.sum()).item()
    record.epoch_done(time.perf_counter() - started, len(losses), mean_loss)


def fit(model: nn.Module, loss_of, batches: ShuffledBatches, optimizer: torch.optim.Optimizer,
        num_epochs: int, record: Record) -> None:
    """Trains without schedule or validation."""

    def update() -> None:
        optimizer.step()
        optimizer.zero_grad()

    for _ in range(num_epochs):
        train_epoch(model, loss_of, batches, update, record)


def optimizer_options(arm: str) -> dict:
    """The default arm passes nothing: PyTorch then loops over the parameters on a CPU."""
    return {} if arm == "default" else {"fused": True}


def run_facts(model: nn.Module) -> dict:
    return {"torch": torch.__version__, "threads": torch.get_num_threads(),
            "num_parameters": sum(p.numel() for p in model.parameters())}
