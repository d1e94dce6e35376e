using System.Text.Json.Nodes;

namespace Segue.Core.Data;

/// <summary>What a dataset passes on about where it came from.</summary>
public static class Provenance
{
    private const string Samples = "samples";

    /// <summary>
    /// The dataset with everything in its <see cref="Dataset.Provenance"/> except the samples of single rows, at any depth. For what
    /// is handed on to others, such as the training data inside a model.
    /// </summary>
    public static Dataset WithoutSamples(this Dataset dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        return dataset.Provenance is null ? dataset : dataset with { Provenance = WithoutSamples(dataset.Provenance) };
    }

    /// <summary>A copy of <paramref name="provenance"/> without the property <c>samples</c>, at any depth.</summary>
    public static JsonObject WithoutSamples(JsonObject provenance)
    {
        ArgumentNullException.ThrowIfNull(provenance);
        return new JsonObject(provenance.Where(p => p.Key != Samples).Select(p => KeyValuePair.Create(p.Key, Copy(p.Value))));
    }

    private static JsonNode? Copy(JsonNode? node) => node switch
    {
        JsonObject inner => WithoutSamples(inner),
        JsonArray list => new JsonArray([.. list.Select(Copy)]),
        _ => node?.DeepClone(),
    };
}
