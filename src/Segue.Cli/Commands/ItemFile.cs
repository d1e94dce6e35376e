using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Pipeline;

namespace Segue.Cli.Commands;

/// <summary>Files with one item a line.</summary>
internal static class ItemFile
{
    private const int LongestLine = 10_000;

    /// <summary>
    /// Items named in a file, in order: by id, else by the name Segue shows (case ignored). Empty lines and lines that begin with
    /// # are skipped; unknown lines are counted and shown, not dropped in silence.
    /// </summary>
    /// <exception cref="SegueException">The file cannot be read.</exception>
    public static int[] Read(Terminal terminal, Dataset dataset, string path) => ReadTimed(terminal, dataset, path).Items;

    /// <summary>The same, with what stands behind a tab in a line as its moment (see <see cref="Moment"/>), −1 where nothing does.</summary>
    /// <returns>
    /// Items and their moments in Unix seconds, by moment (those without one first), else as the file orders them; moments are empty where no line has one.
    /// </returns>
    /// <exception cref="SegueException">The file cannot be read, or what stands behind a tab is no moment.</exception>
    public static (int[] Items, long[] Times) ReadTimed(Terminal terminal, Dataset dataset, string path)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SegueException($"cannot read '{path}': {e.Message}", e);
        }

        Dictionary<string, int>? byName = null;
        var items = new List<int>();
        var unknown = new List<string>();
        var times = new List<long>();
        for (int n = 0; n < lines.Length; n++)
        {
            string line = lines[n].Trim();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            // Ids may hold a tab themselves: only what is no item as it stands is cut at its last one.
            long time = -1;
            int item = Known(line);
            if (item < 0 && line.LastIndexOf('\t') is > 0 and var tab)
            {
                string moment = line[(tab + 1)..].Trim();
                line = Moment.TryParse(moment, out time) ? line[..tab].TrimEnd()
                    : throw new SegueException($"line {n + 1} of '{path}' has '{Short(moment)}' behind a tab; a moment is meant there, for example 2024-05-31T20:15 or Unix seconds");
                item = Known(line);
            }

            if (item < 0)
            {
                unknown.Add(Short(line));
            }
            else
            {
                items.Add(item);
                times.Add(time);
            }
        }

        if (unknown.Count > 0)
        {
            terminal.Say($"{unknown.Count} of {unknown.Count + items.Count} lines of '{path}' name no item the model knows, for example: {string.Join("; ", unknown.Take(5))}");
        }

        if (!times.Exists(t => t >= 0))
        {
            return ([.. items], []);
        }

        int[] order = [.. Enumerable.Range(0, items.Count).OrderBy(n => times[n])];
        return ([.. order.Select(n => items[n])], [.. order.Select(n => times[n])]);

        int Known(string text)
        {
            int item = text.Length > LongestLine ? -1 : dataset.Items.IndexOf(text);
            return item >= 0 ? item : (byName ??= Names(dataset)).GetValueOrDefault(Normal(text), -1);
        }
    }

    /// <summary>One item by id, else by the name Segue shows (case ignored).</summary>
    /// <exception cref="SegueException">There is none; those with a name much like it are named.</exception>
    public static int Find(TrainedModel model, string text)
    {
        int index = model.Train.Items.IndexOf(text);
        for (int i = 0; index < 0 && i < model.Train.Items.Count; i++)
        {
            index = Normal(model.Train.DisplayName(i)) == Normal(text) ? i : -1;
        }

        if (index >= 0)
        {
            return index;
        }

        IEnumerable<string> names = Enumerable.Range(0, Math.Min(model.Train.Items.Count, 100_000)).Select(model.Train.DisplayName);
        IReadOnlyList<string> near = NearMatches.Find(text, names);
        throw new SegueException($"the model knows no item '{text}'{(near.Count > 0 ? $"; did you mean {string.Join(" or ", near.Select(n => $"'{n}'"))}?" : string.Empty)}");
    }

    private static Dictionary<string, int> Names(Dataset dataset)
    {
        var names = new Dictionary<string, int>();
        for (int i = 0; i < dataset.Items.Count; i++)
        {
            names.TryAdd(Normal(dataset.DisplayName(i)), i);
        }

        return names;
    }

    private static string Short(string text) => text.Length > 60 ? text[..60] + "…" : text;

    // People type a hyphen where Segue shows a dash.
    private static string Normal(string name) => name.Replace(" – ", " - ", StringComparison.Ordinal).ToUpperInvariant();
}
