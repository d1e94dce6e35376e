using Segue.Core.Data;

namespace Segue.Core.Views;

/// <summary>A dataset seen as one ordered list of items a user, oldest first, repeats kept.</summary>
/// <remarks>Memory 4 bytes a user; nothing is copied.</remarks>
public sealed class Sequences
{
    /// <summary>Days of a week, which begin with Monday.</summary>
    public const int DaysOfWeek = 7;

    /// <summary>Hours of a day.</summary>
    public const int HoursOfDay = 24;

    private const long SecondsOfHour = 3600, SecondsOfDay = 24 * SecondsOfHour;

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

    /// <summary>Seconds from the item before to every item of a sequence.</summary>
    /// <param name="times">Unix seconds, −1 unknown: <see cref="Times"/>.</param>
    /// <param name="gaps">Output, as long; −1 for the first, and where either time is unknown; 0 where times run backwards.</param>
    public static void Gaps(ReadOnlySpan<long> times, Span<long> gaps)
    {
        for (int n = 0; n < times.Length; n++)
        {
            gaps[n] = n > 0 && times[n] >= 0 && times[n - 1] >= 0 ? Math.Max(0, times[n] - times[n - 1]) : -1;
        }
    }

    /// <summary>Hour of the day of a moment in UTC, 0 to 23; −1 where it is unknown.</summary>
    public static int HourOfDay(long time) => time < 0 ? -1 : (int)(time % SecondsOfDay / SecondsOfHour);

    /// <summary>Day of the week of a moment in UTC, 0 for Monday to 6; −1 where it is unknown.</summary>
    /// <remarks>The epoch began on a Thursday.</remarks>
    public static int DayOfWeek(long time) => time < 0 ? -1 : (int)(((time / SecondsOfDay) + 3) % DaysOfWeek);

    /// <summary>Cuts a sequence into chunks of at most so many steps from an item to the next; every step is in one chunk.</summary>
    /// <param name="start">Place of the first item.</param>
    /// <param name="end">Place after the last.</param>
    /// <param name="steps">Steps of a chunk, at least 1: a chunk is at most one item longer.</param>
    /// <returns>
    /// First place of every chunk and the place after its last, two or more apart. A chunk begins at the last item of the one before it; they are cut from the end, which comes first, so that what was
    /// last is not in a short rest. None for a single item.
    /// </returns>
    public static IEnumerable<(int Start, int End)> Chunks(int start, int end, int steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(steps);
        for (; end - start >= 2; end -= steps)
        {
            yield return (Math.Max(start, end - 1 - steps), end);
        }
    }
}
