using BenchmarkDotNet.Attributes;
using Segue.Neural.Autodiff;
using Segue.Neural.Layers;
using Segue.Neural.Losses;
using Segue.Neural.Optimizers;
using Segue.Numerics.Sampling;

namespace Segue.Benchmarks;

/// <summary>Training steps as models take them, on one thread; the column of allocated bytes should be empty.</summary>
[MemoryDiagnoser]
public class NeuralBenchmarks
{
    private const int Batch = 512, Size = 64;

    private readonly Tape _tape = new();
    private readonly float[] _features = new float[Batch * 128], _labels = new float[Batch], _logProbability = new float[Batch];
    private readonly int[] _users = new int[Batch], _items = new int[Batch], _target = new int[Batch];
    private Mlp _network = null!;
    private Embedding _user = null!, _item = null!;
    private SparseOperand _graph = null!;
    private Parameter _vectors = null!, _wide = null!;
    private Adam _networkStep = null!, _embeddingStep = null!, _graphStep = null!, _wideStep = null!;

    [GlobalSetup]
    public void SetUp()
    {
        var rng = new Rng(1, "bench/neural");
        rng.FillGaussian(_features, 1f);
        for (int n = 0; n < Batch; n++)
        {
            (_users[n], _items[n], _target[n], _labels[n], _logProbability[n]) = (rng.Next(20_000), rng.Next(10_000), n, n % 2, -MathF.Log(n + 1f));
        }

        _network = new Mlp("mlp", [128, 128, 1], rng);
        _networkStep = new Adam(_network.Parameters);
        (_user, _item) = (new("user", 20_000, Size, rng), new("item", 10_000, Size, rng));
        _embeddingStep = new Adam([_user.Table, _item.Table]);
        _graph = new SparseOperand(ZipfData.Matrix(5_000, 5_000, 100_000));
        _vectors = new Parameter("vectors", 5_000, Size).Gaussian(rng, 0.1f);
        _graphStep = new Adam([_vectors]);
        _wide = new Parameter("wide", 1_000, 1_000).Gaussian(rng, 0.1f);
        _wideStep = new Adam([_wide]);
    }

    /// <summary>128 → 128 ReLU → 1, logistic loss, Adam.</summary>
    [Benchmark]
    public void MlpStep()
    {
        _tape.Reset();
        _tape.Backward(_network.Apply(_tape.Constant(_features, Batch, 128)).LogisticLoss(_labels));
        _networkStep.Step();
    }

    /// <summary>Two lookups, all dot products of the batch, softmax with correction, lazy Adam.</summary>
    [Benchmark]
    public void EmbeddingSampledSoftmaxStep()
    {
        _tape.Reset();
        Variable logits = _user.Apply(_tape, _users).MatMulTransposed(_item.Apply(_tape, _items));
        _tape.Backward(logits.SampledSoftmaxLoss(_target, _logProbability));
        _embeddingStep.Step();
    }

    /// <summary>Message passing over 100,000 edges and back, Adam on all vectors.</summary>
    [Benchmark]
    public void SparseStep()
    {
        _tape.Reset();
        _tape.Backward(_graph.Multiply(_tape.Use(_vectors)).Square().Mean());
        _graphStep.Step();
    }

    /// <summary>Adam on a million values, with the simplest gradient there is.</summary>
    [Benchmark]
    public void AdamStep()
    {
        _tape.Reset();
        _tape.Backward(_tape.Use(_wide).Sum());
        _wideStep.Step();
    }
}
