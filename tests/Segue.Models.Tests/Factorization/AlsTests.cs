using Segue.Core.Contracts;
using Segue.Models.Factorization;
using Segue.Testing;

namespace Segue.Models.Tests.Factorization;

public sealed class AlsTests : RecommenderContract
{
    protected override (double Low, double High) NdcgWindow => (0.385, 0.398);

    protected override IModel CreateModel() => new Als(new AlsOptions
    {
        EmbeddingSize = 8,
        Solver = LeastSquaresSolver.Exact,
        PositiveWeight = 5,
        Regularization = 5,
        Weighting = InteractionWeighting.Log,
    });
}
