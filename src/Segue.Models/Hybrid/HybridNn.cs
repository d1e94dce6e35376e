using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Numerics;
using System.Numerics.Tensors;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Models.Factorization;
using Segue.Neural.Autodiff;
using Segue.Neural.Layers;
using Segue.Neural.Losses;
using Segue.Neural.Optimizers;
using Segue.Neural.Training;
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Models.Hybrid;

/// <summary>Options of <see cref="HybridNn"/>.</summary>
public sealed record HybridNnOptions : ModelOptions
{
    /// <summary>Length of every listener's and item's vector.</summary>
    [Range(1, 4096)]
    [Description("length of every listener's and item's vector")]
    public int EmbeddingSize { get; init; } = 64;

    /// <summary>Neurons of the hidden layer.</summary>
    [Range(1, 8192)]
    [Description("neurons of the hidden layer")]
    public int HiddenSize { get; init; } = 128;

    /// <summary>Where the items come from that a listener's own are told apart from.</summary>
    [Description("per_user: drawn once; uniform: drawn anew for every pair and epoch; none: heard items only")]
    public Negatives Negatives { get; init; } = Negatives.Uniform;

    /// <summary>per_user: most for a listener; uniform: for every pair.</summary>
    [Range(1, 10_000)]
    [Description("how many: per_user at most for a listener, uniform for every pair")]
    public int NegativeCount { get; init; } = 4;

    /// <summary>Share of hidden values set to 0 in training.</summary>
    [Range(0.0, 0.95)]
    [Description("share of hidden values set to 0 in training")]
    public double Dropout { get; init; }

    /// <summary>Passes over the observed pairs.</summary>
    [Range(1, 100_000)]
    [Description("passes over the observed pairs")]
    public int Epochs { get; init; } = 10;

    /// <summary>Examples in a step, negatives included.</summary>
    [Range(1, 1_000_000)]
    [Description("examples in a step, negatives included")]
    public int BatchSize { get; init; } = 4096;

    /// <summary>Step size of Adam.</summary>
    [Range(1e-7, 10.0)]
    [Description("step size of Adam")]
    public double LearningRate { get; init; } = 0.001;

    /// <summary>L2 strength on the vectors an example uses.</summary>
    [Range(0.0, 100.0)]
    [Description("L2 strength on the vectors an example uses")]
    public double Regularization { get; init; } = 1e-5;

    /// <inheritdoc/>
    protected override void CheckWhole(string owner)
    {
        if (Negatives is Negatives.Popularity or Negatives.InBatch)
        {
            throw new OptionException(
                $"option 'negatives' of {owner} is {OptionsText.Format(Negatives)}, which needs scores of whole batches of items; give uniform or per_user");
        }
    }
}

