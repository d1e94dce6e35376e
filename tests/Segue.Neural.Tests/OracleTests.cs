using System.Globalization;
using Segue.Neural.Autodiff;
using Segue.Neural.Layers;
using Segue.Neural.Losses;
using Segue.Neural.Optimizers;
using Segue.Neural.Tests.Oracles;
using Segue.Neural.Training;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Neural.Tests;

/// <summary>Layers, losses and optimizers against PyTorch, which worked in double precision: Oracles/generate.py.</summary>
public sealed class OracleTests
{
    private const double Tolerance = 2e-6;

    private static readonly int[] Lengths = [0, 3, 3, 8, 9];

    [Fact]
    public void Linear()
    {
        var layer = new Linear("l", 4, 3, new Rng(1));
        Set(layer.Weight, "linear.weight");
        Set(layer.Bias, "linear.bias");
        var tape = new Tape();
        Variable x = Input(tape, "linear.x");
        Check(tape, "linear", layer.Apply(x));
        Close("linear.gradient.x", x.Gradient);
        Close("linear.gradient.weight", layer.Weight.Gradient);
        Close("linear.gradient.bias", layer.Bias.Gradient);
    }

    [Fact]
    public void Embedding()
    {
        var layer = new Embedding("e", 7, 3, new Rng(1));
        Set(layer.Table, "embedding.table");
        var tape = new Tape();
        Check(tape, "embedding", layer.Apply(tape, Oracle.Integers("embedding.indices")));
        CheckRows("embedding.gradient.table", layer.Table, [4, 0, 2, 6]);
    }

    [Fact]
    public void Pooled_embedding()
    {
        var layer = new Embedding("e", 7, 3, new Rng(1));
        Set(layer.Table, "bag.table");
        var tape = new Tape();
        Check(tape, "bag", tape.Use(layer.Table).GatherSum(Oracle.Integers("bag.indices"), Oracle.Integers("bag.starts"), Oracle.Floats("bag.weights")));
        CheckRows("bag.gradient.table", layer.Table, [1, 3, 5, 0]);
    }

    [Fact]
    public void Mlp()
    {
        var network = new Mlp("m", [4, 6, 5, 2], new Rng(1));
        for (int l = 0; l < 3; l++)
        {
            Set(network.Layers[l].Weight, $"mlp.weight.{l}");
            Set(network.Layers[l].Bias, $"mlp.bias.{l}");
        }

        var tape = new Tape();
        Variable x = Input(tape, "mlp.x");
        Check(tape, "mlp", network.Apply(x));
        Close("mlp.gradient.x", x.Gradient);
        for (int l = 0; l < 3; l++)
        {
            Close($"mlp.gradient.weight.{l}", network.Layers[l].Weight.Gradient);
            Close($"mlp.gradient.bias.{l}", network.Layers[l].Bias.Gradient);
        }
    }

    [Fact]
    public void Layer_norm()
    {
        var tape = new Tape();
        Variable x = Input(tape, "norm.x"), scale = Input(tape, "norm.scale"), shift = Input(tape, "norm.shift");
        Check(tape, "norm", x.LayerNorm(scale, shift));
        Close("norm.gradient.x", x.Gradient);
        Close("norm.gradient.scale", scale.Gradient);
        Close("norm.gradient.shift", shift.Gradient);
    }

    [Fact]
    public void Gated_recurrent_units()
    {
        var layer = new Gru("g", 3, 4, new Rng(1));
        var tape = new Tape();
        Variable x = Input(tape, "gru.x"), initial = Input(tape, "gru.initial");
        CheckLayer("gru", tape, x, layer.Parameters, () => layer.Apply(x, Lengths, initial));
        Close("gru.gradient.initial", initial.Gradient);
    }

    [Fact]
    public void Long_short_term_memory()
    {
        var layer = new Lstm("g", 3, 4, new Rng(1));
        var tape = new Tape();
        Variable x = Input(tape, "lstm.x");
        CheckLayer("lstm", tape, x, layer.Parameters, () => layer.Apply(x, Lengths));
    }

