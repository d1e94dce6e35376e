#!/usr/bin/env python3
"""Writes oracles.txt: values and gradients of PyTorch that layers, losses and optimizers of Segue.Neural are held against.

Needs python3-torch (1.13) and python3-numpy of Debian. Run it in this folder; the output is checked in.
One line an array: name, number of dimensions, shape, then the values (%.9g: all digits of a float; row-major). Inputs are numbers that a
float holds exactly; everything is worked out in double precision, so what differs from it is our rounding or our mistake.
Weights are written inputs × outputs, as Segue keeps them.
"""
import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
rng = np.random.default_rng(20240307)
lines = []


def put(name, array):
    array = array.detach().numpy() if isinstance(array, torch.Tensor) else np.asarray(array)
    shape = " ".join(str(s) for s in array.shape)
    values = " ".join("%.9g" % v if array.dtype.kind == "f" else str(v) for v in array.ravel())
    lines.append(" ".join(f"{name} {array.ndim} {shape} {values}".split()))


def single(*shape, scale=1.0):
    return torch.tensor((scale * rng.standard_normal(shape)).astype(np.float32).astype(np.float64))


def leaf(name, value):
    put(name, value)
    return value.clone().requires_grad_()


def backward(name, output, **leaves):
    """Writes the output, and the gradients of the sum of mix * output."""
    mix = single(*output.shape)
    put(f"{name}.output", output)
    put(f"{name}.mix", mix)
    (output * mix).sum().backward()
    for leaf_name, tensor in leaves.items():
        put(f"{name}.gradient.{leaf_name}", tensor.grad)


# Layers.
x, w, b = leaf("linear.x", single(5, 4)), leaf("linear.weight", single(4, 3)), leaf("linear.bias", single(1, 3))
backward("linear", F.linear(x, w.T, b[0]), x=x, weight=w, bias=b)

table, indices = leaf("embedding.table", single(7, 3)), torch.tensor([4, 0, 4, 2, 4, 6])
put("embedding.indices", indices)
backward("embedding", F.embedding(indices, table), table=table)

table = leaf("bag.table", single(7, 3))
indices, starts, weights = torch.tensor([1, 3, 3, 5, 0, 1]), torch.tensor([0, 3, 3, 6]), single(6)
put("bag.indices", indices)
put("bag.starts", starts)
put("bag.weights", weights)
backward("bag", F.embedding_bag(indices, table, starts[:-1], mode="sum", per_sample_weights=weights), table=table)

sizes = [4, 6, 5, 2]
x = leaf("mlp.x", single(9, 4))
parameters, h = {}, x
for layer in range(3):
    w = parameters[f"weight.{layer}"] = leaf(f"mlp.weight.{layer}", single(sizes[layer], sizes[layer + 1]))
    b = parameters[f"bias.{layer}"] = leaf(f"mlp.bias.{layer}", single(1, sizes[layer + 1]))
    h = F.linear(h, w.T, b[0])
    h = torch.relu(h) if layer < 2 else h
backward("mlp", h, x=x, **parameters)

x, scale, shift = leaf("norm.x", single(5, 6)), leaf("norm.scale", single(1, 6)), leaf("norm.shift", single(1, 6))
backward("norm", F.layer_norm(x, (6,), scale[0], shift[0]), x=x, scale=scale, shift=shift)

x = leaf("unit.x", single(5, 4))
backward("unit", F.normalize(x, dim=1), x=x)

x, starts = leaf("segment.x", single(8, 2)), [0, 3, 3, 4, 8]
put("segment.starts", np.array(starts))
backward("segment", torch.cat([torch.softmax(x[a:e], 0) for a, e in zip(starts, starts[1:])]), x=x)

# Losses.
p, t = leaf("mse.prediction", single(6, 3)), single(6, 3)
put("mse.target", t)
loss = F.mse_loss(p, t)
loss.backward()
put("mse.loss", loss)
put("mse.gradient", p.grad)

extreme = torch.tensor([100.0, -100.0, 100.0, -100.0, 30.0, -30.0, 12.0, -12.0, 0.0])
logits = torch.cat([extreme, single(9)]).reshape(6, 3)
t = torch.cat([torch.tensor([1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.5]), torch.tensor(rng.random(9).astype(np.float32).astype(np.float64))]).reshape(6, 3)
weight = single(6, 3).abs()
put("bce.target", t)
put("bce.weight", weight)
for name, w in [("bce", None), ("bce.weighted", weight)]:
    x = leaf(f"{name}.logits", logits)
    loss = F.binary_cross_entropy_with_logits(x, t, w)
    loss.backward()
    put(f"{name}.loss", loss)
    put(f"{name}.gradient", x.grad)

