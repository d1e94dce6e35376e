using Segue.Core.Contracts;
using Segue.Models.Graph;
using Segue.Testing;

namespace Segue.Models.Tests.Graph;

public sealed class GraphSageTests : RecommenderContract
{
    protected override (double Low, double High) NdcgWindow => (0.336, 0.354);

    protected override IModel CreateModel() => new GraphSage(new GraphSageOptions { EmbeddingSize = 16, Layers = 2, Epochs = 60, LearningRate = 0.02 });
}
