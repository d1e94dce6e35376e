using Segue.Core.Data;
using Segue.Numerics;
using Segue.Numerics.Sampling;

namespace Segue.Core.Contracts;

/// <summary>How far a long job is.</summary>
/// <param name="Stage">What is being done, for example <c>epoch</c> or <c>item factors</c>.</param>
/// <param name="Done">Finished units.</param>
/// <param name="Total">All units.</param>
/// <param name="Note">Anything worth showing, for example a loss; may be null.</param>
public readonly record struct FitProgress(string Stage, long Done, long Total, string? Note = null);

/// <summary>All that a training run takes from outside besides data and options.</summary>
public sealed record FitContext
{
    /// <summary>Seed of every generator made by <see cref="CreateRng"/>.</summary>
    public ulong Seed { get; init; } = 42;

    /// <summary>Threads a model may use; at least 1.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>
    /// The edges of the training data that carry messages while a model trains, where a transductive split says so; the others
    /// are only predicted. Null where all edges do both. Same users and items as the training data. Models that pass no messages do not use it.
    /// </summary>
    public Dataset? Message { get; init; }

    /// <summary>Receives progress; must not throw.</summary>
    public IProgress<FitProgress>? Progress { get; init; }

    /// <summary>Checked once per block of work, within epochs too; see <see cref="CancellationScope"/>.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>The clock; results must not depend on it.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// Called after every epoch with (epoch from 1, the recommender as it is now); returning false stops training. Early
    /// stopping and learning curves live behind this hook, never in a model.
    /// </summary>
    public Func<int, IRecommender, bool>? OnEpoch { get; init; }

    /// <summary>
    /// The epochs after which <see cref="OnEpoch"/> is called; null for every one. To make a recommender can cost as much as the epoch before it.
    /// </summary>
    public Func<int, bool>? WatchedEpochs { get; init; }

    /// <summary>
    /// Folder in which a model that trains in epochs keeps its latest checkpoint, and from which it goes on where it was stopped: with the bits of
    /// a run that never was. Null for none. Models that have no epochs or no optimizer do not use it.
    /// </summary>
    /// <remarks>
    /// A checkpoint is of one model, options, seed and training data; those of other runs may lie beside it and are left alone. One run at a
    /// time: two of the same model, options, seed and data must not share a folder.
    /// </remarks>
    public string? CheckpointFolder { get; init; }

    /// <summary>
    /// Called after every epoch, before <see cref="OnEpoch"/>, with (epoch from 1, name of a loss, its mean over the epoch), once for every
    /// loss the model minimises; <c>loss</c> is the name of the whole. For curves only: a model computes a loss it does not need
    /// for training only where somebody listens. Must not throw.
    /// </summary>
    public Action<int, string, double>? OnLoss { get; init; }

    /// <summary>A generator of its own for one purpose, for example <c>als/item-factors</c>.</summary>
    public Rng CreateRng(string name) => new(Seed, name);

    /// <summary>Calls <see cref="OnEpoch"/> after an epoch that is watched, with the recommender as it is then.</summary>
    /// <returns>False where training should stop.</returns>
    public bool GoesOn(int epoch, Func<IRecommender> recommender)
    {
        ArgumentNullException.ThrowIfNull(recommender);
        return OnEpoch is null || WatchedEpochs?.Invoke(epoch) == false || OnEpoch(epoch, recommender());
    }

    /// <summary>Reports progress and stops where the run was cancelled.</summary>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public void Report(string stage, long done, long total, string? note = null)
    {
        Cancellation.ThrowIfCancellationRequested();
        Progress?.Report(new(stage, done, total, note));
    }
}
