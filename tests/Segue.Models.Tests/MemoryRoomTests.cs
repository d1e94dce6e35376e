using Segue.Core;
using Segue.Core.Contracts;
using Segue.Models.Graph;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests;

public sealed class MemoryRoomTests
{
    private const double Gigabyte = 1e9;

    [Fact]
    public void What_does_not_fit_is_refused_with_the_figures_and_the_remedy()
    {
        MemoryRoom.Require("it", "things need", 8e9, _ => throw new InvalidOperationException("a remedy nobody needs"), 8e9);
        ModelFitException error = Assert.Throws<ModelFitException>(() => MemoryRoom.Require("it", "10 things need", 8.04e9, room => $"at most {room / 2e9} fit", 8e9));
        Assert.Equal("it: 10 things need 8.0 GB, and this process may have 8.0 GB; at most 4 fit", error.Message);
        Assert.True(MemoryRoom.Available > 0);
    }

    /// <summary>Of a graph model the message has every option that matters, what it takes, what there is and a value that would do, which is the largest of the halves that fits.</summary>
    [Theory]
    [InlineData("lightgcn", 1_500_000, 16 * Gigabyte, "embedding_size=4096, layers=4 on 1500000 nodes need 491.5 GB", "16.0 GB; embedding_size=128 would fit")]
    [InlineData("graphsage", 1_500_000, 16 * Gigabyte, "embedding_size=4096, layers=3 on 1500000 nodes need 493.5 GB", "16.0 GB; embedding_size=128 would fit")]
    [InlineData("gat", 3_000, 4 * Gigabyte, "embedding_size=4096, heads=64, layers=16 on 3000 nodes, mostly for the matrices of the layers (5291.4 GB), need 5294.2 GB", "would fit")]
    [InlineData("gat", 3_000, 1e6, "need 5294.2 GB, and this process may have 0.0 GB", "lower embedding_size, heads, layers together, or raise k_core")]
    public void Graph_models_name_the_options_the_bytes_and_what_would_fit(string model, long nodes, double available, string cause, string remedy)
    {
        GraphOptions options = model switch
        {
            "lightgcn" => new LightGcnOptions { EmbeddingSize = 4096 },
            "graphsage" => new GraphSageOptions { EmbeddingSize = 4096 },
            _ => new GraphAttentionOptions { EmbeddingSize = 4096, Heads = 64, Layers = 16 },
        };
        string message = Assert.Throws<ModelFitException>(() => options.RequireRoom(model, nodes, available)).Message;
        Assert.StartsWith($"model '{model}': ", message, StringComparison.Ordinal);
        Assert.Contains(cause, message, StringComparison.Ordinal);
        Assert.EndsWith(remedy, message, StringComparison.Ordinal);
        foreach ((string name, int value, Func<int, GraphOptions> with) in options.Sizes)
        {
            int at = message.LastIndexOf($"{name}=", StringComparison.Ordinal);
            if (at > message.IndexOf("may have", StringComparison.Ordinal))
            {
                int fits = int.Parse(message[(at + name.Length + 1)..].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
                with(fits).RequireRoom(model, nodes, available);
                Assert.Throws<ModelFitException>(() => with(2 * fits).RequireRoom(model, nodes, available));
                Assert.True(fits < value);
            }
        }
    }

    [Fact]
    public void Defaults_on_a_million_nodes_fit_eight_gigabytes()
    {
        foreach (GraphOptions options in new GraphOptions[] { new LightGcnOptions(), new GraphSageOptions(), new GraphAttentionOptions(), new XSimGclOptions() })
        {
            options.RequireRoom("it", 1_000_000, 8 * Gigabyte);
            Assert.InRange(options.TrainingBytes(1_000_000), 3 * Gigabyte, 6 * Gigabyte);
        }
    }

    /// <summary>On forty nodes it is the heads that cannot be held: said before anything is allocated.</summary>
    [Fact]
    public void Fit_refuses_before_it_allocates()
    {
        Assert.SkipWhen(MemoryRoom.Available > 5e12, "this machine can hold it");
        long before = GC.GetTotalAllocatedBytes();
        IModel model = new GraphAttention(new GraphAttentionOptions { EmbeddingSize = 4096, Heads = 64, Layers = 16 });
        Assert.Contains("heads=64", Assert.Throws<ModelFitException>(() => model.Fit(SmallWorld.Checkerboard(), new FitContext())).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 1e9);
    }
}
