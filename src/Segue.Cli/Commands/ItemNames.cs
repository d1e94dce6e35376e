using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Ranking;

namespace Segue.Cli.Commands;

/// <summary>Which item a text means: by id, else by the name Segue shows (case ignored, unless two names differ in case alone).</summary>
/// <remarks>Names are read on the first text that is no id: O(items) time and memory.</remarks>
internal sealed class ItemNames(Dataset dataset)
{
    private const int LongestText = 10_000;
    private const int ShownIds = 5;
    private readonly Dictionary<string, List<int>> _alike = [];
    private Dictionary<string, int>? _first;
    private SameSongs? _songs;
    private int[]? _plays;

    /// <summary>The items a text may mean: none, one, or several that have the same name.</summary>
    public IReadOnlyList<int> Meant(string text)
    {
        int item = text.Length > LongestText ? -1 : dataset.Items.IndexOf(text);
        if (item >= 0)
        {
            return [item];
        }

        _first ??= Read();
        string name = Normal(text);
        if (!_first.TryGetValue(name, out int first))
        {
            return [];
        }

        if (!_alike.TryGetValue(name, out List<int>? all))
        {
            return [first];
        }

        int[] exact = [.. all.Where(i => dataset.DisplayName(i) == text)];
        if (exact.Length == 1)
        {
            return exact;
        }

        // One song under several ids is no question: the id that most plays have stands for it.
        _songs ??= SameSongs.Of(dataset.Catalog);
        return all.TrueForAll(i => _songs.SongOf(i) == _songs.SongOf(first)) ? [all.MaxBy(Plays)] : all;
    }

    /// <summary>The one item a text means.</summary>
    /// <exception cref="SegueException">It means none, and those with a name much like it are named; or several, and their ids are named.</exception>
    public int Find(string text)
    {
        IReadOnlyList<int> meant = Meant(text);
        if (meant.Count == 1)
        {
            return meant[0];
        }

        if (meant.Count > 1)
        {
            throw new SegueException($"'{Short(text)}' is the name of {meant.Count} items: {Ids(meant)}; give the id of one");
        }

        IEnumerable<string> names = Enumerable.Range(0, Math.Min(dataset.Items.Count, 100_000)).Select(dataset.DisplayName);
        IReadOnlyList<string> near = NearMatches.Find(text, names);
        throw new SegueException($"the model knows no item '{Short(text)}'{(near.Count > 0 ? $"; did you mean {string.Join(" or ", near.Select(n => $"'{Short(n)}'"))}?" : string.Empty)}");
    }

    /// <summary>The ids of a few items, to be shown.</summary>
    public string Ids(IReadOnlyList<int> items) =>
        string.Join(", ", items.Take(ShownIds).Select(i => $"'{Short(dataset.Items[i])}'")) + (items.Count > ShownIds ? ", …" : string.Empty);

    private static string Short(string name) => VisibleText.Short(name, Cell.LongestName);

    // People type a hyphen where Segue shows a dash, and letters that look the same may be one character or two.
    private static string Normal(string name) => Nfc.Of(name).Replace(" – ", " - ", StringComparison.Ordinal).ToUpperInvariant();

    private int Plays(int item)
    {
        if (_plays is null)
        {
            _plays = new int[dataset.Items.Count];
            foreach (int played in dataset.ItemIndex.Span)
            {
                _plays[played]++;
            }
        }

        return _plays[item];
    }

    private Dictionary<string, int> Read()
    {
        var first = new Dictionary<string, int>();
        for (int i = 0; i < dataset.Items.Count; i++)
        {
            string name = Normal(dataset.DisplayName(i));
            if (!first.TryAdd(name, i))
            {
                if (!_alike.TryGetValue(name, out List<int>? all))
                {
                    _alike[name] = all = [first[name]];
                }

                all.Add(i);
            }
        }

        return first;
    }
}
