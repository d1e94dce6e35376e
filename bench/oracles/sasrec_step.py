"""Steps a second of SASRec in training: PyTorch on the processor beside Segue, in turns, in one run.

    apt-get install python3-torch libopenblas0-pthread && /usr/bin/python3 bench/oracles/sasrec_step.py [--items 10000 --threads 2 --rounds 3]

The step (Kang and McAuley, ICDM 2018, in the form of `sasrec`): 128 sequences of 50 plays; vector of the item · √64 + vector of the place, dropout .2;
two causal blocks x + dropout(attention(norm x)), x + dropout(W₂ dropout(relu(W₁ norm x))), attention with one head, dropout on its weights too; norm; scores of the
next item and of one drawn for every play with the vectors that are read and a bias an item; binary cross-entropy; backward; Adam, β₂ = .98. All sequences
are of full length, so that PyTorch works on nothing that is padding. PyTorch gets its fastest of four: attention written out with bmm or nn.MultiheadAttention,
vectors of items with a dense gradient and Adam or with a sparse one and SparseAdam (moves the touched rows only, as `sasrec` does). Time of a step: the least
mean of 16 steps in a row, on both sides; drawing the batch and its negatives counts. Without OpenBLAS the products of Debian's PyTorch run on the reference
BLAS, 40 times as slow: its rate is printed.
"""
import argparse
import os
import pathlib
import re
import subprocess
import time

import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
BATCH, LENGTH, SIZE, BLOCKS, DROPOUT, RATE, EVERY = 128, 50, 64, 2, 0.2, 1e-3, 16
functional = torch.nn.functional


class WrittenOut(torch.nn.Module):
    """Attention of one head from the parts of the library."""

    def __init__(self):
        super().__init__()
        self.enter, self.leave = torch.nn.Linear(SIZE, 3 * SIZE), torch.nn.Linear(SIZE, SIZE)
        self.register_buffer("ahead", torch.triu(torch.full((LENGTH, LENGTH), -torch.inf), 1))

    def forward(self, x):
        query, key, value = self.enter(x).chunk(3, -1)
        weight = torch.baddbmm(self.ahead, query, key.transpose(1, 2), alpha=SIZE ** -0.5).softmax(-1)
        return self.leave(torch.bmm(functional.dropout(weight, DROPOUT), value))


