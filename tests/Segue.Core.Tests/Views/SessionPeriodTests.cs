using System.Globalization;
using Segue.Core.Views;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Core.Tests.Views;

public sealed class SessionPeriodTests
{
    [Theory]
    [InlineData("none")]
    [InlineData("month")]
    [InlineData("1d")]
    [InlineData("90d")]
    [InlineData("30m-gap")]
    public void Text_round_trips(string text) => Assert.Equal(text, SessionPeriod.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("d")]
    [InlineData("0d")]
    [InlineData("-7d")]
    [InlineData("7.5d")]
    [InlineData("+7d")]
    [InlineData("7D")]
    [InlineData("99999999999d")]
    [InlineData("30m")]
    [InlineData("week")]
    public void Other_texts_are_refused_with_the_ones_there_are(string text) =>
        Assert.Contains("30m-gap", Assert.Throws<OptionException>(() => SessionPeriod.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Months_are_those_of_the_calendar()
    {
        var rng = new Rng(5, "tests/months");
        for (int n = 0; n < 20_000; n++)
        {
            // Two moments at most 40 days apart, between 1970 and 2400, and often at the border of a month.
            DateTime first = DateTime.UnixEpoch.AddSeconds(rng.NextDouble() * 430 * 365.25 * 86_400);
            first = n % 3 == 0 ? new DateTime(first.Year, first.Month, 1, 0, 0, 0, DateTimeKind.Utc).AddSeconds(-1) : first;
            DateTime second = first.AddSeconds(n % 3 == 0 ? rng.Next(3) : rng.Next(40 * 86_400));
            bool expected = first.Year == second.Year && first.Month == second.Month;
            long a = (long)(first - DateTime.UnixEpoch).TotalSeconds, b = (long)(second - DateTime.UnixEpoch).TotalSeconds;
            if (a >= 0)
            {
                Assert.True(expected == SessionPeriod.Month.GoesOn(a, b), string.Create(CultureInfo.InvariantCulture, $"{first:s} and {second:s}"));
            }
        }

        Assert.False(SessionPeriod.Month.GoesOn(0, long.MaxValue));
    }

    [Fact]
    public void Days_begin_at_midnight_and_pauses_are_allowed_to_be_as_long_as_said()
    {
        const long Day = 86_400;
        Assert.True(SessionPeriod.Days(7).GoesOn(7 * Day, (14 * Day) - 1));
        Assert.False(SessionPeriod.Days(7).GoesOn((14 * Day) - 1, 14 * Day));
        Assert.True(SessionPeriod.Gap(30).GoesOn(100, 1900));
        Assert.False(SessionPeriod.Gap(30).GoesOn(100, 1901));
        Assert.True(SessionPeriod.None.GoesOn(0, 1_000_000 * Day));
    }

    [Fact]
    public void A_moment_falls_into_the_session_of_its_period()
    {
        const long Day = 86_400;
        Assert.True(SessionPeriod.Days(7).Covers(9 * Day, 10 * Day, 13 * Day));
        Assert.True(SessionPeriod.Days(7).Covers(9 * Day, 10 * Day, 8 * Day));
        Assert.False(SessionPeriod.Days(7).Covers(9 * Day, 10 * Day, 14 * Day));
        Assert.False(SessionPeriod.Days(7).Covers(9 * Day, 10 * Day, 6 * Day));
        Assert.True(SessionPeriod.Gap(30).Covers(1000, 2000, 3800));
        Assert.False(SessionPeriod.Gap(30).Covers(1000, 2000, 3801));
        Assert.False(SessionPeriod.Gap(30).Covers(1000, 2000, 999));
        Assert.False(SessionPeriod.None.Covers(0, 10, 5));
    }
}
