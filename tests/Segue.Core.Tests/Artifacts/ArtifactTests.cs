using Segue.Core.Artifacts;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Segue.Testing;
using Xunit;

namespace Segue.Core.Tests.Artifacts;

public sealed class ArtifactTests
{
    [Fact]
    public void A_prefix_keeps_the_arrays_of_two_models_apart()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        var writer = new ArtifactWriter();
        writer.Under("a.").Add("values", [1f]);
        writer.Under("b.").Add("values", [2f]);
        writer.Under("b.").Under("c.").Add("values", [3f]);
        writer.Write(folder.File("two.safetensors"));
        ArtifactReader reader = ArtifactReader.Open(folder.File("two.safetensors"));
        Assert.Equal(["a.values", "b.c.values", "b.values"], reader.Names);
        Assert.Equal(["c.values", "values"], reader.Under("b.").Names);
        Assert.Equal([2f], reader.Under("b.").Floats("values"));
        Assert.Equal([3f], reader.Under("b.").Under("c.").Floats("values"));
        Assert.False(reader.Under("a.").Contains("c.values"));
        Assert.Contains("'a.other'", Assert.Throws<DatasetException>(() => reader.Under("a.").Floats("other")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_kind_of_array_comes_back()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        string path = Write(folder);
        ArtifactReader artifact = ArtifactReader.Open(path);
        Assert.Equal(
            ["dense", "doubles", "empty", "floats", "integers", "longs", "sparse.column_index", "sparse.row_start", "sparse.shape", "sparse.values", "ünïcode \"name\""],
            artifact.Names);
        Assert.Equal([1.5f, float.NaN, -3], artifact.Floats("floats", ArrayValues.UnknownRows));
        Assert.Equal([int.MinValue, 7], artifact.Integers("integers"));
        Assert.Equal([long.MaxValue], artifact.Longs("longs"));
        Assert.Equal([double.Epsilon, -0.1], artifact.Doubles("doubles"));
        Assert.Equal([], artifact.Floats("empty"));
        DenseMatrix dense = artifact.Dense("dense");
        Assert.Equal((2, 3), (dense.Rows, dense.Columns));
        Assert.Equal([1f, 2, 3, 4, 5, 6], dense.Values);
        CsrMatrix sparse = artifact.Sparse("sparse");
        Assert.Equal((3, 4, 2), (sparse.Rows, sparse.Columns, sparse.Count));
        Assert.Equal((5f, 6f), (sparse[0, 1], sparse[2, 3]));
        Assert.True(artifact.Contains("ünïcode \"name\"") && !artifact.Contains("other"));
    }

    /// <summary>A file that is too large to hold is read by position: the same arrays, the same checksum, the same errors.</summary>
    [Fact]
    public void A_file_read_by_position_gives_the_same_arrays()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        string path = Write(folder);
        byte[] whole = File.ReadAllBytes(path);
        byte[] seen = [];
        ArtifactReader artifact = ArtifactReader.Open(
            path,
            stream =>
            {
                using var copy = new MemoryStream();
                stream.CopyTo(copy);
                seen = copy.ToArray();
            },
            smallBytes: 0);
        Assert.Equal(whole, seen);
        Assert.Equal([1.5f, float.NaN, -3], artifact.Floats("floats", ArrayValues.UnknownRows));
        Assert.Equal([long.MaxValue], artifact.Longs("longs"));
        Assert.Equal([], artifact.Floats("empty"));
        Assert.Equal([1f, 2, 3, 4, 5, 6], artifact.Dense("dense").Values);
        Assert.Equal(5f, artifact.Sparse("sparse")[0, 1]);
        for (int length = 1; length < whole.Length; length += 7)
        {
            string cut = folder.File($"cut-{length}.safetensors");
            File.WriteAllBytes(cut, whole[..length]);
            Assert.Throws<DatasetException>(() =>
            {
                ArtifactReader reader = ArtifactReader.Open(cut, null, smallBytes: 0);
                foreach (string name in new[] { "dense", "sparse" })
                {
                    _ = name == "dense" ? reader.Dense(name).Rows : reader.Sparse(name).Rows;
                }

                _ = reader.Floats("ünïcode \"name\"");
            });
        }
    }

