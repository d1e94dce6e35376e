using Segue.Core.Data;

namespace Segue.Core.Views;

/// <summary>A dataset seen as one ordered list of items a user, oldest first, repeats kept.</summary>
/// <remarks>Memory 4 bytes a user; nothing is copied.</remarks>
public sealed class Sequences
{
    private readonly int[] _start;

    private Sequences(Dataset dataset, int[] start)
    {
        Dataset = dataset;
        _start = start;
    }

    /// <summary>The dataset the sequences are ranges of.</summary>
    public Dataset Dataset { get; }

    /// <summary>Number of sequences: one a user, empty for users without interactions.</summary>
    public int Count => _start.Length - 1;

    /// <summary>The sequences of <paramref name="dataset"/>. O(interactions).</summary>
    /// <exception cref="DatasetException">The dataset has neither times nor an order.</exception>
    public static Sequences Of(Dataset dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        return dataset.IsOrdered || dataset.HasTime
            ? new Sequences(dataset, dataset.UserStart())
            : throw new DatasetException(
                $"sequences need times or an order, and dataset '{dataset.Name}' has neither; import a source with times");
    }

    /// <summary>Items of user <paramref name="userIndex"/>, oldest first.</summary>
    public ReadOnlyMemory<int> Items(int userIndex) => Dataset.ItemIndex[_start[userIndex].._start[userIndex + 1]];

    /// <summary>Unix seconds of every item of <see cref="Items"/>, −1 unknown; empty where the dataset has no times.</summary>
    public ReadOnlyMemory<long> Times(int userIndex) =>
        Dataset.HasTime ? Dataset.Time[_start[userIndex].._start[userIndex + 1]] : default;

    /// <summary>Weight of every item of <see cref="Items"/>; empty where all are 1.</summary>
    public ReadOnlyMemory<float> Weights(int userIndex) =>
        Dataset.HasWeight ? Dataset.Weight[_start[userIndex].._start[userIndex + 1]] : default;
}
