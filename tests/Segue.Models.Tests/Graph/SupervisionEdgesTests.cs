using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Splitting;
using Segue.Core.Views;
using Segue.Models.Graph;
using Segue.Neural.Autodiff;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Graph;

/// <summary>What a transductive split sets apart: every stage passes messages over what it may see, and predicts what it may not.</summary>
public sealed class SupervisionEdgesTests
{
    private static readonly Split Cut = new TransductiveSplit(new()).Cut(SmallWorld.Genres, 7);

    public static TheoryData<GraphOptions> Models =>
    [
        new LightGcnOptions { Layers = 2 },
        new GraphSageOptions { Layers = 2, Negatives = GraphNegatives.Hard },
        new GraphAttentionOptions { Layers = 1, Heads = 2 },
        new XSimGclOptions { Layers = 2, BatchSize = 900, ContrastWeight = 0.02 },
    ];

    /// <summary>
    /// Messages are watched where they pass: in training along M and not along S, in what is judged on the validation part along all of training and
    /// not along V, at test along these and V, and never along an edge that is asked for.
    /// </summary>
    [Theory]
    [MemberData(nameof(Models))]
    public void No_label_edge_is_in_the_graph_of_its_own_stage(GraphOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options = options with { EmbeddingSize = 4, Epochs = 2 };
        var watched = new Watched();
        IRecommender trained = GraphTrainer.Fit("test", options, c => watched.Around(Convolution(options, c)), Cut.Train, new FitContext { Message = Cut.Message });
        HashSet<(int, int)> message = Edges(Cut.Message!), supervision = Edges(Cut.Supervision!), train = Edges(Cut.Train);
        Assert.NotEmpty(watched.Training);
        Assert.All(watched.Training, heard => Assert.Subset(message, heard));
        Assert.All(watched.Training, heard => Assert.Empty(heard.Intersect(supervision)));

        // Hard negatives are drawn by the scores of the graph of training.
        Assert.Equal(options.Negatives == GraphNegatives.Hard ? message : train, watched.Ranking[0]);
        Assert.Equal(train, watched.Ranking[^1]);
        Assert.Empty(watched.Ranking[^1].Intersect(Edges(Cut.Validation!.Relevant)));

        ((IObserves)trained).Observe(Cut.Test.Known, new FitContext());
        Assert.Equal(Edges(Cut.Test.Known), watched.Ranking[^1]);
        Assert.Empty(watched.Ranking[^1].Intersect(Edges(Cut.Test.Relevant)));
    }

    /// <summary>Predicted are the edges set apart: before anything is learned an edge looks like a non-edge where its own message is not in sight.</summary>
    [Fact]
    public void Training_predicts_the_edges_set_apart_unless_all_are_asked_for()
    {
        var options = new LightGcnOptions { EmbeddingSize = 8, Layers = 1, Epochs = 1, LearningRate = 1e-7, Regularization = 0 };
        double split = Loss(options, Cut.Message), all = Loss(options with { Supervision = TrainingEdges.All }, Cut.Message), none = Loss(options, null);
        Assert.InRange(split, 0.692, 0.695);
        Assert.Equal(none, all);
        LightGcnOptions sampled = options with { Neighbors = 40, BatchSize = 500 };
        Assert.InRange(Loss(sampled, Cut.Message), 0.692, 0.695);
        Assert.True(Loss(sampled with { Supervision = TrainingEdges.All }, Cut.Message) < split);
        Assert.True(all < split, $"loss with own messages {all}, without {split}");

        // Edges drawn for each epoch, and a model without messages, take all edges of training.
        Assert.Equal(Loss(options with { LabelShare = 0.5 }, null), Loss(options with { LabelShare = 0.5 }, Cut.Message));
        Assert.Equal(Loss(options with { Layers = 0 }, null), Loss(options with { Layers = 0 }, Cut.Message));
    }

    [Fact]
    public void Every_model_that_passes_messages_follows_the_split_and_one_that_passes_none_does_not()
    {
        IModel[] following =
        [
            new LightGcn(new LightGcnOptions { EmbeddingSize = 4, Epochs = 2 }), new GraphSage(new GraphSageOptions { EmbeddingSize = 4, Epochs = 2 }),
            new GraphAttention(new GraphAttentionOptions { EmbeddingSize = 4, Epochs = 2, Heads = 1 }), new XSimGcl(new XSimGclOptions { EmbeddingSize = 4, Epochs = 2 }),
            new EdgeGcn(new EdgeGcnOptions { HiddenSize = 4, Epochs = 2 }),
        ];
        Assert.All(following, model => Assert.NotEqual(Scores(model, null), Scores(model, Cut.Message)));
        var without = new UltraGcn(new UltraGcnOptions { EmbeddingSize = 4, Epochs = 2 });
        Assert.Equal(Scores(without, null), Scores(without, Cut.Message));
    }

