using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Xunit;

namespace Segue.Numerics.Tests.Sparse;

/// <summary>Whole decompositions against SciPy's svds in double precision.</summary>
public sealed class TruncatedSvdOracleTests
{
    private const string Interpreter = "/usr/bin/python3";

    // Prints the largest relative error of a singular value, the sine of the largest angle between the spaces, and the relative distance to the next value.
    private const string Script = """
        import sys
        import numpy as np
        import scipy.sparse
        import scipy.sparse.linalg

        rows, columns, rank = map(int, sys.argv[1:4])
        read = lambda name, kind: np.fromfile(name, dtype=kind)
        a = scipy.sparse.csr_matrix((read("values", np.float32).astype(np.float64), read("index", np.int32), read("start", np.int32)), (rows, columns))
        _, sigma, vt = scipy.sparse.linalg.svds(a, k=rank + 1, tol=0, random_state=1)
        order = np.argsort(-sigma)
        sigma, vt = sigma[order], vt[order][:rank]
        mine, v = read("sigma", np.float64), read("right", np.float32).astype(np.float64).reshape(columns, rank)
        v = np.linalg.qr(v)[0]
        outside = np.linalg.svd(v - vt.T @ (vt @ v), compute_uv=False)[0]
        print(np.max(np.abs(mine - sigma[:rank]) / sigma[:rank]), outside, (sigma[rank - 1] - sigma[rank]) / sigma[rank - 1])
        """;

    [Theory]
    [InlineData(1400, 1000, 30_000, 64, true)]
    [InlineData(600, 3000, 25_000, 96, true)]
    [InlineData(2500, 700, 40_000, 32, false)]
    public void MadeDataHasTheVectorsOfSciPy(int rows, int columns, int entries, int rank, bool isNormalized)
    {
        CsrMatrix matrix = Plays(rows, columns, entries, isNormalized);
        CheckAgainstSciPy(isNormalized ? Normalize(matrix) : matrix, rank);
    }

    [Fact]
    public void RealDataHasTheVectorsOfSciPy() => CheckAgainstSciPy(Normalize(ListenedArtists()), 128);

    private static void CheckAgainstSciPy(CsrMatrix matrix, int rank)
    {
        TruncatedSvd svd = TruncatedSvd.Compute(matrix, rank, new Rng(3), threads: 2);
        Assert.True(svd.HasConverged, $"the residual is {svd.Residual}");
        Assert.Equal(rank, svd.Values.Count);
        double[] found = AskSciPy(matrix, svd, rank);

        // Where the next value is near, the space is as loosely defined as that distance is small.
        Assert.InRange(found[0], 0, 1e-5);
        Assert.True(found[1] <= 1e-4 * Math.Max(1, 1e-3 / found[2]), $"the spaces differ by {found[1]}, the next value by {found[2]}");
        TruncatedSvd other = TruncatedSvd.Compute(matrix, rank, new Rng(4), threads: 2);
        Assert.All(svd.Values.Zip(other.Values), pair => Assert.Equal(pair.First, pair.Second, 1e-5 * pair.First));
    }

    /// <summary>Popular columns and busy rows, in a few groups that share taste, and a few small parts without any tie to the rest.</summary>
    private static CsrMatrix Plays(int rows, int columns, int entries, bool withParts)
    {
        const int groups = 12, parts = 20;
        var rng = new Rng(19, "plays");
        int[] row = new int[entries], column = new int[entries];
        for (int n = 0; n < entries; n++)
        {
            double busy = rng.NextDouble(), popular = rng.NextDouble();
            row[n] = (int)(rows * busy * busy * 0.999);
            int inGroup = (int)(columns / groups * popular * popular * popular), group = rng.NextDouble() < 0.7 ? row[n] % groups : rng.Next(groups);
            column[n] = (inGroup * groups) + group;
            if (withParts && n < 2 * parts)
            {
                (row[n], column[n]) = (rows - 1 - (n / 2), columns - 1 - (n % parts));
            }
        }

        var seen = new HashSet<(int, int)>();
        int[] distinct = [.. Enumerable.Range(0, entries).Where(n => seen.Add((row[n], column[n])))];
        return CsrMatrix.FromTriplets(
            rows, columns, [.. distinct.Select(n => row[n])], [.. distinct.Select(n => column[n])], [.. distinct.Select(_ => 1f)]);
    }

