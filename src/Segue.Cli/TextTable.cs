using Segue.Core.Contracts;

namespace Segue.Cli;

/// <summary>How a part of a cell stands out.</summary>
[Flags]
internal enum Tone
{
    Plain = 0,
    Bold = 1,
    Green = 2,
    Grey = 4,
    Red = 8,

    /// <summary>Left out where the terminal is too narrow for it.</summary>
    Detail = 16,
}

/// <summary>What stands in one cell of a table, or on a line: texts, each with its tone. Nothing in a text is read as markup.</summary>
internal sealed record Cell(IReadOnlyList<(string Text, Tone Tone)> Parts)
{
    /// <summary>Columns a name may take.</summary>
    public const int LongestName = 80;

    /// <summary>Columns anything else may take.</summary>
    public const int Longest = 1_000;

    /// <summary>True where line feeds break the cell instead of being shown.</summary>
    public bool KeepsLines { get; init; }

    public static implicit operator Cell(string text) => Of(text, Tone.Plain);

    /// <summary>A text.</summary>
    public static Cell Of(string text, Tone tone) => new([(text, tone)]);

    /// <summary>A name from outside: cut to <see cref="LongestName"/> columns.</summary>
    public static Cell Name(string text, Tone tone = Tone.Plain) => Of(VisibleText.Short(text.Replace('\t', ' '), LongestName), tone);

    /// <summary>Several lines.</summary>
    public static Cell Lines(IEnumerable<string> lines) => new Cell([(string.Join('\n', lines), Tone.Plain)]) { KeepsLines = true };

    /// <summary>With a text behind it.</summary>
    public Cell And(string text, Tone tone = Tone.Plain) => this with { Parts = [.. Parts, (text, tone)] };

    /// <summary>Without what a narrow terminal has no room for.</summary>
    public Cell WithoutDetails() => this with { Parts = [.. Parts.Where(p => !p.Tone.HasFlag(Tone.Detail))] };

    /// <summary>The whole cell in a tone; colours of parts stay.</summary>
    public Cell In(Tone tone) => this with { Parts = [.. Parts.Select(p => (p.Text, p.Tone | tone))] };
}

/// <summary>A column of a table.</summary>
/// <param name="Name">Its head.</param>
/// <param name="IsRight">Numbers: set to the right, never broken.</param>
/// <param name="Importance">Where the terminal is too narrow, columns of low importance are left out first; of equal ones those at the right.</param>
internal sealed record TextColumn(string Name, bool IsRight = false, int Importance = TextColumn.Always)
{
    /// <summary>Importance of a column that is never left out: texts, and the first column of numbers.</summary>
    public const int Always = int.MaxValue;

    /// <summary>Importance of other columns of numbers where nothing is said.</summary>
    public const int Usual = 50;
}

/// <summary>A table before it is drawn.</summary>
internal sealed class TextTable
{
    private readonly List<TextColumn> _columns = [];
    private readonly List<IReadOnlyList<Cell>> _rows = [];

    public string? Title { get; init; }

    public bool HasHead { get; init; } = true;

    public bool HasRowLines { get; init; }

    public IReadOnlyList<TextColumn> Columns => _columns;

    public IReadOnlyList<IReadOnlyList<Cell>> Rows => _rows;

    /// <summary>Adds columns of text.</summary>
    public TextTable Texts(params string[] names)
    {
        _columns.AddRange(names.Select(n => new TextColumn(n)));
        return this;
    }

    /// <summary>Adds columns of numbers. The first of a table is always shown.</summary>
    public TextTable Numbers(params string[] names) => Numbers(TextColumn.Usual, names);

    /// <summary>Adds columns of numbers of some importance.</summary>
    public TextTable Numbers(int importance, params string[] names)
    {
        foreach (string name in names)
        {
            _columns.Add(new TextColumn(name, IsRight: true, Importance: _columns.Exists(c => c.IsRight) ? importance : TextColumn.Always));
        }

        return this;
    }

    public void Add(params Cell[] cells) => _rows.Add(cells);
}
