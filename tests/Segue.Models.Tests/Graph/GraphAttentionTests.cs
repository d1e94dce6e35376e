using Segue.Core.Contracts;
using Segue.Models.Graph;
using Segue.Testing;

namespace Segue.Models.Tests.Graph;

public sealed class GraphAttentionTests : RecommenderContract
{
    protected override (double Low, double High) NdcgWindow => (0.284, 0.302);

    protected override IModel CreateModel() => new GraphAttention(new GraphAttentionOptions { EmbeddingSize = 16, Layers = 2, Epochs = 60, LearningRate = 0.02 });
}