/// <summary>
/// A network that reads a listener's vector, an item's vector and the item's standardised features, and says whether the two belong together.
/// </summary>
/// <remarks>
/// s(u, i) = v·relu(W [e_u ⊕ e_i ⊕ f_i] + b) + c, trained with binary cross-entropy on heard items against sampled ones; lazy Adam for the vectors.
/// Needs item features; an item without any counts as average, an item nobody heard gets the mean of the learned vectors, so that only its
/// features speak. An unknown listener's vector is learned by the same loss over its history with everything else fixed, starting from the mean
/// listener and pulled to it as strongly as the trained ones vary.
/// Source: the semester project of seed 004 (64-dimensional vectors, 128 hidden neurons), after He et al., "Neural collaborative filtering", WWW 2017,
/// section 3.3. Time O(epochs · pairs · (1 + negatives) · (2d + features) · hidden); scoring O(items · hidden).
/// </remarks>
public sealed class HybridNn(HybridNnOptions options) : IKeepsCheckpoints
{
    private const string Name = "hybrid-nn";

    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, $"model '{Name}'");
        FeatureTable table = FeatureTable.Of(train, $"model '{Name}'");
        CsrMatrix pairs = UserItemMatrix.Binary(train);
        int size = options.EmbeddingSize;
        NeuralFit.RequireRoom(Name, "embedding_size", size, "values in vectors", Math.Max(pairs.Rows, pairs.Columns), size, copies: 4);
        NeuralFit.RequireRoom(Name, "hidden_size", options.HiddenSize, "hidden values", pairs.Columns, options.HiddenSize);
        var users = new Embedding("user_vectors", pairs.Rows, size, context.CreateRng($"{Name}/users"));
        var items = new Embedding("item_vectors", pairs.Columns, size, context.CreateRng($"{Name}/items"));
        var features = new Parameter("features", table.Values.Rows, table.Values.Columns, isFrozen: true);
        table.Values.Values.CopyTo(features.Value);
        var network = new Mlp("network", [(2 * size) + features.Columns, options.HiddenSize, 1], context.CreateRng($"{Name}/network"));
        var optimizer = new Adam([users.Table, items.Table, .. network.Parameters], options.LearningRate, threads: context.Threads);
        var examples = new PairExamples(Name, pairs, options.Negatives, options.NegativeCount, context.CreateRng($"{Name}/negatives"));
        var settings = new TrainingSettings
        {
            Epochs = options.Epochs,
            BatchSize = options.BatchSize,
            CreateRng = context.CreateRng,
            OnEpochStart = (_, rng) => examples.Draw(rng),
            Checkpoints = Checkpoints.Open(context, Name, options, train),
        };
        NeuralFit.Run(Name, context, examples.Count, optimizer, settings, step =>
        {
            examples.Fill(step.Batch.Span);
            Variable listener = users.Apply(step.Tape, examples.Users), item = items.Apply(step.Tape, examples.Items);
            Variable x = listener.ConcatColumns(item).ConcatColumns(step.Tape.Use(features).Gather(examples.Items));
            step.Add("logistic", network.Apply(x, (float)options.Dropout, step.Rng).LogisticLoss(examples.Labels.Span));
            if (options.Regularization > 0)
            {
                step.Add(
                    "l2", listener.Square().Sum().Add(item.Square().Sum()).Scale(0.5f / step.Batch.Length), (float)options.Regularization);
            }
        }, Snapshot);
        return Snapshot();

        HybridNnRecommender Snapshot()
        {
            Parameter first = network.Layers[0].Weight, last = network.Layers[1].Weight;
            DenseMatrix vectors = new(items.Table.Rows, size, items.Table.Value.ToArray());
            FillUnheard(vectors, pairs);

            // What the hidden layer gets from an item does not depend on the listener.
            var hidden = new DenseMatrix(pairs.Columns, options.HiddenSize);
            for (int i = 0; i < hidden.Rows; i++)
            {
                network.Layers[0].Bias.Value.CopyTo(hidden.Row(i));
            }

            ReadOnlySpan<float> weight = first.Value;
            int row = size * options.HiddenSize;
            Gemm.Multiply(
                vectors.Values, weight.Slice(row, row), hidden.Values, hidden.Rows, hidden.Columns, size, add: true, threads: context.Threads);
            Gemm.Multiply(
                features.Value, weight[(2 * row)..], hidden.Values, hidden.Rows, hidden.Columns, features.Columns, add: true, threads: context.Threads);
            return new HybridNnRecommender(
                options, train.Items, pairs, new(pairs.Rows, size, users.Table.Value.ToArray()), hidden,
                new(size, options.HiddenSize, weight[..row].ToArray()), last.Value.ToArray(), network.Layers[1].Bias.Value[0]);
        }
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        DenseMatrix users = artifact.Dense("user_vectors"), hidden = artifact.Dense("item_hidden"), weight = artifact.Dense("listener_weight");
        float[] output = artifact.Floats("output_weight"), constant = artifact.Floats("output_bias");
        return users.Rows == train.Users.Count && hidden.Rows == train.Items.Count && users.Columns == options.EmbeddingSize
            && hidden.Columns == options.HiddenSize && weight.Rows == users.Columns && weight.Columns == hidden.Columns
            && output.Length == hidden.Columns && constant.Length == 1
            ? new HybridNnRecommender(options, train.Items, UserItemMatrix.Binary(train), users, hidden, weight, output, constant[0])
            : throw new DatasetException(
                $"model '{Name}' was stored for {users.Rows} users and {hidden.Rows} items with {hidden.Columns} hidden neurons, which do not fit "
                + $"{train.Users.Count} users, {train.Items.Count} items and hidden_size {options.HiddenSize}; load it with the dataset it was trained on");
    }

    private static void FillUnheard(DenseMatrix vectors, CsrMatrix pairs)
    {
        var heard = new bool[vectors.Rows];
        foreach (int item in pairs.ColumnIndex)
        {
            heard[item] = true;
        }

        var mean = new float[vectors.Columns];
        for (int i = 0; i < vectors.Rows; i++)
        {
            CancellationScope.CheckAt(i);
            if (heard[i])
            {
                TensorPrimitives.Add<float>(mean, vectors.Row(i), mean);
            }
        }

        TensorPrimitives.Divide(mean, Math.Max(1, heard.Count(h => h)), mean);
        for (int i = 0; i < vectors.Rows; i++)
        {
            CancellationScope.CheckAt(i);
            if (!heard[i])
            {
                mean.CopyTo(vectors.Row(i));
            }
        }
    }
}

internal sealed class HybridNnRecommender : ILearnsListeners
{
    private const int FoldInNegatives = 256, FoldInSteps = 80;
    private const float FoldInRate = 0.05f;

    private readonly HybridNnOptions _options;
    private readonly CsrMatrix _pairs;
    private readonly DenseMatrix _users, _hidden, _weight;
    private readonly float[] _output, _mean;
    private readonly float _constant, _pull;

