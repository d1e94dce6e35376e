using Segue.Core.Contracts;

namespace Segue.Core.Splitting;

/// <summary>One splitting protocol as the outside sees it.</summary>
/// <param name="Name">Stable name, kebab-case, for example <c>user-holdout</c>.</param>
/// <param name="Summary">One sentence.</param>
/// <param name="OptionsType">Its options record.</param>
/// <param name="Create">Makes the splitter from its options.</param>
public sealed record SplitDescription(string Name, string Summary, Type OptionsType, Func<SplitOptions, ISplitter> Create);

/// <summary>Every splitting protocol there is, by name. Adding a split is one line here.</summary>
public static class SplitCatalog
{
    /// <summary>All protocols.</summary>
    public static IReadOnlyList<SplitDescription> All { get; } =
    [
        Describe<RandomSplitOptions>("random", "distinct (user, item) pairs at random", o => new RandomSplit(o)),
        Describe<TransductiveSplitOptions>(
            "transductive", "edges of one graph at random; each stage sees the edges of those before", o => new TransductiveSplit(o)),
        Describe<LeaveKOutSplitOptions>("leave-k-out", "the same number of items of every user", o => new LeaveKOutSplit(o)),
        Describe<UserHoldoutSplitOptions>("user-holdout", "whole users, asked with part of their items", o => new UserHoldoutSplit(o)),
        Describe<GlobalTimeSplitOptions>(
            "global-time", "one moment for everybody: the past trains, the future is predicted", o => new GlobalTimeSplit(o)),
        Describe<LastSessionSplitOptions>("last-session", "every user's last session", o => new LastSessionSplit(o)),
        Describe<ColdItemsSplitOptions>("cold-items", "whole items that nobody's training history has, ranked among themselves", o => new ColdItemsSplit(o)),
        Describe<GivenSplitOptions>("given", "the parts that came with the source", o => new GivenSplit(o)),
    ];

    /// <summary>The protocol called <paramref name="name"/>.</summary>
    /// <exception cref="OptionException">No such protocol; the message lists near matches.</exception>
    public static SplitDescription Get(string name) =>
        All.FirstOrDefault(s => s.Name == name) ?? throw NearMatches.Error("split", name, [.. All.Select(s => s.Name)]);

    /// <summary>Makes a splitter from outside option names and texts.</summary>
    /// <exception cref="OptionException">Unknown protocol or option, or a value out of range.</exception>
    public static ISplitter Create(string name, IEnumerable<KeyValuePair<string, string>> options)
    {
        SplitDescription split = Get(name);
        return split.Create((SplitOptions)OptionsText.FromPairs(split.OptionsType, options, $"split '{name}'"));
    }

    private static SplitDescription Describe<TOptions>(string name, string summary, Func<TOptions, ISplitter> create)
        where TOptions : SplitOptions => new(name, summary, typeof(TOptions), o => create((TOptions)o));
}
