using System.Text.Json;
using System.Text.Json.Nodes;
using Segue.Core.Contracts;
using Xunit;

namespace Segue.Core.Tests.Contracts;

public sealed class VisibleTextTests
{
    [Theory]
    [InlineData("plain – text, Júníus, 日本語, שלום, עברית 1", null)]
    [InlineData("👨‍👩‍👧 and ☂️", null)]
    [InlineData("نمی‌خواهم", null)]
    [InlineData("\u001b[2J", "\\u001b[2J")]
    [InlineData("a\u0007\u0000\u007f\u009bb", "a\\u0007\\u0000\\u007f\\u009bb")]
    [InlineData("a\nb\tc\r", "a\\u000ab\\u0009c\\u000d")]
    [InlineData("\u202Eevil\u2066x\u2069", "\\u202eevil\\u2066x\\u2069")]
    [InlineData("\u2028\u2029\u200e\u061c", "\\u2028\\u2029\\u200e\\u061c")]
    [InlineData("pay\u200bpal a\u200db \ufeff \u00ad", "pay\\u200bpal a\\u200db \\ufeff \\u00ad")]
    [InlineData("\uFFFE\uFFFF\uFDD0", "\\ufffe\\uffff\\ufdd0")]
    [InlineData("\U0001FFFF\U000E0041", "\\U0001ffff\\U000e0041")]
    [InlineData("\u3164", "\\u3164")]
    public void What_is_hidden_is_shown_and_the_rest_stays(string text, string? expected)
    {
        Assert.Equal(expected ?? text, VisibleText.Of(text));
        Assert.Equal(expected is null, VisibleText.IsVisible(text));
        Assert.Equal(VisibleText.Of(text), VisibleText.Of(VisibleText.Of(text)));
    }

    [Fact]
    public void Halves_of_a_pair_are_shown()
    {
        Assert.Equal("a\\ud83d", VisibleText.Of("a\ud83d"));
        Assert.Equal("\\ude00b", VisibleText.Of("\ude00b"));
        Assert.Equal("😀", VisibleText.Of("😀"));
    }

    [Fact]
    public void Every_character_of_the_first_plane_that_a_terminal_obeys_is_escaped()
    {
        for (int c = 0; c <= char.MaxValue; c++)
        {
            string shown = VisibleText.Of($"x{(char)c}y");
            Assert.DoesNotContain(shown, char.IsControl);
            Assert.DoesNotContain(shown, s => s is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069') or '\u2028' or '\u2029' or '\u200B' or '\uFEFF' or >= '\uFFFE');
            Assert.DoesNotContain(shown, char.IsSurrogate);
        }
    }

    [Fact]
    public void Lines_and_tabs_stay_where_layout_wants_them() => Assert.Equal("a\nb\tc\\u000d", VisibleText.Of("a\nb\tc\r", keepsLines: true));

    [Fact]
    public void A_stack_of_marks_is_cut()
    {
        string shown = VisibleText.Of("z" + new string('\u0301', 50) + "x");
        Assert.Equal("z" + new string('\u0301', 8) + "…x", shown);
    }

    [Theory]
    [InlineData("abcdef", 6, "abcdef")]
    [InlineData("abcdefg", 6, "abcde…")]
    [InlineData("日本語の歌", 10, "日本語の歌")]
    [InlineData("日本語の歌", 9, "日本語の…")]
    [InlineData("日本語の歌", 8, "日本語…")]
    [InlineData("ab\u001bcd", 8, "ab…")]
    [InlineData("ab\u001bcd", 10, "ab\\u001bcd")]
    [InlineData("e\u0301e\u0301e\u0301", 2, "e\u0301…")]
    [InlineData("👨‍👩‍👧👨‍👩‍👧", 4, "👨‍👩‍👧👨‍👩‍👧")]
    [InlineData("👨‍👩‍👧👨‍👩‍👧x", 4, "👨‍👩‍👧…")]
    [InlineData("", 5, "")]
    [InlineData(null, 5, "")]
    public void A_name_is_cut_between_letters(string? name, int most, string expected) => Assert.Equal(expected, VisibleText.Short(name, most));

    [Fact]
    public void However_long_a_name_is_it_is_short()
    {
        foreach (string letter in new[] { "x", "日", "\u001b", "\u0301", "👨\u200d", "\ud83d", "\U000E0041", "\u202e" })
        {
            string name = string.Concat(Enumerable.Repeat(letter, 100_000));
            string shown = VisibleText.Short(name, 80);
            Assert.InRange(shown.Length, 1, 3_000);
            Assert.EndsWith("…", shown, StringComparison.Ordinal);
            Assert.Equal(VisibleText.Of(shown), shown);
            string cut = VisibleText.Cut(name, 80);
            Assert.InRange(cut.Length, 1, 6_000);
            Assert.EndsWith("…", cut, StringComparison.Ordinal);
            Assert.StartsWith(letter, cut, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Json_keeps_its_value_and_hides_nothing()
    {
        var value = new JsonObject { ["a\u202e"] = "\u007f\u0085\u202e\U000E0041😀é", ["b"] = new JsonArray(1, "line\nbreak") };
        var options = new JsonSerializerOptions { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        string shown = VisibleText.OfJson(value.ToJsonString(options));
        Assert.DoesNotContain(shown, c => char.IsControl(c) && c is not ('\n' or '\r'));
        Assert.DoesNotContain('\u202e', shown);
        Assert.Contains("é", shown, StringComparison.Ordinal);
        Assert.True(JsonNode.DeepEquals(value, JsonNode.Parse(shown)));
    }
}