x, target = leaf("softmax.logits", single(5, 7, scale=3.0)), torch.tensor([0, 6, 3, 3, 1])
put("softmax.target", target)
loss = F.cross_entropy(x, target)
loss.backward()
put("softmax.loss", loss)
put("softmax.gradient", x.grad)

# In-batch negatives with a correction: row r's target is column r; columns of the same item, and others it must not be told apart from, are out.
x, target = leaf("sampled.logits", single(5, 8, scale=2.0)), torch.arange(5)
probability = torch.tensor(rng.random(8).astype(np.float32).astype(np.float64)) * 0.2 + 0.01
log_q = torch.tensor(np.log(probability.numpy()).astype(np.float32).astype(np.float64))
excluded, excluded_start = torch.tensor([3, 1, 0, 2, 7, 6, 4]), torch.tensor([0, 1, 1, 4, 5, 7])
put("sampled.target", target)
put("sampled.log_q", log_q)
put("sampled.excluded", excluded)
put("sampled.excluded_start", excluded_start)
z = x - log_q
mask = torch.zeros(5, 8, dtype=torch.bool)
for r in range(5):
    mask[r, excluded[excluded_start[r]:excluded_start[r + 1]]] = True
mask[torch.arange(5), target] = False
power = torch.exp(z) * (~mask)
loss = -torch.log(power[torch.arange(5), target] / power.sum(1)).mean()
loss.backward()
put("sampled.loss", loss)
put("sampled.gradient", x.grad)

p, n = leaf("bpr.positive", single(7, 1, scale=4.0)), leaf("bpr.negative", single(7, 1, scale=4.0))
loss = -F.logsigmoid(p - n).mean()
loss.backward()
put("bpr.loss", loss)
put("bpr.gradient.positive", p.grad)
put("bpr.gradient.negative", n.grad)

a, b = leaf("cosine.a", single(6, 5)), leaf("cosine.b", single(6, 5))
loss = (1 - F.cosine_similarity(a, b)).mean()
loss.backward()
put("cosine.loss", loss)
put("cosine.gradient.a", a.grad)
put("cosine.gradient.b", b.grad)

# Optimizers: a network of 4, 6 and 1 columns fits 8 rows; parameters one after another after 1, 2 and 10 steps.
x, y = single(8, 4), single(8, 1)
start = [single(4, 6, scale=0.7), single(1, 6, scale=0.3), single(6, 1, scale=0.7), single(1, 1)]
put("fit.x", x)
put("fit.y", y)
put("fit.start", torch.cat([s.ravel() for s in start]))


def fit(name, make, clip=None, decay=None):
    w1, b1, w2, b2 = weights = [s.clone().requires_grad_() for s in start]
    optimizer = make(weights)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, decay) if decay else None
    for step in range(1, 11):
        optimizer.zero_grad()
        F.mse_loss(torch.relu(x @ w1 + b1) @ w2 + b2, y).backward()
        if clip:
            torch.nn.utils.clip_grad_norm_(weights, clip)
        optimizer.step()
        if schedule:
            schedule.step()
        if step in (1, 2, 10):
            put(f"fit.{name}.{step}", torch.cat([w.ravel() for w in weights]))


optim = torch.optim
fit("sgd", lambda w: optim.SGD(w, 0.05))
fit("momentum", lambda w: optim.SGD(w, 0.05, momentum=0.9, weight_decay=0.1))
fit("adam", lambda w: optim.Adam(w, 0.02))
fit("adam_l2", lambda w: optim.Adam(w, 0.02, weight_decay=0.3))
fit("adamw", lambda w: optim.AdamW(w, 0.02, weight_decay=0.3))
fit("adam_betas", lambda w: optim.Adam(w, 0.02, betas=(0.7, 0.9), eps=1e-3))
fit("decay", lambda w: optim.Adam(w, 0.05), decay=0.8)
fit("clip", lambda w: optim.SGD(w, 0.5), clip=0.05)
fit("clip_loose", lambda w: optim.SGD(w, 0.05), clip=1e6)

