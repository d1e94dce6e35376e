using System.Text;
using Segue.Import.Engine;
using Xunit;

namespace Segue.Import.Tests.Engine;

public sealed class TextTests
{
    [Theory]
    [InlineData("J\u00fan\u00edus Meyvant")]
    [InlineData("\u201cquoted\u201d \u2013 \uc624\ub80c\uc9c0")]
    [InlineData("\u30de\u30af\u30ed\u30b9 82-99")]
    public void Names_that_were_encoded_twice_are_repaired(string name)
    {
        // Windows-1252 with the five undefined bytes left as they are, as browsers decode.
        string decodedWrongly = string.Concat(
            Encoding.UTF8.GetBytes(name).Select(b => b is >= 0x80 and < 0xA0 ? Windows1252[b - 0x80] : (char)b));
        Assert.Equal(name, Repair(decodedWrongly));
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("Beyonc\u00e9")]
    [InlineData("\u4E2D\u6587")]
    [InlineData("H\u00fcsker D\u00fc")]
    [InlineData("")]
    public void Sound_names_stay(string name) => Assert.Null(Repair(name));

    [Fact]
    public void Samples_are_short_and_printable()
    {
        Assert.Equal("a\\u0000b\tc", Text.Printable("a\0b\tc"));
        Assert.Equal(201, Text.Names("", new string('x', 5000)).Length);
        Assert.All(Text.Printable(new string('x', 199) + "\U0001F600\U0001F600"), c =>
            Assert.False(char.IsSurrogate(c)));
    }

    private const string Windows1252 =
        "\u20AC\u0081\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\u008D\u017D\u008F"
        + "\u0090\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\u009D\u017E\u0178";

    private static string? Repair(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        var repaired = new byte[utf8.Length];
        int length = Text.RepairDoubleEncoding(utf8, repaired);
        return length < 0 ? null : Encoding.UTF8.GetString(repaired, 0, length);
    }
}
