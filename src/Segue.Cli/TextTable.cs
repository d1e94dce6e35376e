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

    /// <summary>The whole cell in a tone; colours of parts stay.</summary>
    public Cell In(Tone tone) => this with { Parts = [.. Parts.Select(p => (p.Text, p.Tone | tone))] };
}

/// <summary>A column of a table.</summary>
/// <param name="Name">Its head.</param>
/// <param name="IsRight">Numbers: set to the right.</param>
/// <param name="IsWhole">Never broken between words.</param>
internal sealed record TextColumn(string Name, bool IsRight = false, bool IsWhole = false);

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

    /// <summary>Adds columns of text that are never broken.</summary>
    public TextTable WholeTexts(params string[] names)
    {
        _columns.AddRange(names.Select(n => new TextColumn(n, IsWhole: true)));
        return this;
    }

    /// <summary>Adds columns of numbers.</summary>
    public TextTable Numbers(params string[] names)
    {
        _columns.AddRange(names.Select(n => new TextColumn(n, IsRight: true)));
        return this;
    }

    /// <summary>Adds columns of numbers that are never broken.</summary>
    public TextTable WholeNumbers(params string[] names)
    {
        _columns.AddRange(names.Select(n => new TextColumn(n, IsRight: true, IsWhole: true)));
        return this;
    }

    public void Add(params Cell[] cells) => _rows.Add(cells);
}
