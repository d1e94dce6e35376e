using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Import;
using Segue.Models.Walks;
using Segue.Numerics.Sampling;
using Segue.Pipeline.Description;
using Segue.Testing;
using Xunit;

namespace Segue.Pipeline.Tests;

/// <summary>From a listening file in the format of Last.fm-1K to a trained link predictor: the way of seed 000, on a thousandth of the original.</summary>
public sealed class Lastfm1kTests
{
    private const int Lines = 20_000;

    [Fact]
    public void A_listening_file_goes_all_the_way_to_a_link_predictor()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        string path = folder.File("userid-timestamp-artid-artname-traid-traname.tsv");
        int users = Lastfm1kFile.UsersFor(Lines), songs = Lastfm1kFile.SongsFor(Lines);
        Lastfm1kFile.Write(path, Lines, users, songs);

        Dataset dataset = FormatCatalog.Import("lastfm-1k", [path], new ImportOptions()).Dataset;
        Assert.Equal((Lines, users), (dataset.Count, dataset.Users.Count));

        var description = DatasetDescription.Of(dataset, TestContext.Current.CancellationToken);
        Assert.Equal(Lines, description.Size.Interactions);
        Assert.InRange(description.Listening.PlaysPerPair, 3.5, 4.8);

        // The months that are described are the sessions of the graph, and its edges those of the description.
        var options = new StgLinkOptions { ValidationShare = 0.1, TestShare = 0.1, Epochs = 5, Input = LinkInput.Concatenation };
        TemporalGraph graph = TemporalGraph.Of(dataset, options, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(
            (description.MonthGraph!.MonthNodes, description.MonthGraph.Nodes, description.MonthGraph.Edges), (graph.Sessions, (long)graph.Nodes, graph.Edges));

        IRecommender vectors = new Node2Vec(new Node2VecOptions()).Fit(dataset, Context());
        Assert.True(OwnSongsFirst(vectors) > 0.85, "songs a listener has heard lie nearer than others");

        // Half of the examples are edges, so what says the same of all has .5. Measured .811, .834 and .774. Where songs are dealt out anew only the other edge of a play (its user's or its month's)
        // tells anything: .538.
        int[] dealt = dataset.ItemIndex.ToArray();
        new Rng(1, "test").Shuffle<int>(dealt);
        StgLinkOptions equal = options with { Negatives = LinkNegatives.Popularity };
        double[] accuracy =
        [
            .. new[] { options, options with { Negatives = LinkNegatives.Nodes }, equal }.Select(o => Learn(o, dataset)["test accuracy"]),
            Learn(equal, dataset with { ItemIndex = dealt })["test accuracy"],
        ];
        Assert.InRange(accuracy[0], 0.77, 0.85);
        Assert.InRange(accuracy[1], 0.79, 0.88);
        Assert.InRange(accuracy[2], 0.73, 0.82);
        Assert.InRange(accuracy[3], 0.48, 0.59);

        Dictionary<string, double> Learn(StgLinkOptions with, Dataset of)
        {
            var last = new Dictionary<string, double>();
            new StgLink(with).Fit(of, Context() with { OnLoss = (_, name, value) => last[name] = value });
            return last;
        }

        double OwnSongsFirst(IRecommender recommender)
        {
            var scores = new float[dataset.Items.Count];
            int[] start = dataset.UserStart();
            double wins = 0;
            for (int u = 0; u < users; u++)
            {
                recommender.Score(Query.ForUser(u), scores);
                HashSet<int> own = [.. dataset.ItemIndex.Span[start[u]..start[u + 1]]];
                double mean = own.Average(i => scores[i]);
                wins += Enumerable.Range(0, scores.Length).Count(i => !own.Contains(i) && scores[i] < mean) / (double)(scores.Length - own.Count);
            }

            return wins / users;
        }
    }

    private static FitContext Context() => new() { Seed = 1, Threads = 2, Cancellation = TestContext.Current.CancellationToken };
}
