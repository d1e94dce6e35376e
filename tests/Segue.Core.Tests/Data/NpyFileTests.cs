using System.Text;
using Segue.Core.Data;
using Segue.Testing;
using Xunit;

namespace Segue.Core.Tests.Data;

public sealed class NpyFileTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(100_003)]
    public void Every_element_type_comes_back(int count)
    {
        // The large one is mapped, the small ones are read.
        RoundTrip(count, n => (byte)n);
        RoundTrip(count, n => (n * 7919) - 5);
        RoundTrip(count, n => (n * 1_000_000_007L) - 5);
        RoundTrip(count, n => n % 5 == 0 ? float.NaN : n / 3f);

        static void RoundTrip<T>(int count, Func<int, T> value)
            where T : unmanaged
        {
            using TemporaryFolder folder = TestData.NewFolder();
            T[] values = [.. Enumerable.Range(0, count).Select(value)];
            NpyFile.Write<T>(folder.File("a.npy"), values);
            Assert.Equal(values, NpyFile.Map<T>(folder.File("a.npy")).ToArray());
            Assert.Equal(0, (new FileInfo(folder.File("a.npy")).Length - (count * System.Runtime.CompilerServices.Unsafe.SizeOf<T>())) % 64);
        }
    }

    [Fact]
    public void NumPy_reads_what_is_written()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        NpyFile.Write<int>(folder.File("i.npy"), [1, -2, int.MaxValue]);
        NpyFile.Write<long>(folder.File("l.npy"), [1, -2, long.MaxValue]);
        NpyFile.Write<float>(folder.File("f.npy"), [1.5f, -2, float.NaN, 4, 5, 6], columns: 2);
        NpyFile.Write<byte>(folder.File("b.npy"), [0, 255]);
        string printed = Python.Run(
            "import numpy\nfor n in 'ilfb':\n  a = numpy.load(n + '.npy'); print(a.dtype, a.shape, a.ravel().tolist())", folder.Path);
        Assert.Equal(
            "int32 (3,) [1, -2, 2147483647]\nint64 (3,) [1, -2, 9223372036854775807]\n"
            + "float32 (3, 2) [1.5, -2.0, nan, 4.0, 5.0, 6.0]\nuint8 (2,) [0, 255]",
            printed);
    }

    [Fact]
    public void What_NumPy_writes_is_read()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        Python.Run(
            "import numpy as n\nn.save('i', n.arange(5, dtype='i4'))\nn.save('l', n.array([], 'i8'))\n"
            + "n.save('f', n.arange(6, dtype='f4').reshape(3, 2))\nn.save('b', n.array([0, 255], 'u1'))\n"
            + "n.save('order', n.asfortranarray(n.arange(6, dtype='f4').reshape(3, 2)))\nn.save('double', n.arange(3, dtype='f8'))\n"
            + "n.save('big', n.arange(3, dtype='>i4'))\nn.save('scalar', n.float32(3))",
            folder.Path);
        Assert.Equal([0, 1, 2, 3, 4], NpyFile.Map<int>(folder.File("i.npy")).ToArray());
        Assert.Equal([], NpyFile.Map<long>(folder.File("l.npy")).ToArray());
        Assert.Equal([0, 1, 2, 3, 4, 5], NpyFile.Map<float>(folder.File("f.npy")).ToArray());
        Assert.Equal([0, 255], NpyFile.Map<byte>(folder.File("b.npy")).ToArray());

        // Column-major order, other types, other byte orders and scalars are refused, not misread.
        Assert.Throws<DatasetException>(() => NpyFile.Map<float>(folder.File("order.npy")));
        Assert.Throws<DatasetException>(() => NpyFile.Map<float>(folder.File("double.npy")));
        Assert.Throws<DatasetException>(() => NpyFile.Map<long>(folder.File("double.npy")));
        Assert.Throws<DatasetException>(() => NpyFile.Map<int>(folder.File("big.npy")));
        Assert.Throws<DatasetException>(() => NpyFile.Map<float>(folder.File("scalar.npy")));
    }

    [Theory]
    [InlineData("'<i4'", "(2,)", true)]
    [InlineData("'<i4'", "(1, 2)", true)]
    [InlineData("'<i4'", "(2, 1, 1)", true)]
    [InlineData("'<i4'", "(3,)", false)]
    [InlineData("'<i4'", "(1,)", false)]
    [InlineData("'<i4'", "(-2,)", false)]
    [InlineData("'<i4'", "()", false)]
    [InlineData("'<i4'", "(,)", false)]
    [InlineData("'<i4'", "(2 0,)", false)]
    [InlineData("'<i4'", "(99999999999999999999,)", false)]
    [InlineData("'<i4'", "(2147483647, 2147483647, 2147483647, 2147483647, 2147483647)", false)]
    [InlineData("'<i4'", "(4294967296, 4294967296, 2)", false)]
    [InlineData("'<i4'", "(2147483648, 2147483648, 8, 2)", false)]
    [InlineData("'<i8'", "(1,)", false)]
    [InlineData("'<f4'", "(2,)", false)]
    [InlineData("'|O'", "(2,)", false)]
    [InlineData("[('a', '<i4')]", "(2,)", false)]
    public void Headers_are_believed_only_where_they_fit(string type, string shape, bool valid)
    {
        using TemporaryFolder folder = TestData.NewFolder();
        string path = folder.File("a.npy");
        Write(path, $"{{'descr': {type}, 'fortran_order': False, 'shape': {shape}, }}", 1);
        if (valid)
        {
            Assert.Equal([7, 8], NpyFile.Map<int>(path).ToArray());
            return;
        }

        Assert.Contains("a.npy", Assert.Throws<DatasetException>(() => NpyFile.Map<int>(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_versions_and_other_files_are_refused()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        Write(folder.File("two.npy"), "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }", 2);
        Assert.Throws<DatasetException>(() => NpyFile.Map<int>(folder.File("two.npy")));
        File.WriteAllText(folder.File("text.npy"), "user_index");
        Assert.Throws<DatasetException>(() => NpyFile.Map<int>(folder.File("text.npy")));
        File.WriteAllText(folder.File("none.npy"), string.Empty);
        Assert.Throws<DatasetException>(() => NpyFile.Map<int>(folder.File("none.npy")));
        Assert.Throws<DatasetException>(() => NpyFile.Map<int>(folder.File("absent.npy")));
        Assert.Throws<DatasetException>(() => NpyFile.Map<int>(folder.Path));
    }

    private static void Write(string path, string header, byte version)
    {
        header = header.PadRight(117) + "\n";
        byte[] text = Encoding.ASCII.GetBytes(header);
        File.WriteAllBytes(path, [0x93, .. "NUMPY"u8, version, 0, (byte)text.Length, (byte)(text.Length >> 8), .. text, 7, 0, 0, 0, 8, 0, 0, 0]);
    }
}
