using Segue.Core.Contracts;
using Segue.Models.Graph;
using Segue.Testing;

namespace Segue.Models.Tests.Graph;

public sealed class LightGcnTests : RecommenderContract
{
    protected override (double Low, double High) NdcgWindow => (0.383, 0.401);

    protected override IModel CreateModel() => new LightGcn(new LightGcnOptions { EmbeddingSize = 16, Layers = 2, Epochs = 60, LearningRate = 0.02 });
}
