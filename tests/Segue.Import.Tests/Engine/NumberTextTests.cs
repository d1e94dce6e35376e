using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Segue.Import.Engine;
using Xunit;

namespace Segue.Import.Tests.Engine;

public sealed class NumberTextTests
{
    [Fact]
    public void Whole_numbers_are_read_back() => Prop.ForAll<long>(n =>
        Assert.True(NumberText.TryLong(Utf8(n.ToString(CultureInfo.InvariantCulture)), out long read)
            && read == n)).Check(Properties.Cases());

    [Fact]
    public void Numbers_are_read_back() => Prop.ForAll(ArbMap.Default.ArbFor<double>().Filter(double.IsFinite), n =>
        Assert.True(NumberText.TryDouble(Utf8(n.ToString("R", CultureInfo.InvariantCulture)), out double read)
            && read.Equals(n == 0 ? read : n))).Check(Properties.Cases());

    [Theory]
    [InlineData("")]
    [InlineData("1 ")]
    [InlineData("1,5")]
    [InlineData("abc")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("1e999")]
    [InlineData("0x10")]
    [InlineData("--1")]
    public void Anything_else_is_no_number(string text) => Assert.False(NumberText.TryDouble(Utf8(text), out _));

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
