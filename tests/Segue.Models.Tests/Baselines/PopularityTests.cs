using Segue.Core.Contracts;
using Segue.Models.Baselines;
using Segue.Testing;

namespace Segue.Models.Tests.Baselines;

public sealed class PopularityTests : RecommenderContract
{
    protected override (double Low, double High) NdcgWindow => (0.086, 0.088);

    protected override string? NoCheckerboard => "popularity is the same for everybody";

    protected override string? AnswerWithoutHistory => "the number of listeners, as for everybody";

    protected override IReadOnlyDictionary<string, string> VariantsNotRejected => new Dictionary<string, string>
    {
        ["popularity"] = "is the model",
        ["answers of another user"] = "all users get the same",
    };

    protected override string? KnowsUnheardItems => "no listeners is what there is to know";

    protected override IModel CreateModel() => new Popularity(new PopularityOptions());
}
