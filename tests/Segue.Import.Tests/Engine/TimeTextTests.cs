using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Segue.Import.Engine;
using Xunit;

namespace Segue.Import.Tests.Engine;

public sealed class TimeTextTests
{
    private static readonly Gen<DateTimeOffset> Moments = ArbMap.Default.GeneratorFor<uint>().SelectMany(a =>
        ArbMap.Default.GeneratorFor<uint>().Select(b =>
        DateTimeOffset.UnixEpoch.AddSeconds((((long)a << 20) ^ b) % 120_000_000_000L - 50_000_000_000L)));

    [Theory]
    [InlineData("2009-05-03T15:48:25Z", 1241365705)]
    [InlineData("2009-05-03 15:48:25", 1241365705)]
    [InlineData("2009-05-03T15:48:25.999Z", 1241365705)]
    [InlineData("2009-05-03T17:48:25+02:00", 1241365705)]
    [InlineData("2009-05-03T10:18:25-0530", 1241365705)]
    [InlineData("2009/05/03 15:48:25", 1241365705)]
    [InlineData("2009-05-03 15:48:25 UTC", 1241365705)]
    [InlineData("2009-05-03 17:48:25 +0200", 1241365705)]
    [InlineData("2009-05-03 15:48:25 GMT", 1241365705)]
    [InlineData("2022-12-05 16:52", 1670259120)]
    [InlineData("2015-09-03", 1441238400)]
    [InlineData("2016-12-31T23:59:60Z", 1483228799)]
    public void Iso(string text, long expected)
    {
        Assert.True(TimeText.TryIso(Utf8(text), out long time));
        Assert.Equal(expected, time);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2009-02-30")]
    [InlineData("2009-13-01")]
    [InlineData("2009-05-03T24:00:00Z")]
    [InlineData("2009-05-03T15:60Z")]
    [InlineData("2009-05-03T15:48:25X")]
    [InlineData("2009-05-03T15:48:25+2:00")]
    [InlineData("2009/05-03")]
    [InlineData("09/05/03")]
    [InlineData("03/05/2009")]
    [InlineData("2009-05-03 15:48:25 CET")]
    [InlineData("2009-05-03 03:48 PM")]
    [InlineData("0000-01-01")]
    [InlineData("20090503")]
    [InlineData("2009-05-03T")]
    public void Not_iso(string text) => Assert.False(TimeText.TryIso(Utf8(text), out _));

    [Fact]
    public void Iso_is_read_back() => Prop.ForAll(Moments.ToArbitrary(), m =>
        Assert.True(TimeText.TryIso(Utf8(m.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)), out long time)
            && time == m.ToUnixTimeSeconds())).Check(Properties.Cases());

    [Fact]
    public void Day_month_year_is_read_back() => Prop.ForAll(Moments.ToArbitrary(), m =>
    {
        long minute = m.ToUnixTimeSeconds() - m.Second;
        Assert.True(TimeText.TryDayMonthYear(Utf8(m.ToString("dd MMM yyyy HH:mm", CultureInfo.InvariantCulture)), out long time)
            && time == minute);
        Assert.True(TimeText.TryDayMonthYear(Utf8(m.ToString("d MMM yyyy, HH:mm", CultureInfo.InvariantCulture)), out time)
            && time == minute);
    }).Check(Properties.Cases());

    [Theory]
    [InlineData("06 Foo 2014 20:19")]
    [InlineData("31 Feb 2014 20:19")]
    [InlineData("06 Jan 2014")]
    [InlineData("06 Jan 2014 20:19 x")]
    [InlineData("")]
    public void Not_day_month_year(string text) => Assert.False(TimeText.TryDayMonthYear(Utf8(text), out _));

    [Theory]
    [InlineData("1443521965", 1443521965)]
    [InlineData("1443521965123", 1443521965)]
    [InlineData("1443521965.75", 1443521965)]
    [InlineData("1443521965123456", 1443521965)]
    [InlineData("1443521965123456789", 1443521965)]
    [InlineData("1.443521965123e12", 1443521965)]
    [InlineData("-1500", -1500)]
    [InlineData("-428720400000", -428720400)]
    [InlineData("0", 0)]
    public void Unix(string text, long expected)
    {
        Assert.True(TimeText.TryUnix(Utf8(text), out long time));
        Assert.Equal(expected, time);
    }

    [Theory]
    [InlineData("20090503", 1241308800)]
    [InlineData("200905031548", 1241365680)]
    [InlineData("20090503154825", 1241365705)]
    public void Digits(string text, long expected)
    {
        Assert.True(TimeText.TryDigits(Utf8(text), out long time));
        Assert.Equal(expected, time);
    }

    [Theory]
    [InlineData("20091303")]
    [InlineData("19690503")]
    [InlineData("1241365705")]
    [InlineData("1241365705123")]
    public void Not_digits(string text) => Assert.False(TimeText.TryDigits(Utf8(text), out _));

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
