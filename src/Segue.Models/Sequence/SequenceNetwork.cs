using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Neural.Autodiff;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;

namespace Segue.Models.Sequence;

/// <summary>A network that reads plays in order and gives a vector after every one.</summary>
internal abstract class SequenceNetwork
{
    /// <summary>Length of the vector it gives.</summary>
    public abstract int Size { get; }

    /// <summary>Everything it needs, learned or not, in a fixed order.</summary>
    public abstract IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Learned numbers worth a look; mostly none.</summary>
    public virtual IReadOnlyList<LearnedCurve> Curves => [];

    /// <summary>The vector after every play, plays × <see cref="Size"/>. Networks are only read here: threads may share one.</summary>
    /// <param name="tape">Where.</param>
    /// <param name="batch">What was played.</param>
    /// <param name="rng">Draws dropout; null when predicting.</param>
    public abstract Variable Apply(Tape tape, PlayBatch batch, Rng? rng);

    /// <summary>The vectors after the last play of every sequence of a batch, sequences × <see cref="Size"/>.</summary>
    public void ReadLast(Tape tape, PlayBatch batch, Span<float> vectors)
    {
        tape.Reset();
        Variable all = Apply(tape, batch, null);
        ReadOnlySpan<int> starts = batch.Starts.Span;
        for (int s = 0; s < batch.Sequences; s++)
        {
            all.Value.Slice((starts[s + 1] - 1) * Size, Size).CopyTo(vectors[(s * Size)..]);
        }
    }

    /// <summary>Takes over the values of a network of the same shape.</summary>
    public void CopyFrom(SequenceNetwork other)
    {
        for (int p = 0; p < Parameters.Count; p++)
        {
            other.Parameters[p].Value.CopyTo(Parameters[p].Value);
        }
    }

    /// <summary>Writes the values by name.</summary>
    public void Save(ArtifactWriter artifact)
    {
        foreach (Parameter parameter in Parameters)
        {
            artifact.Add(parameter.Name, parameter.Value, parameter.Rows, parameter.Columns);
        }
    }

    /// <summary>Reads the values by name.</summary>
    /// <exception cref="DatasetException">One is missing or has another shape.</exception>
    public void Load(ArtifactReader artifact, string model)
    {
        foreach (Parameter parameter in Parameters)
        {
            DenseMatrix stored = artifact.Dense(parameter.Name);
            StoredShapes.Require(model, parameter.Name, (stored.Rows, stored.Columns), parameter.Rows, parameter.Columns);
            stored.Values.CopyTo(parameter.Value);
        }
    }
}
