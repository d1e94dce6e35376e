using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Splitting;
using Segue.Testing;
using Xunit;

namespace Segue.Core.Tests.Splitting;

/// <summary>What holds for every protocol, with its defaults and with options that change its course.</summary>
public sealed class SplitCatalogTests
{
    private static readonly string[] PairBased = ["random", "transductive", "leave-k-out", "user-holdout", "cold-items"];

    /// <summary>Every protocol with its defaults, and the options that choose another branch.</summary>
    public static TheoryData<string> Specifications =>
    [
        .. SplitCatalog.All.Select(s => s.Name),
        "random:per_user=true",
        "random:train=0.85,validation=0,test=0.15",
        "transductive:validation=0,supervision=0.5",
        "leave-k-out:k_val=0,k_eval=2",
        "leave-k-out:k_val=2,k_eval=1,pick=last",
        "user-holdout:masked=0.5,pick=last",
        "user-holdout:validation=0,masked=1",
        "global-time:validation=0",
        "global-time:gap=7200,new_users=keep",
        "global-time:validation_from=2008-01-13,test_from=2008-01-14T12:00:00Z",
        "last-session:validation=false",
        "last-session:gap_minutes=120",
        "cold-items:validation=0,test=0.3",
    ];

    [Theory]
    [MemberData(nameof(Specifications))]
    public void Cancelled_work_stops(string specification)
    {
        Dataset dataset = new RandomWorld(40, 40, 900, 7).Build();
        Cancelled.Stops(() => Cut(specification, dataset, 1));
    }

    [Theory]
    [MemberData(nameof(Specifications))]
    public void No_hidden_interaction_reaches_what_a_model_sees(string specification) => RandomWorld.ForAll(world =>
    {
        Dataset dataset = world.Build();
        Split split = Cut(specification, dataset, (ulong)world.Seed);
        Assert.Empty(LeakCheck.Find(dataset, split, PairBased.Contains(split.Name)));
    });

    [Theory]
    [MemberData(nameof(Specifications))]
    public void Every_interaction_is_in_exactly_the_documented_part(string specification) => RandomWorld.ForAll(world =>
    {
        Dataset dataset = world.Build();
        Split split = Cut(specification, dataset, (ulong)world.Seed);
        float[] validation = split.Validation is { } stage ? LeakCheck.Rows(stage.Relevant) : [];
        float[] parts = [.. LeakCheck.Rows(split.Train), .. validation, .. LeakCheck.Rows(split.Test.Relevant)];
        if (split.Name == "user-holdout")
        {
            parts = [.. parts, .. LeakCheck.Rows(split.Test.Known), .. split.Validation is null ? [] : LeakCheck.Rows(split.Validation.Known)];
        }
        else
        {
            float[] known = [.. LeakCheck.Rows(split.Train), .. validation];
            float[] atTest = LeakCheck.Rows(split.Test.Known);
            Assert.Empty(known.Except(atTest));

            // Only by time may more be known: users that first appear in validation.
            Assert.True(split.Name == "global-time" || atTest.Length == known.Length);
            Assert.True(split.Validation is null || split.Validation.Known.Equals(split.Train));
        }

        Assert.Equal(parts.Distinct().Count(), parts.Length);
        Assert.All(parts, row => Assert.InRange(row, 1, world.Interactions));
        if (split.Name is not ("global-time" or "cold-items"))
        {
            Assert.Equal(dataset.Count, parts.Length);
        }

        if (split.Message is not null)
        {
            float[] edges = [.. LeakCheck.Rows(split.Message), .. LeakCheck.Rows(split.Supervision!)];
            Assert.Equal(LeakCheck.Rows(split.Train).Order(), edges.Order());
        }
    });

    [Theory]
    [MemberData(nameof(Specifications))]
    public void Parts_keep_the_order_of_the_dataset(string specification)
    {
        Dataset dataset = new RandomWorld(40, 30, 1200, 7).Build();
        Split split = Cut(specification, dataset, 7);
        List<float> order = [.. LeakCheck.Rows(dataset)];
        foreach (Dataset part in new[] { split.Train, split.Test.Known, split.Test.Relevant })
        {
            int[] positions = [.. LeakCheck.Rows(part).Select(row => order.IndexOf(row))];
            Assert.Equal(positions.Order(), positions);
        }
    }

    [Theory]
    [MemberData(nameof(Specifications))]
    public void Same_seed_same_cut_on_any_thread(string specification)
    {
        Dataset dataset = new RandomWorld(50, 40, 1500, 11).Build();
        float[] expected = Signature(Cut(specification, dataset, 3));
        var cuts = new float[4][];
        Parallel.For(0, cuts.Length, i => cuts[i] = Signature(Cut(specification, dataset, 3)));
        Assert.All(cuts, cut => Assert.Equal(expected, cut));

        string name = OptionsText.ParseSpecification(specification).Name;
        bool usesSeed = PairBased.Contains(name) && !(name == "leave-k-out" && specification.Contains("last", StringComparison.Ordinal));
        Assert.Equal(usesSeed, !expected.SequenceEqual(Signature(Cut(specification, dataset, 4))));
    }

