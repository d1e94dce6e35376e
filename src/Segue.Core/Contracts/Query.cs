namespace Segue.Core.Contracts;

/// <summary>Who is asking for recommendations, with what history, at what moment.</summary>
/// <remarks>
/// Either <see cref="UserIndex"/> ≥ 0 (a listener the model was trained with; it uses what it learned) or −1 with a
/// <see cref="History"/> (fold-in: the model sees only that history). Where both are given the history wins.
/// </remarks>
public sealed record Query
{
    /// <summary>Index in the training users, or −1.</summary>
    public int UserIndex { get; init; } = -1;

    /// <summary>Item indices the listener interacted with, oldest first, repeats kept. Empty for a known user.</summary>
    public ReadOnlyMemory<int> History { get; init; }

    /// <summary>Weight of every history entry, or empty where all count 1.</summary>
    public ReadOnlyMemory<float> HistoryWeight { get; init; }

    /// <summary>Unix seconds of every history entry (−1 unknown), or empty.</summary>
    public ReadOnlyMemory<long> HistoryTime { get; init; }

    /// <summary>
    /// The moment the list is asked for, Unix seconds, or −1: then that of the last play of the history (models of sessions, replays as memory), the latest time the model was trained on
    /// or that of the history where it is later (graphs over time), or the former alone (all others).
    /// </summary>
    public long Moment { get; init; } = -1;

    /// <summary>True where the model must use the history instead of what it learned of a user.</summary>
    public bool IsFoldIn => UserIndex < 0 || !History.IsEmpty;

    /// <summary>A listener the model was trained with.</summary>
    public static Query ForUser(int userIndex, long moment = -1) => new() { UserIndex = userIndex, Moment = moment };

    /// <summary>A listener the model never saw.</summary>
    public static Query ForHistory(
        ReadOnlyMemory<int> history, ReadOnlyMemory<float> weight = default, ReadOnlyMemory<long> time = default, long moment = -1) =>
        new() { History = history, HistoryWeight = weight, HistoryTime = time, Moment = moment };
}

/// <summary>One reason for a recommendation.</summary>
/// <param name="HistoryItemIndex">The heard item that carried it, or −1 where the reason is not an item.</param>
/// <param name="Weight">Its share of the score; comparable within one list of reasons.</param>
/// <param name="Kind">What kind of reason: <c>because_listened</c>, <c>this_session</c>, <c>same_artist</c>, <c>replayed</c>, <c>alike_profile</c>, <c>popular</c>.</param>
public readonly record struct Reason(int HistoryItemIndex, double Weight, string Kind);
