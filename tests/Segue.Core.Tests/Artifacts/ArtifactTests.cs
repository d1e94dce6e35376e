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
        Assert.Equal([1.5f, float.NaN, -3], artifact.Floats("floats"));
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
        artifact.Floats("floats");
        artifact.Integers("integers");
        artifact.Longs("longs");
        artifact.Doubles("doubles");
        artifact.Floats("empty");
        artifact.Floats("ünïcode \"name\"");
        artifact.Dense("dense");
        artifact.Sparse("sparse");
    }
}
