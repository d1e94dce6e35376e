using Segue.Core.Contracts;
using Segue.Models.Graph;
using Segue.Testing;

namespace Segue.Models.Tests.Graph;

public sealed class GraphAttentionTests : RecommenderContract
{
    /// <remarks>Where training ends: 150 epochs at a rate of .02 come to .386 as well; 60 at that rate, from the small first matrices, only to .192.</remarks>
    protected override (double Low, double High) NdcgWindow => (0.378, 0.396);

    protected override IModel CreateModel() => new GraphAttention(new GraphAttentionOptions { EmbeddingSize = 16, Layers = 2, Epochs = 100, LearningRate = 0.05 });
}