    [Fact]
    public void A_file_that_changes_while_it_is_open_is_refused()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        string path = Write(folder);
        ArtifactReader artifact = ArtifactReader.Open(path, null, smallBytes: 0);
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        Assert.Contains("has changed", Assert.Throws<DatasetException>(() => artifact.Dense("dense")).Message, StringComparison.Ordinal);
    }

    /// <summary>A file of 5 GB, all of it holes but the ends: places beyond 2 GB and 4 GB are found.</summary>
    [Fact]
    public void Arrays_beyond_two_and_four_gigabytes_are_read()
    {
        const long far = 2_200_000_000, farther = 4_500_000_000;
        using TemporaryFolder folder = TestData.NewFolder();
        string path = folder.File("large.safetensors");
        string header = string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $$$"""{"far":{"dtype":"F32","shape":[2],"data_offsets":[{{{far}}},{{{far + 8}}}]},"farther":{"dtype":"I64","shape":[1],"data_offsets":[{{{farther}}},{{{farther + 8}}}]}}""");
        using (var file = new FileStream(path, FileMode.CreateNew))
        {
            file.Write(BitConverter.GetBytes((long)header.Length));
            file.Write(System.Text.Encoding.ASCII.GetBytes(header));
            long start = file.Position;
            file.Position = start + far;
            file.Write(BitConverter.GetBytes(1.5f));
            file.Write(BitConverter.GetBytes(-2f));
            file.Position = start + farther;
            file.Write(BitConverter.GetBytes(77L));
        }

        ArtifactReader artifact = ArtifactReader.Open(path);
        Assert.Equal([1.5f, -2f], artifact.Floats("far"));
        Assert.Equal([77L], artifact.Longs("farther"));
    }

    /// <summary>A matrix goes to the file from where it is; only what is given as a span is copied.</summary>
    [Fact]
    public void Writing_a_matrix_takes_no_second_one()
    {
        var matrix = new DenseMatrix(2000, 1000);
        var writer = new ArtifactWriter();
        long before = GC.GetAllocatedBytesForCurrentThread();
        writer.Add("matrix", matrix);
        writer.Write(Stream.Null);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
    }

    [Fact]
    public void Writing_again_gives_equal_bytes()
    {
        using TemporaryFolder first = TestData.NewFolder(), second = TestData.NewFolder();
        Assert.Equal(File.ReadAllBytes(Write(first)), File.ReadAllBytes(Write(second)));
    }

    [Fact]
    public void Any_truncation_is_refused_by_name()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        string path = Write(folder);
        byte[] whole = File.ReadAllBytes(path);
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            DatasetException error = Assert.Throws<DatasetException>(() => ReadAll(path));
            Assert.Contains("model.safetensors", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Any_damage_is_read_or_refused_but_never_crashes()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        string path = Write(folder);
        byte[] whole = File.ReadAllBytes(path);
        var rng = new Rng(1, "test/artifact");
        int refused = 0;
        for (int round = 0; round < 800; round++)
        {
            byte[] altered = [.. whole];
            for (int n = rng.Next(3); n >= 0; n--)
            {
                altered[rng.Next(altered.Length)] = (byte)rng.Next(rng.Next(2) == 0 ? 256 : 64);
            }

            File.WriteAllBytes(path, altered);
            try
            {
                ReadAll(path);
            }
            catch (DatasetException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 250, 798);
    }

    [Fact]
    public void A_missing_array_another_type_and_a_wrong_shape_are_errors()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        ArtifactReader artifact = ArtifactReader.Open(Write(folder));
        Assert.Contains("'nothing'", Assert.Throws<DatasetException>(() => artifact.Floats("nothing")).Message, StringComparison.Ordinal);
        Assert.Throws<DatasetException>(() => artifact.Integers("floats"));
        Assert.Throws<DatasetException>(() => artifact.Dense("floats"));
        Assert.Throws<DatasetException>(() => artifact.Sparse("dense"));
        Assert.Throws<DatasetException>(() => ArtifactReader.Open(folder.File("absent")));
        Assert.Throws<ArgumentException>(() => new ArtifactWriter().Add("a", new float[5], 2, 3));
    }

    /// <summary>NaN is for what is unknown where a reader says so: a whole row of it. Infinities are for nothing.</summary>
    [Theory]
    [InlineData(float.NaN, float.NaN, true)]
    [InlineData(float.NaN, 1f, false)]
    [InlineData(1f, float.NaN, false)]
    [InlineData(float.PositiveInfinity, 1f, false)]
    [InlineData(float.NaN, float.NegativeInfinity, false)]
    public void Floats_that_are_not_finite_are_refused_by_name(float first, float second, bool isUnknown)
    {
        using TemporaryFolder folder = TestData.NewFolder();
        var writer = new ArtifactWriter();
        writer.Add("vectors", new DenseMatrix(3, 2, [1, 2, first, second, 3, 4]));
        writer.Add("sums", [1.0, first]);
        writer.Add("graph", new CsrMatrix(1, 2, [0, 2], [0, 1], [first, second]));
        writer.Write(folder.File("model.safetensors"));
        ArtifactReader artifact = ArtifactReader.Open(folder.File("model.safetensors"));
        Assert.Contains("'vectors'", Assert.Throws<DatasetException>(() => artifact.Dense("vectors")).Message, StringComparison.Ordinal);
        Assert.Throws<DatasetException>(() => artifact.Floats("vectors"));
        Assert.Throws<DatasetException>(() => artifact.Sparse("graph"));
        Assert.Equal(second, artifact.Dense("vectors", ArrayValues.Any).Row(1)[1]);
        Assert.Equal((3, 2), artifact.ShapeOf("vectors"));
        if (!float.IsFinite(first))
        {
            Assert.Contains("'sums'", Assert.Throws<DatasetException>(() => artifact.Doubles("sums")).Message, StringComparison.Ordinal);
        }

        if (isUnknown)
        {
            Assert.Equal(first, artifact.Dense("vectors", ArrayValues.UnknownRows).Row(1)[0]);
        }
        else
        {
            Assert.Contains("holds", Assert.Throws<DatasetException>(() => artifact.Dense("vectors", ArrayValues.UnknownRows)).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("row_start", new[] { 0, 2, 1, 2 })]
    [InlineData("row_start", new[] { 0, 3, 3, 2 })]
    [InlineData("row_start", new[] { 1, 1, 1, 2 })]
    [InlineData("column_index", new[] { 1, 0 })]
    [InlineData("column_index", new[] { 1, 1 })]
    [InlineData("column_index", new[] { 1, 4 })]
    [InlineData("column_index", new[] { -1, 3 })]
    [InlineData("shape", new[] { 3, -4 })]
    [InlineData("shape", new[] { -3, 4 })]
    [InlineData("shape", new[] { int.MaxValue, 4 })]
    [InlineData("shape", new[] { 3 })]
    public void A_sparse_matrix_out_of_order_is_refused(string part, int[] values)
    {
        using TemporaryFolder folder = TestData.NewFolder();
        var writer = new ArtifactWriter();
        var parts = new Dictionary<string, int[]> { ["row_start"] = [0, 2, 2, 2], ["column_index"] = [1, 3], ["shape"] = [3, 4] };
        parts[part] = values;
        foreach ((string name, int[] sound) in parts)
        {
            writer.Add("graph." + name, sound);
        }

        writer.Add("graph.values", [5f, 6]);
        writer.Write(folder.File("model.safetensors"));
        string message = Assert.Throws<DatasetException>(() => ArtifactReader.Open(folder.File("model.safetensors")).Sparse("graph")).Message;
        Assert.Contains("'graph", message, StringComparison.Ordinal);
    }

    private static string Write(TemporaryFolder folder)
    {
        var artifact = new ArtifactWriter();
        artifact.Add("floats", [1.5f, float.NaN, -3]);
        artifact.Add("integers", [int.MinValue, 7]);
        artifact.Add("longs", [long.MaxValue]);
        artifact.Add("doubles", [double.Epsilon, -0.1]);
        artifact.Add("empty", Array.Empty<float>());
        artifact.Add("ünïcode \"name\"", [1f]);
        artifact.Add("dense", new DenseMatrix(2, 3, [1, 2, 3, 4, 5, 6]));
        artifact.Add("sparse", new CsrMatrix(3, 4, [0, 1, 1, 2], [1, 3], [5, 6]));
        artifact.Write(folder.File("model.safetensors"));
        return folder.File("model.safetensors");
    }

    private static void ReadAll(string path)
    {
        ArtifactReader artifact = ArtifactReader.Open(path);
        artifact.Floats("floats", ArrayValues.Any);
        artifact.Integers("integers");
        artifact.Longs("longs");
        artifact.Doubles("doubles");
        artifact.Floats("empty");
        artifact.Floats("ünïcode \"name\"");
        artifact.Dense("dense");
        artifact.Sparse("sparse");
    }
}
