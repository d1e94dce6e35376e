using Segue.Core.Data;
using Segue.Core.Splitting;
using Segue.Core.Views;
using Segue.Numerics.Sampling;

namespace Segue.Benchmarks;

/// <summary>Opening, verifying and cutting a large dataset.</summary>
public sealed class OpenDatasetTiming : IWholeTiming
{
    /// <inheritdoc/>
    public string Name => "open-dataset";

    /// <inheritdoc/>
    public string Summary => "open, check and cut interactions=20000000 of users=100000 and items=1000000, written to a temporary folder";

    /// <inheritdoc/>
    public void Run(WholeContext context)
    {
        int count = context.Setting("interactions", 20_000_000), users = context.Setting("users", 100_000), items = context.Setting("items", 1_000_000);
        string folder = Directory.CreateTempSubdirectory("segue-bench-").FullName;
        try
        {
            string path = Path.Combine(folder, "dataset");
            DatasetStore.Save(Synthesise(count, users, items), path);
            GC.Collect();
            Dataset? dataset = null;
            context.Time("open", () => dataset = DatasetStore.Open(path));
            context.Time("open, look up one id", () => DatasetStore.Open(path).Items.IndexOf("track 77"));
            context.Time("open, read every interaction's user and item", () => DatasetStore.Open(path).CheckIndices());
            context.Time("verify checksums", () => DatasetStore.Verify(path));
            context.Time("user × item matrix", () => UserItemMatrix.Binary(dataset!));
            context.Time("sessions", () => Sessions.Of(dataset!));
            foreach (SplitDescription split in SplitCatalog.All.Where(s => s.Name != "given"))
            {
                context.Time($"split {split.Name}", () => SplitCatalog.Create(split.Name, []).Cut(dataset!, 1));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Dataset Synthesise(int count, int users, int items)
    {
        var rng = new Rng(1, "bench/open-dataset");
        var user = new int[count];
        var item = new int[count];
        var time = new long[count];
        var weight = new float[count];
        for (int n = 0; n < count; n++)
        {
            user[n] = (int)((long)n * users / count);
            item[n] = (int)(rng.NextDouble() * rng.NextDouble() * items);
            time[n] = n > 0 && user[n] == user[n - 1] ? time[n - 1] + (rng.Next(12) == 0 ? 30_000 : 200) : 1_200_000_000 + rng.Next(50_000_000);
            weight[n] = 1 + rng.Next(3);
        }

        return new Dataset
        {
            Name = "bench",
            Level = "track",
            Users = new Vocabulary(Enumerable.Range(0, users).Select(u => $"user {u}")),
            Items = new Vocabulary(Enumerable.Range(0, items).Select(i => $"track {i}")),
            UserIndex = user,
            ItemIndex = item,
            Time = time,
            Weight = weight,
            IsOrdered = true,
            Catalog = new Catalog { Names = new StringTable(Enumerable.Range(0, items).Select(i => $"a title of usual length {i}")) },
        };
    }
}
