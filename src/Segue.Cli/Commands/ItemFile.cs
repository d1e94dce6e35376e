using System.Text;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;

namespace Segue.Cli.Commands;

/// <summary>What a file with one item a line says.</summary>
/// <param name="Items">Items the model knows, oldest first.</param>
/// <param name="Times">Their moments in Unix seconds, −1 where a line has none; empty where no line has one.</param>
/// <param name="Unknown">Lines that name no item the model knows.</param>
/// <param name="Ambiguous">Lines that name more than one.</param>
internal sealed record ItemFile(int[] Items, long[] Times, int Unknown, int Ambiguous)
{
    /// <summary>The path that means standard input.</summary>
    public const string StandardInput = "-";

    private const int LongestFile = 100_000_000;

    /// <summary>
    /// A history: items by id, else by the name Segue shows (case ignored), with what stands behind a tab as the moment (see <see cref="Moment"/>). By moment, those
    /// without one first; of equal ones, and without moments, as the file orders them. Empty lines are skipped, and lines that begin with # and name no item: those are
    /// comments. Lines that name no item,
    /// more than one, or lack a moment that others have are counted and shown, not dropped in silence.
    /// </summary>
    /// <exception cref="SegueException">The file cannot be read, or what stands behind an item and a tab is no moment.</exception>
    public static ItemFile ReadHistory(Terminal terminal, Dataset dataset, string path)
    {
        ItemFile file = Read(terminal, dataset, path, takesAll: false);
        int untimed = file.Times.Count(t => t < 0);
        if (untimed > 0)
        {
            terminal.Say($"{untimed} of {file.Times.Length} known lines of '{path}' have no moment behind a tab: they count as older than those that have one");
        }

        int[] order = [.. Enumerable.Range(0, file.Times.Length).OrderBy(n => file.Times[n])];
        return file.Times.Length == 0 ? file : file with
        {
            Items = [.. order.Select(n => file.Items[n])],
            Times = [.. order.Select(n => file.Times[n])],
        };
    }

    /// <summary>Items that are to stay out; a name that several items have means all of them.</summary>
    /// <exception cref="SegueException">As <see cref="ReadHistory"/>.</exception>
    public static int[] ReadSet(Terminal terminal, Dataset dataset, string path) => Read(terminal, dataset, path, takesAll: true).Items;

    private static ItemFile Read(Terminal terminal, Dataset dataset, string path, bool takesAll)
    {
        string[] lines;
        try
        {
            lines = Lines(terminal, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SegueException($"cannot read '{path}': {e.Message}", e);
        }

        var names = new ItemNames(dataset);
        var items = new List<int>();
        var times = new List<long>();
        var unknown = new List<string>();
        var ambiguous = new List<string>();
        int known = 0;
        for (int n = 0; n < lines.Length; n++)
        {
            string line = lines[n].Trim();
            if (line.Length == 0)
            {
                continue;
            }

            // Ids may hold a tab themselves: only what is no item as it stands is cut at its last one, and what is none even then is unknown whatever follows.
            long time = -1;
            IReadOnlyList<int> meant = names.Meant(line);
            if (meant.Count == 0 && line.LastIndexOf('\t') is > 0 and var tab)
            {
                string moment = line[(tab + 1)..].Trim();
                meant = names.Meant(line[..tab].TrimEnd());
                if (Moment.TryParse(moment, out time))
                {
                    line = line[..tab].TrimEnd();
                }
                else if (meant.Count > 0 && line[0] != '#')
                {
                    throw new SegueException(
                        $"line {n + 1} of '{path}' has '{Short(moment)}' behind a tab; a moment is meant there, for example 2024-05-31T20:15 or Unix seconds");
                }
            }

            if (meant.Count == 0)
            {
                if (line[0] != '#')
                {
                    unknown.Add(Short(line));
                }
            }
            else if (meant.Count > 1 && !takesAll)
            {
                ambiguous.Add($"{Short(line)} (ids {names.Ids(meant)})");
            }
            else
            {
                known++;
                items.AddRange(meant);
                times.AddRange(Enumerable.Repeat(time, meant.Count));
            }
        }

        int all = unknown.Count + ambiguous.Count + known;
        if (unknown.Count > 0)
        {
            terminal.Say($"{unknown.Count} of {all} lines of '{path}' name no item the model knows, for example: {string.Join("; ", unknown.Take(5))}");
        }

        if (ambiguous.Count > 0)
        {
            terminal.Say($"{ambiguous.Count} of {all} lines of '{path}' have a name of more than one item and are left out; write the id instead: {string.Join("; ", ambiguous.Take(5))}");
        }

        return new ItemFile([.. items], times.Exists(t => t >= 0) ? [.. times] : [], unknown.Count, ambiguous.Count);
    }

    // Devices and pipes have no length: what they give is counted.
    private static string[] Lines(Terminal terminal, string path)
    {
        using var reader = path == StandardInput ? new StreamReader(terminal.OpenInput()) : new StreamReader(path);
        var lines = new List<string>();
        var line = new StringBuilder();
        var buffer = new char[1 << 16];
        long all = 0;
        for (int read; (read = reader.Read(buffer)) > 0;)
        {
            all += read;
            if (all > LongestFile)
            {
                throw new SegueException($"'{path}' is longer than {LongestFile} characters: it is no list of items; give a file with one item a line");
            }

            line.Append(buffer, 0, read);
        }

        using var text = new StringReader(line.ToString());
        while (text.ReadLine() is { } one)
        {
            lines.Add(one);
        }

        return [.. lines];
    }

    private static string Short(string text) => VisibleText.Short(text, 60, keepsTabs: true);
}