    [Theory]
    [MemberData(nameof(Specifications))]
    public void An_empty_dataset_is_an_error_that_names_the_protocol(string specification)
    {
        Dataset dataset = new DatasetBuilder("nothing", "track") { IsOrdered = true }.Build();
        DatasetException error = Assert.Throws<DatasetException>(() => Cut(specification, dataset, 1));
        Assert.Contains($"split '{OptionsText.ParseSpecification(specification).Name}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("'nothing'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Specifications))]
    public void An_interaction_out_of_range_is_an_error(string specification)
    {
        Dataset dataset = new RandomWorld(30, 30, 900, 5).Build();
        int[] items = dataset.ItemIndex.ToArray();
        items[17] = 30;
        Dataset damaged = dataset with { ItemIndex = items };
        DatasetException error = Assert.Throws<DatasetException>(() => Cut(specification, damaged, 1));
        Assert.Contains("interaction 17", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_check_finds_leaks_that_are_there()
    {
        Dataset dataset = new RandomWorld(30, 30, 900, 5).Build();
        Split split = Cut("random", dataset, 1);
        int test = split.Test.Relevant.UserIndex.Span[0];
        Assert.Empty(LeakCheck.Find(dataset, split, pairBased: true));

        // A whole row, a pair, and a tag: each alone must be seen.
        Assert.NotEmpty(LeakCheck.Find(dataset, split with { Train = dataset }, pairBased: false));
        Split pair = split with
        {
            Train = split.Train with { ItemIndex = Replaced(split.Train, test, split.Test.Relevant.ItemIndex.Span[0]) },
        };
        Assert.Contains(LeakCheck.Find(dataset, pair, pairBased: true), leak => leak.StartsWith("pair", StringComparison.Ordinal));
        Split tag = split with { Train = split.Train with { Tags = dataset.Tags } };
        Assert.Contains(LeakCheck.Find(dataset, tag, pairBased: true), leak => leak.StartsWith("a tag", StringComparison.Ordinal));

        // One play of a held-out item, by somebody who is not even asked for it.
        Split cold = Cut("cold-items", dataset, 1);
        Assert.Empty(LeakCheck.Find(dataset, cold, pairBased: true));
        int candidate = cold.Test.Candidates!.Value.Span[0], stranger = cold.Train.UserIndex.ToArray().Distinct()
            .First(u => !LeakCheck.Pairs(dataset).Contains((u, candidate)));
        Split played = cold with { Train = cold.Train with { ItemIndex = Replaced(cold.Train, stranger, candidate) } };
        Assert.Contains(LeakCheck.Find(dataset, played, pairBased: true), leak => leak.StartsWith($"candidate {candidate} of test", StringComparison.Ordinal));

        static int[] Replaced(Dataset train, int user, int item)
        {
            int[] items = train.ItemIndex.ToArray();
            items[train.UserIndex.Span.IndexOf(user)] = item;
            return items;
        }
    }

    [Theory]
    [InlineData("global-time")]
    [InlineData("last-session")]
    public void Without_times_or_order_a_protocol_of_time_refuses(string name)
    {
        Dataset dataset = new RandomWorld(30, 30, 900, 5).Build(timed: false, ordered: false);
        DatasetException error = Assert.Throws<DatasetException>(() => Cut(name, dataset, 1));
        Assert.Contains($"split '{name}' needs times", error.Message, StringComparison.Ordinal);
        Assert.Contains("import a source with times", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("leave-k-out:pick=last")]
    [InlineData("user-holdout:pick=last")]
    public void Without_order_the_last_items_mean_nothing(string specification)
    {
        Dataset dataset = new RandomWorld(30, 30, 900, 5).Build(timed: false, ordered: false);
        DatasetException error = Assert.Throws<DatasetException>(() => Cut(specification, dataset, 1));
        Assert.Contains("pick=random", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("random:train=0")]
    [InlineData("random:test=0")]
    [InlineData("transductive:test=0")]
    [InlineData("user-holdout:train=0")]
    [InlineData("global-time:test=0")]
    [InlineData("random:train=-1")]
    [InlineData("random:train=nan")]
    [InlineData("user-holdout:masked=1.1")]
    [InlineData("leave-k-out:k_eval=0")]
    [InlineData("leave-k-out:pick=first")]
    [InlineData("cold-items:test=0")]
    [InlineData("cold-items:test=0.6,validation=0.4")]
    [InlineData("last-session:gap_minutes=-1")]
    [InlineData("global-time:test_from=yesterday")]
    [InlineData("global-time:test_from=01/02/2008")]
    [InlineData("global-time:validation_from=1200000000")]
    [InlineData("global-time:validation_from=1200000000,test_from=1200000000")]
    [InlineData("randm")]
    [InlineData("random:trian=0.8")]
    public void Wrong_options_are_refused(string specification) =>
        Assert.Throws<OptionException>(() => Cut(specification, new RandomWorld(30, 30, 900, 5).Build(), 1));

    [Fact]
    public void A_mistyped_name_lists_near_matches()
    {
        OptionException error = Assert.Throws<OptionException>(() => SplitCatalog.Get("user-holdut"));
        Assert.Contains("did you mean 'user-holdout'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_split_of_the_plan_is_there()
    {
        string[] expected = ["cold-items", "given", "global-time", "last-session", "leave-k-out", "random", "transductive", "user-holdout"];
        Assert.Equal(expected, SplitCatalog.All.Select(s => s.Name).Order(StringComparer.Ordinal));
    }

    internal static Split Cut(string specification, Dataset dataset, ulong seed)
    {
        (string name, IReadOnlyList<KeyValuePair<string, string>> pairs, _) = OptionsText.ParseSpecification(specification);
        return SplitCatalog.Create(name, pairs).Cut(dataset, seed);
    }

    private static float[] Signature(Split split)
    {
        Dataset?[] parts =
        [
            split.Train, split.Message, split.Supervision, split.Validation?.Known, split.Validation?.Relevant, split.Test.Known,
            split.Test.Relevant,
        ];
        return [.. parts.SelectMany(p => p is null ? [-1f] : (float[])[-2f, .. LeakCheck.Rows(p)])];
    }
}