    /// <summary>A part that is predicted by edge-gcn is hidden with all that is set apart; without a split its own part is.</summary>
    [Fact]
    public void Edge_parts_are_predicted_from_a_graph_without_any_edge_set_apart()
    {
        CsrMatrix pairs = UserItemMatrix.Sum(Cut.Train);
        bool[] isLabel = SupervisionEdges.Of("test", TrainingEdges.Split, pairs, Cut.Train, new FitContext { Message = Cut.Message })!;
        Assert.Equal(Edges(Cut.Supervision!).Count, isLabel.Count(l => l));
        bool[] isPredicted = [.. isLabel.Select((set, n) => set && n % 2 == 0)];
        var options = new EdgeGcnOptions { HiddenSize = 4 };
        EdgePart part = EdgePart.Of(options, new EdgeSource(Cut.Train, pairs), isLabel, isPredicted, 1);
        Assert.Equal(isPredicted.Count(p => p), part.Users.Length);
        Assert.Equal(Edges(Cut.Message!), Edges(part.Graph.ByUser));
        Assert.Subset(Edges(Cut.Supervision!), part.Users.Zip(part.Items).ToHashSet());
    }

    [Fact]
    public void Messages_of_another_split_and_messages_of_all_edges_are_refused_with_the_remedy()
    {
        var model = new LightGcn(new LightGcnOptions { EmbeddingSize = 4, Epochs = 1 });
        Assert.Contains("parts of one split", Error(SmallWorld.Genres), StringComparison.Ordinal);
        Assert.Contains("supervision=all", Error(Cut.Train), StringComparison.Ordinal);
        Assert.Contains("41 users", Error(SmallWorld.Checkerboard()), StringComparison.Ordinal);

        string Error(Dataset message) => Assert.Throws<DatasetException>(() => model.Fit(Cut.Train, new FitContext { Message = message })).Message;
    }

    private static HashSet<(int User, int Item)> Edges(Dataset data) => Edges(UserItemMatrix.Binary(data));

    private static HashSet<(int User, int Item)> Edges(CsrMatrix pairs) =>
        [.. Enumerable.Range(0, pairs.Rows).SelectMany(u => pairs.RowColumns(u).ToArray().Select(i => (u, i)))];

    private static double Loss(LightGcnOptions options, Dataset? message)
    {
        double loss = double.NaN;
        new LightGcn(options).Fit(Cut.Train, new FitContext { Message = message, OnLoss = (_, name, value) => loss = name == "bpr" ? value : loss });
        return loss;
    }

    private static float[] Scores(IModel model, Dataset? message)
    {
        var scores = new float[Cut.Train.Items.Count];
        model.Fit(Cut.Train, new FitContext { Message = message }).Score(Query.ForUser(3), scores);
        return scores;
    }

    private static IGraphConvolution Convolution(GraphOptions options, FitContext context) => options switch
    {
        LightGcnOptions o => new LightGcn.Convolution(o),
        GraphSageOptions o => new GraphSage.Convolution(o, context),
        XSimGclOptions o => new XSimGcl.Convolution(o),
        _ => new GraphAttention.Convolution((GraphAttentionOptions)options, context),
    };

    /// <summary>Edges along which messages passed, in steps of training and where vectors are made to rank by; a real convolution does the work.</summary>
    private sealed class Watched
    {
        private readonly Dictionary<SparseOperand, HashSet<(int User, int Item)>> _edgesOf = [];

        public List<HashSet<(int User, int Item)>> Training { get; } = [];

        public List<HashSet<(int User, int Item)>> Ranking { get; } = [];

        public IGraphConvolution Around(IGraphConvolution convolution) => new Watch(this, convolution);

        private sealed class Watch(Watched watched, IGraphConvolution convolution) : IGraphConvolution
        {
            public IReadOnlyList<Parameter> Parameters => convolution.Parameters;

            public SparseOperand Messages(ListeningGraph graph)
            {
                SparseOperand messages = convolution.Messages(graph);
                watched._edgesOf[messages] = EdgesOf(messages.Matrix);
                return messages;
            }

            public SparseOperand Messages(ReadOnlySpan<int> degrees) => convolution.Messages(degrees);

            public Variable Apply(int layer, Variable own, Variable senders, SparseOperand messages, Rng? rng)
            {
                (rng is null ? watched.Ranking : watched.Training).Add(watched._edgesOf[messages]);
                return convolution.Apply(layer, own, senders, messages, rng);
            }

            private static HashSet<(int User, int Item)> EdgesOf(CsrMatrix adjacency)
            {
                int users = Cut.Train.Users.Count;
                return [.. from u in Enumerable.Range(0, users) from node in adjacency.RowColumns(u).ToArray() where node >= users select (u, node - users)];
            }
        }
    }
}
