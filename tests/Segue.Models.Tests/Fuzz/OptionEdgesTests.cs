using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Testing;
using Segue.Testing.Fuzz;
using Xunit;

namespace Segue.Models.Tests.Fuzz;

/// <summary>
/// Every model with options at and near the ends of their ranges, several at once: it says which do not go together, that training cannot go on or that memory cannot hold it, or it answers with
/// numbers. What takes too long is cancelled.
/// </summary>
public sealed class OptionEdgesTests
{
    private const int Rounds = 18;

    public static TheoryData<string> Names => [.. FuzzModels.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Options_at_their_edges_are_refused_or_train_to_sound_answers(string model)
    {
        using TemporaryFolder folder = TestData.NewFolder();
        Dataset train = FuzzModels.World();
        int largest = FuzzTime.IsLong ? 4096 : 64;
        FuzzTime.Run(
            $"edges/{model}", Rounds,
            (round, rng) =>
            {
                Dictionary<string, string> options = FuzzModels.CheapOptions(model);
                for (int times = 1 + rng.Next(3); times > 0; times--)
                {
                    FuzzModels.DrawChoice(model, options, rng);
                    FuzzModels.DrawEdge(model, options, rng, largest);
                }

                try
                {
                    if (FuzzModels.TryCreate(model, options) is { } made)
                    {
                        Train(made);
                    }
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException($"{string.Join(",", options.Select(o => $"{o.Key}={o.Value}"))}: {e.GetType().Name}: {e.Message}", e);
                }
            },
            FuzzModels.Names.Count);

        // Training that ends well leaves arrays that can be opened, however wild the options.
        void Train(IModel untrained)
        {
            IRecommender trained;
            try
            {
                trained = untrained.Fit(train, FuzzModels.Context());
            }
            catch (Exception e) when (e is SegueException or OperationCanceledException)
            {
                Assert.NotEmpty(e.Message);
                return;
            }

            int[] answers = FuzzModels.Ask(trained, train, finite: false);
            FuzzModels.Save(trained, folder.File("model"));
            Assert.Equal(answers, FuzzModels.Ask(untrained.Load(ArtifactReader.Open(folder.File("model")), train), train, finite: false));
        }
    }
}