# Lazy Adam: rows come and go; row 5 is never used, row 4 only in the end.
table, context, goal = single(6, 3), single(4, 3), single(10, 4)
batches = [[0, 1, 0, 2], [2, 2, 3, 1], [0, 3, 3, 3], [1, 2, 0, 3], [3, 3, 3, 3], [0, 1, 2, 3], [2, 1, 2, 1], [0, 0, 3, 1], [4, 0, 4, 1], [4, 2, 1, 4]]
put("lazy.start", table)
put("lazy.context", context)
put("lazy.goal", goal)
put("lazy.batches", np.array(batches))


def lazy(name, make):
    embedding = torch.nn.Embedding(6, 3, sparse=True, _weight=table.clone())
    optimizer = make(embedding.parameters())
    for step, batch in enumerate(batches, 1):
        optimizer.zero_grad()
        F.mse_loss((embedding(torch.tensor(batch)) * context).sum(1), goal[step - 1]).backward()
        optimizer.step()
        if step in (1, 2, 10):
            put(f"lazy.{name}.{step}", embedding.weight)


lazy("adam", lambda w: optim.SparseAdam(w, 0.02))
lazy("sgd", lambda w: optim.SGD(w, 0.05))

# Recurrence: packed sequences of lengths 3, 0, 5 and 1; PyTorch gets them one by one. Weights side by side by gate, as PyTorch has them above each other.
starts = [0, 3, 3, 8, 9]
for name, gates, make in [("gru", 3, torch.nn.GRU), ("lstm", 4, torch.nn.LSTM)]:
    x = leaf(f"{name}.x", single(9, 3))
    parameters = {
        "input_weight": leaf(f"{name}.input_weight", single(3, gates * 4, scale=0.7)), "input_bias": leaf(f"{name}.input_bias", single(1, gates * 4, scale=0.5)),
        "recurrent_weight": leaf(f"{name}.recurrent_weight", single(4, gates * 4, scale=0.7)), "recurrent_bias": leaf(f"{name}.recurrent_bias", single(1, gates * 4, scale=0.5)),
    }
    names = {"weight_ih_l0": parameters["input_weight"].T, "weight_hh_l0": parameters["recurrent_weight"].T,
             "bias_ih_l0": parameters["input_bias"][0], "bias_hh_l0": parameters["recurrent_bias"][0]}
    layer = make(3, 4)
    for weight in names:
        delattr(layer, weight)
        setattr(layer, weight, names[weight])
    layer._flat_weights = [names[n] for n in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")]
    layer.flatten_parameters = lambda: None
    initial = leaf(f"{name}.initial", single(4, 4)) if name == "gru" else None
    out = []
    for s, (a, e) in enumerate(zip(starts, starts[1:])):
        if e > a:
            out.append(layer(x[a:e].unsqueeze(1), initial[s].reshape(1, 1, 4) if initial is not None else None)[0][:, 0])
    leaves = dict(parameters, x=x)
    if initial is not None:
        leaves["initial"] = initial
    backward(name, torch.cat(out), **leaves)

# Losses against candidates: groups of rows 0-1, none, 2-4; a candidate may be the target of a row, which then leaves it out.
starts, classes, target = [0, 2, 2, 5], [[3, 0, 3, 5], [1, 1, 2, 4], [0, 2, 6, 6]], [3, 1, 6, 2, 5]
group = [0, 0, 2, 2, 2]
expected = torch.tensor(rng.random((3, 4)).astype(np.float32).astype(np.float64)) + 0.2
log_expected = torch.tensor(np.log(expected.numpy()).astype(np.float32).astype(np.float64))
put("candidates.starts", np.array(starts))
put("candidates.classes", np.array(classes))
put("candidates.target", np.array(target))
put("candidates.log_expected", log_expected)
for name in ["drawn", "gbce"]:
    h, table, bias = leaf(f"{name}.h", single(5, 3, scale=2.0)), leaf(f"{name}.table", single(7, 3)), leaf(f"{name}.bias", single(7, 1))
    losses = []
    for r in range(5):
        drawn = torch.tensor(classes[group[r]])
        others = drawn != target[r]
        positive, negative = h[r] @ table[target[r]] + bias[target[r], 0], table[drawn] @ h[r] + bias[drawn, 0]
        if name == "drawn":
            z = torch.cat([positive.reshape(1), (negative - log_expected[group[r]])[others]])
            losses.append(-F.log_softmax(z, 0)[0])
        else:
            losses.append(-(0.3 * F.logsigmoid(positive) + F.logsigmoid(-negative)[others].sum()) / 5)
    loss = torch.stack(losses).mean()
    loss.backward()
    put(f"{name}.loss", loss)
    for leaf_name, tensor in [("h", h), ("table", table), ("bias", bias)]:
        put(f"{name}.gradient.{leaf_name}", tensor.grad)

# Causal attention: sequences of 3, 0, 5 and 1 rows, two heads of 3 columns; PyTorch's own layer with a mask, one sequence at a time.
starts = [0, 3, 3, 8, 9]
x = leaf("causal.x", single(9, 18))
out = []
for a, e in zip(starts, starts[1:]):
    if e > a:
        q, k, v = [x[a:e, 6 * n:6 * n + 6].reshape(e - a, 2, 3).transpose(0, 1) for n in range(3)]
        out.append(torch.nn.functional._scaled_dot_product_attention(q, k, v, torch.ones(e - a, e - a, dtype=torch.bool).tril())[0].transpose(0, 1).reshape(e - a, 6))
backward("causal", torch.cat(out), x=x)

# A block of a transformer that looks back: PyTorch's encoder layer with the norms first.
layer = torch.nn.TransformerEncoderLayer(4, 2, dim_feedforward=4, dropout=0.0, norm_first=True)
x = leaf("block.x", single(9, 4))
shapes = {
    "attention_norm.scale": (1, 4), "attention_norm.shift": (1, 4), "attention_input.weight": (4, 12), "attention_input.bias": (1, 12), "attention_output.weight": (4, 4),
    "attention_output.bias": (1, 4), "network_norm.scale": (1, 4), "network_norm.shift": (1, 4), "network_first.weight": (4, 4), "network_first.bias": (1, 4),
    "network_second.weight": (4, 4), "network_second.bias": (1, 4),
}
parameters = {n: leaf(f"block.{n}", single(*s, scale=0.8)) for n, s in shapes.items()}
places = {
    "attention_norm.scale": (layer.norm1, "weight"), "attention_norm.shift": (layer.norm1, "bias"), "attention_input.weight": (layer.self_attn, "in_proj_weight"),
    "attention_input.bias": (layer.self_attn, "in_proj_bias"), "attention_output.weight": (layer.self_attn.out_proj, "weight"),
    "attention_output.bias": (layer.self_attn.out_proj, "bias"), "network_norm.scale": (layer.norm2, "weight"), "network_norm.shift": (layer.norm2, "bias"),
    "network_first.weight": (layer.linear1, "weight"), "network_first.bias": (layer.linear1, "bias"), "network_second.weight": (layer.linear2, "weight"),
    "network_second.bias": (layer.linear2, "bias"),
}
for n, (module, attribute) in places.items():
    delattr(module, attribute)
    setattr(module, attribute, parameters[n].T if n.endswith("weight") and "norm" not in n else parameters[n][0])
out = [layer(x[a:e].unsqueeze(1), torch.triu(torch.full((e - a, e - a), float("-inf")), 1))[:, 0] for a, e in zip(starts, starts[1:]) if e > a]
backward("block", torch.cat(out), x=x, **parameters)

# Two softmaxes: the group of a class, then the class among those of its group. The table is written in the order of the groups' members.
group_of, target = np.array([2, 0, 1, 0, 2, 2, 0]), np.array([4, 0, 3, 4, 2, 6])
members = np.argsort(group_of, kind="stable")
put("groups.group_of", group_of)
put("groups.target", target)
h, group_table, group_bias = leaf("groups.h", single(6, 3)), leaf("groups.group_table", single(3, 3)), leaf("groups.group_bias", single(3, 1))
table, bias = leaf("groups.table", single(7, 3)), leaf("groups.bias", single(7, 1))
losses = []
for r in range(6):
    own = np.flatnonzero(group_of[members] == group_of[target[r]])
    first = F.log_softmax(group_table @ h[r] + group_bias[:, 0], 0)[group_of[target[r]]]
    second = F.log_softmax(table[own] @ h[r] + bias[own, 0], 0)[int(np.flatnonzero(members[own] == target[r])[0])]
    losses.append(-first - second)
loss = torch.stack(losses).mean()
loss.backward()
put("groups.loss", loss)
for leaf_name, tensor in [("h", h), ("group_table", group_table), ("group_bias", group_bias), ("table", table), ("bias", bias)]:
    put(f"groups.gradient.{leaf_name}", tensor.grad)

with open("oracles.txt", "w", encoding="utf-8") as f:
    f.write("\n".join(lines) + "\n")
