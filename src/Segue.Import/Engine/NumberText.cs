using System.Buffers.Text;

namespace Segue.Import.Engine;

/// <summary>Numbers as sources write them: invariant culture, the whole field or nothing.</summary>
internal static class NumberText
{
    /// <summary>A whole number with an optional sign.</summary>
    public static bool TryLong(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        return !text.IsEmpty && Utf8Parser.TryParse(text, out value, out int used) && used == text.Length;
    }

    /// <summary>A finite number, for example <c>12</c>, <c>-0.5</c>, <c>1e-3</c>.</summary>
    public static bool TryDouble(ReadOnlySpan<byte> text, out double value)
    {
        value = 0;
        return !text.IsEmpty && Utf8Parser.TryParse(text, out value, out int used) && used == text.Length && double.IsFinite(value);
    }

    /// <summary>True for a number whose only fault is a comma in place of the point.</summary>
    public static bool HasDecimalComma(ReadOnlySpan<byte> text)
    {
        int comma = text.IndexOf((byte)',');
        if (comma < 0 || text.Length > 40)
        {
            return false;
        }

        Span<byte> pointed = stackalloc byte[text.Length];
        text.CopyTo(pointed);
        pointed[comma] = (byte)'.';
        return TryDouble(pointed, out _);
    }

    /// <summary>True where the field is a number of any kind.</summary>
    public static bool IsNumber(ReadOnlySpan<byte> text) => TryDouble(text, out _);
}
