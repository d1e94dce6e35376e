using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics.Sampling;
using Segue.Testing;
using Segue.Testing.Fuzz;
using Xunit;

namespace Segue.Models.Tests.Fuzz;

/// <summary>
/// The arrays of every model, damaged so that no checksum is there to tell, and sound arrays read with options they were not made with: opening says what is wrong, or what was opened answers with
/// numbers.
/// </summary>
public sealed class DamagedArraysTests
{
    private const int Rounds = 60, RoundsPerFit = 12;
    private const long MostBytes = 64 << 20;

    public static TheoryData<string> Names => [.. FuzzModels.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Damaged_arrays_are_refused_or_answer_with_numbers(string model)
    {
        using TemporaryFolder folder = TestData.NewFolder();
        Dataset train = FuzzModels.World();
        IModel untrained = ModelCatalog.Create(model, FuzzModels.CheapOptions(model));
        byte[] file = [];
        FuzzTime.Run(
            $"arrays/{model}", Rounds,
            (round, rng) =>
            {
                if (round % RoundsPerFit == 0 || file.Length == 0)
                {
                    (untrained, file) = Fit(model, train, choices: round == 0 ? 0 : 3, rng, folder.File("sound"));
                }

                File.WriteAllBytes(folder.File("damaged"), SafetensorsMutator.Damage(file, rng));
                Try(untrained, folder.File("damaged"), train);
            },
            FuzzModels.Names.Count);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Arrays_read_with_other_options_are_refused_or_answer_with_numbers(string model)
    {
        using TemporaryFolder folder = TestData.NewFolder();
        Dataset train = FuzzModels.World();
        FuzzTime.Run(
            $"options of arrays/{model}", 4,
            (_, rng) =>
            {
                Fit(model, train, choices: 2, rng, folder.File("sound"));
                for (int n = 0; n < 10; n++)
                {
                    Dictionary<string, string> options = FuzzModels.CheapOptions(model);
                    for (int times = 1 + rng.Next(3); times > 0; times--)
                    {
                        FuzzModels.DrawChoice(model, options, rng);
                        FuzzModels.DrawEdge(model, options, rng, int.MaxValue);
                    }

                    if (FuzzModels.TryCreate(model, options) is { } other)
                    {
                        Try(other, folder.File("sound"), train, string.Join(",", options.Select(o => $"{o.Key}={o.Value}")));
                    }
                }
            },
            FuzzModels.Names.Count);
    }

    [Theory]
    [InlineData("sasrec", "embedding_size=4096")]
    [InlineData("gsasrec", "max_length=4096,blocks=64")]
    [InlineData("gru-next", "hidden_size=4096")]
    [InlineData("taste-rnn", "hidden_size=4096")]
    [InlineData("edge-gcn", "hidden_size=1024")]
    [InlineData("edge-gcn", "layers=16")]
    [InlineData("gat", "heads=64,layers=3")]
    [InlineData("graphsage", "layers=16")]
    public void Options_of_another_model_are_compared_with_the_arrays_before_memory_is_taken(string model, string other)
    {
        using TemporaryFolder folder = TestData.NewFolder();
        Dataset train = FuzzModels.World();
        Fit(model, train, choices: 0, new Rng(1), folder.File("sound"));
        Dictionary<string, string> options = FuzzModels.CheapOptions(model);
        foreach (string[] pair in other.Split(',').Select(o => o.Split('=')))
        {
            options[pair[0]] = pair[1];
        }

        IModel untrained = ModelCatalog.Create(model, options);
        ArtifactReader artifact = ArtifactReader.Open(folder.File("sound"));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<DatasetException>(() => untrained.Load(artifact, train));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    private static (IModel Model, byte[] File) Fit(string model, Dataset train, int choices, Rng rng, string path)
    {
        while (true)
        {
            Dictionary<string, string> options = FuzzModels.CheapOptions(model);
            for (int n = 0; n < choices; n++)
            {
                FuzzModels.DrawChoice(model, options, rng);
            }

            try
            {
                if (FuzzModels.TryCreate(model, options) is { } made)
                {
                    return (made, FuzzModels.Save(made.Fit(train, FuzzModels.Context()), path));
                }
            }
            catch (SegueException) when (choices > 0)
            {
                // These do not go with the data; others will.
            }
        }
    }

    private static void Try(IModel model, string path, Dataset train, string options = "")
    {
        // The training data are tiny and so is the file: nothing it or the options say is a reason for more.
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            FuzzModels.Ask(model.Load(ArtifactReader.Open(path), train), train, finite: false);
        }
        catch (SegueException e)
        {
            Assert.NotEmpty(e.Message);
            long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(bytes < MostBytes, $"{bytes} bytes were allocated before '{e.Message}'");
        }
        catch (Exception e) when (options.Length > 0)
        {
            throw new InvalidOperationException($"{options}: {e.GetType().Name}: {e.Message}", e);
        }
    }
}