    [Fact]
    public void Causal_attention()
    {
        var tape = new Tape();
        Variable x = Input(tape, "causal.x");
        Check(tape, "causal", x.AttendCausally(Lengths, 2));
        Close("causal.gradient.x", x.Gradient);
    }

    [Fact]
    public void Block_of_a_transformer()
    {
        var layer = new CausalBlock("g", 4, 2, new Rng(1));
        var tape = new Tape();
        Variable x = Input(tape, "block.x");
        CheckLayer("block", tape, x, layer.Parameters, () => layer.Apply(x, Lengths));
    }

    [Fact]
    public void Normalized_rows()
    {
        var tape = new Tape();
        Variable x = Input(tape, "unit.x");
        Check(tape, "unit", x.NormalizeRows());
        Close("unit.gradient.x", x.Gradient);
    }

    [Fact]
    public void Segment_softmax()
    {
        var tape = new Tape();
        Variable x = Input(tape, "segment.x");
        Check(tape, "segment", x.SegmentSoftmax(Oracle.Integers("segment.starts")));
        Close("segment.gradient.x", x.Gradient);
    }

    [Fact]
    public void Mean_squared_error() => CheckLoss("mse.loss", x => x[0].SquaredError(Oracle.Floats("mse.target")), ("mse.prediction", "mse.gradient"));

    [Fact]
    public void Binary_cross_entropy() => CheckLoss("bce.loss", x => x[0].LogisticLoss(Oracle.Floats("bce.target")), ("bce.logits", "bce.gradient"));

    [Fact]
    public void Weighted_binary_cross_entropy() => CheckLoss(
        "bce.weighted.loss", x => x[0].LogisticLoss(Oracle.Floats("bce.target"), Oracle.Floats("bce.weight")), ("bce.weighted.logits", "bce.weighted.gradient"));

    [Fact]
    public void Softmax_loss() => CheckLoss(
        "softmax.loss", x => x[0].SoftmaxLoss(Oracle.Integers("softmax.target")), ("softmax.logits", "softmax.gradient"));

    [Fact]
    public void Sampled_softmax_loss() => CheckLoss(
        "sampled.loss",
        x => x[0].SampledSoftmaxLoss(
            Oracle.Integers("sampled.target"), Oracle.Floats("sampled.log_q"), Oracle.Integers("sampled.excluded"), Oracle.Integers("sampled.excluded_start")),
        ("sampled.logits", "sampled.gradient"));

    [Fact]
    public void Sampled_softmax_against_candidates() => CheckLoss(
        "drawn.loss", x => Positive(x).SampledSoftmaxLoss(x[0].CandidateScores(x[1], Drawn(), x[2]), Drawn()),
        ("drawn.h", "drawn.gradient.h"), ("drawn.table", "drawn.gradient.table"), ("drawn.bias", "drawn.gradient.bias"));

    [Fact]
    public void Generalized_binary_cross_entropy() => CheckLoss(
        "gbce.loss", x => Positive(x).GeneralizedLogisticLoss(x[0].CandidateScores(x[1], Drawn(), x[2]), Drawn(), 0.3),
        ("gbce.h", "gbce.gradient.h"), ("gbce.table", "gbce.gradient.table"), ("gbce.bias", "gbce.gradient.bias"));

    [Fact]
    public void Softmax_over_groups_and_over_the_classes_of_one()
    {
        int[] groupOf = Oracle.Integers("groups.group_of");
        var targets = new GroupTargets(new ClassGroups(groupOf, groupOf.Max() + 1));
        targets.Set(Oracle.Integers("groups.target"));
        CheckLoss(
            "groups.loss",
            x => x[0].MatMulTransposed(x[1]).Add(x[0].Tape.Constant([1f], 1, 1).MatMulTransposed(x[2])).SoftmaxLoss(targets.Group)
                .Add(x[0].GroupSoftmaxLoss(x[3], x[4], targets)),
            ("groups.h", "groups.gradient.h"), ("groups.group_table", "groups.gradient.group_table"), ("groups.group_bias", "groups.gradient.group_bias"),
            ("groups.table", "groups.gradient.table"), ("groups.bias", "groups.gradient.bias"));
    }

