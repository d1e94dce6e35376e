using Segue.Core;
using Segue.Core.Data;

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
    public static int[] Read(Terminal terminal, Dataset dataset, string path)
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
        foreach (string line in lines.Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#'))
        {
            int item = line.Length > LongestLine ? -1 : dataset.Items.IndexOf(line);
            if (item < 0)
            {
                byName ??= Names(dataset);
                item = byName.GetValueOrDefault(Normal(line), -1);
            }

            if (item < 0)
            {
                unknown.Add(line.Length > 60 ? line[..60] + "…" : line);
            }
            else
            {
                items.Add(item);
            }
        }

        if (unknown.Count > 0)
        {
            terminal.Say($"{unknown.Count} of {unknown.Count + items.Count} lines of '{path}' name no item the model knows, for example: {string.Join("; ", unknown.Take(5))}");
        }

        return [.. items];
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

    // People type a hyphen where Segue shows a dash.
    private static string Normal(string name) => name.Replace(" – ", " - ", StringComparison.Ordinal).ToUpperInvariant();
}