    /// <summary>The listeners × artists of the hetrec data.</summary>
    private static CsrMatrix ListenedArtists()
    {
        string? folder = Environment.GetEnvironmentVariable("SEGUE_DATA");
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null && string.IsNullOrEmpty(folder); at = at.Parent)
        {
            string beside = Path.Combine(at.FullName, "..", "shared", "data");
            folder = File.Exists(Path.Combine(at.FullName, "Segue.slnx")) && Directory.Exists(beside) ? beside : null;
        }

        string path = Path.Combine(folder ?? ".", "hetrec2011-lastfm-2k.zip");
        Assert.SkipUnless(File.Exists(path), "hetrec2011-lastfm-2k.zip is absent: set SEGUE_DATA to the folder that holds it");
        using ZipArchive archive = ZipFile.OpenRead(path);
        using var reader = new StreamReader(archive.GetEntry("user_artists.dat")!.Open());
        Dictionary<string, int> users = [], artists = [];
        List<int> row = [], column = [];
        reader.ReadLine();
        while (reader.ReadLine() is { } line)
        {
            string[] cells = line.Split('\t');
            users.TryAdd(cells[0], users.Count);
            artists.TryAdd(cells[1], artists.Count);
            row.Add(users[cells[0]]);
            column.Add(artists[cells[1]]);
        }

        return CsrMatrix.FromTriplets(users.Count, artists.Count, [.. row], [.. column], [.. row.Select(_ => 1f)]);
    }

    /// <summary>D_u^−½ R D_i^−½, as gf-cf decomposes it: the largest value is 1, once for every part.</summary>
    private static CsrMatrix Normalize(CsrMatrix matrix)
    {
        CsrMatrix transposed = matrix.Transpose();
        var values = new float[matrix.Count];
        for (int r = 0; r < matrix.Rows; r++)
        {
            for (int n = matrix.RowStart[r]; n < matrix.RowStart[r + 1]; n++)
            {
                values[n] = (float)(1 / Math.Sqrt((double)matrix.RowLength(r) * transposed.RowLength(matrix.ColumnIndex[n])));
            }
        }

        return matrix.WithValues(values);
    }

    private static double[] AskSciPy(CsrMatrix matrix, TruncatedSvd svd, int rank)
    {
        Assert.SkipUnless(File.Exists(Interpreter), "no python3: install it to compare with SciPy");
        string folder = Directory.CreateTempSubdirectory("segue-svd").FullName;
        try
        {
            Write("values", matrix.Values.ToArray());
            Write("index", matrix.ColumnIndex.ToArray());
            Write("start", matrix.RowStart.ToArray());
            Write("sigma", svd.Values.ToArray());
            Write("right", svd.Right.Values);
            Assert.SkipUnless(Start("import scipy").Code == 0, "no SciPy: apt-get install python3-scipy to compare with it");
            (int code, string output, string error) = Start(
                Script, [.. new[] { matrix.Rows, matrix.Columns, rank }.Select(n => n.ToString(CultureInfo.InvariantCulture))]);
            Assert.True(code == 0, error);
            TestContext.Current.SendDiagnosticMessage(output);
            return [.. output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(v => double.Parse(v, CultureInfo.InvariantCulture))];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        void Write<T>(string name, T[] numbers)
            where T : unmanaged => File.WriteAllBytes(Path.Combine(folder, name), MemoryMarshal.AsBytes<T>(numbers));

        (int Code, string Output, string Error) Start(string script, params string[] arguments)
        {
            var start = new ProcessStartInfo(Interpreter, ["-c", script, .. arguments])
            {
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process process = Process.Start(start)!;
            Task<string> error = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output, error.GetAwaiter().GetResult());
        }
    }
}
