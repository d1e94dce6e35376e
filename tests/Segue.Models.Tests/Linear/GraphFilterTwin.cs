using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics.Dense;
using Segue.Numerics.Sparse;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Linear;

/// <summary>R̃ᵀR̃ and its largest eigenvectors in double precision, without sparse products and without random vectors.</summary>
internal sealed class GraphFilterTwin
{
    private readonly int _items;
    private readonly double[] _degree, _gram, _raw, _low;

    public GraphFilterTwin(Dataset train, int size)
    {
        CsrMatrix matrix = UserItemMatrix.Binary(train);
        int n = _items = matrix.Columns;
        _degree = new double[n];
        _gram = new double[n * n];
        _raw = new double[n * n];
        _low = new double[n * n];
        foreach (int item in matrix.ColumnIndex)
        {
            _degree[item]++;
        }

        for (int u = 0; u < matrix.Rows; u++)
        {
            foreach (int i in matrix.RowColumns(u))
            {
                foreach (int j in matrix.RowColumns(u))
                {
                    _raw[(i * n) + j]++;
                    _gram[(i * n) + j] += 1 / (matrix.RowLength(u) * Math.Sqrt(_degree[i] * _degree[j]));
                }
            }
        }

        double[] values = new double[n], vectors = new double[n * n];
        SymmetricEigen.Decompose([.. _gram], n, values, vectors);
        Assert.True(values[size] < 0.9 * values[size - 1], $"no gap at {size}: {values[size - 1]}, {values[size]}; the space of so many vectors is not well defined");
        for (int k = 0; k < size; k++)
        {
            for (int i = 0; i < n; i++)
            {
                for (int j = 0; j < n; j++)
                {
                    _low[(i * n) + j] += vectors[(k * n) + i] * vectors[(k * n) + j];
                }
            }
        }
    }

    public double[] Step(double[] row) => Multiply(row, _gram);

    public double[] CoOccurrence(double[] row) => Multiply(row, _raw);

    /// <summary>r D^(−power/2) V Vᵀ D^(power/2).</summary>
    public double[] LowPass(double[] row, double power = 1)
    {
        double[] scaled = [.. row.Select((x, i) => _degree[i] > 0 ? x * Math.Pow(_degree[i], -power / 2) : 0)];
        return [.. Multiply(scaled, _low).Select((x, i) => _degree[i] > 0 ? x * Math.Pow(_degree[i], power / 2) : 0)];
    }

    public double[] Sum(double[] a, double[] b, double factor) => [.. a.Zip(b, (x, y) => x + (factor * y))];

    /// <summary>Twenty listeners get the expected scores.</summary>
    public static void AssertSame(Func<double[], double[]> expected, IRecommender model, Dataset train)
    {
        CsrMatrix matrix = UserItemMatrix.Binary(train);
        for (int u = 0; u < 20; u++)
        {
            var row = new double[matrix.Columns];
            foreach (int item in matrix.RowColumns(u))
            {
                row[item] = 1;
            }

            double[] right = expected(row);
            var scores = new float[right.Length];
            model.Score(Query.ForUser(u), scores);
            double largest = right.Max(Math.Abs);

            // Four subspace iterations leave a few 1e-4 of the ninth direction in the space of the first eight.
            for (int i = 0; i < right.Length; i++)
            {
                Assert.True(
                    Math.Abs(right[i] - scores[i]) <= 5e-4 * largest, $"user {u}, item {i}: {scores[i]} instead of {right[i]} (largest {largest})");
            }
        }
    }

    /// <summary>Scores, reasons and alike items of two models agree, and those of the second survive saving.</summary>
    public static void AssertSameAnswers(IModel first, IModel second, Dataset train, FitContext context)
    {
        IRecommender a = first.Fit(train, context), fitted = second.Fit(train, context);
        using TemporaryFolder folder = TestData.NewFolder();
        var writer = new ArtifactWriter();
        fitted.Save(writer);
        writer.Write(folder.File("second.safetensors"));
        foreach (IRecommender b in new[] { fitted, second.Load(ArtifactReader.Open(folder.File("second.safetensors")), train) })
        {
            float[] one = new float[train.Items.Count], two = new float[one.Length];
            foreach (Query query in new[] { Query.ForUser(3), Query.ForUser(77), Query.ForHistory(new[] { 9, 3, 3, 100 }), new Query() })
            {
                a.Score(query, one);
                b.Score(query, two);
                Near(one, two);
                IReadOnlyList<Reason> right = ((IExplains)a).Explain(query, 20, 99), found = ((IExplains)b).Explain(query, 20, 99);
                Assert.Equal(right.Where(r => r.Weight > 1e-4).Select(r => r.HistoryItemIndex).Order(), found.Where(r => r.Weight > 1e-4).Select(r => r.HistoryItemIndex).Order());
                foreach (Reason reason in found)
                {
                    Assert.Equal(right.FirstOrDefault(r => r.HistoryItemIndex == reason.HistoryItemIndex).Weight, reason.Weight, 1e-5);
                }
            }

            ((IItemSimilarity)a).Similarity(5, one);
            ((IItemSimilarity)b).Similarity(5, two);
            Near(one, two);
        }

        static void Near(float[] expected, float[] actual)
        {
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.True(
                    float.IsNaN(expected[i]) ? float.IsNaN(actual[i]) : Math.Abs(expected[i] - actual[i]) < 1e-5, $"item {i}: {actual[i]} instead of {expected[i]}");
            }
        }
    }

    private double[] Multiply(double[] row, double[] matrix)
    {
        var product = new double[_items];
        for (int i = 0; i < _items; i++)
        {
            for (int j = 0; j < _items && row[i] != 0; j++)
            {
                product[j] += row[i] * matrix[(i * _items) + j];
            }
        }

        return product;
    }
}
