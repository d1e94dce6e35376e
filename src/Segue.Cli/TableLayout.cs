using Segue.Core.Contracts;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Segue.Cli;

/// <summary>Fits a table into the columns of a terminal: details go first, then the least important columns; what is left is never broken into letters.</summary>
internal static class TableLayout
{
    // A word longer than this may be broken; anything shorter stays whole.
    private const int LongestWord = 24;

    // Between two columns " │ ", and at the ends "│ " and " │".
    private const int Between = 3, Ends = 4;

    /// <summary>The table as it is drawn, and the heads of the columns that are left out.</summary>
    /// <param name="table">The table.</param>
    /// <param name="options">Of the console, to measure texts.</param>
    /// <param name="width">Columns of the terminal.</param>
    public static (Table Drawn, IReadOnlyList<string> LeftOut) Fit(TextTable table, RenderOptions options, int width)
    {
        bool hasDetails = table.Rows.Any(r => r.Any(c => c.Parts.Any(p => p.Tone.HasFlag(Tone.Detail))));
        bool keepsDetails = hasDetails && Needed(table, Cells(table, keepsDetails: true), options).Sum() + Frame(table.Columns.Count) <= width;
        Paragraph[][] cells = Cells(table, keepsDetails);
        int[] needed = Needed(table, cells, options);
        List<int> kept = [.. Enumerable.Range(0, table.Columns.Count)];
        while (kept.Sum(c => needed[c]) + Frame(kept.Count) > width
            && kept.Where(c => table.Columns[c].Importance < TextColumn.Always).OrderBy(c => table.Columns[c].Importance).ThenByDescending(c => c).ToArray() is [var least, ..])
        {
            kept.Remove(least);
        }

        return (Draw(table, cells, kept, options), [.. Enumerable.Range(0, table.Columns.Count).Except(kept).Select(c => table.Columns[c].Name)]);
    }

    private static int Frame(int columns) => (Between * (columns - 1)) + Ends;

    private static Paragraph[][] Cells(TextTable table, bool keepsDetails) =>
        [.. table.Rows.Select(row => row.Select(cell => Output.Draw(keepsDetails ? cell : cell.WithoutDetails())).ToArray())];

    /// <summary>The columns that every column of the table takes at least: numbers whole, texts word by word.</summary>
    private static int[] Needed(TextTable table, Paragraph[][] cells, RenderOptions options)
    {
        var needed = new int[table.Columns.Count];
        for (int c = 0; c < needed.Length; c++)
        {
            TextColumn column = table.Columns[c];
            int longestHead = table.HasHead ? Words(column.Name).Select(w => Measure(w, options).Max).DefaultIfEmpty(0).Max() : 0;
            needed[c] = Math.Min(longestHead, LongestWord);
            foreach (Paragraph[] row in cells)
            {
                Measurement size = Measure(row[c], options);
                needed[c] = Math.Max(needed[c], column.IsRight ? size.Max : Math.Min(size.Min, LongestWord));
            }
        }

        return needed;
    }

    private static Table Draw(TextTable table, Paragraph[][] cells, List<int> kept, RenderOptions options)
    {
        Table drawn = new() { Border = TableBorder.Rounded, ShowHeaders = table.HasHead, ShowRowSeparators = table.HasRowLines };
        if (table.Title is not null)
        {
            drawn.Title = new TableTitle(Markup.Escape(VisibleText.Short(table.Title, Cell.Longest)));
        }

        foreach (int c in kept)
        {
            TextColumn column = table.Columns[c];
            int body = cells.Select(row => Measure(row[c], options).Max).DefaultIfEmpty(0).Max();
            drawn.AddColumn(new TableColumn(column.IsRight ? Head(column.Name, body, options) : Output.Draw(Cell.Name(column.Name)))
            {
                Alignment = column.IsRight ? Justify.Right : null,
                NoWrap = column.IsRight,
            });
        }

        foreach (Paragraph[] row in cells)
        {
            drawn.AddRow(kept.Select(c => row[c]));
        }

        return drawn;
    }

    /// <summary>The head of a column of numbers: broken between words where it is wider than the numbers.</summary>
    private static Paragraph Head(string name, int body, RenderOptions options)
    {
        var lines = new List<string>();
        foreach (string word in Words(name))
        {
            string longer = lines.Count == 0 ? word : lines[^1] + (word[0] == '@' ? word : " " + word);
            if (lines.Count == 0 || Measure(longer, options).Max > Math.Max(body, Words(name).Max(w => Measure(w, options).Max)))
            {
                lines.Add(word);
            }
            else
            {
                lines[^1] = longer;
            }
        }

        return Output.Draw(Cell.Lines(lines));
    }

    // "ndcg@20" may break before the length of the list.
    private static string[] Words(string name) =>
        [.. VisibleText.Short(name, Cell.LongestName).Replace("@", " @", StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries)];

    private static Measurement Measure(string text, RenderOptions options) => Measure(Output.Draw(text), options);

    private static Measurement Measure(IRenderable text, RenderOptions options) => text.Measure(options, int.MaxValue);
}