    [Fact]
    public void Pairwise_ranking() => CheckLoss(
        "bpr.loss", x => x[0].BprLoss(x[1]), ("bpr.positive", "bpr.gradient.positive"), ("bpr.negative", "bpr.gradient.negative"));

    [Fact]
    public void Cosine() => CheckLoss("cosine.loss", x => x[0].CosineLoss(x[1]), ("cosine.a", "cosine.gradient.a"), ("cosine.b", "cosine.gradient.b"));

    [Fact]
    public void Descent() => Fit("sgd", p => new Sgd(p, 0.05));

    [Fact]
    public void Descent_with_momentum_and_weight_decay() => Fit("momentum", p => new Sgd(p, 0.05, momentum: 0.9, weightDecay: 0.1));

    [Fact]
    public void Adam() => Fit("adam", p => new Adam(p, 0.02));

    [Fact]
    public void Adam_with_weight_decay_in_the_gradient() => Fit("adam_l2", p => new Adam(p, 0.02, weightDecay: 0.3));

    [Fact]
    public void Adam_with_decoupled_weight_decay() => Fit("adamw", p => new Adam(p, 0.02, weightDecay: 0.3, Decay.Decoupled));

    [Fact]
    public void Adam_with_other_rates_of_forgetting() => Fit("adam_betas", p => new Adam(p, 0.02, beta1: 0.7, beta2: 0.9, epsilon: 1e-3));

    [Fact]
    public void Exponential_decay_of_the_learning_rate() => Fit("decay", p => new Adam(p, 0.05), decay: 0.8);

    [Fact]
    public void Clipped_gradients() => Fit("clip", p => new Sgd(p, 0.5) { ClipNorm = 0.05 });

    [Fact]
    public void Gradients_below_the_clip() => Fit("clip_loose", p => new Sgd(p, 0.05) { ClipNorm = 1e6 });

    [Fact]
    public void Lazy_adam() => FitLazily("adam", p => new Adam(p, 0.02));

    [Fact]
    public void Sparse_descent() => FitLazily("sgd", p => new Sgd(p, 0.05));

    private static void Fit(string name, Func<IEnumerable<Parameter>, Optimizer> make, double decay = 1)
    {
        var network = new Mlp("m", [4, 6, 1], new Rng(1));
        float[] start = Oracle.Floats("fit.start"), x = Oracle.Floats("fit.x"), y = Oracle.Floats("fit.y");
        foreach (Parameter parameter in network.Parameters)
        {
            start.AsSpan(0, parameter.Value.Length).CopyTo(parameter.Value);
            start = start[parameter.Value.Length..];
        }

        int compared = 0;
        TrainingLoop.Run(
            8,
            make(network.Parameters),
            new TrainingSettings
            {
                Epochs = 10,
                BatchSize = 8,
                LearningRateDecay = decay,
                CreateRng = purpose => new Rng(1, purpose),
                OnEpoch = (epoch, _) =>
                {
                    if (epoch is 1 or 2 or 10)
                    {
                        Close(string.Create(CultureInfo.InvariantCulture, $"fit.{name}.{epoch}"), [.. network.Parameters.SelectMany(p => p.Value.ToArray())]);
                        compared++;
                    }

                    return true;
                },
            },
            step => step.Add("mse", network.Apply(step.Tape.Constant(x, 8, 4)).SquaredError(y)));
        Assert.Equal(3, compared);
    }

