using System.Globalization;
using Segue.Core;

namespace Segue.Evaluation;

/// <summary>Right answers that so many listeners of the training data heard: <c>popularity=0</c>, <c>popularity=1-5</c>, <c>popularity=21+</c>.</summary>
/// <param name="Low">Fewest listeners.</param>
/// <param name="High">Most listeners, or <see cref="int.MaxValue"/> for no limit.</param>
public readonly record struct PopularitySlice(int Low, int High)
{
    private const string Prefix = "popularity";

    /// <summary>What <c>:popularity</c> without a range stands for: 0, 1 to 5, 6 to 20 and more than 20 listeners.</summary>
    public static IReadOnlyList<PopularitySlice> Default { get; } = [new(0, 0), new(1, 5), new(6, 20), new(21, int.MaxValue)];

    /// <summary>The range alone, for example <c>6-20</c>.</summary>
    public string Range => (Low == High, High == int.MaxValue) switch
    {
        (true, _) => Low.ToString(CultureInfo.InvariantCulture),
        (_, true) => string.Create(CultureInfo.InvariantCulture, $"{Low}+"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Low}-{High}"),
    };

    /// <summary>True where an item with this many listeners belongs to the slice.</summary>
    public bool Contains(int listeners) => listeners >= Low && listeners <= High;

    /// <summary>As in the name of a metric, for example <c>popularity=6-20</c>.</summary>
    public override string ToString() => $"{Prefix}={Range}";

    /// <summary>Reads what stands behind the colon of a metric's name.</summary>
    /// <returns>The slice, or null for <c>popularity</c> alone, which means all of <see cref="Default"/>.</returns>
    /// <exception cref="OptionException">Not a slice.</exception>
    internal static PopularitySlice? Parse(string text, string metric)
    {
        string[] parts = text.Split('=', 2);
        if (parts[0] == Prefix && parts.Length == 1)
        {
            return null;
        }

        string range = parts[0] == Prefix ? parts[^1] : string.Empty;
        bool isOpen = range.EndsWith('+');
        string[] ends = isOpen ? [range[..^1]] : range.Split('-', 2);
        return TryNumber(ends[0], out int low) && TryNumber(ends[^1], out int high) && high >= low
            ? new PopularitySlice(low, isOpen ? int.MaxValue : high)
            : throw new OptionException(
                $"metric '{metric}' has ':{text}', which is no range of listeners; write for example :{Prefix}=0, :{Prefix}=1-5, :{Prefix}=21+, or :{Prefix} for four of them");

        static bool TryNumber(string number, out int value) => int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }
}