    public HybridNnRecommender(
        HybridNnOptions options, Vocabulary items, CsrMatrix pairs, DenseMatrix users, DenseMatrix hidden, DenseMatrix weight, float[] output, float constant)
    {
        (_options, Items, _pairs, _users, _hidden, _weight, _output, _constant) = (options, items, pairs, users, hidden, weight, output, constant);
        (_mean, _pull) = MbcfRecommender.MeanListener(pairs, users);
    }

    public Vocabulary Items { get; }

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, Items);
        ScoreBuffer.Check(query, _users.Rows, Items.Count);
        if (query.IsFoldIn ? query.History.IsEmpty : _pairs.RowLength(query.UserIndex) == 0)
        {
            scores.Fill(float.NaN);
            return;
        }

        float[] vector = query.IsFoldIn ? FoldIn(FactorHistory.Merge(query).Index) : _users.Row(query.UserIndex).ToArray();
        var listener = new float[_hidden.Columns];
        Gemm.Multiply(vector, _weight.Values, listener, 1, _hidden.Columns, vector.Length);
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = Output(_hidden.Row(i), listener);
        }
    }

    public void Save(ArtifactWriter artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        artifact.Add("user_vectors", _users);
        artifact.Add("item_hidden", _hidden);
        artifact.Add("listener_weight", _weight);
        artifact.Add("output_weight", _output);
        artifact.Add("output_bias", [_constant]);
    }

    /// <summary>v·relu(item + listener) + c.</summary>
    private float Output(ReadOnlySpan<float> item, ReadOnlySpan<float> listener)
    {
        Vector<float> sums = Vector<float>.Zero;
        int width = Vector<float>.Count, c = 0;
        for (; c + width <= item.Length; c += width)
        {
            sums += Vector.Max(new Vector<float>(item[c..]) + new Vector<float>(listener[c..]), Vector<float>.Zero) * new Vector<float>(_output.AsSpan(c));
        }

        float sum = Vector.Sum(sums) + _constant;
        for (; c < item.Length; c++)
        {
            sum += MathF.Max(item[c] + listener[c], 0f) * _output[c];
        }

        return sum;
    }

    /// <summary>The vector of a history, ascending and distinct: Adam on its loss with the network fixed, always the same negatives.</summary>
    private float[] FoldIn(int[] history)
    {
        int[] negatives = UnheardSample.Of(history, Items.Count, FoldInNegatives, "hybrid-nn/fold-in");
        int size = _users.Columns, count = history.Length + negatives.Length;
        float perNegative = Math.Min(1f, (float)_options.NegativeCount * history.Length / Math.Max(1, negatives.Length));
        float[] vector = [.. _mean], first = new float[size], second = new float[size], gradient = new float[size];
        float[] listener = new float[_hidden.Columns], slope = new float[_hidden.Columns];
        for (int step = 1; step <= FoldInSteps; step++)
        {
            Gemm.Multiply(vector, _weight.Values, listener, 1, listener.Length, size);
            Array.Clear(slope);
            for (int n = 0; n < count; n++)
            {
                bool isHeard = n < history.Length;
                ReadOnlySpan<float> item = _hidden.Row(isHeard ? history[n] : negatives[n - history.Length]);
                float probability = 1f / (1f + MathF.Exp(-Math.Clamp(Output(item, listener), -80f, 80f)));
                AddSlope(item, listener, isHeard ? probability - 1f : perNegative * probability, slope);
            }

            Gemm.MultiplyTransposed(slope, _weight.Values, gradient, 1, size, slope.Length);
            float rate = FoldInRate / (1f - MathF.Pow(0.9f, step)), correction = 1f / MathF.Sqrt(1f - MathF.Pow(0.999f, step));
            for (int c = 0; c < size; c++)
            {
                float g = gradient[c] + (_pull * (vector[c] - _mean[c]));
                first[c] = (0.9f * first[c]) + (0.1f * g);
                second[c] = (0.999f * second[c]) + (0.001f * g * g);
                vector[c] -= rate * first[c] / ((MathF.Sqrt(second[c]) * correction) + 1e-8f);
            }
        }

        return vector;
    }

    /// <summary>slope += factor · v where the hidden neuron is on.</summary>
    private void AddSlope(ReadOnlySpan<float> item, ReadOnlySpan<float> listener, float factor, Span<float> slope)
    {
        var times = new Vector<float>(factor);
        int width = Vector<float>.Count, c = 0;
        for (; c + width <= item.Length; c += width)
        {
            Vector<float> on = Vector.ConditionalSelect(
                Vector.GreaterThan(new Vector<float>(item[c..]) + new Vector<float>(listener[c..]), Vector<float>.Zero),
                new Vector<float>(_output.AsSpan(c)), Vector<float>.Zero);
            (new Vector<float>(slope[c..]) + (times * on)).CopyTo(slope[c..]);
        }

        for (; c < item.Length; c++)
        {
            slope[c] += item[c] + listener[c] > 0f ? factor * _output[c] : 0f;
        }
    }
}