    private static void FitLazily(string name, Func<IEnumerable<Parameter>, Optimizer> make)
    {
        var table = new Parameter("table", 6, 3, isRowSparse: true);
        Set(table, "lazy.start");
        Optimizer optimizer = make([table]);
        int[] batches = Oracle.Integers("lazy.batches");
        float[] goal = Oracle.Floats("lazy.goal");
        var tape = new Tape();
        for (int step = 1; step <= 10; step++)
        {
            tape.Reset();
            Variable dots = tape.Use(table).Gather(batches.AsMemory((step - 1) * 4, 4)).RowDot(tape.Constant(Oracle.Floats("lazy.context"), 4, 3));
            tape.Backward(dots.SquaredError(goal.AsSpan((step - 1) * 4, 4)));
            optimizer.Step();
            if (step is 1 or 2 or 10)
            {
                Close(string.Create(CultureInfo.InvariantCulture, $"lazy.{name}.{step}"), table.Value);
            }
        }
    }

    private static void CheckLoss(string name, Func<Variable[], Variable> loss, params (string Value, string Gradient)[] inputs)
    {
        var tape = new Tape();
        Variable[] variables = [.. inputs.Select(i => Input(tape, i.Value))];
        Variable result = loss(variables);
        Close(name, result.Value);
        tape.Backward(result);
        for (int i = 0; i < inputs.Length; i++)
        {
            Close(inputs[i].Gradient, variables[i].Gradient);
        }
    }

    /// <summary>Compares the output, then differentiates the sum of it times the mix of the oracle.</summary>
    private static void Check(Tape tape, string name, Variable output)
    {
        Close($"{name}.output", output.Value);
        tape.Backward(output.Multiply(tape.Constant(Oracle.Floats($"{name}.mix"), output.Rows, output.Columns)).Sum());
    }

    private static Candidates Drawn() => new(
        Oracle.Integers("candidates.starts"), 4, Oracle.Integers("candidates.classes"), Oracle.Integers("candidates.target"), Oracle.Floats("candidates.log_expected"));

    private static Variable Positive(Variable[] x) =>
        x[0].RowDot(x[1].Gather(Oracle.Integers("candidates.target"))).Add(x[2].Gather(Oracle.Integers("candidates.target")));

    private static void CheckLayer(string name, Tape tape, Variable x, IEnumerable<Parameter> parameters, Func<Variable> apply)
    {
        foreach (Parameter parameter in parameters)
        {
            Set(parameter, parameter.Name.Replace("g.", name + ".", StringComparison.Ordinal));
        }

        Check(tape, name, apply());
        Close($"{name}.gradient.x", x.Gradient);
        foreach (Parameter parameter in parameters)
        {
            Close(parameter.Name.Replace("g.", name + ".gradient.", StringComparison.Ordinal), parameter.Gradient);
        }
    }

    /// <summary>PyTorch's gradient has zeros where ours has no rows.</summary>
    private static void CheckRows(string name, Parameter table, int[] rows)
    {
        Assert.Equal(rows, table.TouchedRows.ToArray());
        double[] expected = Oracle.Doubles(name);
        for (int r = 0; r < table.Rows; r++)
        {
            Range row = (r * table.Columns)..((r + 1) * table.Columns);
            Close(expected[row], rows.Contains(r) ? table.Gradient[row] : new float[table.Columns], name);
        }
    }

    private static Variable Input(Tape tape, string name) => tape.Input(Oracle.Floats(name), Oracle.Shape(name)[0], Oracle.Shape(name)[1]);

    private static void Set(Parameter parameter, string name) => Oracle.Floats(name).CopyTo(parameter.Value);

    private static void Close(string name, ReadOnlySpan<float> actual) => Close(Oracle.Doubles(name), actual, name);

    /// <summary>Relative, with the rounding of a sum of numbers around 1 below that.</summary>
    private static void Close(ReadOnlySpan<double> expected, ReadOnlySpan<float> actual, string name)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int n = 0; n < expected.Length; n++)
        {
            Assert.True(
                Math.Abs(expected[n] - actual[n]) <= (10 * Tolerance * Math.Abs(expected[n])) + Tolerance,
                string.Create(CultureInfo.InvariantCulture, $"{name}, element {n}: {actual[n]}, PyTorch has {expected[n]}"));
        }
    }
}
