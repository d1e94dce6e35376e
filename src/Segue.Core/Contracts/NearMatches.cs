namespace Segue.Core.Contracts;

/// <summary>Suggests what a mistyped name may have meant.</summary>
public static class NearMatches
{
    private const int LongestCompared = 500;
    private const int ShownName = 80;

    /// <summary>The names closest to <paramref name="name"/>: those that contain it, or differ in at most two letters or a third of them; closest first.</summary>
    public static IReadOnlyList<string> Find(string name, IEnumerable<string> known, int count = 3)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(known);
        string lower = name.ToLowerInvariant();
        return [.. known
            .Select(k => (Name: k, Distance: IsComparable(name, k) ? Distance(lower, k.ToLowerInvariant()) : int.MaxValue))
            .Where(p => p.Distance <= Math.Max(2, p.Name.Length / 3)
                || (name.Length > 1 && p.Name.Contains(name, StringComparison.OrdinalIgnoreCase)))
            .OrderBy(p => p.Distance).ThenBy(p => p.Name, StringComparer.Ordinal)
            .Take(count)
            .Select(p => p.Name)];
    }

    /// <summary>
    /// The error for an unknown name, for example <c>unknown model 'eas'; did you mean 'ease'? Known: als, ease, …</c>.
    /// </summary>
    public static OptionException Error(string kind, string name, IReadOnlyCollection<string> known)
    {
        IReadOnlyList<string> near = Find(name, known);
        string hint = near.Count == 0 ? "." : $"; did you mean {string.Join(" or ", near.Select(n => $"'{VisibleText.Short(n, ShownName)}'"))}?";
        return new OptionException($"unknown {kind} '{VisibleText.Short(name, ShownName)}'{hint} Known: {string.Join(", ", known.Select(k => VisibleText.Short(k, ShownName)))}");
    }

    // Texts whose lengths alone differ by more than the letters allowed are not alike; of very long ones nobody mistypes a letter.
    private static bool IsComparable(string name, string known) =>
        Math.Max(name.Length, known.Length) <= LongestCompared
        && (Math.Abs(name.Length - known.Length) <= Math.Max(2, known.Length / 3) || known.Contains(name, StringComparison.OrdinalIgnoreCase));

    private static int Distance(string a, string b)
    {
        var previous = new int[b.Length + 1];
        var current = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
        {
            previous[j] = j;
        }

        for (int i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int change = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                current[j] = Math.Min(change, Math.Min(previous[j], current[j - 1]) + 1);
            }

            (previous, current) = (current, previous);
        }

        return previous[b.Length];
    }
}
