using Segue.Core.Contracts;
using Segue.Core.Data;

namespace Segue.Core.Splitting;

/// <summary>What a stage of evaluation may see and must predict.</summary>
public sealed record EvaluationSet
{
    /// <summary>
    /// What is known of the listeners when they ask: masked in discovery mode, and the history of fold-in queries. Same users
    /// and items as <see cref="Relevant"/>. At test it may hold more than the model trained on (the validation part).
    /// </summary>
    public required Dataset Known { get; init; }

    /// <summary>The held-out interactions: the right answers.</summary>
    public required Dataset Relevant { get; init; }

    /// <summary>
    /// True where the model must be asked with the history in <see cref="Known"/> (listeners it did not train on, or more
    /// history than it trained on); false where it is asked by user and answers from what it trained on: then
    /// <see cref="Known"/> only masks.
    /// </summary>
    public bool IsFoldIn { get; init; }

    /// <summary>
    /// True where <see cref="Known"/> holds later interactions of listeners the model trained on (the validation part, at test): who answers from
    /// the history alone is asked with it; who <see cref="ILearnsListeners"/> is asked by listener. Nothing is masked that a model could
    /// have been shown.
    /// </summary>
    public bool ShowsMore { get; init; }

    /// <summary>
    /// True where <see cref="Known"/> is a graph in sight as a whole: a model that <see cref="IObserves"/> gets it for its graph and is asked by
    /// listener; others are asked as <see cref="IsFoldIn"/> says.
    /// </summary>
    public bool IsTransductive { get; init; }

    /// <summary>
    /// The only items that are ranked, ascending, or null for all of the catalogue. Every relevant item is one of them.
    /// </summary>
    public ReadOnlyMemory<int>? Candidates { get; init; }

    /// <summary>Moment of the queries, Unix seconds, or −1.</summary>
    public long Moment { get; init; } = -1;

    /// <summary>The set as it is asked of <paramref name="recommender"/>: <see cref="ShowsMore"/> is settled, in <see cref="IsFoldIn"/>.</summary>
    public EvaluationSet For(IRecommender recommender) =>
        ShowsMore ? this with { ShowsMore = false, IsFoldIn = IsFoldIn || recommender is not ILearnsListeners { LearnsListeners: true } } : this;

    /// <summary>
    /// True where every day (UTC) of a listener in <see cref="Relevant"/> is a question of its own: what is known is <see cref="Known"/> and all before that
    /// day, the right answers are the items of the day. For few listeners, of whom many days are held out. All interactions need times.
    /// </summary>
    public bool IsByDay { get; init; }

    /// <summary>
    /// Profile column that names the listener of a user, for data whose users are sessions or playlists: those of one listener are alike, so intervals
    /// and tests take them together. Data without the column has a listener a user.
    /// </summary>
    public const string ListenerColumn = "listener";

    /// <summary>For every user of a result, the number of its listener by <see cref="ListenerColumn"/>; empty where every user is a listener, or days are asked.</summary>
    /// <param name="users">Indices of users.</param>
    public int[] ClustersOf(ReadOnlySpan<int> users)
    {
        if (IsByDay || !Known.Profile.TryGetValue(ListenerColumn, out StringTable? names))
        {
            return [];
        }

        // A user without a listener is one of its own.
        var numbers = new Dictionary<string, int>();
        var clusters = new int[users.Length];
        for (int n = 0; n < users.Length; n++)
        {
            string name = names[users[n]];
            clusters[n] = name.Length == 0 ? -1 - users[n] : numbers.TryGetValue(name, out int number) ? number : numbers[name] = numbers.Count;
        }

        return clusters;
    }
}

/// <summary>A dataset cut into what a model may train on and what it must predict.</summary>
/// <remarks>
/// All parts share users, items and catalog, so indices mean the same everywhere. Tag assignments are cut with the
/// interactions: a part has no tag on a pair with an interaction outside it, none of a user it does not know, and none made
/// after its end. Friendships and profiles stay whole.
/// </remarks>
public sealed record Split
{
    /// <summary>Name of the protocol, for example <c>random</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Options of the protocol.</summary>
    public required SplitOptions Options { get; init; }

    /// <summary>Seed of the cut.</summary>
    public required ulong Seed { get; init; }

    /// <summary>What models train on.</summary>
    public required Dataset Train { get; init; }

    /// <summary>For choosing options and stopping early; null where the protocol has none.</summary>
    public EvaluationSet? Validation { get; init; }

    /// <summary>For the reported figures only.</summary>
    public required EvaluationSet Test { get; init; }

    /// <summary>Training edges that carry messages (transductive protocol), else null: then all of <see cref="Train"/> does.</summary>
    public Dataset? Message { get; init; }

    /// <summary>Training edges that are predicted from <see cref="Message"/> (transductive protocol), else null.</summary>
    public Dataset? Supervision { get; init; }
}

/// <summary>A protocol: options in, <see cref="Cut"/> out.</summary>
public interface ISplitter
{
    /// <summary>The options of the protocol.</summary>
    SplitOptions Options { get; }

    /// <summary>Cuts <paramref name="dataset"/>; the same dataset, options and seed give the same cut.</summary>
    /// <exception cref="DatasetException">The dataset lacks what the protocol needs (for example times), or a part would be empty.</exception>
    Split Cut(Dataset dataset, ulong seed);
}
