"""Steps a second of LightGCN with its published settings: PyTorch on the processor beside Segue, in turns, in one run.

    apt-get install python3-torch && /usr/bin/python3 bench/oracles/lightgcn_step.py [--users 39318 --items 11412 --pairs 1100228]

The step (He et al., SIGIR 2020): three layers of propagation over the whole normalised graph, the mean of the four states, BPR over 2,048 triples,
L2 1e-4 on the first vectors of the triples, backward, Adam at 1e-3. PyTorch gets the faster of its two sparse layouts and all cores.
Graph: as many users, items and distinct pairs as asked, items with probability 1 / (rank + 10), users uniformly, as bench/Segue.Benchmarks/ZipfData.cs.
"""
import argparse
import os
import pathlib
import re
import subprocess
import time
import warnings

import numpy
import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
BATCH, LAYERS, SIZE, RATE, L2 = 2048, 3, 64, 1e-3, 1e-4


def pairs(users, items, count):
    rng = numpy.random.default_rng(1)
    weight = 1.0 / (numpy.arange(items) + 10)
    found = numpy.zeros(0, dtype=numpy.int64)
    while len(found) < count:
        drawn = rng.integers(users, size=count) * items + rng.choice(items, size=count, p=weight / weight.sum())
        found = numpy.unique(numpy.concatenate([found, drawn]))
    found = rng.permutation(found)[:count]
    return found // items, found % items


class Reference:
    def __init__(self, users, items, user, item, layout):
        self.users, self.items, self.user, self.item = users, items, torch.from_numpy(user), torch.from_numpy(item)
        rows = torch.cat([self.user, self.item + users])
        columns = torch.cat([self.item + users, self.user])
        degree = torch.bincount(rows, minlength=users + items).float()
        values = (degree[rows] * degree[columns]).rsqrt()
        self.graph = torch.sparse_coo_tensor(torch.stack([rows, columns]), values, (users + items, users + items)).coalesce()
        if layout == "csr":
            self.graph = self.graph.to_sparse_csr()
        self.layout = layout
        self.nodes = torch.nn.Parameter(torch.empty(users + items, SIZE).normal_(0, 0.1))
        self.optimizer = torch.optim.Adam([self.nodes], lr=RATE)

    def step(self):
        n = torch.randint(len(self.user), (BATCH,))
        user, positive = self.user[n], self.item[n] + self.users
        negative = torch.randint(self.items, (BATCH,)) + self.users
        states = [self.nodes]
        for _ in range(LAYERS):
            states.append(torch.sparse.mm(self.graph, states[-1]) if self.layout == "coo" else self.graph @ states[-1])
        vectors = torch.stack(states).mean(0)
        score = (vectors[user] * vectors[positive]).sum(1) - (vectors[user] * vectors[negative]).sum(1)
        first = self.nodes[user].square().sum() + self.nodes[positive].square().sum() + self.nodes[negative].square().sum()
        loss = torch.nn.functional.softplus(-score).mean() + L2 * first / (2 * BATCH)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()

    def seconds(self, steps):
        self.step()
        taken = []
        for _ in range(steps):
            start = time.perf_counter()
            self.step()
            taken.append(time.perf_counter() - start)
        return min(taken)


def segue(arguments):
    output = subprocess.run(
        ["dotnet", "run", "--project", str(ROOT / "bench" / "Segue.Benchmarks"), "-c", "Release", "--no-build", "--", "whole", "lightgcn",
         f"users={arguments.users}", f"items={arguments.items}", f"pairs={arguments.pairs}", f"batch={BATCH}", f"layers={LAYERS}", "steps=60", "epochs=1"],
        check=True, capture_output=True, text=True).stdout
    return float(re.search(r"min ([0-9.]+) s", output).group(1))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--users", type=int, default=39_318)
    parser.add_argument("--items", type=int, default=11_412)
    parser.add_argument("--pairs", type=int, default=1_100_228)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message="Sparse CSR")
    torch.set_num_threads(os.cpu_count())
    subprocess.run(["dotnet", "build", str(ROOT / "bench" / "Segue.Benchmarks"), "-c", "Release", "-v", "q", "--nologo"], check=True, capture_output=True)
    user, item = pairs(arguments.users, arguments.items, arguments.pairs)
    best = {}
    for _ in range(arguments.rounds):
        for layout in ("coo", "csr"):
            try:
                taken = Reference(arguments.users, arguments.items, user, item, layout).seconds(4)
            except RuntimeError as error:
                print(f"PyTorch {layout}: {str(error).splitlines()[0]}")
                continue
            best[layout] = min(taken, best.get(layout, taken))
        best["segue"] = min(segue(arguments), best.get("segue", 1e9))
    torch_best = min(best[layout] for layout in best if layout != "segue")
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads; {arguments.pairs:,} pairs, {LAYERS} layers, batch {BATCH}")
    for name, seconds in best.items():
        print(f"  {name:6} {seconds:8.4f} s a step  {1 / seconds:7.2f} steps/s")
    print(f"  Segue takes {torch_best / best['segue']:.1f} times the steps a second of PyTorch's faster layout")


if __name__ == "__main__":
    main()