class Library(torch.nn.Module):
    """The layer of the library."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.MultiheadAttention(SIZE, 1, dropout=DROPOUT, batch_first=True)
        self.register_buffer("ahead", torch.triu(torch.full((LENGTH, LENGTH), -torch.inf), 1))

    def forward(self, x):
        return self.layer(x, x, x, attn_mask=self.ahead, need_weights=False)[0]


class Block(torch.nn.Module):
    def __init__(self, attention):
        super().__init__()
        self.attention = attention()
        self.before_attention, self.before_network = torch.nn.LayerNorm(SIZE), torch.nn.LayerNorm(SIZE)
        self.first, self.second = torch.nn.Linear(SIZE, SIZE), torch.nn.Linear(SIZE, SIZE)

    def forward(self, x):
        x = x + functional.dropout(self.attention(self.before_attention(x)), DROPOUT)
        return x + functional.dropout(self.second(functional.dropout(functional.relu(self.first(self.before_network(x))), DROPOUT)), DROPOUT)


class Reference:
    def __init__(self, plays, items, attention, sparse):
        self.plays, self.count = plays, items
        self.items, self.bias = torch.nn.Embedding(items, SIZE, sparse=sparse), torch.nn.Embedding(items, 1, sparse=sparse)
        self.places = torch.nn.Parameter(torch.empty(LENGTH, SIZE).normal_(0, 0.02))
        torch.nn.init.normal_(self.items.weight, 0, 0.02)
        torch.nn.init.zeros_(self.bias.weight)
        self.body = torch.nn.Sequential(*[Block(attention) for _ in range(BLOCKS)], torch.nn.LayerNorm(SIZE))
        tables, rest = [self.items.weight, self.bias.weight], [self.places, *self.body.parameters()]
        self.parameters = sum(p.numel() for p in tables + rest)
        self.optimizers = (
            [torch.optim.SparseAdam(tables, lr=RATE, betas=(0.9, 0.98)), torch.optim.Adam(rest, lr=RATE, betas=(0.9, 0.98))]
            if sparse else [torch.optim.Adam(tables + rest, lr=RATE, betas=(0.9, 0.98))])
        self.loss = 0.0

    def step(self):
        rows = self.plays[torch.randint(len(self.plays), (BATCH,))]
        read, following = rows[:, :-1], rows[:, 1:]
        drawn = torch.randint(self.count, (BATCH, LENGTH))
        x = functional.dropout(self.items(read) * SIZE ** 0.5 + self.places, DROPOUT)
        state = self.body(x)
        positive = (state * self.items(following)).sum(-1) + self.bias(following).squeeze(-1)
        negative = (state * self.items(drawn)).sum(-1) + self.bias(drawn).squeeze(-1)
        loss = (functional.softplus(-positive) + functional.softplus(negative).masked_fill(drawn == following, 0)).mean() / 2
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for optimizer in self.optimizers:
            optimizer.step()
        self.loss = loss.item()

    def seconds(self, rounds):
        taken, processor = [], []
        for _ in range(rounds + 1):
            start, before = time.perf_counter(), time.process_time()
            for _ in range(EVERY):
                self.step()
            taken.append((time.perf_counter() - start) / EVERY)
            processor.append((time.process_time() - before) / EVERY)
        return min(taken[1:]), min(processor[1:])


def segue(arguments, rounds):
    output = subprocess.run(
        ["dotnet", "run", "--project", str(ROOT / "bench" / "Segue.Benchmarks"), "-c", "Release", "--no-build", "--", "whole", "sasrec",
         f"items={arguments.items}", f"batch={BATCH}", f"length={LENGTH}", f"size={SIZE}", f"blocks={BLOCKS}", f"steps={EVERY * rounds}", f"threads={arguments.threads}"],
        check=True, capture_output=True, text=True).stdout
    print("  Segue:", next(line for line in output.splitlines() if "parameters" in line))
    return tuple(float(re.search(pattern, output).group(1)) for pattern in (r"min ([0-9.]+) s", r"processor ([0-9.]+) s"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    subprocess.run(["dotnet", "build", str(ROOT / "bench" / "Segue.Benchmarks"), "-c", "Release", "-v", "q", "--nologo"], check=True, capture_output=True)
    weight = 1.0 / (torch.arange(arguments.items, dtype=torch.float64) + 10)
    plays = torch.multinomial(weight, 32 * BATCH * (LENGTH + 1), replacement=True).view(-1, LENGTH + 1)
    kinds = {
        f"PyTorch, {name}, {'sparse' if sparse else 'dense'} Adam": Reference(plays, arguments.items, attention, sparse)
        for name, attention in (("bmm", WrittenOut), ("MultiheadAttention", Library)) for sparse in (False, True)}
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads; {BATCH * LENGTH:,} plays a step, {arguments.items:,} items")
    square = torch.randn(1024, 1024)
    torch.mm(square, square)
    start = time.perf_counter()
    torch.mm(square, square)
    print(f"  PyTorch's product of 1024 × 1024: {2 * 1024 ** 3 / (time.perf_counter() - start) / 1e9:.0f} GF/s; below 30 its BLAS is the reference one and the comparison means little")
    best = {}

    def note(name, found):
        best[name] = tuple(map(min, found, best.get(name, found)))

    for _ in range(arguments.rounds):
        note("Segue", segue(arguments, 20))
        for name, reference in kinds.items():
            note(name, reference.seconds(2))
            print(f"  {name}: {reference.parameters:,} parameters, last loss {reference.loss:.4f}")
    for name, (clock, processor) in best.items():
        print(f"  {name:42} {clock:8.4f} s a step  {1 / clock:7.2f} steps/s  processor {processor:8.4f} s")
    fastest = min(clock for name, (clock, _) in best.items() if name != "Segue")
    least = min(processor for name, (_, processor) in best.items() if name != "Segue")
    print(f"  Segue takes {fastest / best['Segue'][0]:.1f} times the steps a second of PyTorch's fastest form, and 1 / {least / best['Segue'][1]:.1f} of the least processor time")


if __name__ == "__main__":
    main()
