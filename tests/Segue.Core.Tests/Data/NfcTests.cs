using System.Text;
using Segue.Core.Data;
using Xunit;

namespace Segue.Core.Tests.Data;

public sealed class NfcTests
{
    [Theory]
    [InlineData("Ame\u0301lie", "Am\u00e9lie")]
    [InlineData("plain", "plain")]
    [InlineData("\u212b", "\u00c5")] // Ångström sign, a singleton
    [InlineData("\u2126", "\u03a9")]
    [InlineData("\u1e69", "\u1e69")] // s with dot below and above, in any order
    [InlineData("s\u0323\u0307", "\u1e69")]
    [InlineData("s\u0307\u0323", "\u1e69")]
    [InlineData("\u1e9b\u0323", "\u1e9b\u0323")]
    [InlineData("q\u0307\u0323", "q\u0323\u0307")]
    [InlineData("\u1100\u1161\u11a8", "\uac01")] // Hangul
    [InlineData("\uac00\u11a8", "\uac01")]
    [InlineData("\u0915\u093c", "\u0915\u093c")] // excluded from composition
    [InlineData("\u0958", "\u0915\u093c")]
    [InlineData("\u0301a", "\u0301a")]
    [InlineData("e\u0301\u0301", "\u00e9\u0301")]
    [InlineData("\ud834\udd5e", "\ud834\udd57\ud834\udd65")]
    [InlineData("\u30ab\u3099", "\u30ac")] // half of Japanese file names on a Mac
    [InlineData("\ud800e\u0301", "\ud800\u00e9")] // half a pair stays
    public void Is_form_c(string text, string expected)
    {
        Assert.Equal(expected, Nfc.Of(text));
        Assert.Equal(expected, Nfc.Of(expected));
        if (!text.Any(char.IsSurrogate))
        {
            Assert.Equal(expected, Encoding.UTF8.GetString(Nfc.Of(Encoding.UTF8.GetBytes(text).AsSpan())));
        }
    }

    [Fact]
    public void What_is_in_form_c_is_not_copied()
    {
        string text = new("caf\u00e9 \u4e2d\u6587".AsSpan());
        Assert.Same(text, Nfc.Of(text));
    }
}
