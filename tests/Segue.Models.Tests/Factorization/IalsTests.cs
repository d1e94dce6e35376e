using Segue.Core.Contracts;
using Segue.Models.Factorization;
using Segue.Testing;

namespace Segue.Models.Tests.Factorization;

public sealed class IalsTests : RecommenderContract
{
    protected override (double Low, double High) NdcgWindow => (0.361, 0.374);

    protected override IModel CreateModel() => new Ials(new IalsOptions { EmbeddingSize = 8, UnobservedWeight = 0.1, Regularization = 0.003 });
}
